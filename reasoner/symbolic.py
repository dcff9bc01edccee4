"""Answers without a model: the ends of the most probable relation path that leads anywhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kg.graph import Graph
from kg.types import Question, ReasoningPath
from planner.base import FITS, Plan
from reasoner.base import Answer, Evidence, Retrieved

NAMED = 5  # entities that the answer's text names


class SymbolicReasoner:
    """A `Reasoner` that trusts the plan: ends of its best path, ranked by the weight of all paths that reach them."""

    name = "symbolic"

    def __init__(self, graph: Graph, threshold: float = FITS) -> None:
        self._graph = graph
        self._threshold = threshold

    def answer(
        self, questions: Sequence[Question], plans: Sequence[Plan], evidence: Sequence[Evidence]
    ) -> list[Answer]:
        """An answer for each question."""
        return [self._answer(plan, found) for _, plan, found in zip(questions, plans, evidence, strict=True)]

    def _answer(self, plan: Plan, evidence: Evidence) -> Answer:
        if not evidence.found or plan.fits < self._threshold:
            return no_answer(plan, evidence, self._threshold)
        return answer_from(self._graph, evidence.found[0], evidence, plan.fits)


def answer_from(graph: Graph, chosen: Retrieved, evidence: Evidence, fits: float) -> Answer:
    """The answer that consists of the ends of one retrieved relation path."""
    weights = dict.fromkeys(chosen.ends, 0.0)
    for retrieved in evidence.found:
        for end in retrieved.ends:
            if end in weights:
                weights[end] += retrieved.weight
    labels = {end: graph.entity(end).label for end in chosen.ends}
    ranked = tuple(sorted(chosen.ends, key=lambda end: (-weights[end], labels[end], end)))
    proof = first_paths(chosen.paths)
    share = chosen.weight / sum(retrieved.weight for retrieved in evidence.found)
    text = listed([labels[end] for end in ranked], chosen.ends_total)
    support = tuple(proof[end] for end in ranked)
    return Answer(ranked, support, text, "grounded", fits * share, chosen.ends_total)


def first_paths(paths: Iterable[ReasoningPath]) -> dict[str, ReasoningPath]:
    """The first path to each end."""
    first: dict[str, ReasoningPath] = {}
    for path in paths:
        first.setdefault(path.end, path)
    return first


def listed(labels: Sequence[str], total: int) -> str:
    """Some names in words, and how many more there are."""
    named = list(labels[:NAMED])
    if total > len(named):
        return f"{', '.join(named)} and {total - len(named):,} more"
    return " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)


def no_answer(plan: Plan, evidence: Evidence, threshold: float) -> Answer:
    """The refusal, with the reason why each plan that was tried does not answer."""
    if not plan.paths:
        return Answer((), (), plan.note, "no grounded answer", 0.0, reasons=(plan.note,))
    led = {retrieved.relations for retrieved in evidence.found}
    reasons = tuple(
        f"leads to entities, but does not say what is asked (fit {plan.fits:.2f}, {threshold:.2f} is needed)"
        if path.relations in led
        else "leads nowhere from here"
        for path in plan.paths
    )
    return Answer((), (), "no relation of this graph says what is asked", "no grounded answer", 0.0, reasons=reasons)
