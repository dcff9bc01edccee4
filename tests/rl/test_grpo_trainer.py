"""What the GRPO trainer relies on in TRL, by what it does. Where this fails, TRL's trainer works another way now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from trl import GRPOTrainer

from kg.errors import ModelError
from planner.device import one_device
from planner.lm import LanguageModel
from planner.loading import expected_warnings
from planner.training.sequences import Encoded
from rl.grpo_trainer import Rollout, trainer_class

EARNED = {0: (1.0, 0.0), 1: (0.0, 1.0), 2: (1.0, 3.0)}  # of each question's two episodes


class Written:
    """Episodes that are given, of different lengths; each token's log-probability is a number that takes a gradient."""

    def __init__(self) -> None:
        self.episodes = {
            (number, draw): Rollout(
                Encoded((*range(10, 12 + number), *range(20 + 5 * number, 23 + 5 * number + draw)), 2 + number),
                (True, False, True, True)[: 3 + draw],
            )
            for number in EARNED
            for draw in range(2)
        }
        self.rewarded: list[tuple[int, tuple[int, ...]]] = []
        self.asked: dict[tuple[int, ...], tuple[int, torch.Tensor]] = {}

    def draw(self, numbers: Sequence[int]) -> list[Rollout]:
        return [self.episodes[number, place % 2] for place, number in enumerate(numbers)]

    def rewards(self, numbers: Sequence[int], completions: Sequence[Sequence[int]]) -> list[float]:
        self.rewarded += [(number, tuple(tokens)) for number, tokens in zip(numbers, completions, strict=True)]
        return [EARNED[number][place % 2] for place, number in enumerate(numbers)]

    def logps(
        self, model: Any, numbers: Sequence[int], sequences: Sequence[Encoded]
    ) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
        found = []
        for number, sequence in zip(numbers, sequences, strict=True):
            found.append(torch.zeros(len(sequence.tokens) - sequence.prompt, requires_grad=True))
            self.asked[sequence.tokens] = number, found[-1]
        return found, [torch.zeros_like(part) for part in found]


@pytest.fixture
def step(tiny: LanguageModel, tmp_path: Path) -> Callable[[Written], None]:
    """Takes one step over all the questions."""

    def stepped(written: Written) -> None:
        from datasets import Dataset
        from trl import GRPOConfig

        with expected_warnings():
            trainer = trainer_class()(
                written,
                model=tiny.model,
                args=one_device(
                    GRPOConfig(
                        output_dir=str(tmp_path), per_device_train_batch_size=6, num_generations=2, max_steps=1,
                        beta=0.0, shuffle_dataset=False, use_cpu=True, bf16=False, save_strategy="no", report_to=[],
                        disable_tqdm=True, activation_checkpointing=False, learning_rate=0.0,
                    )
                ),
                train_dataset=Dataset.from_list([{"prompt": str(number)} for number in EARNED]),
                processing_class=tiny.tokenizer,
            )  # fmt: skip
            trainer.train()

    return stepped


def test_the_loss_is_of_the_own_tokens_by_their_advantage(step: Callable[[Written], None]) -> None:
    written = Written()
    step(written)
    assert written.rewarded == [
        (number, one.encoded.tokens[one.encoded.prompt :]) for (number, _), one in written.episodes.items()
    ]
    own = sum(sum(one.own) for one in written.episodes.values())
    assert len(written.asked) == len(written.episodes)
    for (number, draw), one in written.episodes.items():
        asked, logps = written.asked[one.encoded.tokens]
        assert asked == number  # also after TRL has shuffled them
        mean = sum(EARNED[number]) / 2
        spread = abs(EARNED[number][0] - EARNED[number][1]) / 2**0.5
        advantage = (EARNED[number][draw] - mean) / (spread + 1e-4)
        wanted = [-advantage / own * is_own for is_own in one.own]
        assert logps.grad is not None
        assert logps.grad.tolist() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "other", "reason"),
    [
        ("_compute_loss", lambda self, model, inputs: torch.zeros((), requires_grad=True), "its loss asks"),
        (
            "_generate_and_score_completions",
            lambda self, inputs: self._get_per_token_logps_and_entropies(self.model, torch.ones(1, 3), None, 1),
            "of other sequences than it drew",
        ),
        ("_prepare_inputs", lambda self, inputs: {"prompt_ids": torch.zeros(1, 1)}, "it draws completions"),
    ],
)
def test_a_trl_that_works_otherwise_ends_the_first_step(
    step: Callable[[Written], None], monkeypatch: pytest.MonkeyPatch, name: str, other: Any, reason: str
) -> None:
    monkeypatch.setattr(GRPOTrainer, name, other)
    with pytest.raises(ModelError, match=rf"^TRL \S+ does not fit: .*{reason}.*; `pip install 'trl.*'` installs one"):
        step(Written())
