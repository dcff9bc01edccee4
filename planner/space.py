"""The automaton of legal plans: the relation paths that exist in the graph from a question's topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from kg.graph import Frontier, Graph, not_planned
from kg.types import Question, RelationPath


class Legal(Protocol):
    """What a decoder asks: which relations may come next."""

    def options(self, path: RelationPath) -> Mapping[str, int]:
        """The relations that may follow a legal `path`, with their numbers of steps; empty at its end."""


class PlanSpace:
    """Relation paths of 1 to `max_hops` steps that lead from the topics to at least one entity.

    A path is legal if some walk along it exists; every prefix of a legal path is legal. Symmetric relations are
    walked forwards only, since backwards is the same; hidden ones not at all. Each frontier is computed once and kept.
    """

    def __init__(self, graph: Graph, topics: Iterable[str], max_hops: int) -> None:
        self._frontiers: dict[RelationPath, Frontier] = {(): graph.frontier(topics)}
        self._skipped = not_planned(graph)
        self._next: dict[RelationPath, dict[str, int]] = {}
        self.max_hops = max_hops

    def frontier(self, path: RelationPath) -> Frontier:
        """The entities that walks along a legal `path` reach."""
        if path not in self._frontiers:
            self._frontiers[path] = self.frontier(path[:-1]).follow(path[-1])
        return self._frontiers[path]

    def options(self, path: RelationPath) -> dict[str, int]:
        """The relations that may come next after a legal `path`, with their numbers of steps; empty at the end."""
        if len(path) >= self.max_hops:
            return {}
        if path not in self._next:
            leaving = self.frontier(path).relations()
            self._next[path] = {r: steps for r, steps in leaving.items() if r not in self._skipped}
        return self._next[path]

    def plans(self, budget: int) -> tuple[list[RelationPath], bool]:
        """Legal paths, shorter ones first, at most `budget`, and whether these are all."""
        found: list[RelationPath] = []
        level: Sequence[RelationPath] = [()]
        for _ in range(self.max_hops):
            following = []
            for path in level:
                for relation in self.options(path):
                    if len(found) == budget:
                        return found, False
                    found.append((*path, relation))
                    following.append(found[-1])
            level = following
        return found, True


def plan_space(graph: Graph, question: Question, max_hops: int) -> PlanSpace:
    """The legal plans of a question."""
    return PlanSpace(graph, (topic.key for topic in question.topics), max_hops)


def is_legal(path: RelationPath, space: Legal) -> bool:
    """Whether a plan can be walked, within the space's number of hops."""
    return bool(path) and all(relation in space.options(path[:place]) for place, relation in enumerate(path))
