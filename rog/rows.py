"""The questions of an evaluation: read from any form that is known, with keys or names, as rows about one graph."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from kg.datasets import RawQuestion, read_questions
from kg.errors import GraphError, LoadError
from kg.graph import Graph
from kg.link import graph_has
from kg.names import normal
from kg.store import Store
from kg.types import Progress, RelationPath
from planner.data import Row, read_rows
from rog.arms import gold_paths

MANIFEST = "manifest.json"
OURS = ('"plans"', '"mention"')  # fields that only `rog data make` writes


def graph_named(data: Path) -> str:
    """The graph that the manifest beside a file of questions names; LoadError if there is none."""
    if not data.exists():
        raise LoadError(f"{data}: no such file (a data set of the hub needs --kg)")
    manifest = manifest_of(data)
    if "kg" not in manifest:
        raise LoadError(f"{data}: no {MANIFEST} beside it names a graph; say which with --kg")
    name = str(manifest["kg"])
    beside = data.parent / name
    return str(beside) if not Path(name).exists() and beside.exists() else name


def manifest_of(data: Path) -> dict[str, object]:
    """What the manifest beside a file of questions says; empty if there is none, LoadError if it is damaged."""
    path = data.parent / MANIFEST
    try:
        found = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    except ValueError as error:
        raise LoadError(f"{path} is damaged: {error}") from None
    return found if isinstance(found, dict) else {}


def check_same(data: Path, graph: Graph) -> None:
    """GraphError if the questions were made on a graph of other content than this one."""
    made_on = manifest_of(data).get("sha256")
    if made_on and isinstance(graph, Store) and graph.manifest.get("sha256") != made_on:
        raise GraphError(
            f"{data} was made on another graph than {graph.name}: its manifest has sha256 {str(made_on)[:12]}…, "
            f"the graph {str(graph.manifest.get('sha256'))[:12]}…; make the data again, or give that graph with --kg"
        )


def evaluation_rows(data: Path, graph: Graph, progress: Progress | None = None) -> list[Row]:
    """The questions of a file, answers and topics as keys; a name that no entity has stays as it is written."""
    if is_ours(data):
        return list(read_rows(data))
    return [row_of(question, graph) for question in read_questions([str(data)], progress=progress)]


def is_ours(data: Path) -> bool:
    """Whether `rog data make` wrote a file: then it holds mined plans, and keys only."""
    if data.suffix != ".jsonl" or not data.is_file():
        return False
    with data.open(encoding="utf-8", errors="replace") as stream:
        return any(field in line for line in stream for field in OURS)


def row_of(question: RawQuestion, graph: Graph) -> Row:
    """A question with its answers and topics looked up; topics that are not found are left out."""
    answers = tuple(dict.fromkeys(key for answer in question.answers for key in keys_of(graph, answer) or (answer,)))
    topics = tuple(dict.fromkeys(key for topic in question.topics for key in keys_of(graph, topic)[:1]))
    return Row(question.id, question.text, answers, topics, "", question.paths)


def keys_of(graph: Graph, text: str) -> Sequence[str]:
    """The entity of this key, or of this name: the one with the most facts where several share it; else none."""
    if graph_has(graph, text):
        return (text,)
    names = graph.named([normal(text)])
    keys = {name.key for name in names if name.text == text} or {name.key for name in names}
    return sorted(keys, key=lambda key: (-graph.entity(key).degree, key))[:1]


def trained_paths(train: Path, graph: Graph) -> set[RelationPath]:
    """The gold relation paths of training questions."""
    return {path for row in evaluation_rows(train, graph) for path in gold_paths(row)}
