"""A trained planner on a graph that has relations which it never learned."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from kg.graph import Graph
from kg.types import Question, base
from planner.base import Plan, Planner
from planner.lexical import LexicalPlanner
from planner.space import FITS


class GrownPlanner:
    """A `Planner`: the trained one, and the untrained one where only that knows the relation that is asked for.

    What a run never saw it takes for a question that no plan answers. So a question that it refuses is planned again by
    the words alone, and that plan stands if it goes along an added relation.
    """

    def __init__(self, graph: Graph, trained: Planner, labels: LexicalPlanner, added: Collection[str]) -> None:
        self._graph = graph
        self._trained = trained
        self._labels = labels
        self._added = frozenset(added)
        self.name = "trained"

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths."""
        plans = self._trained.plan(questions, k, max_hops)
        refused = [number for number, plan in enumerate(plans) if plan.fits < FITS]
        again = self._labels.plan([questions[number] for number in refused], k, max_hops)
        for number, plan in zip(refused, again, strict=True):
            if plan.paths and any(base(relation) in self._added for relation in plan.paths[0].relations):
                note = "; ".join(filter(None, [plan.note, "by a relation that is new since the planner was trained"]))
                plans[number] = replace(plan, note=note)
        return plans
