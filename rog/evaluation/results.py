"""What an evaluation finds: a record per question, system and setting; their means, differences and strata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

from kg.types import ReasoningPath
from planner.base import ScoredPath
from planner.data.rows import Row
from planner.space import AUTO
from reasoner.base import Verdict
from reasoner.retrieve import LIMIT
from rog.evaluation.metrics import Scores
from rog.evaluation.stats import Difference, Interval

Topics = Literal["linked", "gold"]


class Arm(NamedTuple):
    """A system in a setting: who said what the question is about, and whether entities had their names."""

    system: str
    topics: Topics
    anonymous: bool = False

    @property
    def setting(self) -> str:
        """The setting in words."""
        return f"{self.topics} topics" + (", anonymised" if self.anonymous else "")

    @property
    def title(self) -> str:
        """System and setting."""
        return f"{self.system}, {self.setting}"


@dataclass(frozen=True, slots=True)
class Options:
    """How systems are evaluated; `batch` questions at a time, and a question's time is known only if that is 1.

    `anyway` takes training runs of another vocabulary than the graph's too.
    """

    topics: Literal["linked", "gold", "both"] = "both"
    anonymise: bool = False
    batch: int = 1
    k: int = 3
    max_hops: int = AUTO
    limit: int = LIMIT
    anyway: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """One question answered by one system: what it said and how good that is.

    `ms` is the time of the question (of its batch, divided), linking included; `forwards` and `tokens` are what the
    system's language models read for it.
    """

    arm: Arm
    seed: int
    row: Row
    topics: tuple[str, ...]
    plan: tuple[ScoredPath, ...]
    answers: tuple[str, ...]
    total: int
    support: tuple[ReasoningPath, ...]
    text: str
    verdict: Verdict
    scores: Scores
    ms: float
    forwards: float
    tokens: float


class Measure(NamedTuple):
    """A measure over questions: its mean with interval, the least and most of its seeds, and how many questions."""

    interval: Interval
    least: float
    most: float
    questions: int


class Cost(NamedTuple):
    """What a question costs: median and 95th percentile of its milliseconds; mean passes and tokens of models."""

    p50: float
    p95: float
    forwards: float
    tokens: float


@dataclass(frozen=True, slots=True)
class Summary:
    """An arm over all questions; `measures` are in the order of `Scores`. Seeds are averaged question by question."""

    arm: Arm
    seeds: int
    measures: tuple[Measure, ...]
    cost: Cost

    def measure(self, name: str) -> Measure:
        """The measure of this name (a field of `Scores`)."""
        return self.measures[Scores._fields.index(name)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """`second` minus `first` over the same questions; the `_holm` values are corrected for `family` comparisons.

    McNemar's test compares who has the first answer right; of several seeds, in more than half of them.
    """

    first: Arm
    second: Arm
    f1: Difference
    hits_at_1: Difference
    mcnemar: float
    family: int = 1
    f1_holm: float = 1.0
    mcnemar_holm: float = 1.0


@dataclass(frozen=True, slots=True)
class Stratum:
    """An arm over the questions that have something in common."""

    arm: Arm
    kind: str
    name: str
    questions: int
    f1: Interval
    hits_at_1: Interval


@dataclass(frozen=True)
class Report:
    """All that an evaluation found, and what it was made from: `notes` are what a reader must know of it."""

    graph: str
    answerable: int
    unanswerable: int
    options: Options
    machine: str
    seconds: float
    records: tuple[Record, ...]
    summaries: tuple[Summary, ...]
    comparisons: tuple[Comparison, ...]
    strata: tuple[Stratum, ...]
    notes: tuple[str, ...] = ()
    title: str = "Evaluation"

    def summary(self, system: str, topics: Topics = "linked", anonymous: bool = False) -> Summary:
        """The summary of an arm; KeyError if it was not measured."""
        for summary in self.summaries:
            if summary.arm == Arm(system, topics, anonymous):
                return summary
        raise KeyError(Arm(system, topics, anonymous).title)
