"""What the benchmark scripts share: the demo questions, and the machine that a figure is from."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kg.build import demo_folder
from kg.graph import Graph
from kg.link import link
from kg.types import Question, RelationPath


@dataclass(frozen=True)
class Row:
    """A demo question linked by our own linker, its gold relation path, and its number of hops."""

    question: Question
    gold_topic: str
    path: RelationPath

    @property
    def hops(self) -> int:
        """Steps of the gold path."""
        return len(self.path)


def demo_rows(graph: Graph, split: str) -> list[Row]:
    """The questions of a split of the demo graph (`train`, `dev`, `test` or `unanswerable`)."""
    rows: list[dict[str, Any]] = [json.loads(line) for line in (demo_folder() / "questions" / f"{split}.jsonl").open()]
    found = []
    for row in rows:
        text = row["question"]
        question = Question(text, link(graph, text), row["id"], tuple(row["answers"]))
        found.append(Row(question, next(iter(row["topics"]), ""), tuple(row.get("path", ()))))
    return found


def bootstrap(values: NDArray[np.float64], seed: int = 0, resamples: int = 10_000) -> tuple[float, float, float]:
    """Mean and 95 % percentile bootstrap interval over questions."""
    draws = np.random.default_rng(seed).integers(len(values), size=(resamples, len(values)))
    means = values[draws].mean(1)
    return float(values.mean()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def machine() -> str:
    """The machine and versions that a figure belongs to."""
    from importlib.metadata import version

    from planner.device import best_device, cpu_model, free_cores

    device, dtype = best_device()
    return (
        f"{cpu_model() or platform.machine()}, {free_cores()} cores, {device} {dtype}, Python {platform.python_version()}, "
        f"torch {version('torch')}, transformers {version('transformers')}"
    )


def show(row: tuple[float, float, float]) -> str:
    """A mean with its interval."""
    return f"{row[0]:.3f} [{row[1]:.3f}, {row[2]:.3f}]"
