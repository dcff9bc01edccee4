"""How good answers are: hits and set measures per question, means with bootstrap intervals, paired differences."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Interval(NamedTuple):
    """A mean over questions and its 95 % percentile bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


def hits_at_1(predicted: Sequence[str], gold: Collection[str]) -> float:
    """1 if the first answer is right, else 0 (not RoG's "Hit", which looks at all answers)."""
    return float(bool(predicted) and predicted[0] in gold)


def set_f1(predicted: Collection[str], gold: Collection[str]) -> float:
    """The harmonic mean of the precision and recall of a set of answers; 1 where both sets are empty."""
    if not predicted and not gold:
        return 1.0
    common = len(set(predicted) & set(gold))
    return 2 * common / (len(set(predicted)) + len(set(gold)))


def bootstrap(values: Sequence[float] | NDArray[np.float64], seed: int = 0, resamples: int = 10_000) -> Interval:
    """The mean of per-question values with its interval, resampling questions (10,000 times, seeded).

    For the difference of two systems pass the differences question by question: then it is a paired test.
    """
    known = np.asarray(values, np.float64)
    if not len(known):
        raise ValueError("no questions to take a mean over")
    draws = np.random.default_rng(seed).integers(len(known), size=(resamples, len(known)))
    means = known[draws].mean(1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Interval(float(known.mean()), float(low), float(high))
