"""Exact top-k plans: best-first search over the automaton of legal relation paths.

A path's log-probability can only fall as it grows, so the first k complete plans that leave the queue are the k most
probable of all legal plans: what beam search guesses, this proves. Nothing illegal is ever scored, and where nothing
legal continues a plan, it ends: there is no "allow everything".
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log
from typing import NamedTuple, Protocol

from kg.types import RelationPath
from planner.space import PlanSpace

STOP = None
"""The option that ends a plan."""

Option = str | None


class Scorer(Protocol):
    """Log-probabilities of what may come next."""

    def score(self, prefixes: Sequence[RelationPath], options: Sequence[Sequence[Option]]) -> list[list[float]]:
        """For each prefix, the natural log-probability of each option (a relation, or STOP), given the prefix."""


class Hypothesis(NamedTuple):
    """A complete plan and the model's own log-probability of it, its end included."""

    path: RelationPath
    logp: float


@dataclass(frozen=True, slots=True)
class Decoded:
    """The most probable plans, best first, and the log of an upper bound on the probability of all legal plans."""

    best: tuple[Hypothesis, ...]
    log_total: float
    exact: bool
    expanded: int


class Entry(NamedTuple):
    """A place in the queue: the best come first, ties in the order of arrival."""

    cost: float
    arrival: int
    complete: bool
    path: RelationPath


def decode(space: PlanSpace, scorer: Scorer, k: int, batch: int = 4, budget: int = 128) -> Decoded:
    """The `k` most probable legal plans, proven unless `exact` is False.

    `batch` prefixes are expanded in one call of the scorer; after `budget` prefixes in all the search stops with
    the best plans that it has completed.
    """
    queue = [Entry(0.0, 0, False, ())]
    arrivals, expanded = 0, 0
    done: list[Hypothesis] = []
    while queue and len(done) < k and expanded < budget:
        opened = take(queue, batch, done, k)
        if not opened:
            continue
        expanded += len(opened)
        options: list[list[Option]] = [
            [*([STOP] if entry.path else []), *space.options(entry.path)] for entry in opened
        ]
        scores = scorer.score([entry.path for entry in opened], options)
        for entry, choices, logps in zip(opened, options, scores, strict=True):
            for option, logp in zip(choices, logps, strict=True):
                arrivals += 1
                path = entry.path if option is STOP else (*entry.path, option)
                heapq.heappush(queue, Entry(entry.cost - logp, arrivals, option is STOP, path))
    exact = len(done) == k or not queue
    while queue and len(done) < k:
        entry = heapq.heappop(queue)
        if entry.complete:
            done.append(Hypothesis(entry.path, -entry.cost))
    mass = [hypothesis.logp for hypothesis in done] + [-entry.cost for entry in queue]
    return Decoded(tuple(done), log_sum(mass), exact, expanded)


def take(queue: list[Entry], batch: int, done: list[Hypothesis], k: int) -> list[Entry]:
    """Up to `batch` prefixes from the head of the queue; complete plans met before the first go to `done`."""
    opened: list[Entry] = []
    while queue and len(opened) < batch and len(done) < k:
        if queue[0].complete and opened:
            break  # it has to wait for the prefixes ahead of it
        entry = heapq.heappop(queue)
        if entry.complete:
            done.append(Hypothesis(entry.path, -entry.cost))
        else:
            opened.append(entry)
    return opened


def log_sum(values: Sequence[float]) -> float:
    """The log of the sum of exp(values)."""
    top = max(values, default=-inf)
    return top + log(sum(exp(value - top) for value in values)) if top > -inf else -inf
