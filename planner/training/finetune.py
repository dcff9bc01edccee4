"""Supervised fine-tuning of a causal language model on prompts and completions, through TRL and peft."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from kg.errors import ModelError
from kg.types import Progress
from planner.device import best_device, free_cores, mixed, one_device
from planner.loading import expected_warnings, load_causal, load_tokenizer
from planner.models import locate
from planner.training.frozen import FrozenLayers
from planner.training.lean import lean
from planner.training.run import Run
from planner.training.sequences import Encoded, Sample, columns, schedule
from planner.training.settings import Training

PASS_TOKENS = 1024  # of a pass at most, padding included, on a processor: more is no faster there
PLAIN_ATTENTION = 2 * 10**8  # attention weights of a step that may be kept: some bytes each, several times over


def load_for_training(settings: Training, progress: Progress | None) -> tuple[Any, Any]:
    """The model (with adapters, unless all weights are trained) and its tokenizer."""
    import torch

    folder = locate(settings.model, progress)
    if progress:
        progress("loading models", 0, 0)
    if best_device()[0] == "cpu":
        torch.set_num_threads(free_cores())
    torch.manual_seed(settings.seed)
    tokenizer = load_tokenizer(settings.model, folder)
    model = load_causal(settings.model, folder, torch.float32)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.use_cache = False
    return compact(with_adapters(model, settings) if settings.rank else model), tokenizer


def compact(model: Any) -> Any:
    """The model with what does not learn in the format that it is multiplied in, not converted at every step."""
    import torch

    if best_device()[1] == "bfloat16":
        for part in model.parameters():
            part.data = part.data if part.requires_grad else part.data.to(torch.bfloat16)
    return model


def with_adapters(model: Any, settings: Training) -> Any:
    """The model with fresh low-rank adapters (Hu et al., ICLR 2022, arXiv:2106.09685) on its upper linear layers."""
    from peft import LoraConfig, get_peft_model

    total = model.config.num_hidden_layers
    first = total - max(1, round(total * settings.layers))
    maps = [name for name, part in model.named_modules() if in_layer(name, part, first)]
    if not maps:
        raise ModelError(f"{settings.model} has no linear layers to adapt; --full trains all weights")
    config = LoraConfig(
        r=settings.rank,
        lora_alpha=settings.alpha,
        lora_dropout=settings.dropout,
        target_modules=maps,
        task_type="CAUSAL_LM",
    )
    with expected_warnings():
        adapted = get_peft_model(model, config)
    # The model's name, not the folder that it lies in on this machine.
    adapted.peft_config["default"].base_model_name_or_path = settings.model
    return lean(adapted)


def in_layer(name: str, part: Any, first: int) -> bool:
    """Whether a module is a linear map inside the `first`th layer or a later one."""
    from torch.nn import Linear

    numbers = [int(step) for step in name.split(".") if step.isdigit()]
    return isinstance(part, Linear) and bool(numbers) and numbers[0] >= first


def finetune(
    samples: Sequence[Sample],
    dev: Sequence[Sample],
    settings: Training,
    run: Run,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Prepare and train, as `fit` does."""
    return fit(prepare(samples, settings, progress), dev, settings, run, progress)


class Ready(NamedTuple):
    """What training begins with: the model, its tokenizer, and the training sequences in their order."""

    model: Any
    tokenizer: Any
    ordered: list[Encoded]


def prepare(samples: Sequence[Sample], settings: Training, progress: Progress | None = None) -> Ready:
    """The model and the sequences; ModelError where either cannot be had."""
    model, tokenizer = load_for_training(settings, progress)
    return Ready(model, tokenizer, schedule(samples, settings, tokenizer))


