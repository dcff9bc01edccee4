"""The automaton of legal plans: the relation paths that exist in the graph from a question's topics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Protocol

from kg.graph import Frontier, Graph, not_planned
from kg.types import Question, RelationPath, inverse
from planner.base import Plan

AUTO = 0  # as `max_hops`: as many steps as cost nothing
HOPS, MORE_HOPS = 3, 4  # steps of a plan at most, and where it costs nothing
FEW = 100  # plans, of up to four steps, that cost nothing: half of the demo's questions have 76 of up to three
FITS = 0.5  # probability that a plan says what is asked, under which the answer is refused


class Legal(Protocol):
    """What a decoder asks: which relations may come next."""

    def options(self, path: RelationPath) -> Mapping[str, int]:
        """The relations that may follow a legal `path`, with their numbers of steps; empty at its end."""


class PlanSpace:
    """Relation paths of 1 to `max_hops` steps that lead from the topics to at least one entity.

    A path is legal if some walk along it exists; every prefix of a legal path is legal. Symmetric relations are
    walked forwards only, since backwards is the same; hidden ones not at all. Each frontier is computed once and kept.
    With `max_hops` 0 the space chooses: 3 steps, and 4 where there are so few plans that looking at them costs nothing.
    `without` are relations (keys) that no plan may use either, in neither direction: what if they were not there?
    """

    def __init__(self, graph: Graph, topics: Iterable[str], max_hops: int, without: Iterable[str] = ()) -> None:
        self._frontiers: dict[RelationPath, Frontier] = {(): graph.frontier(topics)}
        self._skipped = not_planned(graph) | {signed for key in without for signed in (key, inverse(key))}
        self._next: dict[RelationPath, dict[str, int]] = {}
        self._wanted = max_hops

    @cached_property
    def max_hops(self) -> int:
        """Steps of a plan at most; found out when it first matters, since many plans end before."""
        if self._wanted != AUTO:
            return self._wanted
        return MORE_HOPS if self._listed(MORE_HOPS, FEW)[1] else HOPS

    def frontier(self, path: RelationPath) -> Frontier:
        """The entities that walks along a legal `path` reach."""
        if path not in self._frontiers:
            self._frontiers[path] = self.frontier(path[:-1]).follow(path[-1])
        return self._frontiers[path]

    def options(self, path: RelationPath) -> dict[str, int]:
        """The relations that may come next after a legal `path`, with their numbers of steps; empty at the end."""
        return {} if self._is_longest(path) else self._leaving(path)

    def plans(self, budget: int) -> tuple[list[RelationPath], bool]:
        """Legal paths, shorter ones first, at most `budget`, and whether these are all."""
        return self._listed(self.max_hops, budget)

    def noted(self, plan: Plan) -> Plan:
        """The plan, with a note where a longer one may be what is asked: none was looked at.

        That is where its best path has the most steps and could go on, or where no path fits and longer ones exist.
        """
        if plan.paths and self._is_longest(plan.paths[0].relations):
            is_cut = self._goes_on(plan.paths[0].relations)
        else:
            is_cut = plan.fits < FITS and self._goes_on(())
        if not is_cut:
            return plan
        said = f"plans of more than {self.max_hops} steps were not looked at; --max-hops {self.max_hops + 1} does"
        return replace(plan, note="; ".join(filter(None, [plan.note, said])))

    def _is_longest(self, path: RelationPath) -> bool:
        return len(path) >= (self._wanted or HOPS) and len(path) >= self.max_hops

    def _goes_on(self, path: RelationPath) -> bool:
        """Whether some path that begins so, or is this one, has more steps than a plan may have."""
        following = self._leaving(path)
        if len(path) >= self.max_hops:
            return bool(following)
        return any(self._goes_on((*path, relation)) for relation in following)

    def _leaving(self, path: RelationPath) -> dict[str, int]:
        if path not in self._next:
            leaving = self.frontier(path).relations()
            self._next[path] = {r: steps for r, steps in leaving.items() if r not in self._skipped}
        return self._next[path]

    def _listed(self, hops: int, budget: int) -> tuple[list[RelationPath], bool]:
        found: list[RelationPath] = []
        level: Sequence[RelationPath] = [()]
        for _ in range(hops):
            following = []
            for path in level:
                for relation in self._leaving(path):
                    if len(found) == budget:
                        return found, False
                    found.append((*path, relation))
                    following.append(found[-1])
            level = following
        return found, True


def plan_space(graph: Graph, question: Question, max_hops: int) -> PlanSpace:
    """The legal plans of a question, of at most `max_hops` steps; 0 lets the number of plans say how many."""
    return PlanSpace(graph, (topic.key for topic in question.topics), max_hops)


def is_legal(path: RelationPath, space: Legal) -> bool:
    """Whether a plan can be walked, within the space's number of hops."""
    return bool(path) and all(relation in space.options(path[:place]) for place, relation in enumerate(path))
