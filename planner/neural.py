"""Plans by a language model's own log-probabilities, decoded exactly over the legal plans."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kg.graph import Graph
from kg.types import Question, RelationPath
from planner.base import Plan, ScoredPath
from planner.decode import STOP, Option, decode
from planner.lexical import nothing_to_plan
from planner.lm import LanguageModel, Node, Tokens
from planner.prompts import END, SEPARATOR, plan_preamble, planner_question, relation_words
from planner.space import plan_space

EXPANSIONS = 128  # prefixes expanded for one question before the search gives up on a proof


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
        self._words = relation_words(graph)

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths."""
        return [self._plan(question, k, max_hops) for question in questions]

    def _plan(self, question: Question, k: int, max_hops: int) -> Plan:
        space = plan_space(self._graph, question, max_hops)
        if not space.options(()):
            return nothing_to_plan(question)
        decoded = decode(space, self.scorer(question), k, budget=EXPANSIONS)
        paths = tuple(ScoredPath(best.path, best.logp - decoded.log_total) for best in decoded.best)
        note = "" if decoded.exact else f"not proven exact: the search stopped after {decoded.expanded} prefixes"
        return Plan(paths, decoded.exact, note=note)

    def scorer(self, question: Question) -> LmScorer:
        """The model's log-probabilities of what may come next in a plan of this question."""
        return LmScorer(self._lm, question, self._words)


class LmScorer:
    """A `Scorer` over a token tree: one forward pass for all options of all prefixes of a call."""

    def __init__(self, lm: LanguageModel, question: Question, words: Mapping[str, str]) -> None:
        self._lm = lm
        self._words = words
        self._tree = lm.tree(plan_preamble(), planner_question(question))
        self._nodes: dict[RelationPath, Node] = {(): self._tree.root}
        self._end = lm.encode(END)[0]

    def score(self, prefixes: Sequence[RelationPath], options: Sequence[Sequence[Option]]) -> list[list[float]]:
        """For each prefix, the natural-log probability of each option given the prefix."""
        nodes = [self._nodes[prefix] for prefix in prefixes]
        relations = [[option for option in choices if option is not STOP] for choices in options]
        tokens = [
            [plan_tokens(self._lm, relation, self._words, first=not prefix) for relation in choices]
            for prefix, choices in zip(prefixes, relations, strict=True)
        ]
        grown = self._tree.extend(nodes, tokens)
        found: list[list[float]] = []
        for prefix, node, choices, row in zip(prefixes, nodes, options, grown, strict=True):
            known: dict[Option, float] = {STOP: float(node.logp[self._end])}
            for relation, (logp, end) in zip((option for option in choices if option is not STOP), row, strict=True):
                known[relation] = logp
                self._nodes[(*prefix, relation)] = end
            found.append([known[option] for option in choices])
        return found


def plan_tokens(lm: LanguageModel, relation: str, words: Mapping[str, str], first: bool) -> Tokens:
    """The tokens of one relation of a plan, with the separator before it unless it is the first."""
    text = lm.encode(" " + words[relation])
    return text if first else lm.encode(SEPARATOR) + text
