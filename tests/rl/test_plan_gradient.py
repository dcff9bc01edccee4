"""The plan gradient: against finite differences, as the limit of sampling, and what it does to a planner."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kg.store import Store
from kg.types import Question, Topic
from planner.lm import LanguageModel
from planner.neural import LmPlanner
from planner.training.run import Run
from planner.training.sequences import Encoded
from rl.episode import Executor
from rl.plan_gradient import Group, References, Trials, accumulate, objective, passes
from rl.policy import Policy, planted
from rl.refine import best_episodes, learning_rate, mean_f1, schedule
from rl.rewards import parse_reward
from rl.settings import PlanGradient

SETTINGS = PlanGradient(plans=6, mass=1.0, max_hops=2, beta=0.0, reward="answer_f1=1")


@pytest.fixture
def policy(start: Run) -> Policy:
    return Policy(start)


@pytest.fixture
def questions(letters: Store) -> list[Question]:
    def about(text: str, topic: str, *answers: str) -> Question:
        return Question(text, (Topic(letters.entity(topic), 1.0, topic),), text, answers)

    return [
        about("who is near s?", "s", "x1", "x2"),
        about("what comes after t?", "t", "x1"),
        about("which colour has s?", "s"),
    ]


def trials(policy: Policy, letters: Store, settings: PlanGradient = SETTINGS) -> Trials:
    return Trials(policy, parse_reward(settings.reward, Executor(letters)), settings)


def flat(policy: Policy) -> torch.Tensor:
    return torch.cat([part.grad.flatten() for part in policy.trained.values()])


def test_a_forest_has_the_log_probabilities_of_the_decoder(policy: Policy, letters: Store, start: Run) -> None:
    planner = LmPlanner(letters, LanguageModel(str(start.folder), dtype="float32"))
    question = Question("who is near s?", (Topic(letters.entity("s"), 1.0, "s"),))
    group = trials(policy, letters).groups([question])[0]
    plan = planner.plan([question], 5, 2)[0]
    assert [path for path in group.plans if path][:3] == [path.relations for path in plan.paths][:3]
    logps = policy.logps(group.sequences)
    renormalised = logps.log_softmax(0).tolist()
    assert sorted(renormalised, reverse=True) == renormalised  # the decoder's order
    alone = [policy.logps([sequence]).item() for sequence in group.sequences]
    assert logps.tolist() == pytest.approx(alone, abs=1e-4)  # a trie of all reads as each does alone
    assert sum(len(s.tokens) for s in group.sequences) > 2 * len(planted(group.sequences).tokens)


def test_the_reference_is_the_run_it_starts_from(policy: Policy, letters: Store, questions: list[Question]) -> None:
    groups = trials(policy, letters).groups(questions[:1])
    before = policy.logps(groups[0].sequences).tolist()
    references = References(policy)
    with torch.no_grad():
        for part in policy.trained.values():
            part.add_(0.05)
    assert policy.logps(groups[0].sequences).tolist() != pytest.approx(before, abs=1e-3)
    assert references.of(groups, 10_000)[0] == pytest.approx(before, abs=1e-4)
    forwards = policy.forwards
    assert references.of(groups, 10_000)[0] == pytest.approx(before, abs=1e-4)
    assert policy.forwards == forwards  # each is read once


def loss_of(policy: Policy, groups: list[Group], references: list[list[float]]) -> torch.Tensor:
    total = torch.zeros((), dtype=torch.float64)
    for group, known in zip(groups, references, strict=True):
        logps = policy.logps(group.sequences)
        reference = logps.new_tensor(known)
        total = total + objective(logps, logps.new_tensor(group.rewards), reference, 0.1, 0.05).loss
    return total / len(groups)


def test_the_gradient_is_that_of_finite_differences(policy: Policy, letters: Store, questions: list[Question]) -> None:
    settings = PlanGradient(plans=6, mass=1.0, max_hops=2, beta=0.1, entropy=0.05)
    groups = trials(policy, letters, settings).groups(questions)
    references = References(policy)
    policy.model.double()
    known = references.of(groups, 10_000)
    with torch.no_grad():
        for number, part in enumerate(policy.trained.values()):  # away from the reference, where KL has no slope
            part.add_(0.03 * torch.randn(part.shape, generator=torch.Generator().manual_seed(number)))
    accumulate(policy, groups, references, settings)
    directions = [torch.randn(part.shape, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
                  for n, part in enumerate(policy.trained.values())]  # fmt: skip
    exact = sum(float((part.grad * d).sum()) for part, d in zip(policy.trained.values(), directions, strict=True))

    def moved(by: float) -> float:
        with torch.no_grad():
            for part, direction in zip(policy.trained.values(), directions, strict=True):
                part.add_(by * direction)
            return float(loss_of(policy, groups, known))

    up, down = moved(1e-5), moved(-2e-5)
    assert exact == pytest.approx((up - down) / 2e-5, rel=1e-4)
    assert abs(exact) > 1e-3


def test_sampled_policy_gradients_converge_to_it(policy: Policy, letters: Store, questions: list[Question]) -> None:
    (group,) = trials(policy, letters).groups(questions[:1])
    accumulate(policy, [group], References(policy), SETTINGS)
    exact = -flat(policy)
    slopes = []
    for number in range(len(group.plans)):  # of log p(z), renormalised over the plans
        policy.model.zero_grad()
        policy.logps(group.sequences).log_softmax(0)[number].backward()  # type: ignore[no-untyped-call]
        slopes.append(flat(policy))
    rewards = torch.tensor(group.rewards)
    p = policy.logps(group.sequences).detach().softmax(0)
    errors = []
    for draws in (100, 40_000):
        counts = torch.bincount(
            torch.multinomial(p, draws, replacement=True, generator=torch.Generator().manual_seed(1)), minlength=len(p)
        )
        sampled = ((counts / draws * rewards)[:, None] * torch.stack(slopes)).sum(0)
        errors.append(float((sampled - exact).norm() / exact.norm()))
    assert errors[1] < 0.1
    assert errors[1] < errors[0] / 3


def test_passes_hold_so_many_tokens(policy: Policy, letters: Store, questions: list[Question]) -> None:
    groups = trials(policy, letters).groups(questions)
    gradients, sizes = [], []
    for most in (1, 100_000):
        policy.model.zero_grad()
        forwards = policy.forwards
        step = accumulate(policy, groups, References(policy), PlanGradient(beta=0.0, pass_tokens=most))
        gradients.append(flat(policy))
        sizes.append(policy.forwards - forwards)
        assert step.measured["reward"] == pytest.approx(step.measured["parts/answer_f1"], abs=1e-5)
    assert sizes == [3, 1]
    assert torch.allclose(gradients[0], gradients[1], atol=1e-5)
    one, two = (Encoded((1, 2, number), 1) for number in (3, 4))
    assert [len(some) for some in passes([[one], [two], [one]], 4)] == [3]
    assert [len(some) for some in passes([[one], [two], [one]], 3)] == [1, 1, 1]


def test_plans_listed_before_are_drafts_that_change_nothing(
    policy: Policy, letters: Store, questions: list[Question]
) -> None:
    wide = PlanGradient(plans=8, mass=1.0, max_hops=3)
    trial, before, counts = trials(policy, letters, wide), policy.forwards, []
    first = trial.groups(questions)
    counts.append(policy.forwards - before)
    again = trial.groups(questions)
    counts.append(policy.forwards - before - counts[0])
    assert [group.plans for group in again] == [group.plans for group in first]
    assert counts[1] <= counts[0]
    like = [replace(questions[0], text="who is so near s?"), replace(questions[1], text="what comes right after t?")]
    fresh = trials(policy, letters, wide).groups(like)
    assert [group.plans for group in trial.groups(like)] == [group.plans for group in fresh]  # drafts of other topics


def test_none_is_tried_and_right_where_the_graph_does_not_know(
    policy: Policy, letters: Store, questions: list[Question]
) -> None:
    wide = PlanGradient(plans=400, mass=1.0, max_hops=1)
    known, unknown = trials(policy, letters, wide).groups([questions[0], questions[2]])
    assert () in known.plans
    assert known.scored[known.plans.index(())].total == 0
    best = max(range(len(unknown.plans)), key=lambda number: unknown.rewards[number])
    assert unknown.plans[best] == ()


def test_steps_raise_the_expected_reward(policy: Policy, letters: Store, questions: list[Question]) -> None:
    settings = PlanGradient(plans=12, mass=1.0, max_hops=2, beta=0.0, reward="answer_f1=1")
    trial = trials(policy, letters, settings)
    optimizer = torch.optim.AdamW(policy.trained.values(), lr=2e-2)
    seen = []
    for _ in range(12):
        step = accumulate(policy, trial.groups(questions[:2]), References(policy), settings)
        optimizer.step()
        optimizer.zero_grad()
        seen.append(step.measured["reward"])
    assert seen[-1] > seen[0] + 0.3
    episodes = best_episodes(policy, trial.executor, questions[:2], 2)
    assert mean_f1(episodes, trial.executor) > 0.6


def test_schedule() -> None:
    some = PlanGradient(batch=4, epochs=2, warmup=0.5, learning_rate=1.0)
    planned = schedule(10, some)
    assert [len(step) for step in planned] == [4] * 5
    assert sorted(number for step in planned for number in step) == sorted([*range(10)] * 2)
    assert schedule(10, some) == planned
    rates = [learning_rate(step, 5, some) for step in range(5)]
    assert rates[0] < rates[1] < rates[2] <= 1.0
    assert rates[2] > rates[3] > rates[4] > 0
