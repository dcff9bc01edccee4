"""A folder of training data: train.jsonl, dev.jsonl, test.jsonl, manifest.json, rejects.tsv if anything was left out.

data = open_folder(Path("data"))
graph = data.graph()
rows = data.rows("train")
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kg.errors import GraphError, LoadError, disk_errors
from kg.graph import Graph, content_hash
from kg.types import Progress
from kg.write import written_beside
from planner.data.make import SPLITS, Made
from planner.data.resolve import Reject
from planner.data.rows import Row, read_rows, write_rows

FORMAT = 1
FILES = (*(f"{name}.jsonl" for name in SPLITS), "rejects.tsv")


@dataclass(frozen=True, slots=True)
class Manifest:
    """Where the data come from: the graph as it was given, its content hash ("" if it has none), the questions."""

    kg: str
    kg_sha256: str
    questions: tuple[str, ...]
    settings: dict[str, Any]
    counts: dict[str, int]
    files: dict[str, str]


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of training data that was opened."""

    path: Path
    manifest: Manifest

    def rows(self, split: str) -> list[Row]:
        """The rows of `train`, `dev` or `test`; LoadError with the line where one is wrong."""
        if split not in SPLITS:
            raise LoadError(f"{self.path}: no split {split!r}; there are {', '.join(SPLITS)}")
        return list(read_rows(self.path / f"{split}.jsonl"))

    def graph(self, source: str = "", progress: Progress | None = None) -> Graph:
        """The graph that the data were made from, or that at `source`; GraphError if it is another one by now."""
        from kg.open import open_graph

        graph = open_graph(source or self.manifest.kg, progress)
        found = content_hash(graph)
        if self.manifest.kg_sha256 and found != self.manifest.kg_sha256:
            raise GraphError(
                f"{graph.name} is not the graph that {self.path} was made from (sha256 {found[:12] or 'none'}, "
                f"expected {self.manifest.kg_sha256[:12]}); run `rog data make` again"
            )
        return graph


def open_folder(path: Path) -> Folder:
    """The folder that `rog data make` wrote, or LoadError."""
    file = path / "manifest.json"
    try:
        written = json.loads(file.read_text("utf-8"))
        version = written.pop("format")
        manifest = Manifest(**{**written, "questions": tuple(written["questions"])})
    except OSError as error:
        raise LoadError(f"{path} is no folder of `rog data make`: manifest.json: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LoadError(f"{file} is damaged ({error}); run `rog data make` again") from None
    if version != FORMAT:
        raise LoadError(f"{path} has format {version}, this rog reads {FORMAT}; run `rog data make` again")
    return Folder(path, manifest)


def check_target(path: Path, overwrite: bool) -> None:
    """None, or GraphError where `write_folder` would refuse: before the work is done."""
    if path.exists() and not overwrite:
        raise GraphError(f"{path} exists already; choose another --out, or --force to replace it")
    strange = {entry.name for entry in path.iterdir()} - {"manifest.json", *FILES} if path.is_dir() else set()
    if strange or (path.exists() and not path.is_dir()):
        raise GraphError(f"{path} is not just a folder of `rog data make`: it will not be replaced")


def write_folder(
    path: Path,
    made: Made,
    graph: Graph,
    kg: str,
    questions: Sequence[str],
    overwrite: bool = False,
) -> Folder:
    """Write the folder beside `path` and rename it, so that it is whole or not there; the folder, opened."""
    check_target(path, overwrite)
    with disk_errors(path), written_beside(path) as folder:
        for name in SPLITS:
            write_rows(folder / f"{name}.jsonl", made.rows[name])
        if made.rejects:
            write_rejects(folder / "rejects.tsv", made.rejects)
        files = {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(folder.iterdir())}
        counts = {name: len(made.rows[name]) for name in SPLITS}
        counts |= {"rejects": len(made.rejects), "cut": made.cut}
        manifest = Manifest(kg, content_hash(graph), tuple(questions), asdict(made.settings), counts, files)
        text = json.dumps({"format": FORMAT, **asdict(manifest)}, ensure_ascii=False, indent=1)
        (folder / "manifest.json").write_text(text + "\n", "utf-8")
    return open_folder(path)


def write_rejects(path: Path, rejects: Sequence[Reject]) -> None:
    """A table of what was left out, and why."""
    rows = [Reject._fields, *rejects]
    lines = ("\t".join(" ".join(part.split()) for part in row) + "\n" for row in rows)
    path.write_text("".join(lines), "utf-8")
