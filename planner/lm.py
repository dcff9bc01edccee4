"""A causal language model that scores many continuations of one prompt at once.

All continuations of a question live in one tree over one KV cache: each token attends to the prompt and to its own
ancestors, so siblings share everything before them and a whole generation of options is one forward pass
(tree attention, as in SpecInfer, Miao et al., ASPLOS 2024, arXiv:2305.09781).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.types import Progress
from planner.base import DEFAULT_LM
from planner.device import best_device, free_cores
from planner.loading import load_causal, load_tokenizer
from planner.models import locate
from planner.training.run import run_of
from planner.weights import weights_sha256

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
        self.name = name
        self.run = run_of(name)
        self._folder = self.run.locate_base(progress) if self.run else locate(name, progress)
        if progress:
            progress("loading models", 0, 0)
        self.device, automatic = best_device()
        self.dtype = dtype or automatic
        self.tokenizer: Any = load_tokenizer(name, self._folder)
        self.forwards = self.tokens = 0
        self.encode = lru_cache(maxsize=100_000)(self._encode)
        self._preambles: dict[str, tuple[Tokens, Any, Logits]] = {}

    @property
    def base_sha256(self) -> str:
        """The hash of the weights that were loaded, before any adapters (`planner.weights`)."""
        return weights_sha256(self._folder)

    @cached_property
    def model(self) -> Any:
        """The model itself, loaded when it is first wanted: most questions to a trained planner do not need it.

        Raises ModelError.
        """
        import torch

        if self.device == "cpu":
            torch.set_num_threads(free_cores())
        model = load_causal(self.name, self._folder, getattr(torch, self.dtype))
        if self.run:
            model = self.run.with_adapters(model)
        return model.to(self.device).eval()

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
        return tokens, layers_of(output.cache), log_softmax(output.logits)[0]


def log_softmax(logits: torch.Tensor) -> Logits:
    """The log-probabilities of one sequence's logits (1, T, V): float32 (T, V)."""
    result: Logits = logits[0].float().log_softmax(dim=-1).cpu().numpy()
    return result


def layers_of(cache: Any) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """The keys and values of a cache by layer."""
    return [(layer.keys, layer.values) for layer in cache.layers]


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a token tree: the log-probability of each next token (V,), its depth, and what it attends to.

    `after` has the nodes that were read behind it, by token: nothing is read twice.
    """

    logp: Logits
    depth: int
    visible: NDArray[np.bool_]
    after: dict[int, Node] = field(default_factory=dict)

    def follow(self, tokens: Tokens) -> Step | None:
        """The log-probability of these tokens and the node that they lead to; None if they were not all read."""
        logp, node = 0.0, self
        for token in tokens:
            if token not in node.after:
                return None
            logp += float(node.logp[token])
            node = node.after[token]
        return Step(logp, node)


class Step(NamedTuple):
    """Tokens that were read after a node: their natural-log probability together, and the node after them."""

    logp: float
    node: Node


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

    def begin(self, ahead: Sequence[Sequence[Tokens]] = ()) -> list[Node]:
        """Read each prompt's rest: the node after it. One pass for all; to be called once, before anything else.

        `ahead` are tokens that may follow each prompt, read in the same pass: a guess that was right saves a pass,
        one that was wrong costs its tokens.
        """
        tokens: list[tuple[int, int]] = []
        wanted: list[int] = []
        roots: list[int] = []
        for number, text in enumerate(self._texts):
            tails = ahead[number] if ahead else ()
            some, lines = flat([text, *(text + tail for tail in tails)], len(tokens))
            roots.append(lines[0][-1] if text else -1)
            wanted += range(max(roots[-1], len(tokens)), len(tokens) + len(some))
            tokens += some
        read = dict(zip(wanted, self._forward(tokens, [self._start] * len(tokens), wanted), strict=True))
        for place in wanted:
            token, parent = tokens[place]
            if place not in roots:
                read.get(parent, self._start).after[token] = read[place]
        return [self._start if root < 0 else read[root] for root in roots]

    def extend(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> list[list[Step]]:
        """What each node's options lead to. One pass for all of them; options that begin alike share those tokens."""
        self.read(nodes, options)
        return [[known(node, option) for option in row] for node, row in zip(nodes, options, strict=True)]

    def likelihood(self, node: Node, contexts: Sequence[Tokens], text: Tokens) -> list[float]:
        """The natural-log probability of `text` after a node and each context: (len(contexts),). One pass."""
        self.read([node], [[(*context, *text) for context in contexts]])
        return [known(known(node, context).node, text).logp for context in contexts]

    def read(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> None:
        """Read what was not read yet of each node's options, in one pass; `Node.follow` then finds it."""
        tokens: list[tuple[int, int]] = []
        owner: list[Node] = []
        for node, choices in zip(nodes, options, strict=True):
            some, _ = flat(choices, len(tokens))
            tokens += some
            owner += [node] * len(some)
        states: dict[int, Node] = {}
        unread: dict[int, int] = {}  # place → row of the pass
        origins: list[Node] = []
        for place, (token, parent) in enumerate(tokens):
            before = owner[place] if parent < 0 else states.get(parent)
            if before and token in before.after:
                states[place] = before.after[token]
            else:
                unread[place] = len(unread)
                origins.append(before or owner[place])
        rows = [(tokens[place][0], unread.get(tokens[place][1], -1)) for place in unread]
        states |= zip(unread, self._forward(rows, origins, range(len(rows))), strict=True)
        for place in unread:
            token, parent = tokens[place]
            (owner[place] if parent < 0 else states[parent]).after[token] = states[place]

    def _forward(
        self,
        tokens: Sequence[tuple[int, int]],
        origins: Sequence[Node],
        wanted: Sequence[int],
    ) -> list[Node]:
        """The nodes of the tokens `wanted`; one without a parent in the list comes after its origin."""
        import torch

        if not wanted:
            return []
        size, before = len(tokens), self._length
        visible = np.zeros((size, before + size), np.bool_)
        depths: list[int] = []
        for row, (_, parent) in enumerate(tokens):
            if parent < 0:
                node = origins[row]
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
                cache=self._cache,
                use_cache=True,
                logits_to_keep=torch.tensor(list(wanted), device=lm.device),
            )
            logp = log_softmax(output.logits)  # (len(wanted), V)
        self._length += size
        self.forwards += 1
        lm.forwards += 1
        lm.tokens += size
        return [Node(logp[i], depths[row] + 1, visible[row]) for i, row in enumerate(wanted)]


def known(node: Node, tokens: Tokens) -> Step:
    """What tokens that were read lead to."""
    step = node.follow(tokens)
    assert step is not None, "these tokens were not read"
    return step


def flat(options: Sequence[Tokens], first: int) -> tuple[list[tuple[int, int]], list[list[int]]]:
    """Options as tokens with the place of the token before (-1: none), beginnings shared, and each option's places.

    Places count from `first`.
    """
    tokens: list[tuple[int, int]] = []
    trie: dict[tuple[int, int], int] = {}
    lines = []
    for option in options:
        place, line = -1, []
        for token in option:
            if (place, token) not in trie:
                trie[place, token] = first + len(tokens)
                tokens.append((token, place))
            place = trie[place, token]
            line.append(place)
        lines.append(line)
    return tokens, lines
