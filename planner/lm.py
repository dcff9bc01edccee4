"""A causal language model that scores many continuations of one prompt at once.

All continuations of a question live in one tree over one KV cache: each token attends to the prompt and to its own
ancestors, so siblings share everything before them and a whole generation of options is one forward pass
(tree attention, as in SpecInfer, Miao et al., ASPLOS 2024, arXiv:2305.09781).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.errors import ModelError, first_line
from kg.types import Progress
from planner.device import best_device, free_cores
from planner.models import DEFAULT_LM, UNLOADABLE, locate, quietly
from planner.run import run_of

if TYPE_CHECKING:
    import torch

Logits = NDArray[np.float32]
Tokens = tuple[int, ...]


class LanguageModel:
    """A Hugging Face causal language model by name, folder or training run, ready to score.

    `run` is the directory of the run that trained it, or None: a trained model is prompted without examples.
    `forwards` and `tokens` count what it has read.
    """

    def __init__(self, name: str = DEFAULT_LM, progress: Progress | None = None, dtype: str | None = None) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.name = name
        self.run = run_of(name)
        folder = locate(self.run.base if self.run else name, progress)
        if progress:
            progress("loading models", 0, 0)
        self.device, automatic = best_device()
        if self.device == "cpu":
            torch.set_num_threads(free_cores())
        try:
            with quietly():
                self.tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
                model: Any = AutoModelForCausalLM.from_pretrained(
                    folder, local_files_only=True, dtype=getattr(torch, dtype or automatic)
                )
        except UNLOADABLE as error:
            raise ModelError(f"{name} does not load as a causal language model: {first_line(error)}") from error
        if self.run:
            model = self.run.with_adapters(model)
        self.model: Any = model.to(self.device).eval()
        self.forwards = self.tokens = 0
        self.dtype = str(self.model.dtype).removeprefix("torch.")
        self.encode = lru_cache(maxsize=100_000)(self._encode)
        self._preambles: dict[str, tuple[Tokens, Any, Logits]] = {}

    def _encode(self, text: str) -> Tokens:
        return tuple(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def prompt_tokens(self, preamble: str, text: str) -> Tokens:
        """The tokens of a prompt: begin-of-sequence where the model knows one, preamble, text."""
        begin = self.tokenizer.bos_token_id
        return (() if begin is None else (begin,)) + self.encode(preamble) + self._encode(text)

    def tree(self, preamble: str, texts: Sequence[str]) -> TokenTree:
        """A tree with a prompt for each text; the state after `preamble` is kept for the next one."""
        from transformers import DynamicCache

        if preamble not in self._preambles:
            self._preambles[preamble] = self._read(self.prompt_tokens(preamble, ""))
        tokens, layers, logp = self._preambles[preamble]
        start = Node(logp, len(tokens), np.ones(len(tokens), np.bool_))
        return TokenTree(
            self, DynamicCache(layers) if layers else DynamicCache(), start, list(map(self._encode, texts))
        )

    def _read(self, tokens: Tokens) -> tuple[Tokens, Any, Logits]:
        """The state after tokens: the cache by layer, and the log-probabilities of the next token."""
        import torch

        if not tokens:
            return (), None, np.empty(0, np.float32)
        with torch.inference_mode():
            output = self.model(torch.tensor([tokens], device=self.device), use_cache=True, logits_to_keep=1)
        return tokens, layers_of(output.past_key_values), log_softmax(output.logits)[0]


def log_softmax(logits: torch.Tensor) -> Logits:
    """The log-probabilities of one sequence's logits (1, T, V): float32 (T, V)."""
    result: Logits = logits[0].float().log_softmax(dim=-1).cpu().numpy()
    return result


def layers_of(cache: Any) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The keys and values of a cache by layer."""
    return [(layer.keys, layer.values) for layer in cache.layers]


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a token tree: the log-probability of each next token (V,), its depth, and what it attends to."""

    logp: Logits
    depth: int
    visible: NDArray[np.bool_]


class Growth(NamedTuple):
    """New tokens of a tree: each one's log-probability from its origin on, its node, and the options' token places."""

    logps: list[float]
    states: list[Node]
    places: list[list[list[int]]]


