"""How much each voice of a trained planner's product counts on its graph: fitted to a run's dev questions.

Which is to be followed differs from graph to graph: one model knows all of a graph's plans, another was trained for a
few steps and knows nothing. Dev tells only part of it, since its wordings and plans are often those of training, which
like questions then cannot get wrong. So every question counts twice: as it is, and as if no training question had had
its wording or its plan; and the exponents stay near their defaults unless dev says otherwise.

What comes out is compared with its parts on the same questions: where a part is better by more than chance explains,
the part is what the run means.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.graph import Graph
from kg.mine import f1_of_sets
from kg.types import Question, RelationPath
from planner.base import FITS
from planner.choice import conditional_logit
from planner.decode import Decoded
from planner.neural import BATCH, askable
from planner.space import PlanSpace
from planner.trained import Known, TrainedPlanner, Voices, logps, weighed

MAX_HOPS = 3
SPREAD = 0.5  # standard deviation of an exponent around its default, before dev is seen
HEEDED = 0.1  # exponent of the model below which it is not worth asking
LEAST_F1 = 0.5  # of the best plan's ends against the answers: below it no plan that was weighed is right
SURE = 1.96  # standard errors by which a part has to be better than the whole
WHOLE, MODEL, REST, SEMANTIC = "all together", "the model alone", "without the model", "the semantic planner alone"


class Reading(NamedTuple):
    """A dev question: what is known of it as it is and as if nothing like it had been trained, what the model says,
    and the F1 of each plan's ends (0 to 1); for a question without answers, of none.
    """

    known: Known
    unlike: Known
    decoded: Decoded
    values: Mapping[RelationPath, float]
    is_answerable: bool


class Calibration(NamedTuple):
    """The exponents that a run should use, and the mean score on dev of the product and of each of its parts.

    A question's score is the F1 of its best plan, 0 where it is refused; 1 for an unanswerable one that is refused.
    """

    voices: Voices
    scores: Mapping[str, float]
    questions: int

    def __str__(self) -> str:
        parts = ", ".join(f"{name} {score:.3f}" for name, score in self.scores.items())
        return f"on {self.questions} dev questions: {parts}"


def calibrated_planner(
    planner: TrainedPlanner,
    graph: Graph,
    questions: Sequence[Question],
    progress: Callable[[int], None] | None = None,
) -> Calibration | None:
    """The calibration of a planner after linked questions whose answers are known; None if none of them tells.

    The model's exponent is 0 where it comes out below `HEEDED`.
    """
    found: list[Reading] = []
    for done, spaces in enumerate(askable(graph, questions, MAX_HOPS), 1):
        found += readings(planner, [questions[number] for number in spaces], [*spaces.values()])
        if progress:
            progress(min(done * BATCH, len(questions)))
    fitted = fitted_voices(found)
    return chosen(found, fitted) if fitted else None


def readings(planner: TrainedPlanner, questions: Sequence[Question], spaces: Sequence[PlanSpace]) -> Iterator[Reading]:
    """What each voice says of questions that have legal plans, and how right each plan is."""
    known = planner.known(questions, spaces)
    decoded = planner.decoded(questions, spaces, known)
    for question, space, one, found in zip(questions, spaces, known, decoded, strict=True):
        listed = dict.fromkeys([*logps(found)[0], *one.best()])
        values = {path: f1_of_sets(space.frontier(path).entities, question.answers) for path in listed}
        vote = planner.unlike(question, space, right_plans(values))
        unlike = one._replace(shares=vote.shares, alike=vote.alike)
        yield Reading(one, unlike, found, values, bool(question.answers))


def right_plans(values: Mapping[RelationPath, float]) -> list[RelationPath]:
    """The plans that no other meets the answers better than; none if none meets them."""
    best = max(values.values(), default=0.0)
    return [path for path, value in values.items() if value == best >= LEAST_F1]


def fitted_voices(found: Sequence[Reading]) -> Voices | None:
    """The most probable exponents after these questions; None if none of them tells."""
    tables, rights = [], []
    for reading in found:
        legal, _ = logps(reading.decoded)
        best = right_plans(reading.values)
        right = np.array([path in best for path in legal])
        if right.any():
            tables += [weighed_plans(legal, known) for known in (reading.known, reading.unlike)]
            rights += [right, right]
    if not tables:
        return None
    penalty = 1 / (2 * SPREAD**2 * len(tables))
    voices = Voices(*conditional_logit(tables, rights, np.array(Voices()), penalty, least=0.0).tolist())
    return voices if voices.model >= HEEDED else voices._replace(model=0.0)


def weighed_plans(legal: Mapping[RelationPath, float], known: Known) -> NDArray[np.float64]:
    """What each voice says of the plans that the model listed: (plans, 3)."""
    return np.array([[logp, *known.said(path)] for path, logp in legal.items()])


def chosen(found: Sequence[Reading], whole: Voices) -> Calibration:
    """The whole product, or the part of it that is better on dev by more than chance explains."""
    parts = {
        WHOLE: whole,
        MODEL: Voices(1.0, 0.0, 0.0),
        REST: whole._replace(model=0.0),
        SEMANTIC: Voices(0.0, 1.0, 0.0),
    }
    scores = {name: np.array([score(reading, voices) for reading in found]) for name, voices in parts.items()}
    best = WHOLE
    for name, own in scores.items():
        gain = own - scores[WHOLE]
        error = float(gain.std()) / sqrt(len(gain))
        if gain.mean() > SURE * error and own.mean() > scores[best].mean():
            best = name
    return Calibration(parts[best], {name: float(own.mean()) for name, own in scores.items()}, len(found))


def score(reading: Reading, voices: Voices) -> float:
    """What a question would come to with these exponents, the mean of as it is and as if nothing like it were known."""
    decoded = reading.decoded if voices.model else None
    total = 0.0
    for known in (reading.known, reading.unlike):
        plan = weighed(known._replace(voices=voices), decoded, 1)
        is_shown = plan.fits >= FITS
        if reading.is_answerable:
            total += reading.values.get(plan.paths[0].relations, 0.0) if is_shown else 0.0
        else:
            total += not is_shown
    return total / 2
