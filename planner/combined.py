"""Plans by everything that helps a model that was never trained on the graph: words, meaning, shape, likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kg.graph import Graph
from kg.types import Question, RelationPath
from planner.base import Plan
from planner.coefficients import COEFFICIENTS
from planner.features import Table, asked
from planner.lexical import LexicalPlanner, best_plans, nothing_to_plan
from planner.lm import LanguageModel
from planner.prompts import channel_plan, channel_preamble, channel_question, relation_words
from planner.space import PlanSpace, plan_space

SHORTLIST = 8  # plans for which the model reads the question


@dataclass(frozen=True)
class Shortlist:
    """The plans that a language model looks at, and their features with the model's as the last: (plans, n + 1)."""

    plans: tuple[RelationPath, ...]
    table: Table
    complete: bool
    space: PlanSpace


class CombinedPlanner:
    """A `Planner`: the semantic planner's best eight plans, weighed again with the likelihood of the question.

    A small untrained language model is a poor planner but a fair reader: asked how likely the *question* is given a
    plan (the noisy channel, Min et al., ACL 2022, arXiv:2108.04106) it tells good plans from bad ones.
    """

    name = "combined"

    def __init__(self, graph: Graph, labels: LexicalPlanner, lm: LanguageModel) -> None:
        self._graph = graph
        self._labels = labels
        self._lm = lm
        self._words = relation_words(graph)
        self.names = (*labels.names, "channel")
        self._coefficients = COEFFICIENTS[self.name]

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths."""
        return [self._plan(question, k, max_hops) for question in questions]

    def _plan(self, question: Question, k: int, max_hops: int) -> Plan:
        short = self.shortlist(question, k, max_hops)
        if not short.plans:
            return nothing_to_plan(question)
        paths, fits = best_plans(short.plans, short.table, self._coefficients, self.names, short.space, k)
        note = "" if short.complete else f"the language model compared the {len(short.plans)} most similar legal plans"
        return plan_space(self._graph, question, max_hops).noted(Plan(paths, short.complete, fits, note))

    def shortlist(self, question: Question, k: int, max_hops: int) -> Shortlist:
        """The plans that the semantic planner thinks best, with all their features."""
        return self.shortlisted(question, plan_space(self._graph, question, max_hops), k)

    def shortlisted(self, question: Question, space: PlanSpace, k: int) -> Shortlist:
        """The same of the legal plans of a space."""
        plans, table, complete = self._labels.compared(question, space)
        order = np.argsort(-self._labels.scores(table), kind="stable")[: max(SHORTLIST, k)]
        kept = tuple(plans[row] for row in order)
        if not kept:
            return Shortlist((), table, complete, space)
        channel = self.likelihoods(question, kept)
        return Shortlist(kept, np.column_stack([table[order], channel]), complete and len(kept) == len(plans), space)

    def likelihoods(self, question: Question, plans: Sequence[RelationPath]) -> NDArray[np.float64]:
        """The log-probability of the question, its topic masked by its type, given each plan: (len(plans),)."""
        what = asked(question)
        kind, text = what.text[what.start : what.stop] or "it", what.text
        if what.start < what.stop:  # a topic that was said beside the question is not in it
            text = text[: what.start] + f"[{kind}]" + text[what.stop :]
        tree = self._lm.tree(channel_preamble(), [""])
        (root,) = tree.begin()
        contexts = [self._lm.encode(channel_plan(kind, plan, self._words)) for plan in plans]
        return np.array(tree.likelihood(root, contexts, self._lm.encode(channel_question(text))))
