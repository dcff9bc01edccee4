"""Plans by a language model's own log-probabilities, decoded exactly over the legal plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp

from kg.graph import Graph
from kg.types import Question
from planner.base import Plan, ScoredPath
from planner.decode import Decoded, Effort, Spelling, decode
from planner.lexical import nothing_to_plan
from planner.lm import LanguageModel
from planner.prompts import END, SEPARATOR, plan_preamble, planner_question, relation_words, trained_question
from planner.space import plan_space

TRAINED_MASS = 0.99  # share of the legal plans' probability at which a trained planner's search ends


class LmPlanner:
    """A `Planner` that returns the exact top k of a language model's distribution over the legal plans.

    What is shown as a probability is the model's, renormalised over the legal plans; where some prefixes were never
    opened their whole mass is counted, so it is a lower bound. A model that was trained has learned to say `none` of
    questions that no relation answers, so the probability that it leaves to all legal plans together says whether
    any of them fits. One that was never trained plans poorly alone; `planner.combined` is the planner for those.
    The search ends early when the plans found hold the share `mass` of that probability.
    """

    name = "lm"

    def __init__(self, graph: Graph, lm: LanguageModel, mass: float = 1.0) -> None:
        self._graph = graph
        self._lm = lm
        self.spelling = spelling_of(lm, relation_words(graph))
        self._preamble, self._prompt = ("", trained_question) if lm.run else (plan_preamble(), planner_question)
        self._effort = Effort(mass=mass)

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths."""
        spaces = [plan_space(self._graph, question, max_hops) for question in questions]
        askable = [number for number, space in enumerate(spaces) if space.options(())]
        plans = [nothing_to_plan(question) for question in questions]
        if askable:
            tree = self._lm.tree(self._preamble, [self._prompt(questions[number]) for number in askable])
            decoded = decode([spaces[number] for number in askable], tree, self.spelling, k, self._effort)
            for number, found in zip(askable, decoded, strict=True):
                plans[number] = self._plan(found)
        return plans

    def _plan(self, decoded: Decoded) -> Plan:
        paths = tuple(ScoredPath(best.path, best.logp - decoded.log_total) for best in decoded.best)
        note = "" if decoded.exact else f"not proven exact: the search stopped after {decoded.read} prefixes"
        fits = min(1.0, exp(decoded.log_total)) if self._lm.run else 1.0
        return Plan(paths, decoded.exact, fits, note)


def spelling_of(lm: LanguageModel, words: Mapping[str, str]) -> Spelling:
    """How plans are written in a model's tokens: each relation as ` words`."""
    return Spelling(lambda relation: lm.encode(" " + words[relation]), lm.encode(SEPARATOR), lm.encode(END)[-1])
