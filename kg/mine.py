"""From (topics, answers) to relation paths: RoG's weak supervision for plans, with every path and its score.

(Luo et al., ICLR 2024, arXiv:2310.01061, take shortest paths found by networkx in an undirected graph. A shortest path
is often not what was asked, and an undirected one does not say how to walk it. Here every relation path of up to
`hops` steps that leads from a topic to an answer is a candidate, is walked for real, and is scored by where it ends.)
"""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg import mine_kernels
from kg.errors import GraphError
from kg.graph import Frontier, Graph, not_planned
from kg.store import Store
from kg.types import RelationPath, inverse

COMPILED_HOPS = 3  # as far as the store meets in the middle


@dataclass(frozen=True, slots=True)
class MineSettings:
    """How far to look and what to keep.

    Of many answers, `sampled` ones (seeded) yield candidates; all of them score these. Kept are the best `keep` paths
    whose F1 is at least `share` of the best and at least `least`. More than `candidates` are not walked, and nothing
    that takes more than `budget` steps is: `Mined.cut` counts both.
    """

    hops: int = 3
    keep: int = 32
    share: float = 0.5
    least: float = 0.1
    sampled: int = 8
    candidates: int = 2_000
    budget: int = 3_000_000
    seed: int = 0


def f1_of(precision: float, recall: float) -> float:
    """The harmonic mean of precision and recall."""
    return 2 * precision * recall / (precision + recall) if recall else 0.0


def f1_of_sets(found: Collection[str], gold: Collection[str]) -> float:
    """The F1 of two sets; 0 where they have nothing in common."""
    common = len(set(found) & set(gold))
    return 2 * common / (len(set(found)) + len(set(gold))) if common else 0.0


class MinedPath(NamedTuple):
    """A relation path and how well its ends match the answers: both 0 to 1."""

    path: RelationPath
    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return f1_of(self.precision, self.recall)


class Mined(NamedTuple):
    """The kept paths, best first, shorter ones first among equals; and how many were left out or not looked for."""

    paths: tuple[MinedPath, ...]
    cut: int = 0


class Candidates(NamedTuple):
    """Relation paths that lead to some answer, those to most answers first, and how many searches or paths were cut."""

    paths: list[RelationPath]
    cut: int


def mine(graph: Graph, topics: Sequence[str], answers: Sequence[str], settings: MineSettings | None = None) -> Mined:
    """All relation paths of at most `hops` steps from the topics to the answers, scored by their ends.

    Several topics are walked from together, each with its own walks; a topic that is an answer is reached from itself
    where the graph is `returning` only. Raises UnknownKeyError for keys not in the graph.
    """
    settings = settings or MineSettings()
    if settings.hops < 1:
        raise GraphError(f"paths are mined of at least one hop, not {settings.hops}")
    if not topics or not answers:
        return Mined(())
    if isinstance(graph, Store) and settings.hops <= COMPILED_HOPS:
        found = store_candidates(graph, topics, answers, settings)
        scored, wide = store_scores(graph, topics, answers, found.paths, settings)
        return kept(graph, scored, found.cut + wide, settings)
    walked, cut = walked_scores(graph, topics, answers, settings)
    return kept(graph, walked, cut, settings)


def kept(graph: Graph, scored: Sequence[MinedPath], cut: int, settings: MineSettings) -> Mined:
    """The best of the scored paths, as the settings say."""
    number = relation_numbers(graph)
    least = max(settings.least, settings.share * max((path.f1 for path in scored), default=0.0))
    good = [path for path in scored if path.f1 >= least - 1e-12]
    good.sort(key=lambda found: (-round(found.f1, 9), len(found.path), [number[r] for r in found.path]))
    return Mined(tuple(good[: settings.keep]), cut)


def sampled(topics: Sequence[str], answers: Sequence[str], settings: MineSettings) -> list[str]:
    """Some of the answers, the same ones every time, in order."""
    distinct = sorted(set(answers))
    if len(distinct) <= settings.sampled:
        return distinct
    chance = random.Random(f"{settings.seed} {topics} {distinct}")
    return sorted(chance.sample(distinct, settings.sampled))


