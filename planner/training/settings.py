"""How a model is fine-tuned: settings, each with the help of its flag."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from planner.base import DEFAULT_LM


def key(default: Any, about: str, least: float | None = None, most: float | None = None) -> Any:
    """A setting: its default, what its flag's help says, and the numbers that it may be."""
    return field(default=default, metadata={"help": about, "least": least, "most": most})


@dataclass(frozen=True)
class Training:
    """How a model is fine-tuned."""

    model: str = key(DEFAULT_LM, "The model to start from: a name or a folder.")
    epochs: float = key(0.0, "Passes over the samples; 0: three, or more of few samples.", 0)
    batch: int = key(16, "Sequences a step.", 1)
    learning_rate: float = key(6e-4, "The highest learning rate; it rises first and then falls as a cosine.", 1e-9)
    warmup: float = key(0.05, "The share of the steps in which the learning rate rises.", 0, 1)
    weight_decay: float = key(0.01, "Weight decay of AdamW.", 0)
    rank: int = key(16, "The rank of the adapters; 0 trains all weights.", 0)
    alpha: int = key(32, "The scale of the adapters.", 1)
    dropout: float = key(0.0, "Dropout of the adapters.", 0, 0.99)
    layers: float = key(1.0, "The share of the layers, from the top, that get adapters.", 0, 1)
    max_tokens: int = key(768, "Tokens of a sequence at most.", 1)
    save_steps: int = key(100, "Steps between checkpoints: what a kill may cost.", 1)
    seed: int = key(0, "The seed of everything that is drawn.", 0, 2**32 - 1)
