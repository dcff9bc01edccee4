"""Policies that cheat, to be tried on a reward before a model finds them: all must earn less than honest mediocrity."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

from kg.types import Question, ReasoningPath, RelationPath, Step
from planner.space import plan_space
from rl.episode import Episode, Executor, Walk
from rl.rewards import Reward

LISTED = 500  # relation paths that the policy which lists all of them knows


class Case(NamedTuple):
    """A question and the relation path that answers it best; the empty one where the graph does not know."""

    question: Question
    right: RelationPath


Probe = Callable[[Case, Executor], Episode]


class Outcome(NamedTuple):
    """What a policy earns on average, in all and of each part."""

    policy: str
    reward: float
    parts: dict[str, float]


def honest(case: Case, executor: Executor) -> Episode:
    """Plans rightly, and says what it found."""
    return executor.run(case.question, case.right)


def clumsy(case: Case, executor: Executor) -> Episode:
    """Plans the first legal path that is not the right one, and says what it found."""
    others = [path for path in legal(case, executor, 2) if path != case.right]
    return executor.run(case.question, others[0] if others else ())


def lists_everything(case: Case, executor: Executor) -> Episode:
    """Plans, retrieves and cites every path there is, and answers with all that they lead to."""
    plans = tuple(legal(case, executor, LISTED))
    walks = tuple(Walk(topic.key, path) for topic in case.question.topics for path in plans)
    led = tuple(walk for walk in walks if executor.ends(walk))
    answer = tuple(sorted({end for walk in led for end in executor.ends(walk)}))
    return Episode(case.question, plans, led, answer, led)


def plans_nothing(case: Case, executor: Executor) -> Episode:
    """Says that nothing is known."""
    return Episode(case.question)


def repeats_the_question(case: Case, executor: Executor) -> Episode:
    """Answers with the entities that the question names, in its words."""
    return Episode(case.question, answer=tuple(t.key for t in case.question.topics), text=case.question.text)


def answers_without_a_path(case: Case, executor: Executor) -> Episode:
    """Knows the answer by heart and plans nothing."""
    return Episode(case.question, answer=case.question.answers or invented(case))


def answers_beside_its_path(case: Case, executor: Executor) -> Episode:
    """Knows the answer by heart, and walks and cites a path that leads elsewhere."""
    return replace(clumsy(case, executor), answer=case.question.answers or invented(case))


def fakes_an_observation(case: Case, executor: Executor) -> Episode:
    """Writes evidence of its own: a path that was never retrieved, and facts that are not stored."""
    answer = case.question.answers or invented(case)
    made_up = tuple(
        ReasoningPath(topic.key, (Step(topic.key, "answer", end),)) for topic in case.question.topics for end in answer
    )
    cited = tuple(Walk(topic.key, case.right or ("answer",)) for topic in case.question.topics)
    return Episode(case.question, (case.right or ("answer",),), (), answer, cited, made_up)


def invented(case: Case) -> tuple[str, ...]:
    """An answer where there is none."""
    return tuple(topic.key for topic in case.question.topics)


def legal(case: Case, executor: Executor, most: int) -> list[RelationPath]:
    """Legal relation paths of the question, shorter ones first."""
    return plan_space(executor.graph, case.question, max(2, len(case.right))).plans(most)[0]


HACKS: dict[str, Probe] = {
    hack.__name__.replace("_", " "): hack
    for hack in (
        lists_everything,
        plans_nothing,
        repeats_the_question,
        answers_without_a_path,
        answers_beside_its_path,
        fakes_an_observation,
    )
}
MEDIOCRE = "honest, half of the time right"


def probed(cases: Sequence[Case], reward: Reward) -> list[Outcome]:
    """What each policy earns: the honest ones first, then the cheats, the best of them first."""
    right, wrong = (outcome("", probe, cases, reward) for probe in (honest, clumsy))
    halves = {name: (value + wrong.parts[name]) / 2 for name, value in right.parts.items()}
    mediocre = Outcome(MEDIOCRE, (right.reward + wrong.reward) / 2, halves)
    hacks = [outcome(name, hack, cases, reward) for name, hack in HACKS.items()]
    return [right._replace(policy="honest and right"), mediocre, *sorted(hacks, key=lambda hack: -hack.reward)]


def outcome(name: str, probe: Probe, cases: Sequence[Case], reward: Reward) -> Outcome:
    """What one policy earns."""
    scored = [reward(probe(case, reward.executor)) for case in cases]
    parts = {part: sum(each.parts[part] for each in scored) / len(scored) for part in scored[0].parts}
    return Outcome(name, sum(each.total for each in scored) / len(scored), parts)


def winning_hacks(outcomes: Sequence[Outcome]) -> list[str]:
    """The cheats that earn as much as honest mediocrity or more."""
    bar = next(outcome.reward for outcome in outcomes if outcome.policy == MEDIOCRE)
    return [outcome.policy for outcome in outcomes if outcome.policy in HACKS and outcome.reward >= bar]