def store_candidates(graph: Store, topics: Sequence[str], answers: Sequence[str], settings: MineSettings) -> Candidates:
    """Relation paths from some topic to some sampled answer: found by meeting in the middle."""
    relations = len(graph.relations)
    unused = not_planned(graph)
    skipped = np.array([relation in unused for relation in relation_numbers(graph)], np.bool_)
    found: dict[int, list[NDArray[np.int64]]] = {hops: [] for hops in range(1, settings.hops + 1)}
    cut = 0
    for topic in map(graph.id_of, dict.fromkeys(topics)):
        for answer in map(graph.id_of, sampled(topics, answers, settings)):
            for hops in found if topic != answer or graph.returning else ():
                asked = (topic, graph.barred(topic), answer, relations, hops, skipped, settings.budget)
                codes, whole = mine_kernels.sequences(*graph.index, *asked, graph.seen)
                found[hops].append(codes)
                cut += not whole
    ranked: list[tuple[int, int, int]] = []  # how many pairs it joins (negative), its length, its code
    for hops, parts in found.items():
        codes, pairs = np.unique(np.concatenate([np.empty(0, np.int64), *parts]), return_counts=True)
        ranked += zip((-pairs).tolist(), [hops] * len(codes), codes.tolist(), strict=True)
    ranked.sort()
    cut += max(0, len(ranked) - settings.candidates)
    return Candidates([decoded(graph, code, hops) for _, hops, code in ranked[: settings.candidates]], cut)


def decoded(graph: Store, code: int, hops: int) -> RelationPath:
    """The relation path of a kernel's code: its signed relation numbers as digits in base 2R."""
    base = 2 * len(graph.relations)
    return tuple(graph.signed(code // base ** (hops - 1 - hop) % base) for hop in range(hops))


def store_scores(
    graph: Store, topics: Sequence[str], answers: Sequence[str], paths: Sequence[RelationPath], settings: MineSettings
) -> tuple[list[MinedPath], int]:
    """The paths with their scores, and how many were too wide to walk."""
    if not paths:
        return [], 0
    starts = np.array([graph.id_of(topic) for topic in dict.fromkeys(topics)], np.int32)
    wanted = np.array(sorted({graph.id_of(answer) for answer in answers}), np.int32)
    rels = np.array([graph.relation_id(relation) for path in paths for relation in path], np.int64)
    bounds = np.cumsum([0, *map(len, paths)])
    asked = (starts, graph.returning, rels, bounds, wanted, settings.budget)
    walked = mine_kernels.matches(*graph.index, *asked, graph.seen)
    sizes, hits = (counts.tolist() for counts in walked)
    scored = [
        MinedPath(path, hit / size, hit / len(wanted))
        for path, size, hit in zip(paths, sizes, hits, strict=True)
        if size > 0
    ]
    return scored, sum(size < 0 for size in sizes)


def walked_scores(
    graph: Graph, topics: Sequence[str], answers: Sequence[str], settings: MineSettings
) -> tuple[list[MinedPath], int]:
    """The same on any graph, by walking every relation path, shorter ones first, until there are too many."""
    unused, wanted = not_planned(graph), set(answers)
    for answer in sorted(wanted):
        graph.entity(answer)  # an answer that the graph does not have is an error here as it is there
    layer: list[tuple[RelationPath, Frontier]] = [((), graph.frontier(topics))]
    scored: list[MinedPath] = []
    walked = 0
    for _ in range(settings.hops):
        following = []
        for path, frontier in layer:
            for relation in sorted(frontier.relations().keys() - unused):
                walked += 1
                if walked > settings.candidates:
                    return scored, 1
                reached = frontier.follow(relation)
                following.append(((*path, relation), reached))
                hits = len(wanted.intersection(reached.entities))
                if hits:
                    scored.append(MinedPath((*path, relation), hits / len(reached), hits / len(wanted)))
        layer = following
    return scored, 0


def relation_numbers(graph: Graph) -> dict[str, int]:
    """Signed relation → its place in the order: forward relations by key, then backward ones."""
    signed = [*graph.relations, *(inverse(key) for key in graph.relations)]
    return {relation: place for place, relation in enumerate(signed)}


def shortest_relation_paths(graph: Graph, start: str, end: str, hops: int = 3) -> tuple[RelationPath, ...]:
    """All shortest relation paths from one entity to another, of at most `hops` (1 to 3) steps; () if there is none.

    The store meets in the middle, in microseconds; other graphs are walked forwards, a frontier at a time.
    """
    if isinstance(graph, Store):
        return graph.shortest_relation_paths(start, end, hops)
    layer: list[tuple[RelationPath, Frontier]] = [((), graph.frontier([start]))]
    for _ in range(hops):
        layer = [((*path, r), frontier.follow(r)) for path, frontier in layer for r in frontier.relations()]
        found = sorted(in_relation_order(graph, (path for path, frontier in layer if end in frontier.entities)))
        if found:
            return tuple(path for _, path in found)
    return ()


def in_relation_order(graph: Graph, paths: Iterable[RelationPath]) -> Iterator[tuple[tuple[int, ...], RelationPath]]:
    """Paths with what they are sorted by: forward relations in key order before backward ones."""
    number = relation_numbers(graph)
    return ((tuple(number[relation] for relation in path), path) for path in paths)
