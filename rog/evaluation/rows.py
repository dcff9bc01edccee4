"""The questions of an evaluation: read from any form that is known, with keys or names, as rows about one graph."""

from __future__ import annotations

import json
from pathlib import Path

from kg.datasets import RawQuestion, read_questions
from kg.errors import GraphError, LoadError
from kg.graph import Graph, content_hash
from kg.types import Progress, RelationPath, base
from planner.data.resolve import Keys
from planner.data.rows import Row, read_rows
from rog.evaluation.arms import gold_paths

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
    manifest = manifest_of(data)
    made_on = str(manifest.get("kg_sha256") or manifest.get("sha256") or "")
    found = content_hash(graph)
    if made_on and found != made_on:
        raise GraphError(
            f"{data} was made from another graph than {graph.name} (sha256 {found[:12] or 'none'}, expected "
            f"{made_on[:12]}); give that graph with --kg, or make the data again with `rog data make`"
        )


def evaluation_rows(data: Path, graph: Graph, progress: Progress | None = None) -> list[Row]:
    """The questions of a file, answers and topics as keys; a name that no entity has stays as it is written."""
    if is_ours(data):
        return list(read_rows(data))
    keys = Keys(graph)
    return [row_of(question, graph, keys) for question in read_questions([str(data)], progress=progress)]


def is_ours(data: Path) -> bool:
    """Whether `rog data make` wrote a file: then it holds mined plans, and keys only."""
    if data.suffix != ".jsonl" or not data.is_file():
        return False
    with data.open(encoding="utf-8", errors="replace") as stream:
        return any(field in line for line in stream for field in OURS)


def row_of(question: RawQuestion, graph: Graph, keys: Keys) -> Row:
    """A question with its answers and topics looked up.

    An answer that is not found stays, since leaving it out would make the question easier. Topics that are not
    found are left out, and so are paths with relations that the graph does not have.
    """
    answers = tuple(dict.fromkeys(keys.find(answer)[0] or answer for answer in question.answers))
    topics = tuple(dict.fromkeys(filter(None, (keys.find(topic)[0] for topic in question.topics))))
    paths = tuple(path for path in question.paths if all(base(relation) in graph.relations for relation in path))
    return Row(question.id, question.text, answers, topics, "", paths)


def trained_paths(train: Path, graph: Graph) -> set[RelationPath]:
    """The gold relation paths of training questions."""
    return {path for row in evaluation_rows(train, graph) for path in gold_paths(row)}
