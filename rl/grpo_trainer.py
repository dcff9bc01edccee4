"""TRL's GRPO trainer (Shao et al., 2024, arXiv:2402.03300) for episodes on a graph: who draws and who scores them.

TRL has no hook for either. Drawing goes through `rollout_func`, whose prompts are the numbers of the questions here;
for log-probabilities under the mask that was drawn by, two methods are overridden that TRL calls by itself and does
not promise to keep. The declared range of TRL is what this was tried with; in another one whose loss no longer asks
for them, the first step ends with a ModelError instead of learning from the wrong probabilities.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kg.errors import ModelError
from planner.training.sequences import Encoded

if TYPE_CHECKING:
    import torch


class Rollout(NamedTuple):
    """What was drawn for a question: its tokens, and which of those after the prompt are the policy's own."""

    encoded: Encoded
    own: tuple[bool, ...]


class Rollouts(Protocol):
    """Draws episodes, scores them, and knows how probable they are."""

    def draw(self, numbers: Sequence[int]) -> list[Rollout]:
        """An episode for the question of each number; those of one question stand side by side."""

    def rewards(self, numbers: Sequence[int], completions: Sequence[Sequence[int]]) -> list[float]:
        """What each of the episodes that were drawn last earns."""

    def logps(
        self, model: Any, numbers: Sequence[int], sequences: Sequence[Encoded]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        """For each sequence, of each token after its prompt the log-probability, and the entropy of the choice."""


def trainer_class() -> type[Any]:
    """TRL's trainer, with episodes for completions."""
    import torch
    from trl import GRPOTrainer

    class Trainer(GRPOTrainer):  # type: ignore[misc]
        def __init__(self, rollouts: Rollouts, **options: Any) -> None:
            self._rollouts = rollouts
            self._numbers: list[int] | None = None  # of the questions whose sequences are at hand, while there are any
            self._scored = 0  # times that log-probabilities were asked for
            super().__init__(rollout_func=rolled, reward_funcs=[self.reward], **options)

        def reward(self, prompts: list[str], completion_ids: list[list[int]], **_: Any) -> list[float]:
            return self._rollouts.rewards([int(prompt) for prompt in prompts], completion_ids)

        def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
            numbers = [int(row["prompt"]) for row in inputs]
            with self._about(numbers):
                found: dict[str, Any] = super()._generate_and_score_completions(inputs)
            found["numbers"] = torch.tensor(numbers, device=self.accelerator.device)  # shuffled with the rest
            return found

        def compute_loss(self, model: Any, inputs: dict[str, Any], *args: Any, **options: Any) -> Any:
            if "numbers" not in inputs:
                raise misfit("it draws completions by another method")
            before = self._scored
            with self._about(inputs["numbers"].tolist()):
                loss = super().compute_loss(model, inputs, *args, **options)
            if self._scored == before:
                raise misfit("its loss asks for log-probabilities by another method")
            return loss

        @contextmanager
        def _about(self, numbers: list[int]) -> Iterator[None]:
            self._numbers = numbers
            try:
                yield
            finally:
                self._numbers = None

        def _get_per_token_logps_and_entropies(
            self,
            model: Any,
            input_ids: torch.Tensor,
            attention_mask: torch.Tensor,
            logits_to_keep: int,
            batch_size: int | None = None,
            compute_entropy: bool = False,
            **_: Any,
        ) -> tuple[torch.Tensor, torch.Tensor | None, None]:
            if self._numbers is None or len(self._numbers) != len(input_ids):
                raise misfit("it asks for log-probabilities of other sequences than it drew")
            self._scored += 1
            sequences = [
                Encoded(tuple(tokens[seen].tolist()), int(seen[:-logits_to_keep].sum()))
                for tokens, seen in zip(input_ids, attention_mask.bool(), strict=True)
            ]
            found = self._rollouts.logps(model, self._numbers, sequences)
            logps, entropies = (padded(some, logits_to_keep) for some in found)
            return logps, entropies if compute_entropy else None, None

    def rolled(prompts: list[str], trainer: Trainer) -> dict[str, Any]:
        found = trainer._rollouts.draw([int(prompt) for prompt in prompts])
        return {
            "prompt_ids": [list(one.encoded.tokens[: one.encoded.prompt]) for one in found],
            "completion_ids": [list(one.encoded.tokens[one.encoded.prompt :]) for one in found],
            "env_mask": [list(map(int, one.own)) for one in found],
            "logprobs": None,
        }

    return Trainer


def misfit(reason: str) -> ModelError:
    """The error of a TRL that works otherwise than this trainer relies on, with the versions that it was tried with."""
    from importlib.metadata import requires, version

    tried = next(line for line in requires("rog") or [] if line.startswith("trl"))
    return ModelError(f"TRL {version('trl')} does not fit: {reason}; `pip install '{tried}'` installs one that does")


def padded(parts: Sequence[torch.Tensor], width: int) -> torch.Tensor:
    """Rows of different lengths side by side, zeros after them: (len(parts), width)."""
    import torch

    rows = [torch.nn.functional.pad(part, (0, width - len(part))) for part in parts]
    return torch.stack(rows)
