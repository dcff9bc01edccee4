"""Putting part of a graph into a model's weights: sample, judge, learn, and again, until the tokens are used up.

The order of the questions and all that is drawn follow from the seed and the number of the round, so a run that was
killed goes on from its last checkpoint to the same weights.
"""

from __future__ import annotations

import json
import math
import random
import time
from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

from kg.errors import ModelError
from kg.types import Progress
from planner.training.run import Run
from reasoner.closed_book import ANSWER, PATH, SHOTS
from rl.internalization.branches import scored
from rl.internalization.knowledge import Knowledge, Lesson
from rl.internalization.loss import Item, batch_loss, role_means
from rl.internalization.noise import Noise
from rl.internalization.sample import Round, Sampler, share
from rl.internalization.settings import METHODS, Internalization

PROBE = 32  # questions by which the gap is measured before and after


def form_of(settings: Internalization) -> str:
    """What the model will write where it is asked without evidence; ModelError for settings that do not go together."""
    if settings.method not in METHODS:
        raise ModelError(f"--method {settings.method}: known are {', '.join(METHODS)}")
    if settings.wrong not in ("graph", "skip"):
        raise ModelError(f"--wrong {settings.wrong}: expected graph or skip")
    if settings.method == "pretrain":
        return SHOTS
    return PATH if settings.rationale else ANSWER


