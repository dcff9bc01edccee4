"""Plans by a language model's own log-probabilities, decoded exactly over the legal plans."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

from kg.graph import Graph
from kg.types import Question, RelationPath
from planner.base import Plan, ScoredPath
from planner.decode import Decoded, Effort, Spelling, decode
from planner.lexical import nothing_to_plan
from planner.lm import LanguageModel
from planner.prompts import END, NONE, SEPARATOR, plan_preamble, planner_question, relation_words, trained_question
from planner.space import Legal, PlanSpace, plan_space

NOTHING = ""  # no relation has this key: it stands for the plan that says there is none
BATCH = 16  # questions planned side by side: attention is over all of their prompts
TRAINED_MASS = 0.9  # share of the legal plans' probability at which a trained planner's search ends (docs/LOG.md)


class LmPlanner:
    """A `Planner` that returns the exact top k of a language model's distribution over the legal plans.

    What is shown as a probability is the model's, renormalised over the legal plans; where some prefixes were never
    opened their whole mass is counted, so it is a lower bound. A trained model may also say `none`, as it has learned
    to of questions that no relation path answers: that probability, where it is among the k + 1 greatest, is what
    `fits` lacks of 1. The search ends early when the plans found hold the share `mass` of that probability.
    `planner.trained` and `planner.combined` are better planners, with a trained model and with one that is not.
    """

    name = "lm"

    def __init__(self, graph: Graph, lm: LanguageModel, mass: float = 1.0) -> None:
        self._graph = graph
        self._lm = lm
        self.spelling = spelling_of(lm, {**relation_words(graph), NOTHING: NONE})
        self._preamble, self._prompt = ("", trained_question) if lm.run else (plan_preamble(), planner_question)
        self._effort = Effort(mass=mass)

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: its `k` most probable legal relation paths."""
        return side_by_side(
            self._graph,
            questions,
            max_hops,
            lambda some, spaces: [plan_of(found, k) for found in self.decoded(some, spaces, k)],
        )

    def decoded(
        self,
        questions: Sequence[Question],
        spaces: Sequence[Legal],
        k: int,
        drafts: Sequence[Sequence[RelationPath]] = (),
    ) -> list[Decoded]:
        """The `k` most probable legal plans of each question, and `none` beside them where the model is trained.

        `drafts` are as in `decode`; `(NOTHING,)` may be one of them.
        """
        if not questions:
            return []
        tree = self._lm.tree(self._preamble, [self._prompt(question) for question in questions])
        legal = [OrNothing(space) if self._lm.run else space for space in spaces]
        return decode(legal, tree, self.spelling, k + bool(self._lm.run), self._effort, drafts)


def side_by_side(
    graph: Graph,
    questions: Sequence[Question],
    max_hops: int,
    planned: Callable[[Sequence[Question], Sequence[PlanSpace]], Sequence[Plan]],
) -> list[Plan]:
    """A plan for each question: those that have legal plans are `planned` a batch at a time, with their spaces."""
    plans = [nothing_to_plan(question) for question in questions]
    for spaces in askable(graph, questions, max_hops):
        some = planned([questions[number] for number in spaces], [*spaces.values()])
        for number, plan in zip(spaces, some, strict=True):
            plans[number] = spaces[number].noted(plan)
    return plans


def askable(graph: Graph, questions: Sequence[Question], max_hops: int) -> Iterator[dict[int, PlanSpace]]:
    """A batch at a time the questions that have legal plans: their numbers, and the plans of each."""
    for start in range(0, len(questions), BATCH):
        spaces = {n: plan_space(graph, questions[n], max_hops) for n in range(len(questions))[start : start + BATCH]}
        yield {number: space for number, space in spaces.items() if space.options(())}


@dataclass(frozen=True)
class OrNothing:
    """Legal plans, and saying that there is none."""

    space: Legal

    def options(self, path: RelationPath) -> Mapping[str, int]:
        """The relations that may come next, `NOTHING` at first too."""
        if not path:
            return {**self.space.options(path), NOTHING: 1}
        return {} if path == (NOTHING,) else self.space.options(path)


def plan_of(decoded: Decoded, k: int) -> Plan:
    """The plan that was decoded: its paths' probabilities among the legal plans, and how much of all is legal."""
    nothing = sum(exp(best.logp - decoded.log_total) for best in decoded.best if best.path == (NOTHING,))
    fits = 1.0 - min(nothing, 1.0)
    total = decoded.log_total + (log(fits) if fits > 0 else 0.0)
    found = [best for best in decoded.best if best.path != (NOTHING,)][:k]
    paths = tuple(ScoredPath(best.path, min(0.0, best.logp - total)) for best in found)
    note = "" if decoded.exact else f"not proven exact: the search stopped after {decoded.read} prefixes"
    if not paths:
        return Plan((), decoded.exact, 0.0, note or "the planner says that no relation path answers this")
    return Plan(paths, decoded.exact, fits, note)


def spelling_of(lm: LanguageModel, words: Mapping[str, str]) -> Spelling:
    """How plans are written in a model's tokens: each relation as ` words`."""
    return Spelling(lambda relation: lm.encode(" " + words[relation]), lm.encode(SEPARATOR), lm.encode(END)[-1])
