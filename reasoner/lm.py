"""Answers by a language model that may only choose: it picks a path by number, the answer is what that path proves."""

from __future__ import annotations

from collections.abc import Sequence
from math import log

import numpy as np

from kg.graph import Graph
from kg.types import Question, ReasoningPath
from planner.base import FITS, Plan
from planner.lexical import log_softmax
from planner.lm import LanguageModel
from planner.prompts import relation_words
from reasoner.base import Answer, Evidence
from reasoner.prompts import path_words, reasoner_preamble, reasoner_question
from reasoner.symbolic import answer_from, no_answer

SHOWN = 6  # retrieved relation paths that the model chooses among


class LmReasoner:
    """A `Reasoner` that shows the model one path of each kind and reads its choice off the next token.

    Its choice is weighed with the planner's: log weight plus log-probability of the number among the numbers shown.
    Nothing that the model writes can reach the answer but that number.
    """

    name = "lm"

    def __init__(self, graph: Graph, lm: LanguageModel, threshold: float = FITS) -> None:
        self._graph = graph
        self._lm = lm
        self._threshold = threshold
        self._words = relation_words(graph)

    def answer(
        self, questions: Sequence[Question], plans: Sequence[Plan], evidence: Sequence[Evidence]
    ) -> list[Answer]:
        """An answer for each question."""
        return [self._answer(*row) for row in zip(questions, plans, evidence, strict=True)]

    def _answer(self, question: Question, plan: Plan, evidence: Evidence) -> Answer:
        if not evidence.found or plan.fits < self._threshold:
            return no_answer(plan, evidence, self._threshold)
        shown = evidence.found[:SHOWN]
        lines = [self._line(retrieved.paths[0]) for retrieved in shown]
        tree = self._lm.tree(reasoner_preamble(), [reasoner_question(lines, question.text)])
        (root,) = tree.begin()
        numbers = [self._lm.encode(f" {number}") for number in range(1, len(lines) + 1)]
        chosen = log_softmax(np.array([logp for logp, _ in tree.extend([root], [numbers])[0]]))
        scores = [log(retrieved.weight) + logp for retrieved, logp in zip(shown, chosen.tolist(), strict=True)]
        return answer_from(self._graph, shown[int(np.argmax(scores))], evidence, plan.fits)

    def _line(self, path: ReasoningPath) -> str:
        labels = {key: self._graph.entity(key).label for key in path.entities}
        return path_words(path, labels, self._words)
