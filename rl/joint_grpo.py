"""Planner and reasoner refined together by GRPO through TRL: one sequence of question, plan, evidence and answer.

The plan is drawn under the graph's constraint by the planner, what its paths lead to is put in, and the answer is drawn
among the reasoner's options. What was retrieved is masked out of the loss (Search-R1, Jin et al., 2025,
arXiv:2503.09516). What it optimises is not quite what `rl.joint` does, by which both are looked at: an answer sees its
own plan's paths only, and is drawn by the reasoner alone, token by token, whatever weight the two have in deciding.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from kg.types import Question, RelationPath
from planner.neural import NOTHING
from planner.training.sequences import Encoded, Tokens
from reasoner.quoting import BATCH
from rl.constraint import Listed, allowed
from rl.draws import chunked_logps, draws
from rl.grpo import GrpoRefinement
from rl.grpo_trainer import Rollout
from rl.joint import Together
from rl.pair import Pair
from rl.plan_rollouts import PlanRollouts
from rl.reading import Reader, Reading
from rl.rewards import Scored
from rl.settings import JointDrawn

if TYPE_CHECKING:
    import torch

Key = tuple[int, RelationPath | None]


@dataclass(frozen=True, slots=True)
class Drawn:
    """An episode: the planner's part, and the reasoner's with what was possible before each of its tokens."""

    plan: Encoded
    answer: Encoded | None
    among: tuple[Tokens, ...]
    scored: Scored


@dataclass
class JointRollouts(PlanRollouts):
    """Draws plans, and answers to what they lead to."""

    policy: Pair
    settings: JointDrawn
    reader: Reader = field(kw_only=True)
    _drawn: dict[tuple[int, Tokens], Drawn] = field(default_factory=dict)

    def draw(self, numbers: Sequence[int]) -> list[Rollout]:
        """`generations` episodes for each question; the numbers come that often, side by side."""
        reasoner, generator = self.policy.reasoner, np.random.default_rng([self.settings.seed, self.step, 1])
        plans = super().draw(numbers)
        keys: list[Key] = [
            (number, allowed(self._texts[number], one.encoded.tokens[one.encoded.prompt :])[1])
            for number, one in zip(numbers, plans, strict=True)
        ]
        wanted = Counter(keys)
        readings = {key: reading for key in wanted if (reading := self._reading(*key)) is not None}
        waiting: dict[Key, Iterator[Tokens]] = {}
        read = list(readings)
        for some in (read[start : start + BATCH] for start in range(0, len(read), BATCH)):
            own = [readings[key] for key in some]
            tree = reasoner.tree("", [reading.prompt for reading in own])
            texts = [Listed(reading.texts) for reading in own]
            found = draws(tree, texts, [wanted[key] for key in some], generator)
            waiting |= zip(some, map(iter, found), strict=True)
        self._drawn, self.legal = {}, sum(path is not None for _, path in keys)
        return [
            self._episode(key, plan.encoded, readings.get(key), next(waiting[key]) if key in waiting else ())
            for key, plan in zip(keys, plans, strict=True)
        ]

    def rewards(self, numbers: Sequence[int], completions: Sequence[Sequence[int]]) -> list[float]:
        """What each episode earns: its answer, and its plan by itself."""
        scored = [
            self._drawn[number, tuple(tokens)].scored for number, tokens in zip(numbers, completions, strict=True)
        ]
        count = self.settings.generations
        self.scored = [scored[start : start + count] for start in range(0, len(scored), count)]
        return [one.total for one in scored]

    def logps(
        self, model: Any, numbers: Sequence[int], sequences: Sequence[Encoded]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """Log-probabilities and entropies by token, zeros where the evidence stands."""
        import torch

        drawn = [self._drawn[number, one.tokens[one.prompt :]] for number, one in zip(numbers, sequences, strict=True)]
        planned = super().logps(model, numbers, [one.plan for one in drawn])
        says = [(one.answer, one.among) for one in drawn if one.answer is not None]
        is_start = model is not self.policy.model or getattr(model, "active_adapter", "") == "ref"
        with self.policy.reference() if is_start else nullcontext():
            answered = chunked_logps(
                self.policy.reasoner,
                self.policy.reasoner.model,
                [answer for answer, _ in says],
                [among for _, among in says],
                self.settings.pass_tokens,
            )
        whole: tuple[list[torch.Tensor], list[torch.Tensor]] = ([], [])
        for parts, plans, answers in zip(whole, planned, map(iter, answered), strict=True):
            for one, plan in zip(drawn, plans, strict=True):
                rest = [plan.new_zeros(one.answer.prompt), next(answers)] if one.answer is not None else []
                parts.append(torch.cat([plan, *rest]))
        return whole

    def _reading(self, number: int, path: RelationPath | None) -> Reading | None:
        """What a plan leads to, and the options then; None where it leads nowhere or is none."""
        question = self.questions[number]
        return None if path in (None, (NOTHING,)) else self.reader.reading(question, [(0, path, 1.0)])

    def _episode(self, key: Key, plan: Encoded, reading: Reading | None, text: Tokens) -> Rollout:
        """The whole sequence; it is kept, to be found again."""
        turn, tokens = self._scored(*key), plan.tokens[plan.prompt :]
        answer, scored, among = None, turn, list[Tokens]()
        own = (True,) * len(tokens)
        if reading is not None:
            before = self.policy.reasoner.prompt_tokens("", reading.prompt)
            answer = Encoded(before + text, len(before))
            among, said = allowed(Listed(reading.texts), text)
            assert said is not None
            scored = reading.scored[int(said[0])]
            tokens += answer.tokens
            own += (False,) * len(before) + (True,) * len(text)
        total = scored.total + self.settings.alone * turn.total
        self._drawn[key[0], tokens] = Drawn(plan, answer, tuple(among), Scored(total, scored.parts))
        return Rollout(Encoded(plan.tokens[: plan.prompt] + tokens, plan.prompt), own)


class JointGrpo(Together, GrpoRefinement):
    """One joint run of GRPO."""

    _settings: JointDrawn

    @property
    def _best_reward(self) -> float:
        return (1 + self._settings.alone) * self._reward.best

    def _drawing(self, questions: Sequence[Question]) -> PlanRollouts:
        return JointRollouts(self._policy, self._reward, questions, self._settings, reader=self._reader)

    def _clip(self) -> None:
        import torch

        torch.nn.utils.clip_grad_norm_(self._policy.reasoner_parameters, self._settings.clip)
