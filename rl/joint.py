"""Planner and reasoner refined together by the exact gradient of what their answers earn.

One episode is question → plan → what its paths lead to → answer. The planner's probable plans can be listed and so can
the reasoner's answers, hence the expectation over both is a sum. With p the planner's probabilities, q the reasoner's
among its options, and w the weight of the plan that an option rests on (for a refusal: of `none`), what is gone down is

    - sum_a P(a) R(a) - alone sum_z p(z) R(z) + beta (KL(p || p_start) + KL(q || q_start)) - entropy H(p)

where P(a) ~ w(a)^trust q(a)^model. P is how `reasoner.quoting` decides on the plans of the planner's model alone
(`lm:RUN`). The second term rewards the turn by itself, without which KG-R1 lost ten points of F1. What was retrieved
stands in the reasoner's prompt: none of it is learned.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kg.types import Progress, Question
from planner.neural import TRAINED_MASS, LmPlanner
from planner.training.run import Run
from reasoner.base import Answer, Evidence
from reasoner.quoting import LEAST, QuotingReasoner, Weights
from reasoner.retrieve import retrieve
from rl.episode import Episode, Executor, Walk
from rl.pair import Pair
from rl.parts import PARTS
from rl.plan_gradient import Group, Step, objective
from rl.policy import Policy
from rl.reading import Reader, Reading
from rl.refine import Refinement, State, mean_f1, weights_of
from rl.rewards import Reward, alike, expected_parts
from rl.settings import Joint

if TYPE_CHECKING:
    import torch


@dataclass
class JointState(State):
    """How far a joint run is; `right` is the share right by a verified path that it started with."""

    right: float = math.nan


class Together(Refinement):
    """What refining both has in common, however it is done: how they are looked at, and what is counted."""

    _policy: Pair
    _settings: Joint
    _state: JointState
    _begins = JointState

    def __init__(
        self,
        pair: Pair,
        reward: Reward,
        reasoned_reward: Reward,
        questions: Sequence[Question],
        dev: Sequence[Question],
        settings: Joint,
        run: Run,
        progress: Progress | None = None,
    ) -> None:
        reward, reasoned_reward = alike(reward, reasoned_reward)
        self._reader = Reader(pair.reasoner, reward, reasoned_reward, settings.reasoned, settings.seed)
        super().__init__(pair, reward, questions, dev, settings, run, progress)

    def _look(self) -> None:
        """Measure on dev, and keep the weights that are best there and not less often right by a verified path."""
        state, pair = self._state, self._policy
        if not self._dev:
            self._best, state.best_step = weights_of(pair), state.step
            return
        counts = [(policy, policy.forwards, policy.tokens) for policy in (pair, pair.reasoner)]
        own = self._team.share(self._dev)
        episodes = self._team.together(answered(pair, self._reward, own, self._settings) if own else [])
        for policy, forwards, tokens in counts:  # looking is not learning
            policy.forwards, policy.tokens = forwards, tokens
        executor = self._reward.executor
        found = mean_f1(episodes, executor)
        right = share_right(episodes, executor)
        if state.step == 0:
            state.start, state.right = found, right
        if found > state.best and right >= state.right:
            state.best, state.best_step, self._best = found, state.step, weights_of(pair)
        unproven = sum(PARTS["unproven"](episode, executor) for episode in episodes) / len(episodes)
        self._log_look({"dev_f1": found, "dev_right": right, "dev_unproven": unproven}, episodes)

    def _counts(self) -> tuple[int, int]:
        pair = self._policy
        return pair.forwards + pair.reasoner.forwards, pair.tokens + pair.reasoner.tokens


class JointRefinement(Together):
    """One joint run."""

    def _accumulated(self, questions: Sequence[Question]) -> Step:
        groups = self._trials.groups(questions)
        known = self._references.of(groups, self._settings.pass_tokens) if self._settings.beta else []
        totals: dict[str, float] = {}
        rewards: list[list[float]] = []
        for number, group in enumerate(groups):
            logps = self._policy.logps(group.sequences)
            reference = logps.new_tensor(known[number]) if known else None
            reading = self._reader.reading(group.question, best_plans(group, logps.tolist(), self._settings.read))
            loss, found = self._loss(group, logps, reference, reading)
            (loss / len(groups)).backward()  # type: ignore[no-untyped-call]
            for name, value in found.items():
                totals[name] = totals.get(name, 0.0) + value / len(groups)
            rewards += [group.rewards, [scored.total for scored in reading.scored] if reading else [0.0]]
        return Step(totals, rewards)

    def _loss(
        self, group: Group, logps: torch.Tensor, reference: torch.Tensor | None, reading: Reading | None
    ) -> tuple[torch.Tensor, dict[str, float]]:
        """What a question adds to the loss, and what is logged of it."""
        settings = self._settings
        alone = logps.new_tensor([settings.alone * each for each in group.rewards])
        planned = objective(logps, alone, reference, settings.beta, settings.entropy)
        measured = {"kl": planned.kl.item(), "entropy": planned.entropy.item(), "plans": float(len(group.plans))}
        if reading is None:  # whatever it plans, it has to refuse
            refused = self._reader.reward_of(group.question)(Episode(group.question))
            parts = expected_parts([1.0], [refused])
            told = {"reward": refused.total, "loss": planned.loss.item(), "refused": 1.0}
            return planned.loss, {**measured, **parts, **told, "plan_reward": planned.reward.item(), "options": 1.0}
        reasoner = self._policy.reasoner
        log_q, log_said = said(reasoner, reading)
        owners = [number for number, quote in enumerate(reading.quotes) for _ in quote.scored]
        p = decided(log_q, logps.log_softmax(0), group, reading, self._policy.weights)[owners] * log_said.exp()
        rewards = p.new_tensor([scored.total for scored in reading.scored])
        loss = planned.loss - (p * rewards).sum()
        if settings.beta:
            import torch

            with torch.no_grad(), self._policy.reference():
                start = sum_by(owners, *said(reasoner, reading))
            log_all = sum_by(owners, log_q, log_said)
            drift = (log_all.exp() * (log_all - start)).sum()
            loss = loss + settings.beta * drift
            measured["reasoner_kl"] = drift.item()
        shares = p.tolist()
        measured |= expected_parts(shares, reading.scored)
        told = {"reward": (p * rewards).sum().item(), "loss": loss.item(), "refused": shares[-1]}
        return loss, {**measured, **told, "plan_reward": planned.reward.item(), "options": float(len(shares))}


def share_right(episodes: Sequence[Episode], executor: Executor) -> float:
    """The share of answers that are right by a verified path, to the last entity."""
    return sum(PARTS["exact"](episode, executor) for episode in episodes) / len(episodes)


def best_plans(group: Group, logps: Sequence[float], most: int) -> list[tuple[int, tuple[str, ...], float]]:
    """The most probable plans but `none`: number, path, and its probability among them all."""
    listed = [number for number, plan in enumerate(group.plans) if plan]
    if not listed:
        return []
    top = max(logps[number] for number in listed)
    mass = {number: math.exp(logps[number] - top) for number in listed}
    total = sum(mass.values())
    best = sorted(listed, key=lambda number: -mass[number])[:most]
    return [(number, group.plans[number], mass[number] / total) for number in best]


def said(reasoner: Policy, reading: Reading) -> tuple[torch.Tensor, torch.Tensor]:
    """The log-probability of each quote, and of each option's answer after its quote, among those that there are."""
    import torch

    logps = reasoner.logps(reading.sequences)
    count = len(reading.quotes)
    sizes = [len(quote.answers) for quote in reading.quotes]
    parts = torch.split(logps[count:], sizes)
    answers = [part.log_softmax(0) if len(part) else logps.new_zeros(1) for part in parts]
    return logps[:count].log_softmax(0), torch.cat(answers)


