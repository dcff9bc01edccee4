"""Refining a planner by GRPO through TRL: plans are drawn, where the plan gradient lists them.

(Shao et al., 2024, arXiv:2402.03300; the loss is TRL's default, DAPO's, Yu et al., 2025, arXiv:2503.14476.) Questions,
rewards, learning rate, run directory, choice of weights and what is counted are those of `rl.refine`. Drawing is seeded
by the step, so that a run that was killed goes on as if it had not been.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from kg.types import Progress, Question
from planner.device import best_device, one_device
from planner.loading import expected_warnings
from planner.training.run import Run
from rl.grpo_trainer import trainer_class
from rl.plan_rollouts import PlanRollouts
from rl.policy import Policy
from rl.refine import Refinement, learning_rate, set_weights, weights_of
from rl.rewards import Reward, expected_parts
from rl.settings import Grpo

TOLD: frozenset[str] = frozenset({"kl", "entropy", "loss", "grad_norm", "learning_rate"})  # logged of the trainer
HELD = "rog.pt"  # what a checkpoint holds beside the trainer's own


class GrpoRefinement(Refinement):
    """One run of GRPO; TRL's trainer goes through the steps."""

    _settings: Grpo
    _tries = "--generations"

    def __init__(
        self,
        policy: Policy,
        reward: Reward,
        questions: Sequence[Question],
        dev: Sequence[Question],
        settings: Grpo,
        run: Run,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(policy, reward, questions, dev, settings, run, progress)
        self._rollouts: PlanRollouts = self._drawing(questions)
        self._held: dict[str, Any] = {}
        self._began, self._before = time.monotonic(), self._counts()

    def _drawing(self, questions: Sequence[Question]) -> PlanRollouts:
        """What draws the episodes."""
        return PlanRollouts(self._policy, self._reward, questions, self._settings)

    def run(self) -> dict[str, float]:
        """Go through all steps, or on from the last checkpoint, and leave the best weights in the model."""
        checkpoint = self._restored()
        if self._state.step == 0:
            self._look()
        with expected_warnings():
            trainer = self._trainer()  # TRL takes the weights as they are now for its reference
            if self._held:
                set_weights(self._policy, self._held)
            self._began, self._before = time.monotonic(), self._counts()
            if self._state.step < len(self._schedule) and not self._state.advice:
                trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        model = self._policy.model
        if "ref" in getattr(model, "peft_config", {}):
            model.delete_adapter("ref")  # TRL's copy of the start
        model.eval()
        return self._result()

    def _trainer(self) -> Any:
        from datasets import Dataset
        from torch.optim.lr_scheduler import LambdaLR
        from transformers import PrinterCallback
        from trl import GRPOConfig

        settings, steps = self._settings, len(self._schedule)

        def share(step: int) -> float:
            return learning_rate(min(step, steps - 1), steps, settings) / settings.learning_rate

        trainer = trainer_class()(
            self._rollouts,
            model=self._policy.model,
            args=one_device(
                GRPOConfig(
                    output_dir=str(self._run.checkpoints),
                    per_device_train_batch_size=settings.batch * settings.generations,
                    gradient_accumulation_steps=1,
                    num_generations=settings.generations,
                    num_train_epochs=1,  # the schedule holds all epochs
                    shuffle_dataset=False,
                    max_completion_length=settings.longest,
                    beta=settings.beta,
                    entropy_coef=settings.entropy,
                    max_grad_norm=settings.clip,
                    disable_dropout=True,  # what is drawn and what is scored is one distribution
                    activation_checkpointing=False,
                    bf16=False,  # the model has the number format that it computes in
                    use_cpu=best_device()[0] == "cpu",
                    save_steps=settings.save_steps,
                    save_total_limit=1,
                    logging_steps=1,
                    seed=settings.seed,
                    remove_unused_columns=False,
                    report_to=[],
                    disable_tqdm=True,
                )
            ),
            train_dataset=Dataset.from_list([{"prompt": str(number)} for step in self._schedule for number in step]),
            processing_class=self._policy.tokenizer,
            callbacks=[self._following()],
            optimizers=(self._optimizer, LambdaLR(self._optimizer, share)),
        )
        trainer.remove_callback(PrinterCallback)  # what it prints is in metrics.jsonl
        return trainer

    def _following(self) -> Any:
        """A callback that does after each step what the plan gradient does."""
        from transformers import TrainerCallback

        class Following(TrainerCallback):
            def on_step_begin(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                following._tell()
                following._optimizer.zero_grad()  # of all that learns; the trainer knows of its model only

            def on_pre_optimizer_step(self, args: Any, state: Any, control: Any, **_: Any) -> None:
                following._clip()

            def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
                if "grad_norm" in logs:  # a step's, and not the summary at the end
                    control.should_training_stop |= following._noted(logs)
                    if control.should_save:
                        following._hold(Path(args.output_dir) / f"checkpoint-{state.global_step}")

        following = self
        return Following()

    def _tell(self) -> None:
        if self._progress:
            self._progress("refining the planner", self._state.step, len(self._schedule))

    def _clip(self) -> None:
        """Cut the gradients that the trainer does not know of."""

    def _noted(self, logs: dict[str, float]) -> bool:
        """Note a step: whether it is the last one, for want of anything to learn."""
        rollouts, groups = self._rollouts, self._rollouts.scored
        rewards = [[scored.total for scored in group] for group in groups]
        tried = [scored for group in groups for scored in group]
        shares = [1 / len(tried)] * len(tried)
        self._stepped(
            rewards,
            {
                **{name: value for name, value in logs.items() if name in TOLD},
                "reward": sum(map(sum, rewards)) / len(tried),
                "plans": rollouts.distinct / len(groups),
                "legal": rollouts.legal / len(tried),
                **expected_parts(shares, tried),
            },
            self._before,
            self._began,
        )
        self._began, self._before = time.monotonic(), self._counts()
        return bool(self._state.advice)

    def _hold(self, folder: Path) -> None:
        """Put beside the trainer's checkpoint, before it is written, what is ours."""
        import torch

        folder.mkdir(parents=True, exist_ok=True)
        held = {"weights": weights_of(self._policy), "best_weights": self._best, "state": asdict(self._state)}
        torch.save(held, folder / HELD)

    def _restored(self) -> Path | None:
        """The checkpoint to go on from, if there is one; the trainer reads the optimizer's state."""
        import torch

        checkpoint = self._run.last_checkpoint()
        if checkpoint is not None:
            held = torch.load(checkpoint / HELD, map_location=self._policy.device, weights_only=True)
            self._held, self._best = held["weights"], held["best_weights"]
            self._state = self._state.rebuilt(held["state"])
            self._rollouts.step = self._state.step
        self._run.forget_after("step", self._state.step if checkpoint else -1)
        return checkpoint
