"""Questions made from the graph itself, for those who have none: walks put into words from the relations' labels."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

from kg.errors import GraphError
from kg.graph import Graph, not_planned
from kg.names import is_unnamed
from kg.questions import RawQuestion
from kg.store import Store
from kg.types import Progress, RelationPath, base, inverse
from planner.data.phrases import ask

TRIES = 5  # walks tried for every question wanted


@dataclass(frozen=True, slots=True)
class SynthesisSettings:
    """How many questions, of how many hops and answers at most, and the share of them that the graph cannot answer."""

    count: int = 2_000
    hops: int = 3
    most_answers: int = 50
    unanswerable: float = 0.1
    seed: int = 0


def synthesize(
    graph: Graph, settings: SynthesisSettings | None = None, progress: Progress | None = None
) -> list[RawQuestion]:
    """Questions with topics, answers and the relation path that they were made from, balanced over these paths.

    The same for the same graph and settings; fewer than `count` where the graph gives no more.
    """
    settings = settings or SynthesisSettings()
    if not isinstance(graph, Store):
        raise GraphError(
            f"{graph.name}: questions are made from a .kg directory or a facts file; `rog kg pull` makes one"
        )
    if settings.hops < 1 or settings.count < 1 or not 0 <= settings.unanswerable < 1:
        raise GraphError(
            "questions are made of at least 1 hop, at least 1 of them, with a share of 0 to 1 unanswerable"
        )
    chance = random.Random(settings.seed)
    walks = Walks(graph, settings, chance)
    missing = round(settings.count * settings.unanswerable)
    drawn = walks.balanced(settings.count - missing, progress)
    found = [question for start, path in drawn if (question := walks.asked(start, path))]
    found += walks.unanswered(missing, sorted({start for start, _ in drawn}))
    texts: set[str] = set()
    distinct = [q for q in found if q.text not in texts and not texts.add(q.text)]  # type: ignore[func-returns-value]
    return [
        RawQuestion(f"made-{number:05d}", q.text, q.answers, q.topics, q.paths, f"made question {number}")
        for number, q in enumerate(distinct, 1)
    ]


class Walks:
    """Relation paths with starts, drawn so that rare relations come up too."""

    def __init__(self, graph: Store, settings: SynthesisSettings, chance: random.Random) -> None:
        self._graph, self._settings, self._chance = graph, settings, chance
        unused = not_planned(graph)
        self._unused = unused
        self._heads, self._relations, self._tails = graph.facts()
        signed = [*graph.relations, *(inverse(key) for key in graph.relations)]
        self._first = [relation for relation in signed if relation not in unused]
        if not self._first:
            raise GraphError(f"{graph.name}: every relation is hidden, so that nothing can be asked")

    def balanced(self, count: int, progress: Progress | None) -> list[tuple[str, RelationPath]]:
        """`count` pairs of a start and a relation path: as many of each length and each path as there are."""
        buckets: dict[int, dict[RelationPath, list[str]]] = {n: {} for n in range(1, self._settings.hops + 1)}
        for turn in range(TRIES * count):
            hops = 1 + turn % self._settings.hops
            walk = self._walk(self._first[turn // self._settings.hops % len(self._first)], hops)
            if walk is not None and walk[0] not in buckets[hops].setdefault(walk[1], []):
                buckets[hops][walk[1]].append(walk[0])
            if progress and turn % 100 == 0:
                progress("walking the graph", turn, TRIES * count)
        queues = [round_robin(bucket) for bucket in buckets.values() if bucket]
        drawn: list[tuple[str, RelationPath]] = []
        while queues and len(drawn) < count:
            for queue in list(queues):
                pair = next(queue, None)
                if pair is None:
                    queues.remove(queue)
                elif len(drawn) < count:
                    drawn.append(pair)
        return drawn

    def _walk(self, first: str, hops: int) -> tuple[str, RelationPath] | None:
        """A start and a path of `hops` steps that begins with `first` and has few enough ends, or None."""
        low, high = self._facts_of(base(first))
        place = self._chance.randrange(low, high)
        start = self._graph.key_of(int((self._heads if first == base(first) else self._tails)[place]))
        if is_unnamed(self._graph.entity(start)):
            return None
        frontier = self._graph.frontier([start]).follow(first)
        path: RelationPath = (first,)
        while len(path) < hops and len(frontier) and len(frontier) <= 20 * self._settings.most_answers:
            options = [relation for relation in frontier.relations() if relation not in self._unused]
            if not options:
                return None
            path = (*path, self._chance.choice(options))
            frontier = frontier.follow(path[-1])
        fits = len(path) == hops and 0 < len(frontier) <= self._settings.most_answers
        return (start, path) if fits else None

    def _facts_of(self, relation: str) -> tuple[int, int]:
        """Where the facts of a relation begin and end among all, which are sorted by relation."""
        number = self._graph.relation_id(relation)
        return int(self._relations.searchsorted(number)), int(self._relations.searchsorted(number + 1))

    def asked(self, start: str, path: RelationPath) -> RawQuestion | None:
        """The question that a path from a start stands for, or None if some answer has no name."""
        answers = self._graph.ends(start, path)
        if any(is_unnamed(self._graph.entity(answer)) for answer in answers):
            return None
        text = ask(self._graph, self._graph.entity(start).label, path, self._chance)
        return RawQuestion("", text, answers, (start,), (path,))

    def unanswered(self, count: int, starts: list[str]) -> list[RawQuestion]:
        """Questions for a relation that the topic does not have, and as far as can be seen none of its kind."""
        having: dict[str, set[str]] = {}  # relation → relations that some entity has beside it
        around = {start: set(self._graph.frontier([start]).relations()) for start in starts}
        for relations in around.values():
            for relation in relations:
                having.setdefault(relation, set()).update(relations)
        found: list[RawQuestion] = []
        for start in self._chance.sample(starts, len(starts)) * 3:
            if len(found) >= count:
                break
            lacking = [r for r in self._first if r not in around[start]]
            foreign = [r for r in lacking if not around[start] & having.get(r, set())] or lacking
            if foreign:
                path = (self._chance.choice(foreign),)
                text = ask(self._graph, self._graph.entity(start).label, path, self._chance)
                found.append(RawQuestion("", text, (), (start,)))
        return found


def round_robin(bucket: dict[RelationPath, list[str]]) -> Iterator[tuple[str, RelationPath]]:
    """Start and path, one of each path in turn until none is left."""
    for place in range(max(map(len, bucket.values()))):
        for path, starts in bucket.items():
            if place < len(starts):
                yield starts[place], path
