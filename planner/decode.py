"""Exact top-k plans: best-first search over the automaton of legal relation paths, token by token.

A text's log-probability can only fall as it grows, so the first k complete plans that leave the queue are the k most
probable of all legal plans: what beam search guesses, this proves. Only what might still win is ever read by the
model: relation names are walked as a trie of tokens, and a stretch without a branch is read in one pass. Nothing
illegal is ever scored, and where nothing legal continues a plan, it ends: there is no "allow everything".
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from math import exp, inf, log
from typing import NamedTuple, Protocol

from kg.errors import ModelError
from kg.types import RelationPath
from planner.lm import Growth, Node, Tokens
from planner.space import Legal

# How much is read in one pass. Any values give the same plans; these took the fewest passes and tokens in trials
# (docs/LOG.md), where a pass costs about as much as 25 tokens.
SLACK = 12.0  # nats behind the head of the queue from which a prefix is not read along
PASS = 96  # tokens in one pass at most, unless a single edge is longer
BELOW = 24  # tokens below an edge up to which all of them are read with it


class Tree(Protocol):
    """A language model's state after some prompts, and after what was added to them (`planner.lm.TokenTree`)."""

    def begin(self, stems: Sequence[Tokens] = ()) -> list[tuple[float, Node]]:
        """Read each prompt and its stem: the log-probability of the stem, and the state after it."""

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


class Read(NamedTuple):
    """A stretch to be read after an entry's node: its tokens, of which the first `length` lead to `trie`."""

    tokens: Tokens
    length: int
    trie: Trie


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


def decode(spaces: Sequence[Legal], tree: Tree, spelling: Spelling, k: int, effort: Effort = Effort()) -> list[Decoded]:
    """The `k` most probable legal plans of each of the tree's prompts, proven unless `exact` is False.

    All questions are searched side by side, a pass of the model for all of them at a time.
    """
    roots = [Search(space, spelling) for space in spaces]
    begun = tree.begin([search.stem for search in roots])
    for search, (logp, node) in zip(roots, begun, strict=True):
        search.begin(logp, node)
    going = roots
    while going := [search for search in going if not search.is_over(k, effort)]:
        taken = [search.take(effort.batch, k) for search in going]
        reads = [search.reads(entries) for search, entries in zip(going, taken, strict=True)]
        nodes = [entry.node for entries in taken for entry in entries]
        options = [[read.tokens for read in row] for rows in reads for row in rows]
        if not nodes:
            continue
        grown = tree.grow(nodes, options)
        places = iter(grown.places)
        for search, entries, rows in zip(going, taken, reads, strict=True):
            for entry, row in zip(entries, rows, strict=True):
                search.absorb(entry, row, grown, next(places))
    return [search.result(k) for search in roots]


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
        self.stem = self._shared(())

    def begin(self, logp: float, root: Node) -> None:
        """Go on from the node after the prompt and the stem, which has this log-probability."""
        self._queue_next((), self.stem, -logp, root)

    def is_over(self, k: int, effort: Effort) -> bool:
        """Whether the plans wanted are found, nothing is left, or enough was done."""
        if not self._queue or len(self._done) >= k:
            return True
        if effort.mass < 1 and self._done:
            found = log_sum([hypothesis.logp for hypothesis in self._done])
            if found >= log(effort.mass) + self._log_total():
                return True
        self._is_spent = self._read >= effort.budget
        return self._is_spent

    def take(self, batch: int, k: int) -> list[Entry]:
        """Prefixes from the head of the queue worth reading together; complete plans met first are done.

        A pass costs about as much as 25 tokens, so a few more that may be needed are cheap and hopeless ones are not.
        """
        taken: list[Entry] = []
        tokens = 0
        while self._queue and len(taken) < batch and len(self._done) < k:
            head = self._queue[0]
            if taken and (not head.edge or head.cost > taken[0].cost + SLACK or tokens + len(head.edge) > PASS):
                break
            heapq.heappop(self._queue)
            if head.edge:
                taken.append(head)
                tokens += len(head.edge)
            else:
                self._done.append(Hypothesis(head.path, -head.cost))
        self._read += len(taken)
        return taken

    def reads(self, entries: Sequence[Entry]) -> list[list[Read]]:
        """What to read of each entry."""
        return [list(self._reading(entry)) for entry in entries]

    def absorb(self, entry: Entry, reading: Sequence[Read], grown: Growth, places: Sequence[Sequence[int]]) -> None:
        """Queue what may follow an entry, now that it is read."""
        before = entry.cost + float(entry.node.logp[entry.edge[0]])  # without the edge's first token
        known = {id(read.trie) for read in reading}
        for read, line in zip(reading, places, strict=True):
            place = line[read.length - 1]
            self._queue_after(read.trie, entry.path, before - grown.logps[place], grown.states[place], known)
            if read.trie.ends is not None and len(line) > read.length:
                path = (*entry.path, read.trie.ends)
                stem = read.tokens[read.length + len(self._spelling.separator) :]
                self._queue_next(path, stem, before - grown.logps[line[-1]], grown.states[line[-1]])

    def result(self, k: int) -> Decoded:
        """What was found."""
        for entry in sorted(self._queue) if self._is_spent else ():
            if not entry.edge and len(self._done) < k:
                self._done.append(Hypothesis(entry.path, -entry.cost))
        return Decoded(tuple(self._done), self._log_total(), not self._is_spent, self._read)

    def _log_total(self) -> float:
        known = {hypothesis.path for hypothesis in self._done}
        waiting = [-entry.cost for entry in self._queue if entry.edge or entry.path not in known]
        return log_sum([*(hypothesis.logp for hypothesis in self._done), *waiting])

    def _reading(self, entry: Entry) -> Iterator[Read]:
        """What to read of an entry: its edge, and where little lies below it, all of that."""
        waiting = [(entry.edge, entry.trie)]
        while waiting:
            tokens, trie = waiting.pop()
            yield Read((*tokens, *self._stem(entry.path, trie)), len(tokens), trie)
            if trie.size() <= BELOW:
                waiting += [((*tokens, *edge), below) for edge, below in trie.edges()]

    def _stem(self, path: RelationPath, trie: Trie) -> Tokens:
        """Where a relation ends that others may follow: the separator, and what all of their names begin with."""
        if trie.ends is None:
            return ()
        path = (*path, trie.ends)
        return (*self._spelling.separator, *self._shared(path)) if self._options(path).children else ()

    def _shared(self, path: RelationPath) -> Tokens:
        """What the names of all relations that may follow begin with, short of a whole name."""
        edges = list(self._options(path).edges())
        return edges[0][0] if len(edges) == 1 and edges[0][1].ends is None else ()

    def _queue_after(self, trie: Trie, path: RelationPath, cost: float, here: Node, known: Container[int]) -> None:
        if trie.ends is not None:
            self._push(cost - float(here.logp[self._spelling.end]), (*path, trie.ends), here, (), Trie())
        self._queue_edges(trie, path, cost, here, known)

    def _queue_next(self, path: RelationPath, stem: Tokens, cost: float, here: Node) -> None:
        trie = self._options(path)
        for token in stem:
            trie = trie.children[token]
        self._queue_edges(trie, path, cost, here)

    def _queue_edges(self, trie: Trie, path: RelationPath, cost: float, here: Node, known: Container[int] = ()) -> None:
        for edge, below in trie.edges():
            if id(below) not in known:
                self._push(cost - float(here.logp[edge[0]]), path, here, edge, below)

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