class TokenTree:
    """Continuations of some prompts, scored by the model's own log-probabilities.

    Several prompts grow side by side from their common preamble: one pass of the model then serves all of them.
    """

    def __init__(self, lm: LanguageModel, cache: Any, start: Node, texts: Sequence[Tokens]) -> None:
        self._lm = lm
        self._cache = cache
        self._start = start
        self._texts = texts
        self._length = start.depth
        self.forwards = 0

    def begin(self, stems: Sequence[Tokens] = ()) -> list[tuple[float, Node]]:
        """Read each prompt's rest and its stem (none by default): the stem's log-probability, and the node after it.

        One pass for all of them. To be called once, before anything else.
        """
        chains: list[tuple[int, int]] = []
        wanted: list[range] = []
        origins: list[int] = []
        for number, text in enumerate(self._texts):
            tokens = text + (stems[number] if stems else ())
            first = len(chains)
            wanted.append(range(first + max(0, len(text) - 1), first + len(tokens)))
            chains += [(token, -1 if place == 0 else first + place - 1) for place, token in enumerate(tokens)]
            origins += [0] * len(tokens)
        rows = [row for rows in wanted for row in rows]
        nodes = iter(self._forward(chains, [self._start], origins, rows) if rows else ())
        begun = []
        for number, text in enumerate(self._texts):
            stem = stems[number] if stems else ()
            states = [*(() if text else (self._start,)), *(next(nodes) for _ in wanted[number])]
            logp = sum(float(state.logp[token]) for state, token in zip(states, stem, strict=False))
            begun.append((logp, states[-1]))
        return begun

    def extend(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> list[list[tuple[float, Node]]]:
        """For each node, its options' natural-log probabilities (of all their tokens) and the nodes they end at.

        One forward pass for all of them; options that begin alike share those tokens.
        """
        if not any(options):
            return [[] for _ in options]
        grown = self.grow(nodes, options)
        return [[(grown.logps[places[-1]], grown.states[places[-1]]) for places in row] for row in grown.places]

    def likelihood(self, node: Node, contexts: Sequence[Tokens], text: Tokens) -> list[float]:
        """The natural-log probability of `text` after a node and each context: (len(contexts),). One pass."""
        grown = self.grow([node], [[(*context, *text) for context in contexts]])
        return [
            grown.logps[places[-1]] - grown.logps[places[len(context) - 1]]
            for context, places in zip(contexts, grown.places[0], strict=True)
        ]

    def grow(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> Growth:
        """Read each node's options in one forward pass; options of a node that begin alike share those tokens."""
        tokens: list[tuple[int, int]] = []  # (token, index of the parent in this list or -1)
        origin: list[int] = []  # the node that each token descends from
        places: list[list[list[int]]] = []  # the indices of each option's tokens
        for number, choices in enumerate(options):
            trie: dict[tuple[int, int], int] = {}
            places.append([])
            for choice in choices:
                place, line = -1, []
                for token in choice:
                    if (place, token) not in trie:
                        trie[place, token] = len(tokens)
                        tokens.append((token, place))
                        origin.append(number)
                    place = trie[place, token]
                    line.append(place)
                places[-1].append(line)
        states = self._forward(tokens, nodes, origin, wanted=range(len(tokens)))
        logps: list[float] = []
        for (token, place), number in zip(tokens, origin, strict=True):
            before = nodes[number] if place < 0 else states[place]
            logps.append(float(before.logp[token]) + (0.0 if place < 0 else logps[place]))
        return Growth(logps, states, places)

    def _forward(
        self,
        tokens: Sequence[tuple[int, int]],
        nodes: Sequence[Node],
        origin: Sequence[int],
        wanted: Sequence[int],
    ) -> list[Node]:
        import torch

        size, before = len(tokens), self._length
        visible = np.zeros((size, before + size), np.bool_)
        depths: list[int] = []
        for row, (_, parent) in enumerate(tokens):
            node = nodes[origin[row]]
            if parent < 0:
                visible[row, : len(node.visible)] = node.visible
                depths.append(node.depth)
            else:
                visible[row] = visible[parent]
                depths.append(depths[parent] + 1)
            visible[row, before + row] = True
        lm = self._lm
        mask = torch.zeros(visible.shape, dtype=lm.model.dtype)
        mask.masked_fill_(torch.from_numpy(~visible), torch.finfo(lm.model.dtype).min)
        with torch.inference_mode():
            output = lm.model(
                torch.tensor([[token for token, _ in tokens]], device=lm.device),
                attention_mask=mask[None, None].to(lm.device),
                position_ids=torch.tensor([depths], device=lm.device),
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=torch.tensor(list(wanted), device=lm.device),
            )
            logp = log_softmax(output.logits)  # (len(wanted), V)
        self._length += size
        self.forwards += 1
        lm.forwards += 1
        lm.tokens += size
        return [Node(logp[i], depths[row] + 1, visible[row]) for i, row in enumerate(wanted)]
