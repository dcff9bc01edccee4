"""How sure a figure is: bootstrap intervals over questions, paired differences, McNemar's test, Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from math import comb, nan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

RESAMPLES = 10_000
DRAWN = 4_000_000  # question numbers drawn at a time, so that memory does not grow with the questions

Values = NDArray[np.float64]


class Interval(NamedTuple):
    """A mean over questions and its 95 % percentile bootstrap interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} [{self.low:.3f}, {self.high:.3f}]"


class Difference(NamedTuple):
    """A paired difference of means, and the two-sided bootstrap p-value that it is none."""

    interval: Interval
    p: float


NOTHING = Interval(nan, nan, nan)


def resampled(values: Values, seed: int = 0, resamples: int = RESAMPLES) -> Values:
    """Column means of resampled rows (questions): (rows, columns) → (resamples, columns).

    NaN is a question that a column does not apply to: each mean is over the others. A column of which a resample
    holds nothing is NaN there. All columns share the draws, so they may be compared.
    """
    rows = len(values)
    if not rows:
        raise ValueError("no questions to take a mean over")
    known = ~np.isnan(values)
    filled, weights = np.where(known, values, 0.0), known.astype(np.float64)
    generator = np.random.default_rng(seed)
    parts = []
    for start in range(0, resamples, max(1, DRAWN // rows)):
        size = min(max(1, DRAWN // rows), resamples - start)
        draws = generator.integers(rows, size=(size, rows))
        draws += np.arange(size)[:, None] * rows
        counts = np.bincount(draws.ravel(), minlength=size * rows).reshape(size, rows)
        with np.errstate(invalid="ignore"):  # 0 of 0 questions
            parts.append((counts @ filled) / (counts @ weights))
    return np.concatenate(parts)


def intervals(values: Values, seed: int = 0, resamples: int = RESAMPLES) -> list[Interval]:
    """The mean of each column over its rows (questions) with its interval; NaN where no row has a value."""
    means = resampled(values, seed, resamples)
    return [interval_of(column, drawn) for column, drawn in zip(values.T, means.T, strict=True)]


def interval_of(values: Values, means: Values) -> Interval:
    """The mean of values with the interval that their resampled means span; NaN (of either) is left out."""
    known, drawn = values[~np.isnan(values)], means[~np.isnan(means)]
    if not len(known):
        return NOTHING
    low, high = np.quantile(drawn, [0.025, 0.975])
    return Interval(float(known.mean()), float(low), float(high))


def bootstrap(values: Sequence[float] | Values, seed: int = 0, resamples: int = RESAMPLES) -> Interval:
    """The mean of per-question values with its interval, resampling questions (10,000 times, seeded).

    For the difference of two systems pass the differences question by question: then it is a paired test.
    """
    return intervals(np.asarray(values, np.float64)[:, None], seed, resamples)[0]


def paired(first: Values, second: Values, seed: int = 0, resamples: int = RESAMPLES) -> Difference:
    """The mean of `second - first` over questions (rows), with its interval and its bootstrap p-value.

    p is twice the share of resampled differences on the other side of 0, and never less than 2 / (resamples + 1).
    """
    difference = second - first
    means = resampled(difference[:, None], seed, resamples)[:, 0]
    tail = min((means <= 0).sum(), (means >= 0).sum())
    p = min(1.0, 2 * (int(tail) + 1) / (len(means) + 1))
    return Difference(interval_of(difference, means), p)


def mcnemar(first: Sequence[bool] | NDArray[np.bool_], second: Sequence[bool] | NDArray[np.bool_]) -> float:
    """The exact two-sided p-value that two systems are right equally often (McNemar 1947, binomial)."""
    pairs = list(zip(first, second, strict=True))
    only_first = sum(bool(a) and not b for a, b in pairs)
    only_second = sum(bool(b) and not a for a, b in pairs)
    apart, fewer = only_first + only_second, min(only_first, only_second)
    tail = sum(comb(apart, count) for count in range(fewer + 1))
    return min(1.0, 2 * tail / (1 << apart))  # of whole numbers: exact, and no overflow


def holm(p_values: Sequence[float]) -> list[float]:
    """The p-values corrected for being several (Holm 1979), in the order given."""
    order = sorted(range(len(p_values)), key=lambda number: p_values[number])
    corrected, highest = [0.0] * len(p_values), 0.0
    for rank, number in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[number]))
        corrected[number] = highest
    return corrected
