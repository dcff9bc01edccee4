"""A sentence encoder (all-MiniLM-L6-v2): texts to unit vectors whose products are similarities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.errors import ModelError, first_line
from kg.types import Progress
from planner.loading import UNLOADABLE, quietly
from planner.models import locate
from planner.wheels import DEFAULT_ENCODER

MAX_TOKENS = 128
BATCH = 64


@dataclass(frozen=True)
class Tokens:
    """A text's unit vectors: of the whole, (width,), and of its tokens, (n, width), with their places in the text."""

    sentence: NDArray[np.float32]
    vectors: NDArray[np.float32]
    spans: tuple[tuple[int, int], ...]


class Encoder:
    """Texts → unit vectors: mean-pooled last hidden states (Reimers and Gurevych, 2019, arXiv:1908.10084)."""

    def __init__(self, name: str = DEFAULT_ENCODER, progress: Progress | None = None) -> None:
        from transformers import AutoModel, AutoTokenizer

        folder = locate(name, progress)
        if progress:
            progress("loading models", 0, 0)
        try:
            with quietly():
                self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
                self._model: Any = AutoModel.from_pretrained(folder, local_files_only=True).eval()
        except UNLOADABLE as error:
            raise ModelError(f"{name} does not load as an encoder: {first_line(error)}") from error
        self.tokens = lru_cache(maxsize=20_000)(self._tokens)

    def _tokens(self, text: str) -> Tokens:
        """The vectors of a text (its first 128 tokens), without those of the begin and end marks."""
        import torch

        row = self._tokenizer(
            text, truncation=True, max_length=MAX_TOKENS, return_offsets_mapping=True, return_tensors="pt"
        )
        spans = row.pop("offset_mapping")[0].tolist()
        with torch.inference_mode():
            hidden = self._model(**row).last_hidden_state[0]  # (T, D)
            sentence = torch.nn.functional.normalize(hidden.mean(0), dim=-1)
            vectors = torch.nn.functional.normalize(hidden, dim=-1)
        kept = [place for place, (start, stop) in enumerate(spans) if stop > start]
        return Tokens(sentence.numpy(), vectors[kept].numpy(), tuple((spans[i][0], spans[i][1]) for i in kept))

    def sentences(self, texts: Sequence[str], told: Callable[[int], None] = lambda done: None) -> NDArray[np.float32]:
        """The vectors of whole texts, (len(texts), width): those of `tokens`, many at a time and not kept."""
        import torch

        found = []
        for start in range(0, len(texts), BATCH):
            told(start)
            some = list(texts[start : start + BATCH])
            rows = self._tokenizer(some, truncation=True, max_length=MAX_TOKENS, padding=True, return_tensors="pt")
            with torch.inference_mode():
                hidden = self._model(**rows).last_hidden_state  # (B, T, D)
                seen = rows["attention_mask"][..., None]
                found.append(torch.nn.functional.normalize((hidden * seen).sum(1), dim=-1).numpy())
        return np.concatenate(found)
