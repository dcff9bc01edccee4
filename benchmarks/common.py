"""What the benchmark scripts share: the demo questions, and the machine that a figure is from."""

from __future__ import annotations

import json
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
    lines = (demo_folder() / "questions" / f"{split}.jsonl").read_text("utf-8").splitlines()
    rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
    found = []
    for row in rows:
        text = row["question"]
        question = Question(text, link(graph, text), row["id"], tuple(row["answers"]))
        found.append(Row(question, next(iter(row["topics"]), ""), tuple(row.get("path", ()))))
    return found


def machine() -> str:
    """The machine and versions that a figure belongs to."""
    from importlib.metadata import version

    from planner.device import best_device, cpu_model, free_cores

    device, dtype = best_device()
    return (
        f"{cpu_model() or platform.machine()}, {free_cores()} cores, {device} {dtype}, "
        f"Python {platform.python_version()}, torch {version('torch')}, transformers {version('transformers')}"
    )


def write_report(out: Path, lines: Sequence[str]) -> None:
    """Keep a report beside the others."""
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text("\n".join(lines) + "\n", "utf-8")
