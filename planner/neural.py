"""Plans by a language model's own log-probabilities, decoded exactly over the legal plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kg.graph import Graph
from kg.types import Question
from planner.base import Plan, ScoredPath
from planner.decode import Spelling, decode
from planner.lexical import nothing_to_plan
from planner.lm import LanguageModel
from planner.prompts import END, SEPARATOR, plan_preamble, planner_question, relation_words
from planner.space import plan_space


class LmPlanner:
    """A `Planner` that returns the exact top k of a language model's distribution over the legal plans.

    What is shown as a probability is the model's, renormalised over the legal plans; where some prefixes were never
    opened their whole mass is counted, so it is a lower bound. A model that was never trained to plan on such
    graphs plans poorly alone; `planner.combined` is the planner for those.
    """

    name = "lm"

    def __init__(self, graph: Graph, lm: LanguageModel) -> None:
        self._graph = graph
        self._lm = lm
        self.spelling = spelling_of(lm, relation_words(graph))

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths."""
        return [self._plan(question, k, max_hops) for question in questions]

    def _plan(self, question: Question, k: int, max_hops: int) -> Plan:
        space = plan_space(self._graph, question, max_hops)
        if not space.options(()):
            return nothing_to_plan(question)
        tree = self._lm.tree(plan_preamble(), planner_question(question))
        decoded = decode(space, tree, self.spelling, k)
        paths = tuple(ScoredPath(best.path, best.logp - decoded.log_total) for best in decoded.best)
        note = "" if decoded.exact else f"not proven exact: the search stopped after {decoded.read} prefixes"
        return Plan(paths, decoded.exact, note=note)


def spelling_of(lm: LanguageModel, words: Mapping[str, str]) -> Spelling:
    """How plans are written in a model's tokens: each relation as ` words`."""
    return Spelling(lambda relation: lm.encode(" " + words[relation]), lm.encode(SEPARATOR), lm.encode(END)[-1])
