"""McFadden's conditional logit (Frontiers in Econometrics, 1974), held near weights that are known before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def conditional_logit(
    tables: Sequence[NDArray[np.float64]],
    rights: Sequence[NDArray[np.bool_]],
    own: NDArray[np.float64],
    penalty: float,
    least: float | None = None,
) -> NDArray[np.float64]:
    """The weights (features,) that make what is right most probable, none under `least`.

    `tables` are the features of each case's options (options, features), `rights` which of them are right (options,).
    `penalty` is on the squared distance from `own`, beside the mean loss of a case.
    """
    from scipy.optimize import minimize

    case = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    table, right = np.concatenate(tables), np.concatenate(rights)

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Minus the mean log-probability of what is right, and its gradient."""
        scores = table @ weights
        total, slope = log_sums(scores, table, case)
        good, good_slope = log_sums(scores[right], table[right], case[right])
        away = weights - own
        missed = (total - good).mean(), (slope - good_slope) / len(tables)
        return float(missed[0] + penalty * away @ away), missed[1] + 2 * penalty * away

    found: NDArray[np.float64] = minimize(loss, own, jac=True, bounds=[(least, None)] * len(own)).x
    return found


def log_sums(
    scores: NDArray[np.float64], table: NDArray[np.float64], case: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The logarithm of each case's summed exponentials (cases,), and the gradient of their total (features,)."""
    top = np.maximum.reduceat(scores, np.flatnonzero(np.diff(case, prepend=-1)))
    mass = np.exp(scores - top[case])
    total = np.bincount(case, mass)
    return np.log(total) + top, (mass / total[case]) @ table
