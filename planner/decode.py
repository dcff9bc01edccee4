"""Exact top-k plans: best-first search over the automaton of legal relation paths, token by token.

A text's log-probability can only fall as it grows, so the first k complete plans that leave the queue are the k most
probable of all legal plans: what beam search guesses, this proves. Only what might still win is ever read by the
model: relation names are walked as a trie of tokens, and a stretch without a branch is read in one pass. Nothing
illegal is ever scored, and where nothing legal continues a plan, it ends: there is no "allow everything".
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import exp, inf, log
from typing import NamedTuple, Protocol

from kg.errors import ModelError
from kg.types import RelationPath
from planner.lm import Node, Tokens, known
from planner.space import Legal

# How much is read in one pass. Any values give the same plans; these took the fewest passes and tokens in trials
# (docs/LOG.md), where a pass costs about as much as 25 tokens.
SLACK = 12.0  # nats behind the head of the queue from which a prefix is not read along
PASS = 96  # tokens in one pass at most, unless a single edge is longer
BELOW = 24  # tokens below an edge up to which all of them are read with it


class Tree(Protocol):
    """A language model's state after some prompts, and after what was added to them (`planner.lm.TokenTree`)."""

    def begin(self, ahead: Sequence[Sequence[Tokens]] = ()) -> list[Node]:
        """Read each prompt, and what may follow it: the state after each prompt."""

    def read(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> None:
        """Read options after nodes, so that these can be followed."""


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

    `read` counts the prefixes that the model has read; `drafted` are the drafts with their log-probabilities.
    """

    best: tuple[Hypothesis, ...]
    log_total: float
    exact: bool
    read: int
    drafted: tuple[Hypothesis, ...] = ()


@dataclass(slots=True)
class Trie:
    """The names of the legal relations after a prefix, token by token; `ends` is the relation that ends here."""

    children: dict[int, Trie] = field(default_factory=dict)
    ends: str | None = None

    def edges(self) -> Iterator[tuple[Tokens, Trie]]:
        """What may follow: for each next token the whole stretch up to where a name ends or branches."""
        for token, child in self.children.items():
            edge = [token]
            while len(child.children) == 1 and child.ends is None:
                ((token, child),) = child.children.items()
                edge.append(token)
            yield tuple(edge), child

    def size(self) -> int:
        """The number of tokens below."""
        return sum(1 + child.size() for child in self.children.values())


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


@dataclass(frozen=True)
class Effort:
    """How far a search goes.

    Up to `batch` prefixes of a question are read in one pass of the model; after `budget` prefixes in all the search
    stops with the best plans that it has completed. It is also over when the plans found hold the share `mass` of
    all legal plans' probability: what is then left out is too improbable to matter.
    """

    batch: int = 16
    budget: int = 512
    mass: float = 1.0


def decode(
    spaces: Sequence[Legal],
    tree: Tree,
    spelling: Spelling,
    k: int,
    effort: Effort = Effort(),
    drafts: Sequence[Sequence[RelationPath]] = (),
) -> list[Decoded]:
    """The `k` most probable legal plans of each of the tree's prompts, proven unless `exact` is False.

    All questions are searched side by side, a pass of the model for all of them at a time. `drafts` are plans of each
    question that are likely to be among its best: they are read along with the prompt, which changes no result but
    how many passes it takes (speculative decoding, Leviathan et al., ICML 2023, arXiv:2211.17192).
    """
    searches = [Search(space, spelling) for space in spaces]
    drafts = drafts or [()] * len(spaces)
    ahead = [[spelling.plan(path)[:-1] for path in some] for some in drafts]
    roots = tree.begin([[search.stem, *some] for search, some in zip(searches, ahead, strict=True)])
    for search, root in zip(searches, roots, strict=True):
        search.begin(root)
    while going := [search for search in searches if not search.advance(k, effort)]:
        wanted = [search.wanted(effort.batch) for search in going]
        nodes = [entry.node for entries in wanted for entry in entries]
        tree.read(nodes, [list(search.reading(e)) for search, some in zip(going, wanted, strict=True) for e in some])
    drafted = [
        tuple(Hypothesis(path, spelled(spelling, path, root)) for path in some)
        for some, root in zip(drafts, roots, strict=True)
    ]
    return [replace(search.result(k), drafted=some) for search, some in zip(searches, drafted, strict=True)]


def spelled(spelling: Spelling, path: RelationPath, root: Node) -> float:
    """The log-probability of a whole plan that was read after the prompt, its end included."""
    step = known(root, spelling.plan(path)[:-1])
    return step.logp + float(step.node.logp[spelling.end])


class Search:
    """The queue of prefixes of legal plans."""

    def __init__(self, space: Legal, spelling: Spelling) -> None:
        self._space, self._spelling = space, spelling
        self._queue: list[Entry] = []
        self._done: list[Hypothesis] = []
        self._read = 0
        self._is_spent = False
        self._arrivals = 0
        self._tries: dict[RelationPath, Trie] = {}
        self.stem = self._onward(())[0]

    def begin(self, root: Node) -> None:
        """Go on from the node after the prompt."""
        self._queue_next((), 0.0, root)

    def advance(self, k: int, effort: Effort) -> bool:
        """Go as far as what was read allows: whether the plans wanted are found, nothing is left, or enough was done.

        What leaves the queue is known to the model, and a plan that leaves it complete is the next most probable.
        """
        while self._queue and len(self._done) < k:
            head = self._queue[0]
            step = head.node.follow(head.edge)
            if step is None:
                self._is_spent = self._read >= effort.budget
                return self._is_spent
            heapq.heappop(self._queue)
            if head.edge:
                self._queue_after(head, *step)
            else:
                self._done.append(Hypothesis(head.path, -head.cost))
                if effort.mass < 1 and self._done_mass() >= log(effort.mass) + self._log_total():
                    return True
        return True

    def wanted(self, batch: int) -> list[Entry]:
        """Prefixes from the head of the queue worth reading together.

        A pass costs about as much as 25 tokens, so a few more that may be needed are cheap and hopeless ones are not.
        """
        chosen: list[Entry] = []
        tokens = 0
        for entry in heapq.nsmallest(batch, self._queue):
            if chosen and (not entry.edge or entry.cost > chosen[0].cost + SLACK or tokens + len(entry.edge) > PASS):
                break
            chosen.append(entry)
            tokens += len(entry.edge)
        self._read += len(chosen)
        return chosen

    def reading(self, entry: Entry) -> Iterator[Tokens]:
        """What to read of an entry: its edge, and where little lies below it, all of that."""
        waiting = [(entry.edge, entry.trie)]
        while waiting:
            tokens, trie = waiting.pop()
            yield (*tokens, *self._onward((*entry.path, trie.ends))[0]) if trie.ends is not None else tokens
            if trie.size() <= BELOW:
                waiting += [((*tokens, *edge), below) for edge, below in trie.edges()]

    def result(self, k: int) -> Decoded:
        """What was found."""
        for entry in sorted(self._queue) if self._is_spent else ():
            if not entry.edge and len(self._done) < k:
                self._done.append(Hypothesis(entry.path, -entry.cost))
        return Decoded(tuple(self._done), self._log_total(), not self._is_spent, self._read)

    def _done_mass(self) -> float:
        return log_sum([hypothesis.logp for hypothesis in self._done])

    def _log_total(self) -> float:
        done = {hypothesis.path for hypothesis in self._done}
        waiting = [-entry.cost for entry in self._queue if entry.edge or entry.path not in done]
        return log_sum([self._done_mass(), *waiting])

    def _queue_after(self, entry: Entry, logp: float, node: Node) -> None:
        """Queue what may follow an entry, whose edge has this log-probability and led to this node."""
        cost = entry.cost + float(entry.node.logp[entry.edge[0]]) - logp  # its first token is in the cost already
        if entry.trie.ends is not None:
            path = (*entry.path, entry.trie.ends)
            self._push(cost - float(node.logp[self._spelling.end]), path, node, (), Trie())
            self._queue_next(path, cost, node)
        self._queue_edges(entry.trie, entry.path, cost, node)

    def _queue_next(self, path: RelationPath, cost: float, node: Node) -> None:
        """Queue what may follow a whole path."""
        edge, trie = self._onward(path)
        if edge:
            self._push(cost - float(node.logp[edge[0]]), path, node, edge, trie)
        else:
            self._queue_edges(trie, path, cost, node)

    def _queue_edges(self, trie: Trie, path: RelationPath, cost: float, node: Node) -> None:
        for edge, below in trie.edges():
            self._push(cost - float(node.logp[edge[0]]), path, node, edge, below)

    def _onward(self, path: RelationPath) -> tuple[Tokens, Trie]:
        """What all that may follow a path begins with, and where that leads: separator, beginning of all names."""
        trie = self._options(path)
        edges = list(trie.edges())
        shared, below = edges[0] if len(edges) == 1 and edges[0][1].ends is None else ((), trie)
        return ((*self._spelling.separator, *shared) if path and edges else shared), below

    def _options(self, path: RelationPath) -> Trie:
        if path not in self._tries:
            names = ((relation, self._spelling.relation(relation)) for relation in self._space.options(path))
            self._tries[path] = trie_of(names)
        return self._tries[path]

    def _push(self, cost: float, path: RelationPath, node: Node, edge: Tokens, trie: Trie) -> None:
        self._arrivals += 1
        heapq.heappush(self._queue, Entry(cost, self._arrivals, path, node, edge, trie))


def trie_of(names: Iterable[tuple[str, Tokens]]) -> Trie:
    """Names and their tokens as a trie."""
    root = Trie()
    for name, tokens in names:
        place = root
        for token in tokens:
            place = place.children.setdefault(token, Trie())
        if place.ends is not None:
            raise ModelError(f"the model's tokens do not tell the relations {place.ends!r} and {name!r} apart")
        place.ends = name
    return root


def log_sum(values: Sequence[float]) -> float:
    """The log of the sum of exp(values)."""
    top = max(values, default=-inf)
    return top + log(sum(exp(value - top) for value in values)) if top > -inf else -inf
