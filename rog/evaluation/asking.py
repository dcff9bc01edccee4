"""Questions put to one system in one setting, and what each answer is worth."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import nan
from typing import Protocol, runtime_checkable

from kg.graph import Graph
from kg.link import labels, link
from kg.types import Question, Topic
from planner.data.rows import Row
from reasoner.base import Trace
from reasoner.verify import problems
from rog.evaluation.anonymous import Anonymous
from rog.evaluation.arms import Answering
from rog.evaluation.metrics import Scores, executable, hits_at_1, legacy_hit, legacy_match, set_match
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
        """The question with its gold topics, each with the words that it stands on; linked if none are known."""
        question, _ = self.linked(row)
        if not row.topics:
            return question
        mentions = {topic.key: topic.mention for topic in question.topics}
        fallback = row.mention or (question.topics[0].mention if question.topics else "")
        mentions |= {row.topics[0]: row.mention} if row.mention else {}
        topics = (Topic(self.graph.entity(key), 1.0, mentions.get(key, fallback)) for key in row.topics)
        return replace(question, topics=tuple(topics))


class Run:
    """One system answering all questions in one setting; `graph` is the one that it sees."""

    def __init__(self, asked: Questions, answering: Answering, arm: Arm, seed: int, graph: Graph, batch: int) -> None:
        self._asked, self._answering, self._arm, self._seed = asked, answering, arm, seed
        self._graph, self._batch = graph, batch
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
                scores_of(self._asked, row, trace, self._graph),
                1000 * (seconds + linking),
                forwards,
                tokens,
            )
            for row, trace, (_, linking) in zip(rows, traces, questions, strict=True)
        ]

    def _read(self) -> tuple[int, int]:
        return sum(model.forwards for model in self._models), sum(model.tokens for model in self._models)


def scores_of(asked: Questions, row: Row, trace: Trace, seen: Graph) -> Scores:
    """The measures of one trace; `seen` is the graph by whose names its answer was given."""
    answers, gold, graph = trace.answer.entities, row.answers, asked.graph
    refused = trace.answer.verdict != "grounded"
    led = executable(graph, trace.question, trace.plan)
    proven = nan if refused else float(not problems(seen, trace.question, trace.plan, trace.answer))
    if not gold:
        return Scores(nan, nan, nan, nan, nan, nan, nan, led, proven, float(refused), nan)
    match = set_match(answers, gold)
    said, wanted = labels(answers, asked.graph), labels(gold, asked.graph)
    return Scores(
        legacy_hit(said, wanted),
        hits_at_1(answers, gold),
        match.f1,
        match.precision,
        match.recall,
        float(set(answers) == set(gold)),
        legacy_match(said, wanted).f1,
        led,
        proven,
        nan,
        float(refused),
    )


@runtime_checkable
class Counting(Protocol):
    """A language model that counts its passes and what it read in them."""

    forwards: int
    tokens: int


def language_models(part: object, depth: int = 3) -> Iterator[Counting]:
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
