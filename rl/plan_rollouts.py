"""Plans as GRPO's episodes: drawn under the graph's constraint, run on the graph, scored under the same mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kg.types import Question, RelationPath
from planner.neural import NOTHING, OrNothing, spelling_of
from planner.prompts import NONE, plan_words, relation_words, trained_question
from planner.space import plan_space
from planner.training.sequences import Encoded
from rl.constraint import PlanTexts, allowed
from rl.draws import chunked_logps, draws
from rl.grpo_trainer import Rollout
from rl.policy import Policy
from rl.rewards import Reward, Scored
from rl.settings import Grpo

if TYPE_CHECKING:
    import torch


@dataclass
class PlanRollouts:
    """Draws a policy's plans, the same in every run that has come as far.

    `step` counts the drawings, and seeds them. `scored` is what the plans drawn last earn, question by question;
    `distinct` how many different ones these were, and `legal` how many were legal plans at all.
    """

    policy: Policy
    reward: Reward
    questions: Sequence[Question]
    settings: Grpo
    step: int = 0
    scored: list[list[Scored]] = field(default_factory=list)
    distinct: int = 0
    legal: int = 0
    _texts: dict[int, PlanTexts] = field(default_factory=dict)
    _known: dict[tuple[int, RelationPath | None], Scored] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._words = {**relation_words(self.reward.executor.graph), NOTHING: NONE}
        self._spelling = spelling_of(self.policy, self._words)

    def draw(self, numbers: Sequence[int]) -> list[Rollout]:
        """`generations` plans for each question; the numbers come that often, side by side."""
        chosen, count = list(numbers[:: self.settings.generations]), self.settings.generations
        assert [number for number in chosen for _ in range(count)] == list(numbers), "the trainer's order is another"
        self.policy.changed()
        graph, hops = self.reward.executor.graph, self.settings.max_hops
        self._texts = {
            number: PlanTexts(OrNothing(plan_space(graph, self.questions[number], hops)), self._spelling)
            for number in chosen
        }
        prompts = [trained_question(self.questions[number]) for number in chosen]
        found = draws(
            self.policy.tree("", prompts),
            [None if self.settings.unconstrained else self._texts[number] for number in chosen],
            [count] * len(chosen),
            np.random.default_rng([self.settings.seed, self.step]),
            self.settings.longest,
            {self._spelling.end, self.policy.tokenizer.eos_token_id},
        )
        self.step += 1
        self.distinct = sum(len(set(group)) for group in found)
        before = [self.policy.prompt_tokens("", prompt) for prompt in prompts]
        return [
            Rollout(Encoded(prompt + tokens, len(prompt)), (True,) * len(tokens))
            for prompt, group in zip(before, found, strict=True)
            for tokens in group
        ]

    def rewards(self, numbers: Sequence[int], completions: Sequence[Sequence[int]]) -> list[float]:
        """What each plan earns; nothing, where a text is not a legal plan."""
        plans = [allowed(self._texts[n], tuple(tokens))[1] for n, tokens in zip(numbers, completions, strict=True)]
        scored = [self._scored(*one) for one in zip(numbers, plans, strict=True)]
        self.legal, count = sum(plan is not None for plan in plans), self.settings.generations
        self.scored = [scored[start : start + count] for start in range(0, len(scored), count)]
        return [one.total for one in scored]

    def logps(
        self, model: Any, numbers: Sequence[int], sequences: Sequence[Encoded]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Log-probabilities and entropies by token, among the legal tokens unless the loss is not masked."""
        is_free = self.settings.unconstrained or self.settings.unmasked_loss
        among = (
            None
            if is_free
            else [
                allowed(self._texts[number], one.tokens[one.prompt :])[0]
                for number, one in zip(numbers, sequences, strict=True)
            ]
        )
        return chunked_logps(self.policy, model, sequences, among, self.settings.pass_tokens)

    def _scored(self, number: int, path: RelationPath | None) -> Scored:
        if (number, path) not in self._known:
            self._known[number, path] = self._judged(number, path)
        return self._known[number, path]

    def _judged(self, number: int, path: RelationPath | None) -> Scored:
        if path is None:
            return Scored(0.0, dict.fromkeys(self.reward.parts, 0.0))
        plan = () if path == (NOTHING,) else path
        return self.reward(self.reward.executor.run(self.questions[number], plan, plan_words(path, self._words)))
