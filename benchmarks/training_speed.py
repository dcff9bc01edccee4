"""Tokens a second of `rog train planner` beside a plain TRL run on the same questions, and the loss that each reaches.

    python -m benchmarks.training_speed [--sequences 240] [--passes 3] [--layers 0.8 0.5]

All train LoRA adapters of one rank on one model and the demo graph's training questions, some passes over so many of
them, in batches of one size at one learning rate. Plain is `SFTTrainer` as its documentation has it: prompts and
completions, in random order, padded, in float32, adapters on all layers. Ours has them on all layers too, and then on
the upper `--layers` of them alone. Tokens are those of the data, without padding, read or remembered.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from benchmarks.common import machine, write_report
from benchmarks.train_demo import PLANNER, demo_data
from planner.finetune import finetune, load_for_training
from planner.lm import LanguageModel
from planner.models import no_warnings
from planner.run import Run
from planner.sequences import Sample, encode
from planner.settings import Training
from rog.training import material


def plain(samples: list[Sample], settings: Training, folder: Path) -> tuple[float, float, Any]:
    """Seconds and tokens of plain TRL, and its model."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    model, tokenizer = load_for_training(settings, None)
    rows = [{"prompt": sample.prompt, "completion": "".join(sample.targets[0][0])} for sample in samples]
    once = sum(len(encode(tokenizer, row["prompt"], (row["completion"],), 999).tokens) for row in rows)
    with no_warnings():
        trainer: Any = SFTTrainer(
            model=model,
            args=SFTConfig(
                output_dir=str(folder),
                per_device_train_batch_size=settings.batch,
                learning_rate=settings.learning_rate,
                num_train_epochs=settings.epochs,
                bf16=False,
                use_cpu=True,
                gradient_checkpointing=False,
                report_to=[],
                save_strategy="no",
                disable_tqdm=True,
            ),
            train_dataset=Dataset.from_list(rows),
            processing_class=tokenizer,
        )
        began = time.perf_counter()
        trainer.train()
    return time.perf_counter() - began, once * settings.epochs, model


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
    parser.add_argument("--sequences", type=int, default=240)
    parser.add_argument("--passes", type=int, default=3)
    parser.add_argument("--layers", type=float, nargs="*", default=(0.8, 0.5))
    parser.add_argument("--batch", type=int, default=PLANNER.batch)
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        found = material(demo_data(folder / "data"), "", PLANNER)
        samples, dev = found.samples[: options.sequences], found.dev[:100]
        settings = replace(PLANNER, epochs=float(options.passes), batch=options.batch, layers=1.0)
        seconds, tokens, model = plain(samples, settings, folder / "plain")
        rows = [("plain TRL", tokens / seconds, loss_of(model, load_for_training(settings, None)[1], dev))]
        for layers in (1.0, *options.layers):
            own = replace(settings, layers=layers)
            run = Run(folder / f"{layers:g}")
            run.begin({"role": "planner", "model": own.model}, [], resume=False, force=False)
            result = finetune(samples, [], own, run)
            lm = LanguageModel(str(run.folder))
            speed = result["tokens"] / result["training_seconds"]
            rows.append((f"rog train, --layers {layers:g}", speed, loss_of(lm.model, lm.tokenizer, dev)))
    lines = [
        f"# Training speed, {len(samples)} sequences of the demo graph's training questions, {options.passes} passes\n",
        f"{machine()}; one run each.\n",
        "| | tokens/s | times plain | loss on dev |\n|---|---|---|---|",
        *(f"| {title} | {speed:.0f} | {speed / rows[0][1]:.2f} | {loss:.3f} |" for title, speed, loss in rows),
    ]
    print("\n".join(lines))
    write_report(Path(__file__).parent / "results" / "training-speed.md", lines)


if __name__ == "__main__":
    main()
