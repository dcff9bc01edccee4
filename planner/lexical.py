"""Plans without a language model: every legal plan is compared with the question by its words and its shape.

With a sentence encoder the comparison is also one of meaning; that is the `semantic` planner.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray

from kg.graph import Graph
from kg.types import Question, RelationPath
from planner.base import Plan, ScoredPath
from planner.coefficients import COEFFICIENTS
from planner.encoder import Encoder
from planner.features import Features, Table
from planner.space import PlanSpace, plan_space

BUDGET = 20_000  # legal plans compared for one question
RIVALS, SHARE = 12, 0.02  # the best plans that are compared by where they lead, and the least probability of one
FIT = "fit:"  # prefix of the coefficients that tell how likely the best plan is to fit at all


@dataclass(frozen=True)
class Prior:
    """A distribution over the legal plans of a question.

    `best` are the compared plans, best first, `logp` gives a plan's natural-log probability, `fits` the probability
    that the best one says what is asked; `complete` says that all legal plans were compared.
    """

    best: list[RelationPath]
    logp: Callable[[RelationPath], float]
    fits: float
    complete: bool


class LexicalPlanner:
    """A `Planner` that scores all legal plans by a linear model of their features (a conditional logit).

    The coefficients were fitted on the demo graph's training questions (benchmarks/fit_planner.py); they weigh a
    handful of features that mean the same on any graph.
    """

    def __init__(self, graph: Graph, encoder: Encoder | None = None) -> None:
        self._graph = graph
        self._features = Features(graph, encoder)
        self.names = self._features.names
        self.name = "semantic" if encoder else "lexical"
        self._coefficients = COEFFICIENTS[self.name]

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths."""
        return [self._plan(question, k, max_hops) for question in questions]

    def _plan(self, question: Question, k: int, max_hops: int) -> Plan:
        space = plan_space(self._graph, question, max_hops)
        plans, table, complete = self.compared(question, space)
        if not plans:
            return nothing_to_plan(question)
        paths, fits = best_plans(plans, table, self._coefficients, self.names, space, k)
        note = "" if complete else f"only the first {BUDGET:,} legal plans were compared"
        return space.noted(Plan(paths, complete, fits, note))

    def compared(self, question: Question, space: PlanSpace) -> tuple[list[RelationPath], Table, bool]:
        """The legal plans, their features (len(plans), len(names)), and whether these are all legal plans."""
        plans, complete = space.plans(BUDGET)
        return plans, self._features(question, space, plans), complete

    def prior(self, question: Question, space: PlanSpace) -> Prior:
        """This planner's distribution over the legal plans (there must be one), for another to build on."""
        plans, table, complete = self.compared(question, space)
        paths, fits = best_plans(plans, table, self._coefficients, self.names, space, len(plans))
        known = dict(paths)
        norm = float(self.scores(table[:1])[0]) - known[plans[0]]

        def score(path: RelationPath) -> float:
            """The log-probability, of a plan that was not compared as of one more."""
            if path not in known:
                known[path] = float(self.scores(self._features(question, space, [path]))[0]) - norm
            return known[path]

        return Prior([path for path, _ in paths], score, fits, complete)

    def scores(self, table: Table) -> NDArray[np.float64]:
        """The score of each plan, (len(table),): log-probabilities up to a constant."""
        return table @ vector(self._coefficients, self.names)


def vector(coefficients: Mapping[str, float], names: Sequence[str]) -> NDArray[np.float64]:
    """The coefficients in the order of the features; 0 for those that are not used."""
    return np.array([coefficients.get(name, 0.0) for name in names])


def best_plans(
    plans: Sequence[RelationPath],
    table: Table,
    coefficients: Mapping[str, float],
    names: Sequence[str],
    space: PlanSpace,
    k: int,
) -> tuple[tuple[ScoredPath, ...], float]:
    """The `k` most probable of the compared plans, and the probability that the best one says what is asked."""
    logp = log_softmax(table @ vector(coefficients, names))
    order = np.argsort(-logp, kind="stable")
    ranked = [ScoredPath(plans[row], float(logp[row])) for row in order[: max(k, RIVALS)]]
    fits = fit_probability(coefficients, names, table[order[0]], agreement(ranked, space))
    return tuple(ranked[:k]), fits


def agreement(ranked: Sequence[ScoredPath], space: PlanSpace) -> float:
    """The probability (0 to 1) of all plans that lead exactly where the best one leads, among those that matter.

    One step may be spelled in several ways (a fact and its stored inverse): they are no rivals. At most RIVALS plans,
    of a probability of SHARE at least, are walked.
    """
    best = space.frontier(ranked[0].relations)
    total = ranked[0].probability
    for path in ranked[1:RIVALS]:
        if path.probability < SHARE:
            break
        other = space.frontier(path.relations)
        if len(other) == len(best) and other.entities == best.entities:
            total += path.probability
    return min(total, 1.0)


def fit_probability(
    coefficients: Mapping[str, float], names: Sequence[str], row: NDArray[np.float64], agreed: float
) -> float:
    """The probability that the best plan says what is asked at all (a logit of its features and of `agreement`).

    Only features that mean the same in every neighbourhood are used: none is centred over the plans there are.
    """
    weights = {name.removeprefix(FIT): value for name, value in coefficients.items() if name.startswith(FIT)}
    return sigmoid(weights["constant"] + weights["agreement"] * agreed + float(row @ vector(weights, names)))


def sigmoid(value: float) -> float:
    """The logistic function."""
    return float(1 / (1 + exp(-value)))


def nothing_to_plan(question: Question) -> Plan:
    """The plan of a question that no relation path can answer."""
    if not question.topics:
        return Plan((), fits=0.0, note="no entity of this graph is named in the question")
    names = ", ".join(topic.entity.label for topic in question.topics)
    return Plan((), fits=0.0, note=f"no fact of this graph is about {names}")


def log_softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """The natural-log probabilities of these scores."""
    shifted = scores - scores.max()
    result: NDArray[np.float64] = shifted - np.log(np.exp(shifted).sum())
    return result
