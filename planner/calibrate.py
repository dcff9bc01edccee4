"""How much each voice of a trained planner's product counts on its graph: fitted to a run's dev questions.

Which is to be followed differs from graph to graph: where plans are many and the model has learned them like questions
mislead, and after a few steps of training the model knows nothing. Dev tells only part of it, since its wordings are
often those of training; so the exponents stay near their defaults unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kg.graph import Graph
from kg.mine import f1_of
from kg.types import Question, RelationPath
from planner.choice import conditional_logit
from planner.neural import BATCH
from planner.space import PlanSpace, plan_space
from planner.trained import TrainedPlanner, Voices, logps

MAX_HOPS = 3
SPREAD = 0.5  # standard deviation of an exponent around its default, before dev is seen
HEEDED = 0.1  # exponent of the model below which it is not worth asking
LEAST_F1 = 0.5  # of the best plan's ends against the answers: below it no plan that was weighed is right


def fitted_voices(
    planner: TrainedPlanner,
    graph: Graph,
    questions: Sequence[Question],
    progress: Callable[[int], None] | None = None,
) -> Voices | None:
    """The most probable exponents after questions whose answers are known; None if none of them tells.

    The model's is 0 where it comes out below `HEEDED`.
    """
    tables, rights = [], []
    for start in range(0, len(questions), BATCH):
        part = questions[start : start + BATCH]
        for table, values in weighed_plans(planner, graph, part):
            if values.max() >= LEAST_F1:
                tables.append(table)
                rights.append(values == values.max())
        if progress:
            progress(start + len(part))
    if not tables:
        return None
    penalty = 1 / (2 * SPREAD**2 * len(tables))
    found = Voices(*conditional_logit(tables, rights, np.array(Voices()), penalty, least=0.0).tolist())
    return found if found.model >= HEEDED else found._replace(model=0.0)


def weighed_plans(
    planner: TrainedPlanner, graph: Graph, questions: Sequence[Question]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """What each voice says of a question's plans (plans, 3), and the F1 that each plan would have (plans,)."""
    spaces = [plan_space(graph, question, MAX_HOPS) for question in questions]
    asked = [(question, space) for question, space in zip(questions, spaces, strict=True) if space.options(())]
    some, their = [question for question, _ in asked], [space for _, space in asked]
    known = planner.known(some, their)
    for question, space, one, decoded in zip(some, their, known, planner.decoded(some, their, known), strict=True):
        legal, _ = logps(decoded)
        values = [reached_f1(space, path, question) for path in legal]
        yield np.array([[logp, *one.said(path)] for path, logp in legal.items()]), np.array(values)


def reached_f1(space: PlanSpace, path: RelationPath, question: Question) -> float:
    """F1 of what a plan leads to against the question's answers."""
    reached = space.frontier(path).entities
    common = len(set(question.answers).intersection(reached))
    return f1_of(common / len(reached), common / len(question.answers)) if common else 0.0
