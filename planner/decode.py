"""Exact top-k plans: best-first search over the automaton of legal relation paths, token by token.

A text's log-probability can only fall as it grows, so the first k complete plans that leave the queue are the k most
probable of all legal plans: what beam search guesses, this proves. Only what might still win is ever read by the
model: relation names are walked as a trie of tokens, and a stretch without a branch is read in one pass. Nothing
illegal is ever scored, and where nothing legal continues a plan, it ends: there is no "allow everything".
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from math import exp, inf, log
from typing import NamedTuple, Protocol

from kg.types import RelationPath
from planner.lm import Growth, Node, Tokens
from planner.space import PlanSpace


class Tree(Protocol):
    """A language model's state after a prompt, and after what was added to it (`planner.lm.TokenTree`)."""

    root: Node

    def grow(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> Growth:
        """Read options after nodes: the log-probability and the state of every token on the way."""


@dataclass(frozen=True)
class Spelling:
    """How plans are written: the tokens of each signed relation, between two of them, and at the end (one token)."""

    relation: Callable[[str], Tokens]
    separator: Tokens
    end: int

    def plan(self, path: RelationPath) -> Tokens:
        """The tokens of a whole plan."""
        tokens: Tokens = ()
        for relation in path:
            tokens += (self.separator if tokens else ()) + self.relation(relation)
        return (*tokens, self.end)


class Hypothesis(NamedTuple):
    """A complete plan and the model's own log-probability of it, its end included."""

    path: RelationPath
    logp: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """The most probable plans, best first, and the log of an upper bound on the probability of all legal plans.

    `read` counts the prefixes that the model has read.
    """

    best: tuple[Hypothesis, ...]
    log_total: float
    exact: bool
    read: int


@dataclass(slots=True)
class Trie:
    """The names of the legal relations after a prefix, token by token; `ends` is the relation that ends here."""

    children: dict[int, Trie] = field(default_factory=dict)
    ends: str | None = None


class Entry(NamedTuple):
    """A place in the queue: cheapest first, ties in the order of arrival.

    A complete plan has no `edge`. Otherwise `path` is legal so far, the model has read up to `node`, and `edge` are
    the next tokens, the first of which is in the cost already; they lead to `trie`.
    """

    cost: float
    arrival: int
    path: RelationPath
    node: Node
    edge: Tokens
    trie: Trie


def decode(space: PlanSpace, tree: Tree, spelling: Spelling, k: int, batch: int = 8, budget: int = 512) -> Decoded:
    """The `k` most probable legal plans, proven unless `exact` is False.

    `batch` prefixes are read in one pass of the model; after `budget` prefixes in all the search stops with the best
    plans that it has completed.
    """
    search = Search(space, tree, spelling)
    done: list[Hypothesis] = []
    while search.queue and len(done) < k and search.read < budget:
        search.expand(search.take(batch, done, k))
    exact = len(done) == k or not search.queue
    rest = sorted(search.queue)
    for entry in rest if not exact else ():
        if not entry.edge and len(done) < k:
            done.append(Hypothesis(entry.path, -entry.cost))
    known = {hypothesis.path for hypothesis in done}
    open_mass = [-entry.cost for entry in rest if entry.edge or entry.path not in known]
    total = log_sum([*(hypothesis.logp for hypothesis in done), *open_mass])
    return Decoded(tuple(done), total, exact, search.read)


class Search:
    """The queue of prefixes of legal plans."""

    def __init__(self, space: PlanSpace, tree: Tree, spelling: Spelling) -> None:
        self._space, self._tree, self._spelling = space, tree, spelling
        self.queue: list[Entry] = []
        self.read = 0
        self._arrivals = 0
        self._branch(0.0, (), tree.root, self._options(()))

    def take(self, batch: int, done: list[Hypothesis], k: int) -> list[Entry]:
        """Up to `batch` prefixes from the head of the queue; complete plans met before the first go to `done`."""
        taken: list[Entry] = []
        while self.queue and len(taken) < batch and len(done) < k:
            if not self.queue[0].edge and taken:
                break  # it has to wait for the prefixes ahead of it
            entry = heapq.heappop(self.queue)
            if entry.edge:
                taken.append(entry)
            else:
                done.append(Hypothesis(entry.path, -entry.cost))
        return taken

    def expand(self, entries: Sequence[Entry]) -> None:
        """Read these prefixes' edges in one pass, and queue what may follow."""
        if not entries:
            return
        self.read += len(entries)
        separators = [self._separator(entry) for entry in entries]
        edges = [[(*entry.edge, *after)] for entry, after in zip(entries, separators, strict=True)]
        grown = self._tree.grow([entry.node for entry in entries], edges)
        for entry, after, (places,) in zip(entries, separators, grown.places, strict=True):
            last = places[len(entry.edge) - 1]
            first = float(entry.node.logp[entry.edge[0]])  # in the cost already
            cost = entry.cost + first - grown.logps[last]
            here = grown.states[last]
            if entry.trie.children:
                self._branch(cost, entry.path, here, entry.trie)
            if entry.trie.ends is not None:
                path = (*entry.path, entry.trie.ends)
                self._push(cost - float(here.logp[self._spelling.end]), path, here, (), Trie())
                if after:
                    separated = cost - (grown.logps[places[-1]] - grown.logps[last])
                    self._branch(separated, path, grown.states[places[-1]], self._options(path))

    def _separator(self, entry: Entry) -> Tokens:
        """The separator, where a relation ends that another may follow: read along, since it costs next to nothing."""
        if entry.trie.ends is None or not self._space.options((*entry.path, entry.trie.ends)):
            return ()
        return self._spelling.separator

    def _options(self, path: RelationPath) -> Trie:
        return trie_of((relation, self._spelling.relation(relation)) for relation in self._space.options(path))

    def _branch(self, cost: float, path: RelationPath, node: Node, trie: Trie) -> None:
        for token, child in trie.children.items():
            edge = [token]
            while len(child.children) == 1 and child.ends is None:
                ((token, child),) = child.children.items()
                edge.append(token)
            self._push(cost - float(node.logp[edge[0]]), path, node, tuple(edge), child)

    def _push(self, cost: float, path: RelationPath, node: Node, edge: Tokens, trie: Trie) -> None:
        self._arrivals += 1
        heapq.heappush(self.queue, Entry(cost, self._arrivals, path, node, edge, trie))


def trie_of(names: Iterable[tuple[str, Tokens]]) -> Trie:
    """Names and their tokens as a trie."""
    root = Trie()
    for name, tokens in names:
        place = root
        for token in tokens:
            place = place.children.setdefault(token, Trie())
        place.ends = name
    return root


def log_sum(values: Sequence[float]) -> float:
    """The log of the sum of exp(values)."""
    top = max(values, default=-inf)
    return top + log(sum(exp(value - top) for value in values)) if top > -inf else -inf
