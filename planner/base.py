"""What a plan is, and what a planner must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp
from typing import NamedTuple, Protocol

from kg.types import Question, RelationPath

FITS = 0.5  # probability that any plan fits below which a question is refused
DEFAULT_LM = "HuggingFaceTB/SmolLM2-135M-Instruct"  # where no language model is named


class ScoredPath(NamedTuple):
    """A relation path and its natural-log probability among the legal plans that the planner compared."""

    relations: RelationPath
    logp: float

    @property
    def probability(self) -> float:
        """The probability, 0 to 1."""
        return exp(self.logp)


@dataclass(frozen=True, slots=True)
class Plan:
    """The most probable relation paths of a question, best first, every one executable on the graph.

    `exact` says that these are provably the top k under the planner's score; `note` why not, or why there is none.
    `fits` is the probability (0 to 1) that any plan at all says what the question asks.
    """

    paths: tuple[ScoredPath, ...]
    exact: bool = True
    fits: float = 1.0
    note: str = ""


class Planner(Protocol):
    """Plans relation paths over the graph it was made for."""

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question, of at most `k` relation paths of 1 to `max_hops` steps.

        0 steps stand for 3, and for 4 where there are few plans (`planner.space`); the CLI's default.
        """