def rounds_of(lessons: Sequence[Lesson], settings: Internalization) -> int:
    """The rounds of a pass over all lessons."""
    return -(-len(lessons) // settings.round)


def order(lessons: Sequence[Lesson], number: int, settings: Internalization) -> list[Lesson]:
    """The lessons of a round: each once a pass, in another order every time."""
    turn, part = divmod(number, rounds_of(lessons, settings))
    shuffled = random.Random(f"{settings.seed} pass {turn}").sample(lessons, len(lessons))
    return shuffled[part * settings.round : (part + 1) * settings.round]


class Internalizer:
    """A model that learns lessons by one of the methods, and keeps the log of its run."""

    def __init__(
        self, model: Any, tokenizer: Any, knowledge: Knowledge, lessons: Sequence[Lesson], settings: Internalization,
        run: Run, progress: Progress | None = None,
    ) -> None:  # fmt: skip
        import torch

        self._model, self._lessons, self._settings, self._run = model, lessons, settings, run
        self._progress = progress
        self._sampler = Sampler(model, tokenizer, knowledge, lessons, form_of(settings), settings)
        self._noise = Noise(tokenizer, settings.noise)
        self._labels = {lesson.topic: knowledge.graph.entity(lesson.topic).label for lesson in lessons}
        self._learned = [part for part in model.parameters() if part.requires_grad]
        self._optimizer = torch.optim.AdamW(  # fused: over whole layers its steps cost as much as the passes else
            self._learned, settings.learning_rate, betas=(0.9, 0.99), weight_decay=settings.weight_decay, fused=True
        )
        self._number = self._tokens = self._steps = 0
        self._idle = 0  # rounds on end that gave nothing to learn: all is known, or refuted
        self._seconds = 0.0

    def run(self) -> dict[str, float]:
        """Learn until the tokens are used up; what it came to: open- and closed-book before and after, tokens, time."""
        before = self._resumed() or self._gap("before")
        began, earlier = time.monotonic(), self._seconds
        while not self._is_over():
            self._round()
            self._seconds = earlier + time.monotonic() - began
            if self._number % self._settings.save_rounds == 0:
                self._save(before)
        return {
            **before,
            **self._gap("after"),
            "rounds": self._number,
            "steps": self._steps,
            "tokens": self._tokens,
            "tokens_sampled": self._sampler.tokens_read,
            "seconds": self._seconds,
        }

    def _round(self) -> None:
        """Sample, judge, learn, log."""
        self._number += 1
        is_warming = self._tokens < self._settings.warm * self._settings.tokens
        asked = order(self._lessons, self._number - 1, self._settings)
        stray = random.Random(f"{self._settings.seed} noise {self._number}")
        asked = self._noise.over(asked, [self._labels[lesson.topic] for lesson in asked], stray)
        found: Round = self._sampler.round(self._number, asked, is_warming)
        logged: dict[str, list[float]] = {"loss": []}
        for items in self._batches(found.items):
            for name, values in self._step(items).items():
                logged.setdefault(name, []).extend(values)
            if self._tokens >= self._settings.tokens:
                break
        self._idle = 0 if logged["loss"] else self._idle + 1
        means = {name: fmean(values) for name, values in logged.items() if values}
        self._run.log({"round": self._number, "step": self._steps, "tokens": self._tokens, **found.log, **means})

    def _is_over(self) -> bool:
        """Whether the tokens are used up, or a whole pass gave nothing more to learn; ModelError if none ever did."""
        is_idle = self._idle >= rounds_of(self._lessons, self._settings)
        if is_idle and not self._steps:
            raise ModelError("nothing to learn from: every answer was refuted, or none was better than another")
        return is_idle or self._tokens >= self._settings.tokens

    def _batches(self, items: Sequence[Item]) -> Iterator[list[Item]]:
        """Items in batches of like lengths, these in random order."""
        ordered = sorted(items, key=lambda item: item.size)
        size = self._settings.batch
        batches = [ordered[start : start + size] for start in range(0, len(ordered), size)]
        random.Random(f"{self._settings.seed} batches {self._number}").shuffle(batches)
        yield from batches

    def _step(self, items: Sequence[Item]) -> dict[str, list[float]]:
        """One step of the optimizer; the loss and what plays each role."""
        from torch.nn.utils import clip_grad_norm_

        scores = scored(self._model, [sequence for item in items for sequence in item.sequences])
        loss = batch_loss(items, scores, self._settings)
        loss.backward()  # type: ignore[no-untyped-call]
        clip_grad_norm_(self._learned, self._settings.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = self._rate()
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._tokens += sum(item.size for item in items)
        self._steps += 1
        if self._progress:
            self._progress("learning", min(self._tokens, self._settings.tokens), self._settings.tokens)
        return {"loss": [loss.item()], **role_means(items, scores)}

    def _rate(self) -> float:
        """The learning rate by the share of the tokens that are used up: a straight rise, then half a cosine."""
        done, rising = min(1.0, self._tokens / self._settings.tokens), self._settings.warmup
        if done < rising:
            return self._settings.learning_rate * (done + 0.01) / (rising + 0.01)
        falling = (done - rising) / (1 - rising) if rising < 1 else 1.0
        return self._settings.learning_rate * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * falling)))

    def _gap(self, when: str) -> dict[str, float]:
        """Open- and closed-book accuracy on the same few questions, and what lies between."""
        if self._settings.method == "pretrain":  # it does not know the form of questions: `rog eval` shows examples
            return {}
        draw = random.Random(self._settings.seed)
        probe = draw.sample(self._lessons, min(PROBE, len(self._lessons)))
        if self._progress:
            self._progress(f"asking {when}", 0, 0)
        closed = share(self._sampler.judge(probe, self._sampler.closed(probe)))
        opened = share(self._sampler.judge(probe, self._sampler.opened(probe, draw), is_open=True))
        found = {f"closed_{when}": closed, f"open_{when}": opened, f"gap_{when}": opened - closed}
        self._run.log({"round": self._number, **found})
        return found

    def _save(self, before: dict[str, float]) -> None:
        """A checkpoint, in place of the one before."""
        import torch

        folder = self._run.checkpoints / f"checkpoint-{self._number}"
        folder.mkdir(parents=True, exist_ok=True)
        weights = {name: part for name, part in self._model.named_parameters() if part.requires_grad}
        torch.save({"weights": weights, "optimizer": self._optimizer.state_dict()}, folder / "state.pt")
        counts = {
            "number": self._number,
            "tokens": self._tokens,
            "steps": self._steps,
            "seconds": self._seconds,
            "read": self._sampler.tokens_read,
            "idle": self._idle,
            "before": before,
        }
        (folder / "trainer_state.json").write_text(json.dumps(counts), "utf-8")  # says that it is whole
        self._run.keep_only(folder)

    def _resumed(self) -> dict[str, float]:
        """Go on from the last checkpoint, if there is one: what was measured before the first round, else nothing."""
        import torch

        folder = self._run.last_checkpoint()
        counts: dict[str, Any] = (
            json.loads((folder / "trainer_state.json").read_text("utf-8")) if folder else {"number": -1}
        )
        self._run.forget_after("round", counts["number"])
        if folder is None:
            return {}
        state = torch.load(folder / "state.pt", map_location=self._learned[0].device, weights_only=True)
        own = dict(self._model.named_parameters())
        with torch.no_grad():
            for name, saved in state["weights"].items():
                own[name].copy_(saved)
        self._optimizer.load_state_dict(state["optimizer"])
        self._number, self._tokens, self._steps = counts["number"], counts["tokens"], counts["steps"]
        self._seconds, self._sampler.tokens_read = counts["seconds"], counts["read"]
        self._idle = counts["idle"]
        before: dict[str, float] = counts["before"]
        return before
