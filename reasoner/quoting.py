"""Answers by a trained language model that quotes the evidence it relies on, or says that there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, inf, log
from typing import NamedTuple

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


class QuotingReasoner:
    """A `Reasoner` that has learned to quote a line of evidence or to say "not in this graph".

    Every line's quote is scored exactly; nothing else can be said. `trust` is how much the planner's probability of a
    line counts beside it, `doubt` how much that of no plan fitting counts for the refusal (0: not at all; all are
    logarithms). `refusal` is added to the refusal's score: below 0 for a model that was taught many refusals.
    """

    name = "quoting"

    def __init__(
        self, graph: Graph, lm: LanguageModel, trust: float = 0.5, doubt: float = 0.5, refusal: float = 0.0
    ) -> None:
        self._graph = graph
        self._lm = lm
        self._words = relation_words(graph)
        self._trust, self._doubt, self._refusal = trust, doubt, refusal

    def answer(
        self, questions: Sequence[Question], plans: Sequence[Plan], evidence: Sequence[Evidence]
    ) -> list[Answer]:
        """An answer for each question; the model reads several side by side."""
        answers = [no_answer(plan, found, 1.0) for plan, found in zip(plans, evidence, strict=True)]
        asked = [number for number, found in enumerate(evidence) if found.found]
        for start in range(0, len(asked), BATCH):
            some = asked[start : start + BATCH]
            lines = [lines_of(self._graph, evidence[number].found[:SHOWN], self._words) for number in some]
            scores = self._read([questions[number] for number in some], lines)
            for number, shown, logps in zip(some, lines, scores, strict=True):
                answers[number] = self._chosen(shown, logps, plans[number], evidence[number])
        return answers

    def _read(self, questions: Sequence[Question], lines: Sequence[Sequence[Line]]) -> list[list[float]]:
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

    def _chosen(self, lines: Sequence[Line], logps: Sequence[float], plan: Plan, evidence: Evidence) -> Answer:
        """The answer of the best line, or the refusal where "not in this graph" weighs more."""
        weights = [line.retrieved.weight for line in lines]
        scores = [logp + self._trust * log(max(w, LEAST)) for logp, w in zip(logps[:-1], weights, strict=True)]
        scores.append(logps[-1] + self._doubt * log(max(1 - plan.fits, LEAST)) + self._refusal)
        total = log_sum(scores)
        shares = [exp(score - total) if total > -inf else 0.0 for score in scores]
        best = max(range(len(scores)), key=lambda place: scores[place])
        if best == len(lines):
            why = f"leads to entities, but that is not what is asked ({shares[best]:.2f} sure)"
            reasons = tuple(f"{line.name}: {why}" for line in lines)
            text = "nothing that was retrieved answers this"
            return Answer((), (), text, "no grounded answer", 0.0, reasons=reasons)
        found = answer_from(self._graph, lines[best].retrieved, evidence, 1.0)
        return Answer(
            found.entities, found.support, found.text, found.verdict, shares[best], found.total, found.reasons
        )


def lines_of(graph: Graph, found: Sequence[Retrieved], words: Mapping[str, str]) -> list[Line]:
    """Evidence as lines, each quote once (the first, which is the most probable, where two read alike)."""
    lines: dict[str, Line] = {}
    for retrieved in found:
        name = quote(retrieved.topic.entity.label, retrieved.relations, words)
        labels = [graph.entity(end).label for end in retrieved.ends[:SHOWN_ENDS]]
        lines.setdefault(name, Line(name, ends_words(labels, retrieved.ends_total), retrieved))
    return list(lines.values())
