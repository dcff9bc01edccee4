"""Tokens a second of `rog train planner` beside a plain TRL run on the same questions, and the loss that each reaches.

    python -m benchmarks.training_speed [--sequences 160] [--passes 3] [--layers 0.5] [--rounds 3]

All train LoRA adapters of one rank on one model and the demo graph's training questions, some passes over so many of
them, in batches of one size at one learning rate. Plain is `SFTTrainer` as its documentation has it: prompts and
completions, in random order, padded, in float32, adapters on all layers. Ours has them on all layers too, and then on
the upper `--layers` of them alone. Tokens are those of the data, without padding, read or remembered. Machines are
noisy: all train in turn, `--rounds` times, and what is compared is the ratio within a round.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch

import torch

import planner.training.finetune
from benchmarks.common import machine, write_report
from benchmarks.train_demo import PLANNER, demo_data
from planner.lm import LanguageModel
from planner.loading import expected_warnings
from planner.training.finetune import finetune, load_for_training
from planner.training.run import Run
from planner.training.sequences import Sample, encode
from planner.training.settings import Training
from rog.training import material


class Outcome(NamedTuple):
    """What one training came to."""

    tokens_a_second: float
    loss: float


def plain(samples: list[Sample], dev: list[Sample], settings: Training, folder: Path) -> Outcome:
    """Plain TRL."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    with patch.multiple(planner.training.finetune, lean=lambda model: model, compact=lambda model: model):
        model, tokenizer = load_for_training(settings, None)
    rows = [{"prompt": sample.prompt, "completion": "".join(sample.targets[0][0])} for sample in samples]
    once = sum(len(encode(tokenizer, row["prompt"], (row["completion"],), 999).tokens) for row in rows)
    with expected_warnings():
        trainer: Any = SFTTrainer(
            model=model,
            args=SFTConfig(
                output_dir=str(folder),
                per_device_train_batch_size=settings.batch,
                learning_rate=settings.learning_rate,
                num_train_epochs=settings.epochs,
                bf16=False,
                use_cpu=True,
                activation_checkpointing=False,
                report_to=[],
                save_strategy="no",
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
        )
        began = time.perf_counter()
        trainer.train()
    seconds = time.perf_counter() - began
    return Outcome(once * settings.epochs / seconds, loss_of(model, tokenizer, dev))


def ours(samples: list[Sample], dev: list[Sample], settings: Training, folder: Path) -> Outcome:
    """`rog train`."""
    run = Run(folder)
    run.begin({"role": "planner", "model": settings.model}, [], resume=False, force=False)
    result = finetune(samples, [], settings, run)
    lm = LanguageModel(str(run.folder))
    return Outcome(result["tokens"] / result["training_seconds"], loss_of(lm.model, lm.tokenizer, dev))


def loss_of(model: Any, tokenizer: Any, dev: list[Sample]) -> float:
    """The mean loss over the learned tokens of held-out samples."""
    total, count = 0.0, 0
    with torch.inference_mode():
        for sample in dev:
            sequence = encode(tokenizer, sample.prompt, sample.targets[0][0], 999)
            tokens = torch.tensor([sequence.tokens])
            logp = model(input_ids=tokens).logits[0, :-1].log_softmax(-1)
            learned = range(sequence.prompt - 1, len(sequence.tokens) - 1)
            total -= sum(float(logp[place, sequence.tokens[place + 1]]) for place in learned)
            count += len(learned)
    return total / count


def main() -> None:
    """Run all, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=160)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--layers", type=float, nargs="*", default=(0.5,))
    parser.add_argument("--batch", type=int, default=PLANNER.batch)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    settings = replace(PLANNER, epochs=float(options.passes), batch=options.batch, layers=1.0)
    arms: dict[str, Callable[[Path], Outcome]] = {}
    found = defaultdict(list)
    with TemporaryDirectory() as name:
        folder = Path(name)
        data = material(demo_data(folder / "data"), "", PLANNER)
        samples, dev = data.samples[: options.sequences], data.dev[:100]
        arms["plain TRL"] = partial(plain, samples, dev, settings)
        for layers in (1.0, *options.layers):
            arms[f"rog train, --layers {layers:g}"] = partial(ours, samples, dev, replace(settings, layers=layers))
        for number in range(options.rounds):
            for title, train in arms.items():
                found[title].append(train(folder / f"{title} {number}"))
                print(number + 1, title, found[title][-1], flush=True)
    lines = [
        f"# Training speed, {len(samples)} sequences of the demo graph's training questions, {options.passes} passes\n",
        f"{machine()}; the median of {options.rounds} rounds (least and most).\n",
        "| | tokens/s | times plain | loss on dev |\n|---|---|---|---|",
    ]
    for title, outcomes in found.items():
        speeds = [outcome.tokens_a_second for outcome in outcomes]
        times = [a / b.tokens_a_second for a, b in zip(speeds, found["plain TRL"], strict=True)]
        between = f"{median(times):.2f} ({min(times):.2f} to {max(times):.2f})"
        loss = fmean(outcome.loss for outcome in outcomes)
        lines.append(f"| {title} | {median(speeds):.0f} | {between} | {loss:.3f} |")
    print("\n".join(lines))
    write_report(Path(__file__).parent / "results" / "training-speed.md", lines)


if __name__ == "__main__":
    main()
