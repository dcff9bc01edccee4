"""Refining a planner by the plan gradient, from the run that taught it to a run of its own.

The order of the questions is settled before the first step, nothing is drawn afterwards, and a checkpoint holds all
that counts: a run that was killed goes on to the same weights.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from kg.types import Progress, Question
from planner.base import FITS
from planner.neural import LmPlanner
from planner.space import plan_space
from planner.training.run import Run, is_main
from planner.training.sequences import Encoded
from rl.episode import Episode, Executor
from rl.parts import answer_f1
from rl.plan_gradient import References, Step, Trials, accumulate
from rl.policy import Policy
from rl.rewards import Reward, Watch, flat_share
from rl.settings import PlanGradient
from rl.team import Team

if TYPE_CHECKING:
    import torch

COUNTED = ("passes", "tokens", "plans_scored", "seconds")


def schedule(count: int, settings: PlanGradient) -> list[list[int]]:
    """The numbers of the questions of each step: every question once an epoch, in another order each time.

    The last step takes up the next epoch's first questions where its own do not fill it.
    """
    draw = random.Random(settings.seed)
    steps = settings.steps or max(1, math.ceil(settings.epochs * count / settings.batch))
    ordered: list[int] = []
    while len(ordered) < steps * settings.batch:
        ordered += draw.sample(range(count), count)
    return [ordered[step * settings.batch : (step + 1) * settings.batch] for step in range(steps)]


def learning_rate(step: int, steps: int, settings: PlanGradient) -> float:
    """The learning rate of a step (from 0): a straight rise, then half a cosine."""
    rising = settings.warmup * steps
    if step < rising:
        return settings.learning_rate * (step + 1) / (math.floor(rising) + 1)
    return settings.learning_rate * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1.0, steps - rising)))


def best_episodes(policy: Policy, executor: Executor, questions: Sequence[Question], max_hops: int) -> list[Episode]:
    """What a policy's best plan comes to, question by question; a refusal where `none` is more probable."""
    policy.changed()
    plans = LmPlanner(executor.graph, policy).plan(questions, 1, max_hops)
    return [
        executor.run(question, plan.paths[0].relations if plan.paths and plan.fits >= FITS else ())
        for question, plan in zip(questions, plans, strict=True)
    ]


def mean_f1(episodes: Sequence[Episode], executor: Executor) -> float:
    """The mean F1 of the answers; NaN of none."""
    scores = [answer_f1(episode, executor) for episode in episodes]
    return sum(scores) / len(scores) if scores else math.nan


@dataclass
class State:
    """How far a run is."""

    step: int = 0
    best: float = -1.0
    best_step: int = 0
    start: float = math.nan
    counts: dict[str, float] = field(default_factory=lambda: dict.fromkeys(COUNTED, 0.0))
    watch: Watch = field(default_factory=Watch)
    advice: str = ""

    def rebuilt(self, held: Mapping[str, Any]) -> Self:
        """A state from what `asdict` made of it."""
        return type(self)(**{**held, "watch": Watch(**held["watch"])})


