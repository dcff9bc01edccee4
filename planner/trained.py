"""Plans by a model that was trained on the graph, together with what words and meaning say of them.

A trained model is sure, and right, of wordings like those that it was trained on, and unsure of others; the semantic
planner was never trained on the graph and is fair with any wording. Their weighted product (Hinton, Neural Computation
2002, products of experts) follows whichever is sure. The semantic planner's best plans are also the drafts that the
model reads along with the question.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, log, log1p
from typing import NamedTuple

import numpy as np

from kg.graph import Graph
from kg.types import Question, RelationPath
from planner.base import Plan, ScoredPath
from planner.coefficients import COEFFICIENTS
from planner.decode import Decoded
from planner.lexical import LexicalPlanner, Prior, log_softmax, sigmoid
from planner.neural import NOTHING, LmPlanner, side_by_side
from planner.space import PlanSpace

DRAFTS = 3  # plans read along with the question
SHORTLIST = 8  # of the model's plans that are weighed
# Chosen on dev questions of three graphs and on wordings held out of training (docs/LOG.md).
CERTAIN = 0.7  # probability of one plan from which the model's word holds alone
WEIGHT = 0.5  # exponent of the semantic planner's distribution
LEAST = 1e-6  # the least probability that is told from 0


class TrainedPlanner:
    """A `Planner` that multiplies a trained model's distribution over the legal plans with the semantic planner's.

    Where the model is certain its word holds alone. The odds that any plan fits are the product of both, too, with
    weights fitted on wordings held out of training (benchmarks/fit_trained.py). A plan is weighed if it is among the
    model's best or the semantic planner's; `exact` says that no other can have a greater product.
    """

    name = "trained"

    def __init__(self, graph: Graph, lm: LmPlanner, labels: LexicalPlanner) -> None:
        self._graph = graph
        self._lm = lm
        self._labels = labels

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths, by both."""
        return side_by_side(
            self._graph,
            questions,
            max_hops,
            lambda some, spaces: [weighed(*both, k) for both in self.evidence(some, spaces)],
        )

    def evidence(self, questions: Sequence[Question], spaces: Sequence[PlanSpace]) -> list[Evidence]:
        """What both say of questions that have legal plans."""
        priors = [self._labels.prior(question, space) for question, space in zip(questions, spaces, strict=True)]
        drafts = [[*prior.best[:DRAFTS], (NOTHING,)] for prior in priors]
        decoded = self._lm.decoded(questions, spaces, SHORTLIST, drafts)
        return [Evidence(*each) for each in zip(priors, decoded, strict=True)]


class Evidence(NamedTuple):
    """What the semantic planner and the trained model say of a question."""

    prior: Prior
    decoded: Decoded


def logps(decoded: Decoded) -> tuple[dict[RelationPath, float], float]:
    """The log-probability of each plan that the model listed or read, and the probability of `none`."""
    legal = {found.path: found.logp - decoded.log_total for found in (*decoded.best, *decoded.drafted)}
    nothing = exp(legal.pop((NOTHING,)))
    return legal, nothing


def weighed(prior: Prior, decoded: Decoded, k: int) -> Plan:
    """The `k` best plans by the product of both distributions, or by the model's alone where it is certain."""
    legal, nothing = logps(decoded)
    rest = log(max(LEAST, 1.0 - nothing - sum(map(exp, legal.values()))))  # the model's, of all plans not listed
    is_certain = max(legal.values()) >= log(CERTAIN)
    weight = 0.0 if is_certain else WEIGHT
    score = {path: logp + weight * prior.logp(path) for path, logp in legal.items()}
    paths = sorted(legal, key=lambda path: (-score[path], path))
    shares = log_softmax(np.array([score[path] for path in paths]))
    kept = tuple(ScoredPath(path, float(share)) for path, share in zip(paths, shares, strict=True))[:k]
    unseen = max((weight * prior.logp(path) for path in prior.best if path not in legal), default=-inf)
    proven = [decoded.exact and prior.complete and score[path.relations] >= rest + unseen for path in kept]
    weights = COEFFICIENTS[TrainedPlanner.name]
    odds = weights["model"] * -logit(nothing) + weights["semantic"] * logit(prior.fits) + weights["constant"]
    fits = 1.0 - nothing if is_certain else sigmoid(odds)
    note = "the best of those that the model or the semantic planner listed"
    if proven[0]:
        note = f"plan 1 is the most probable of all, the others are {note}"
    return Plan(kept, all(proven), fits, "" if all(proven) else note)


def logit(probability: float) -> float:
    """The log-odds, kept finite."""
    probability = min(max(probability, LEAST), 1 - LEAST)
    return log(probability) - log1p(-probability)
