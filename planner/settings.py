"""How a model is fine-tuned: settings, each with the help of its flag."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

DEFAULT_LM = "HuggingFaceTB/SmolLM2-135M-Instruct"


def key(default: Any, about: str) -> Any:
    """A setting: its default, and what its flag's help says."""
    return field(default=default, metadata={"help": about})


@dataclass(frozen=True)
class Training:
    """How a model is fine-tuned."""

    model: str = key(DEFAULT_LM, "The model to start from: a name or a folder.")
    epochs: float = key(0.0, "Passes over the samples; 0: three, or more of few samples.")
    batch: int = key(16, "Sequences a step.")
    learning_rate: float = key(6e-4, "The highest learning rate; it rises first and then falls as a cosine.")
    warmup: float = key(0.05, "The share of the steps in which the learning rate rises.")
    weight_decay: float = key(0.01, "Weight decay of AdamW.")
    rank: int = key(16, "The rank of the adapters; 0 trains all weights.")
    alpha: int = key(32, "The scale of the adapters.")
    dropout: float = key(0.0, "Dropout of the adapters.")
    layers: float = key(1.0, "The share of the layers, from the top, that get adapters.")
    max_tokens: int = key(768, "Tokens of a sequence at most.")
    save_steps: int = key(100, "Steps between checkpoints: what a kill may cost.")
    seed: int = key(0, "The seed of everything that is drawn.")