class Refinement:
    """One run of the plan gradient."""

    _begins: type[State] = State
    _tries = "--plans, --mass"  # the flags that say how many plans of a question are tried

    def __init__(
        self,
        policy: Policy,
        reward: Reward,
        questions: Sequence[Question],
        dev: Sequence[Question],
        settings: PlanGradient,
        run: Run,
        progress: Progress | None = None,
    ) -> None:
        import torch

        self._team = Team.launched()
        self._policy, self._reward, self._settings, self._run, self._progress = policy, reward, settings, run, progress
        self._questions, self._dev = questions, dev
        self._trials = Trials(policy, reward, settings)
        self._references = References(policy)
        self._optimizer = torch.optim.AdamW(policy.trained.values(), lr=settings.learning_rate, weight_decay=0.0)
        self._state = self._begins()
        self._best = weights_of(policy)
        self._schedule = schedule(len(questions), settings)

    def run(self) -> dict[str, float]:
        """Go through all steps, or on from the last checkpoint, and leave the best weights in the model."""
        self._restore()
        state, steps = self._state, len(self._schedule)
        if state.step == 0:
            self._look()
        while state.step < steps and not state.advice:
            if self._progress:
                self._progress("refining the planner", state.step, steps)
            self._step()
            if state.step % self._settings.save_steps == 0:
                self._save()
        return self._result()

    def _result(self) -> dict[str, float]:
        """What the run came to, with the best weights in the model."""
        state = self._state
        set_weights(self._policy, self._best)
        dev = {"dev_f1": state.best, "dev_f1_before": state.start} if self._dev else {}
        return {"steps": state.step, "best_step": state.best_step, **dev, **state.counts}

    @property
    def advice(self) -> str:
        """Why the run stopped early, and what to do; '' if it did not."""
        return self._state.advice

    def _step(self) -> None:
        import torch

        began, before, state = time.monotonic(), self._counts(), self._state
        step = self._added_up([self._questions[number] for number in self._schedule[state.step]])
        norm = torch.nn.utils.clip_grad_norm_(self._policy.trained.values(), self._settings.clip)
        rate = learning_rate(state.step, len(self._schedule), self._settings)
        for group in self._optimizer.param_groups:
            group["lr"] = rate
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._policy.changed()
        about = {**step.measured, "grad_norm": float(norm), "learning_rate": rate}
        self._stepped(step.rewards, about, before, began)

    def _stepped(
        self, rewards: Sequence[Sequence[float]], measured: dict[str, float], before: tuple[int, int], began: float
    ) -> None:
        """Count and log a step: what was tried earned `rewards`, question by question; look at dev where it is time."""
        state = self._state
        state.step += 1
        self._count(before, began, sum(map(len, rewards)))
        state.advice = state.watch.see(rewards, self._best_reward, self._tries)
        self._run.log({"step": state.step, **rounded({**measured, "flat": flat_share(rewards), **state.counts})})
        if state.step % self._settings.eval_steps == 0 or state.step == len(self._schedule) or state.advice:
            self._look()

    @property
    def _best_reward(self) -> float:
        """What a perfect episode earns."""
        return self._reward.best

    def _added_up(self, questions: Sequence[Question]) -> Step:
        """Put the gradient of some questions in place, each process that of its share."""
        team = self._team
        own = team.share(questions)
        step = self._accumulated(own) if own else Step({}, [])
        team.add_gradients(self._policy.trained.values(), len(own) / len(questions))
        found = [(len(some), each) for some, each in team.gathered((own, step)) if some]
        measured = {
            name: sum(count * each.measured.get(name, 0.0) for count, each in found) / len(questions)
            for _, one in found
            for name in one.measured
        }
        return Step(measured, [rewards for _, each in found for rewards in each.rewards])

    def _accumulated(self, questions: Sequence[Question]) -> Step:
        """Add the gradient of some questions."""
        return accumulate(self._policy, self._trials.groups(questions), self._references, self._settings)

    def _look(self) -> None:
        """Measure on dev, and keep the weights if they are the best so far; without dev the newest are."""
        state = self._state
        if not self._dev:
            self._best, state.best_step = weights_of(self._policy), state.step
            return
        forwards, tokens = self._policy.forwards, self._policy.tokens
        own = self._team.share(self._dev)
        found = best_episodes(self._policy, self._reward.executor, own, self._settings.max_hops) if own else []
        episodes = self._team.together(found)
        self._policy.forwards, self._policy.tokens = forwards, tokens  # looking is not learning
        f1 = mean_f1(episodes, self._reward.executor)
        state.start = f1 if state.step == 0 else state.start
        if f1 > state.best:
            state.best, state.best_step, self._best = f1, state.step, weights_of(self._policy)
        self._log_look({"dev_f1": f1}, episodes)

    def _log_look(self, measured: dict[str, float], episodes: Sequence[Episode]) -> None:
        """Note what dev showed, and what its episodes earn: where that rises and F1 does not, the reward is gamed."""
        earned = sum(self._reward(episode).total for episode in episodes) / len(episodes)
        self._run.log({"step": self._state.step, **rounded({**measured, "dev_reward": earned, **self._state.counts})})

    def _counts(self) -> tuple[int, int]:
        return self._policy.forwards, self._policy.tokens

    def _count(self, before: tuple[int, int], began: float, plans: int) -> None:
        own = [now - then for now, then in zip(self._counts(), before, strict=True)]
        passes, tokens = (sum(each) for each in zip(*self._team.gathered(own), strict=True))
        for name, more in zip(COUNTED, (passes, tokens, plans, time.monotonic() - began), strict=True):
            self._state.counts[name] += more

    def _save(self) -> None:
        import torch

        if not is_main():
            return
        folder = self._run.checkpoints / f"checkpoint-{self._state.step}"
        folder.mkdir(parents=True, exist_ok=True)
        held = {
            "weights": weights_of(self._policy),
            "best_weights": self._best,
            "optimizer": self._optimizer.state_dict(),
            "references": packed(self._references.known),
            "listed": self._trials.listed,
            "state": asdict(self._state),
        }
        torch.save(held, folder / "state.pt")
        (folder / "trainer_state.json").write_text(json.dumps({"global_step": self._state.step}))  # last: it is whole
        self._run.keep_only(folder)

    def _restore(self) -> None:
        import torch

        checkpoint = self._run.last_checkpoint()
        if checkpoint is not None:
            held = torch.load(checkpoint / "state.pt", map_location=self._policy.device, weights_only=True)
            set_weights(self._policy, held["weights"])
            self._best = held["best_weights"]
            self._state = self._state.rebuilt(held["state"])
            self._optimizer.load_state_dict(held["optimizer"])
            self._references.known.update(unpacked(held["references"]))
            self._trials.listed.update(held["listed"])
        self._run.forget_after("step", self._state.step if checkpoint else -1)


