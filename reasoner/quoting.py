"""Answers by a trained language model that quotes the evidence it relies on, or says that there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import exp, log
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.graph import Graph
from kg.types import Question
from planner.base import Plan
from planner.decode import log_sum
from planner.lm import LanguageModel, Tokens
from planner.prompts import END, relation_words
from reasoner.base import Answer, Evidence, Retrieved
from reasoner.prompts import NOT_HERE, SHOWN_ENDS, ends_words, evidence_question, quote
from reasoner.symbolic import answer_from, no_answer

SHOWN = 8  # lines of evidence that the model reads
BATCH = 8  # questions read side by side: attention is over all of their prompts
LEAST = 1e-3  # a planner's probability below which it does not count for less


class Line(NamedTuple):
    """A line of evidence: how it is quoted, the ends it names, and what was retrieved."""

    name: str
    ends: str
    retrieved: Retrieved


class Weights(NamedTuple):
    """What the score of an option is made of, logarithms all: fitted for each run (reasoner/calibrate.py).

    `model` weighs the model's own word, `trust` the planner's for a line, `doubt` the planner's for no plan at all,
    which speaks for the refusal; `refusal` is added to that: below 0 for a model that was taught many of them.
    """

    model: float = 1.0
    trust: float = 0.5
    doubt: float = 0.5
    refusal: float = 0.0


class Read(NamedTuple):
    """The lines of one question, and the features of each, the refusal last: (lines + 1, 4), as in `Weights`."""

    lines: list[Line]
    features: NDArray[np.float64]


class QuotingReasoner:
    """A `Reasoner` that has learned to quote a line of evidence or to say "not in this graph".

    Every line's quote is scored exactly; nothing else can be said.
    """

    name = "quoting"

    def __init__(self, graph: Graph, lm: LanguageModel, weights: Weights | None = None) -> None:
        self._graph = graph
        self._lm = lm
        self._words = relation_words(graph)
        self._weights = weights or Weights()

    def answer(
        self, questions: Sequence[Question], plans: Sequence[Plan], evidence: Sequence[Evidence]
    ) -> list[Answer]:
        """An answer for each question; the model reads several side by side."""
        reads = self.read(questions, plans, evidence)
        return [
            self._chosen(read, found) if read else no_answer(plan, found, 1.0)
            for read, plan, found in zip(reads, plans, evidence, strict=True)
        ]

    def read(
        self, questions: Sequence[Question], plans: Sequence[Plan], evidence: Sequence[Evidence]
    ) -> list[Read | None]:
        """What the model and the planner say of each line; None where there is no evidence to read."""
        reads: list[Read | None] = [None] * len(questions)
        asked = [number for number, found in enumerate(evidence) if found.found]
        for start in range(0, len(asked), BATCH):
            some = asked[start : start + BATCH]
            lines = [lines_of(self._graph, evidence[number].found[:SHOWN], self._words) for number in some]
            scores = self._quoted([questions[number] for number in some], lines)
            for number, shown, logps in zip(some, lines, scores, strict=True):
                reads[number] = Read(shown, features(shown, logps, plans[number]))
        return reads

    def _quoted(self, questions: Sequence[Question], lines: Sequence[Sequence[Line]]) -> list[list[float]]:
        """The log-probability of quoting each line, and of "not in this graph" as the last, for each question."""
        prompts = [
            evidence_question([(line.name, line.ends) for line in shown], question.text)
            for question, shown in zip(questions, lines, strict=True)
        ]
        tree = self._lm.tree("", prompts)
        roots = tree.begin()
        scored = tree.extend(roots, [[self._option(line.name) for line in shown] + [self._none] for shown in lines])
        return [[logp for logp, _ in row] for row in scored]

    @property
    def _none(self) -> Tokens:
        return self._lm.encode(NOT_HERE + END)

    def _option(self, name: str) -> Tokens:
        return self._lm.encode(f" {name}{END}")

    def _chosen(self, read: Read, evidence: Evidence) -> Answer:
        """The answer of the best line, or the refusal where "not in this graph" weighs more."""
        scores = read.features @ self._weights
        best = int(np.argmax(scores))
        share = exp(scores[best] - log_sum(scores.tolist()))
        if best == len(read.lines):
            why = f"leads to entities, but that is not what is asked ({share:.2f} sure)"
            reasons = tuple(f"{line.name}: {why}" for line in read.lines)
            text = "nothing that was retrieved answers this"
            return Answer((), (), text, "no grounded answer", 0.0, reasons=reasons)
        return replace(answer_from(self._graph, read.lines[best].retrieved, evidence, 1.0), confidence=share)


def features(lines: Sequence[Line], logps: Sequence[float], plan: Plan) -> NDArray[np.float64]:
    """What speaks for each line and, last, for the refusal: (lines + 1, 4), as in `Weights`."""
    shares = [log(max(line.retrieved.weight, LEAST)) for line in lines]
    rows = [(logp, share, 0.0, 0.0) for logp, share in zip(logps[:-1], shares, strict=True)]
    return np.array([*rows, (logps[-1], 0.0, log(max(1 - plan.fits, LEAST)), 1.0)])


def lines_of(graph: Graph, found: Sequence[Retrieved], words: Mapping[str, str]) -> list[Line]:
    """Evidence as lines, each quote once (the first, which is the most probable, where two read alike)."""
    lines: dict[str, Line] = {}
    for retrieved in found:
        name = quote(retrieved.topic.entity.label, retrieved.relations, words)
        labels = [graph.entity(end).label for end in retrieved.ends[:SHOWN_ENDS]]
        lines.setdefault(name, Line(name, ends_words(labels, retrieved.ends_total), retrieved))
    return list(lines.values())
