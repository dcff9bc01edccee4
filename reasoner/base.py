"""What evidence, answers and traces are, and what a reasoner must do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from kg.types import Question, ReasoningPath, RelationPath, Topic
from planner.base import Plan

Verdict = Literal["grounded", "no grounded answer"]
Refusal = Literal["", "absent", "not applied"]


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What one relation path of the plan leads to from one topic.

    `ends` are all entities reached (at most the retrieval's limit), each with at least one path in `paths`;
    `ends_total` and `paths_total` say how many there are. `weight` is the probability of the path times the score
    of the topic.
    """

    topic: Topic
    relations: RelationPath
    weight: float
    ends: tuple[str, ...]
    ends_total: int
    paths: tuple[ReasoningPath, ...]
    paths_total: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a plan leads to, most probable first, and how many paths were left out in all."""

    found: tuple[Retrieved, ...]
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """Entities (keys, best first), the paths that carry them, the answer in words, and how sure it is (0 to 1).

    `support` holds one path per entity, in the same order. `reasons` says, where there is no grounded answer, why.
    `refusal` is what kind of reason that is: "absent", the graph does not say it (one line per plan that was tried), or
    "not applied", a plan cannot say all of the question (one line per word that it leaves out). Then `related` is what
    the plan leads to: an answer to something else than what was asked, and never to be shown as the answer.
    """

    entities: tuple[str, ...]
    support: tuple[ReasoningPath, ...]
    text: str
    verdict: Verdict
    confidence: float
    total: int = 0
    reasons: tuple[str, ...] = ()
    refusal: Refusal = ""
    related: Answer | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """One question from words to proof: what is shown, scored, rewarded and stored."""

    question: Question
    plan: Plan
    evidence: Evidence
    answer: Answer

    @property
    def plan_reasons(self) -> tuple[str, ...]:
        """Why each plan does not answer, in the order of the plans; empty where the reasons are not about plans."""
        reasons, refusal = self.answer.reasons, self.answer.refusal
        return reasons if refusal == "absent" and len(reasons) == len(self.plan.paths) else ()


class Reasoner(Protocol):
    """Answers from evidence."""

    def answer(
        self, questions: Sequence[Question], plans: Sequence[Plan], evidence: Sequence[Evidence]
    ) -> list[Answer]:
        """An answer for each question, bound to the ends of the paths in its evidence."""
