"""TRL's GRPO trainer (Shao et al., 2024, arXiv:2402.03300) for episodes on a graph: who draws and who scores them.

TRL has no hook for either. Drawing goes through `rollout_func`, whose prompts are the numbers of the questions here;
for log-probabilities under the mask that was drawn by, three of the trainer's own methods are overridden.
`trl_misfits` says where a TRL has others.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from kg.errors import ModelError
from planner.training.sequences import Encoded

if TYPE_CHECKING:
    import torch

# The methods that are overridden or called in turn: the parameters that they have to have, and what they have to do.
RELIED_ON: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "_generate": (("self", "prompts"), ("self.rollout_func(prompts, self)", '"completion_ids"', '"env_mask"')),
    "_generate_and_score_completions": (
        ("self", "inputs"),
        ("self._generate(prompts)", "self._get_per_token_logps_and_entropies(", "self._calculate_rewards("),
    ),
    "_prepare_inputs": (("self", "generation_batch"), ("shuffle_sequence_dict(", "split_tensor_dict(")),
    "_compute_loss": (
        ("self", "model", "inputs"),
        ("self._get_per_token_logps_and_entropies(", 'inputs["completion_ids"]', 'inputs["advantages"]'),
    ),
    "_get_per_token_logps_and_entropies": (
        ("self", "model", "input_ids", "attention_mask", "logits_to_keep", "batch_size", "compute_entropy"),
        ("return logps, entropies, aux_loss",),
    ),
}


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


def trl_misfits() -> list[str]:
    """What this TRL's trainer does otherwise than is relied on, a line each."""
    from trl import GRPOTrainer

    found = []
    for name, (wanted, does) in RELIED_ON.items():
        method = getattr(GRPOTrainer, name, None)
        if method is None:
            found.append(f"GRPOTrainer.{name} is gone")
            continue
        source = inspect.getsource(inspect.unwrap(method))
        parameters = tuple(inspect.signature(inspect.unwrap(method)).parameters)
        if parameters[: len(wanted)] != wanted:
            found.append(f"GRPOTrainer.{name} takes ({', '.join(parameters)})")
        found += [f"GRPOTrainer.{name} does not say {words!r} any more" for words in does if words not in source]
    if "rollout_func" not in inspect.signature(GRPOTrainer).parameters:
        found.append("GRPOTrainer takes no rollout_func")
    return found


def check_trl() -> None:
    """ModelError unless this TRL is one that the trainer below fits."""
    from trl import __version__

    if found := trl_misfits():
        raise ModelError(f"TRL {__version__} does not fit: {found[0]}; `pip install 'trl==1.16.0'` is one that does")


def trainer_class() -> type[Any]:
    """TRL's trainer, with episodes for completions."""
    import torch
    from trl import GRPOTrainer

    class Trainer(GRPOTrainer):  # type: ignore[misc]
        def __init__(self, rollouts: Rollouts, **options: Any) -> None:
            self._rollouts = rollouts
            self._numbers: list[int] = []  # of the questions whose sequences are at hand
            super().__init__(rollout_func=rolled, reward_funcs=[self.reward], **options)

        def reward(self, prompts: list[str], completion_ids: list[list[int]], **_: Any) -> list[float]:
            return self._rollouts.rewards([int(prompt) for prompt in prompts], completion_ids)

        def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
            self._numbers = [int(row["prompt"]) for row in inputs]
            found: dict[str, Any] = super()._generate_and_score_completions(inputs)
            found["numbers"] = torch.tensor(self._numbers, device=self.accelerator.device)  # shuffled with the rest
            return found

        def _compute_loss(self, model: Any, inputs: dict[str, Any]) -> Any:
            self._numbers = inputs["numbers"].tolist()
            return super()._compute_loss(model, inputs)

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


def padded(parts: Sequence[torch.Tensor], width: int) -> torch.Tensor:
    """Rows of different lengths side by side, zeros after them: (len(parts), width)."""
    import torch

    rows = [torch.nn.functional.pad(part, (0, width - len(part))) for part in parts]
    return torch.stack(rows)
