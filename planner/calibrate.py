"""How much each voice of a trained planner's product counts on its graph: fitted to a run's dev questions.

Which is to be followed differs from graph to graph: one model knows all of a graph's plans, another was trained for a
few steps and knows nothing. Dev tells only part of it, since its wordings are often those of training; so the exponents
stay near their defaults unless it says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from kg.graph import Graph
from kg.mine import f1_of_sets
from kg.types import Question
from planner.choice import conditional_logit
from planner.neural import BATCH, askable
from planner.space import PlanSpace
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
    for done, spaces in enumerate(askable(graph, questions, MAX_HOPS), 1):
        for table, values in weighed_plans(planner, [questions[number] for number in spaces], [*spaces.values()]):
            if values.max() >= LEAST_F1:
                tables.append(table)
                rights.append(values == values.max())
        if progress:
            progress(min(done * BATCH, len(questions)))
    if not tables:
        return None
    penalty = 1 / (2 * SPREAD**2 * len(tables))
    found = Voices(*conditional_logit(tables, rights, np.array(Voices()), penalty, least=0.0).tolist())
    return found if found.model >= HEEDED else found._replace(model=0.0)


def weighed_plans(
    planner: TrainedPlanner, questions: Sequence[Question], spaces: Sequence[PlanSpace]
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """What each voice says of a question's plans (plans, 3), and the F1 that each plan would have (plans,)."""
    known = planner.known(questions, spaces)
    decoded = planner.decoded(questions, spaces, known)
    for question, space, one, found in zip(questions, spaces, known, decoded, strict=True):
        legal, _ = logps(found)
        values = [f1_of_sets(space.frontier(path).entities, question.answers) for path in legal]
        yield np.array([[logp, *one.said(path)] for path, logp in legal.items()]), np.array(values)
