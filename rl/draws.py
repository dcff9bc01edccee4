"""Texts drawn from a policy, token by token, within an automaton or freely; and their log-probabilities alike.

All texts after some prompts grow in one tree of tokens: what two of them share is read once, and a stretch without a
choice in one pass, so that drawing costs no more passes than texts have choices.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from planner.lm import Node, Tokens, TokenTree, known
from planner.training.sequences import Encoded
from rl.constraint import Place, Texts
from rl.plan_gradient import passes
from rl.policy import Policy, before, forest_logits, planted

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class Draw:
    """A text that is being drawn: the state after what the model has read of it, and what it has not."""

    node: Node
    place: Place | None
    tokens: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    is_done: bool = False

    def go_on(self, texts: Texts | None, longest: int, ends: Collection[int], draw: np.random.Generator) -> None:
        """Draw tokens, until the text is at its end or the model has to read it first; freely without `texts`."""
        while not self.is_done:
            options = texts.next(self.place) if texts is not None and self.place is not None else {}
            if len(options) == 1:
                (token,) = options
            elif self.unread:
                return
            else:
                token = drawn(self.node, list(options), draw)
            self.tokens.append(token)
            self.unread.append(token)
            self.place = options.get(token)
            self.is_done = (
                token in ends or len(self.tokens) >= longest if texts is None else self.place.trie is None  # type: ignore[union-attr]
            )


def drawn(node: Node, options: Sequence[int], draw: np.random.Generator) -> int:
    """A token by its probability among the options, or among all where there are none."""
    logp = (node.logp[list(options)] if options else node.logp).astype(np.float64)
    number = int(np.argmax(logp + draw.gumbel(size=len(logp))))  # the Gumbel-max trick
    return options[number] if options else number


def draws(
    tree: TokenTree,
    texts: Sequence[Texts | None],
    counts: Sequence[int],
    draw: np.random.Generator,
    longest: int = 0,
    ends: Collection[int] = (),
) -> list[list[Tokens]]:
    """So many texts after each of the tree's prompts; free ones end with one of `ends` or after `longest` tokens."""
    groups = [
        [Draw(root, own.begin if own else None) for _ in range(count)]
        for root, own, count in zip(tree.begin(), texts, counts, strict=True)
    ]
    while True:
        wanted: dict[int, tuple[Node, set[Tokens]]] = {}
        going = []
        for group, own in zip(groups, texts, strict=True):
            for one in group:
                one.go_on(own, longest, ends, draw)
                if not one.is_done:
                    going.append(one)
                    wanted.setdefault(id(one.node), (one.node, set()))[1].add(tuple(one.unread))
        if not going:
            return [[tuple(one.tokens) for one in group] for group in groups]
        tree.read([node for node, _ in wanted.values()], [sorted(options) for _, options in wanted.values()])
        for one in going:
            one.node = known(one.node, tuple(one.unread)).node
            one.unread = []


def token_logps(
    model: Any, sequences: Sequence[Encoded], allowed: Sequence[Sequence[Tokens]] | None
) -> tuple[list[torch.Tensor], list[torch.Tensor], int]:
    """Each token's natural-log probability after its prompt and the entropy there, by sequence; and the tokens read.

    Both among the tokens `allowed` at that place, the chosen one of them; without `allowed` among all. One pass.
    """
    import torch

    forest = planted(sequences)
    rows = before(forest, sorted({place for line in forest.learned for place in line}))
    row_of = {place: number for number, place in enumerate(rows)}
    logits = forest_logits(model, forest, rows)
    places = [place for line in forest.learned for place in line]
    at = torch.tensor([row_of[forest.parents[place]] for place in places], device=logits.device)
    chosen = [forest.tokens[place] for place in places]
    if allowed is None:
        logp = logits.log_softmax(-1)
        entropy = -(logp.exp() * logp).sum(-1)[at]
        picked = logp[at, torch.tensor(chosen, device=logits.device)]
    else:
        options = [among for own in allowed for among in own]
        width = max(map(len, options))
        columns = torch.tensor([[*among, *[-1] * (width - len(among))] for among in options], device=logits.device)
        scores = logits[at[:, None], columns.clamp_min(0)].masked_fill(columns < 0, torch.finfo(logits.dtype).min)
        logp = scores.log_softmax(-1)
        entropy = -(logp.exp() * logp).masked_fill(columns < 0, 0.0).sum(-1)
        numbers = [among.index(token) for among, token in zip(options, chosen, strict=True)]
        picked = logp.gather(1, torch.tensor(numbers, device=logits.device)[:, None])[:, 0]
    lengths = [len(line) for line in forest.learned]
    return list(torch.split(picked, lengths)), list(torch.split(entropy, lengths)), len(forest.tokens)


def chunked_logps(
    policy: Policy, model: Any, sequences: Sequence[Encoded], allowed: Sequence[Sequence[Tokens]] | None, most: int
) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """`token_logps` in passes of at most `most` tokens, which count for the policy; like sequences in one pass."""
    logps: dict[int, torch.Tensor] = {}
    entropies: dict[int, torch.Tensor] = {}
    order = sorted(range(len(sequences)), key=lambda place: sequences[place].tokens)
    waiting = iter(order)
    for some in passes([[sequences[place]] for place in order], most):
        places = [next(waiting) for _ in some]
        own = [sequences[place] for place in places]
        among = None if allowed is None else [allowed[place] for place in places]
        found, spread, tokens = token_logps(model, own, among)
        logps |= zip(places, found, strict=True)
        entropies |= zip(places, spread, strict=True)
        policy.forwards += 1
        policy.tokens += tokens
    return [logps[place] for place in sorted(logps)], [entropies[place] for place in sorted(entropies)]
