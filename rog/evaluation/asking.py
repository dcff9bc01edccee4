"""Questions put to one system in one setting, and what each answer is worth."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import nan
from typing import Protocol, runtime_checkable

from rapidfuzz.distance.OSA import normalized_similarity as similarity

from kg.graph import Graph
from kg.link import FUZZY_CUTOFF, checked, labels, link, spans_of
from kg.names import normal
from kg.types import Entity, Question, Topic
from planner.data.rows import Row
from reasoner.base import Trace
from reasoner.verify import problems
from rog.evaluation.anonymous import Anonymous
from rog.evaluation.arms import Answering, gold_paths
from rog.evaluation.metrics import (
    Scores,
    executable,
    hits_at_1,
    legacy_hit,
    legacy_match,
    linked_share,
    outcome_of,
    set_match,
)
from rog.evaluation.results import Arm, Record


class Questions:
    """The rows as questions, linked once for all systems; how long linking took counts for each."""

    def __init__(self, graph: Graph, rows: Sequence[Row]) -> None:
        self.graph = graph
        self.rows = rows
        self._linked: dict[str, tuple[Question, float]] = {}

    def linked(self, row: Row) -> tuple[Question, float]:
        """The question with the topics that the linker finds, and the seconds that it took."""
        if row.id not in self._linked:
            began = time.perf_counter()
            question = Question(row.question, link(self.graph, row.question), row.id, row.answers)
            self._linked[row.id] = question, time.perf_counter() - began
        return self._linked[row.id]

    def gold(self, row: Row) -> Question:
        """The question with its gold topics, each with the words that it stands on; linked if none are known.

        The first is one that is named in the question, the one that the linker is surest of: planners read the question
        without the name of the first.
        """
        question, _ = self.linked(row)
        if not row.topics:
            return question
        mentions = {topic.key: topic.mention for topic in question.topics}
        mentions |= {row.topics[0]: row.mention} if row.mention else {}
        for key in row.topics:
            mentions[key] = mentions.get(key) or mention_of(self.graph.entity(key), question.text)
        if not any(mentions[key] for key in row.topics) and question.topics:
            mentions[row.topics[0]] = question.topics[0].mention  # a name that the graph does not have for it
        found = [*mentions]  # linked ones first, the best before
        order = sorted(dict.fromkeys(row.topics), key=lambda key: (not mentions[key], found.index(key)))
        return replace(question, topics=tuple(Topic(self.graph.entity(key), 1.0, mentions[key]) for key in order))


def mention_of(entity: Entity, text: str) -> str:
    """The words of a question that are a name of an entity, or nearly one; '' if none are."""
    names = {normal(name) for name in (entity.label, *entity.aliases)}
    spans = spans_of(checked(text))
    for span in spans:
        if normal(span.text) in names:
            return span.text
    likeness = {span.text: max(similarity(normal(span.text), name) for name in names) for span in spans}
    best = max(likeness, key=lambda words: likeness[words])
    return best if likeness[best] >= FUZZY_CUTOFF else ""


class Run:
    """One system answering all questions in one setting; `graph` is the one that it sees.

    One that `needs_gold` is not measured on questions without a gold path.
    """

    def __init__(
        self,
        asked: Questions,
        answering: Answering,
        arm: Arm,
        seed: int,
        graph: Graph,
        batch: int,
        needs_gold: bool = False,
    ) -> None:
        self._asked, self._answering, self._arm, self._seed = asked, answering, arm, seed
        self._graph, self._batch, self._needs_gold = graph, batch, needs_gold
        self._models = list(language_models(answering))
        for lm in self._models:
            getattr(lm, "model", None)  # loaded here, not while a question is timed

    def batches(self) -> Iterator[list[Record]]:
        """The records, a batch at a time. The first batch is asked once before, so that its time is not start-up."""
        rows = self._asked.rows
        batches = [rows[start : start + self._batch] for start in range(0, len(rows), self._batch)]
        self._answering.traces([self._question(row)[0] for row in batches[0]])
        return (self._records(batch) for batch in batches)

    def _question(self, row: Row) -> tuple[Question, float]:
        question, seconds = self._asked.linked(row)
        if self._arm.topics == "gold":
            question, seconds = self._asked.gold(row), 0.0
        return (self._graph.question(question) if isinstance(self._graph, Anonymous) else question), seconds

    def _records(self, rows: Sequence[Row]) -> list[Record]:
        questions = [self._question(row) for row in rows]
        before = self._read()
        began = time.perf_counter()
        traces = self._answering.traces([question for question, _ in questions])
        seconds = (time.perf_counter() - began) / len(rows)
        forwards, tokens = ((now - then) / len(rows) for now, then in zip(self._read(), before, strict=True))
        return [
            Record(
                self._arm,
                self._seed,
                row,
                tuple(topic.key for topic in trace.question.topics),
                trace.plan.paths,
                trace.answer.entities,
                trace.answer.total,
                trace.answer.support,
                trace.answer.text,
                trace.answer.verdict,
                self._scores(row, trace),
                1000 * (seconds + linking),
                forwards,
                tokens,
            )
            for row, trace, (_, linking) in zip(rows, traces, questions, strict=True)
        ]

    def _scores(self, row: Row, trace: Trace) -> Scores:
        if self._needs_gold and not gold_paths(row):
            return Scores()  # an oracle that was told nothing is no ceiling
        scores = scores_of(self._asked, row, trace, self._graph)
        if self._arm.topics == "gold":
            return scores
        linked = [topic.key for topic in self._asked.linked(row)[0].topics]
        return scores._replace(link_1=linked_share(row.topics, linked, 1), link_5=linked_share(row.topics, linked, 5))

    def _read(self) -> tuple[int, int]:
        return sum(model.forwards for model in self._models), sum(model.tokens for model in self._models)


def scores_of(asked: Questions, row: Row, trace: Trace, seen: Graph) -> Scores:
    """The measures of one trace; `seen` is the graph by whose names its answer was given."""
    answers, gold, graph = trace.answer.entities, row.answers, asked.graph
    is_shown = trace.answer.verdict == "grounded"
    match = set_match(answers, gold)
    scores = Scores(
        executable=executable(graph, trace.question, trace.plan),
        proven=float(not problems(seen, trace.question, trace.plan, trace.answer)) if is_shown else nan,
        false_grounded=false_grounded(row, trace),
        fit=trace.plan.fits if trace.plan.paths or trace.plan.fits < 1 else nan,
        **outcome_of(match.f1 if gold else 0.0, is_shown)._asdict(),
    )
    if not gold:
        return scores._replace(right_refusal=float(not is_shown))
    said, wanted = labels(answers, asked.graph), labels(gold, asked.graph)
    return scores._replace(
        hit=legacy_hit(said, wanted),
        hits_at_1=hits_at_1(answers, gold),
        exact=float(set(answers) == set(gold)),
        legacy_f1=legacy_match(said, wanted).f1,
        wrong_refusal=float(not is_shown),
        **match._asdict(),
    )


def false_grounded(row: Row, trace: Trace) -> float:
    """1 if an answer is shown whose proof never meets one of the gold topics; NaN where there are not several."""
    if len(set(row.topics)) < 2:
        return nan
    met = {key for path in trace.answer.support for key in path.entities}
    return float(trace.answer.verdict == "grounded" and not met.issuperset(row.topics))


@runtime_checkable
class Counting(Protocol):
    """A language model that counts its passes and what it read in them."""

    forwards: int
    tokens: int


def language_models(part: object, depth: int = 4) -> Iterator[Counting]:
    """The language models inside a system: whatever counts its passes and tokens, each once."""
    found: dict[int, Counting] = {}
    level = [part]
    for _ in range(depth + 1):
        inside: list[object] = []
        for each in level:
            if isinstance(each, Counting):
                found[id(each)] = each
            else:
                inside += [value for value in getattr(each, "__dict__", {}).values() if hasattr(value, "__dict__")]
        level = inside
    yield from found.values()
