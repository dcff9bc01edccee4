"""Which plan a question wants, by multinomial logistic regression on its sentence vector, with soft labels.

(A classification head on a frozen sentence encoder, as in SetFit: Tunstall et al., 2022, arXiv:2209.11055.) It learns
what distinguishes the plans of a graph, where likeness alone compares questions by everything that they have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.types import RelationPath

RIDGE = 3e-6  # penalty on the squared weights, beside the mean loss of a question; chosen on dev (docs/LOG.md)
STEPS = 100  # of L-BFGS at most
PART = 4096  # questions whose scores are in memory together

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Classifier:
    """The plans it tells apart, and their weights (width + 1, plans); the last row is the bias."""

    plans: Sequence[RelationPath]
    weights: Floats

    def shares(self, vector: Floats) -> NDArray[np.float64]:
        """The probability of each plan, of a question with this sentence vector: (plans,)."""
        scores = (vector @ self.weights[:-1] + self.weights[-1]).astype(np.float64)
        odds = np.exp(scores - scores.max())
        return np.asarray(odds / odds.sum())


def fitted_classifier(
    vectors: Floats, plans: Sequence[Mapping[RelationPath, float]], told: Callable[[int], None] = lambda done: None
) -> Classifier:
    """The classifier of these questions: unit vectors (n, width), and each one's plans with their shares.

    Shares sum to 1, and none is 0. `told` hears of every pass over the questions, about STEPS of them at most.
    """
    from scipy.optimize import minimize
    from scipy.sparse import csr_array

    known = sorted({path for row in plans for path in row})
    number = {path: place for place, path in enumerate(known)}
    rows = np.repeat(np.arange(len(plans)), [*map(len, plans)])
    columns = np.array([number[path] for row in plans for path in row])
    values = np.array([share for row in plans for share in row.values()], np.float32)
    wanted = csr_array((values, (rows, columns)), (len(plans), len(known)))
    shape, passes = (vectors.shape[1] + 1, len(known)), 0

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The mean cross-entropy with the penalty, and its gradient."""
        nonlocal passes
        told(passes := passes + 1)
        weights = flat.reshape(shape).astype(np.float32)
        total, slope = 0.0, np.zeros(shape, np.float32)
        for start in range(0, len(vectors), PART):
            part, right = vectors[start : start + PART], wanted[start : start + PART]
            scores = part @ weights[:-1] + weights[-1]
            scores -= scores.max(1, keepdims=True)
            scores -= np.log(np.exp(scores).sum(1, keepdims=True))
            missed, places = np.exp(scores), right.nonzero()
            total -= float(scores[places] @ right.data)
            missed[places] -= right.data
            slope[:-1] += part.T @ missed
            slope[-1] += missed.sum(0)
        slope /= len(vectors)
        slope[:-1] += 2 * RIDGE * weights[:-1]
        return total / len(vectors) + RIDGE * float((weights[:-1] ** 2).sum()), slope.ravel().astype(np.float64)

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}).x
    return Classifier(known, found.reshape(shape).astype(np.float32))