def sum_by(owners: Sequence[int], log_q: torch.Tensor, log_said: torch.Tensor) -> torch.Tensor:
    """The reasoner's log-probability of each option."""
    return log_q[list(owners)] + log_said


def decided(log_q: torch.Tensor, log_p: torch.Tensor, group: Group, reading: Reading, weights: Weights) -> torch.Tensor:
    """How probable each quote is: (quotes,), from the reasoner's log-probabilities and the planner's (plans,)."""
    import torch

    refuses = [number for number, plan in enumerate(group.plans) if not plan]
    says = [number for number, plan in enumerate(group.plans) if plan]
    least = log_p.new_tensor(math.log(LEAST))
    none = log_p[refuses].logsumexp(0) if refuses else least
    legal = log_p[says].logsumexp(0)
    planned = [
        weights.doubt * none.maximum(least) + weights.refusal
        if quote.plan is None
        else weights.trust * (log_p[quote.plan] - legal + quote.topic).maximum(least)
        for quote in reading.quotes
    ]
    return (weights.model * log_q + torch.stack(planned)).softmax(0)


def answered(pair: Pair, reward: Reward, questions: Sequence[Question], settings: Joint) -> list[Episode]:
    """What the two answer together, question by question, the planner's model alone (`lm:RUN`)."""
    pair.changed()
    graph = reward.executor.graph
    plans = LmPlanner(graph, pair, TRAINED_MASS).plan(questions, settings.read, settings.max_hops)
    evidence = [retrieve(graph, question, plan) for question, plan in zip(questions, plans, strict=True)]
    answers = QuotingReasoner(graph, pair.reasoner, pair.weights).answer(questions, plans, evidence)
    return [
        episode_of(question, found, answer)
        for question, found, answer in zip(questions, evidence, answers, strict=True)
    ]


def episode_of(question: Question, evidence: Evidence, answer: Answer) -> Episode:
    """An answer as it is rewarded."""
    walks = tuple(Walk(found.topic.key, found.relations) for found in evidence.found)
    cited = tuple(dict.fromkeys(Walk(path.start, path.relations) for path in answer.support))
    plans = tuple(dict.fromkeys(walk.relations for walk in walks))
    return Episode(question, plans, walks, answer.entities, cited, text=answer.text)