def fit(
    ready: Ready, dev: Sequence[Sample], settings: Training, run: Run, progress: Progress | None = None
) -> dict[str, float]:
    """Train on the sequences and leave the weights in the run's directory; loss on dev, tokens, steps and seconds.

    Goes on from the last whole checkpoint if the run has one. Raises ModelError; also where the disk is full (the last
    checkpoint is kept).
    """
    import torch
    from datasets import Dataset
    from transformers import PrinterCallback
    from trl import SFTConfig

    model, tokenizer, ordered = ready
    batch, lengths = min(settings.batch, len(ordered)), sorted(len(sequence.tokens) for sequence in ordered)
    on_cpu = best_device()[0] == "cpu"
    parts = passes_of(batch, lengths[len(lengths) * 9 // 10]) if on_cpu else 1
    if on_cpu and attention_size(model, batch // parts, lengths[-1]) <= PLAIN_ATTENTION:
        model.set_attn_implementation("eager")  # the fused attention's backward pass is slower, but keeps no weights
    held_out = schedule(dev, replace(settings, epochs=1, batch=32), tokenizer) if dev else []
    checkpoint = run.last_checkpoint()
    step = int(checkpoint.name.rpartition("-")[2]) if checkpoint else 0
    run.forget_after("step", step)
    earlier = run.seconds
    began = time.monotonic()
    with run.disk_errors(), expected_warnings():
        trainer: Any = trainer_class()(
            model=model,
            args=one_device(
                SFTConfig(
                    output_dir=str(run.checkpoints),
                    per_device_train_batch_size=batch // parts,
                    gradient_accumulation_steps=parts,
                    per_device_eval_batch_size=32,
                    num_train_epochs=1,  # the schedule holds all epochs
                    train_sampling_strategy="sequential",
                    learning_rate=settings.learning_rate,
                    lr_scheduler_type="cosine",
                    warmup_steps=math.ceil(settings.warmup * len(ordered) / batch),
                    weight_decay=settings.weight_decay,
                    save_steps=settings.save_steps,
                    save_total_limit=2,
                    logging_steps=10,
                    seed=settings.seed,
                    bf16=best_device()[1] == "bfloat16",
                    use_cpu=best_device()[0] == "cpu",
                    completion_only_loss=True,
                    max_length=None,
                    activation_checkpointing=False,
                    dataloader_pin_memory=torch.cuda.is_available(),
                    dataset_kwargs={"skip_prepare_dataset": True},
                    remove_unused_columns=False,
                    report_to=[],
                    disable_tqdm=True,
                )
            ),
            train_dataset=Dataset.from_list([columns(sequence) for sequence in ordered]),
            eval_dataset=Dataset.from_list([columns(sequence) for sequence in held_out]) if held_out else None,
            processing_class=tokenizer,
            callbacks=[reporting(run, began - earlier, progress)],
        )
        trainer.frozen = frozen_layers(model, ordered)
        trainer.remove_callback(PrinterCallback)  # what it prints is in metrics.jsonl
        started = time.monotonic()
        trainer.train(resume_from_checkpoint=str(checkpoint) if checkpoint else None)
        trained = time.monotonic() - started
        loss = float(trainer.evaluate()["eval_loss"]) if held_out else math.nan
        run.save_weights(trainer.accelerator.unwrap_model(trainer.model), tokenizer)
    return {
        "dev_loss": loss,
        "tokens": sum(len(sequence.tokens) for sequence in ordered),
        "steps": trainer.state.global_step,
        "seconds": earlier + time.monotonic() - began,
        "training_seconds": earlier + trained,
    }


def passes_of(batch: int, length: int) -> int:
    """In how many passes a step is read so that sequences of a length stay within PASS_TOKENS; one each at worst."""
    fitting = (parts for parts in range(1, batch) if batch % parts == 0 and batch // parts * length <= PASS_TOKENS)
    return next(fitting, batch)


def attention_size(model: Any, batch: int, longest: int) -> int:
    """How many attention weights plain attention keeps for the backward pass."""
    return int(batch * model.config.num_attention_heads * model.config.num_hidden_layers * longest**2)


def trainer_class() -> type[Any]:
    """TRL's SFT trainer; on a processor with logits only where something is learned.

    There TRL's own loss goes over every place of the batch; of our sequences a third at most is learned, and the
    vocabulary of a small model is a fifth of its work.
    """
    from torch.nn.functional import cross_entropy
    from trl import SFTTrainer

    class Trainer(SFTTrainer):  # type: ignore[misc]
        frozen: FrozenLayers | None = None

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            inner = self.accelerator.unwrap_model(model)
            causal = causal_of(inner)
            # A wrapped model synchronises in its own forward pass, and mixed precision lives there too.
            if return_outputs or inner is not model or self.args.device.type != "cpu" or not has_plain_head(causal):
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            labels = inputs["labels"][:, 1:]
            learned = labels != -100
            ids, mask = inputs["input_ids"], inputs["attention_mask"]
            with mixed():
                if self.frozen:
                    hidden = self.frozen.read(ids, mask)
                else:
                    hidden = causal.model(input_ids=ids, attention_mask=mask).last_hidden_state
                logits = causal.lm_head(hidden[:, :-1][learned])
            return cross_entropy(logits.float(), labels[learned], reduction="sum") / (
                learned.sum() if num_items_in_batch is None else num_items_in_batch
            )

    return Trainer


def causal_of(model: Any) -> Any:
    """The causal language model inside its adapters."""
    return model.get_base_model() if hasattr(model, "get_base_model") else model


def frozen_layers(model: Any, ordered: Sequence[Encoded]) -> FrozenLayers | None:
    """The layers that need reading once only; None where there are none, or the model cannot be read in halves."""
    causal = causal_of(model)
    if best_device()[0] != "cpu" or not has_plain_head(causal):
        return None
    if not (hasattr(causal.model, "layers") and hasattr(causal.model, "norm")):
        return None
    sequences = [sequence.tokens for sequence in ordered]
    frozen = FrozenLayers(causal.model, sequences)
    return frozen if frozen.is_worth_it and frozen.fits(max(sequences, key=len)) else None


def has_plain_head(causal: Any) -> bool:
    """Whether a model's logits are just its head over its last layer: nothing capped or scaled."""
    changes = ("final_logit_softcapping", "logits_scaling", "logit_scale", "lm_head_multiplier")
    is_plain = not any(getattr(causal.config, name, None) for name in changes)
    return is_plain and hasattr(causal, "model") and hasattr(causal, "lm_head")


def trial_seconds(model: Any, ordered: Sequence[Encoded], batch: int) -> float:
    """The seconds that training on these sequences takes here, from two batches of ordinary length after a first one.

    Where layers are frozen, sequences that come again are tried apart.
    """
    import torch

    device, _ = best_device()
    model.to(device)
    middle = sorted(ordered, key=lambda sequence: len(sequence.tokens))[len(ordered) // 2 :][:batch]
    size = min(len(sequence.tokens) for sequence in middle)
    rows = [sequence.tokens[:size] for sequence in middle]
    ids, learned = torch.tensor(rows, device=device), max(1, size // 3)
    total = sum(len(sequence.tokens) for sequence in ordered)
    new = step_seconds(lambda: model(input_ids=ids, logits_to_keep=learned).logits) / ids.numel()
    if not frozen_layers(model, ordered):
        return total * new
    causal = causal_of(model)
    frozen = FrozenLayers(causal.model, rows * 2)
    again = step_seconds(lambda: causal.lm_head(frozen.read(ids, torch.ones_like(ids))[:, -learned:])) / ids.numel()
    once = sum(map(len, {sequence.tokens for sequence in ordered}))
    return once * new + (total - once) * again


def step_seconds(logits: Callable[[], Any]) -> float:
    """The seconds of reading a batch and finding its gradients, the mean of two times after a first one."""
    began = 0.0
    for number in range(3):
        if number == 1:
            began = time.monotonic()
        with mixed():
            found = logits()
        found.float().logsumexp(-1).mean().backward()
    return (time.monotonic() - began) / 2


def reporting(run: Run, began: float, progress: Progress | None) -> Any:
    """A trainer callback that tells the progress and keeps the metrics of every tenth step, with the seconds so far."""
    from transformers import TrainerCallback

    class Reporting(TrainerCallback):
        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            if progress:
                progress("training", state.global_step, state.max_steps)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            if state.is_world_process_zero:
                run.log({"step": state.global_step, "seconds": time.monotonic() - began, **(logs or {})})

    return Reporting()