def packed(known: Mapping[Encoded, float]) -> dict[str, torch.Tensor]:
    """Sequences with a number each as four tensors: quick to write, however many there are."""
    import torch

    return {
        "tokens": torch.tensor([token for one in known for token in one.tokens], dtype=torch.int32),
        "sizes": torch.tensor([len(one.tokens) for one in known]),
        "prompts": torch.tensor([one.prompt for one in known]),
        "values": torch.tensor(list(known.values()), dtype=torch.float64),
    }


def unpacked(held: Mapping[str, torch.Tensor]) -> dict[Encoded, float]:
    """What was packed."""
    texts = held["tokens"].split(held["sizes"].tolist())  # type: ignore[no-untyped-call]
    ends = zip(texts, held["prompts"].tolist(), held["values"].tolist(), strict=True)
    return {Encoded(tuple(tokens.tolist()), prompt): value for tokens, prompt, value in ends}


def weights_of(policy: Policy) -> dict[str, Any]:
    """A copy of the weights that learn."""
    return {name: parameter.detach().clone() for name, parameter in policy.trained.items()}


def set_weights(policy: Policy, weights: dict[str, Any]) -> None:
    """Put such a copy in place."""
    for name, parameter in policy.trained.items():
        parameter.data.copy_(weights[name])
    policy.changed()


def rounded(values: dict[str, float]) -> dict[str, float]:
    """The values as a log keeps them."""
    return {name: float(f"{value:.6g}") for name, value in values.items()}


def answerable(questions: Sequence[Question], executor: Executor) -> list[Question]:
    """The questions that have a topic from which anything leads anywhere."""
    return [q for q in questions if q.topics and plan_space(executor.graph, q, 1).options(())]
