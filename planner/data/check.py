"""What a folder of training data holds, and what is wrong with it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from kg.graph import Graph, not_planned
from kg.types import base, inverse
from planner.data.folder import Folder
from planner.data.make import SPLITS
from planner.data.rows import Row


@dataclass(frozen=True, slots=True)
class Statistics:
    """Numbers about the rows of a split: `hops` → questions, and shares of the graph's relations that plans use."""

    questions: int
    topics: int
    hops: tuple[tuple[int, int], ...]
    answers: float
    plans: float
    weight: float
    unanswerable: int
    unreachable: int
    relations: int
    of_relations: int


def statistics(rows: Sequence[Row], graph: Graph) -> Statistics:
    """The numbers of one split; `answers`, `plans` and `weight` (the heaviest plan's) are means."""
    answerable = [row for row in rows if row.answers]
    planned = [row for row in answerable if row.plans]
    used = {base(relation) for row in planned for plan in row.targets for relation in plan.path}
    plannable = {base(key) for key in graph.relations if not {key, inverse(key)} <= not_planned(graph)}

    def mean(values: list[float]) -> float:
        return sum(values) / len(values) if values else 0.0

    return Statistics(
        len(rows),
        len({row.topics[0] for row in rows if row.topics}),
        tuple(sorted(Counter(row.hops for row in planned).items())),
        mean([len(row.answers) for row in answerable]),
        mean([len(row.plans) for row in planned]),
        mean([max(plan.weight for plan in row.plans) for row in planned]),
        len(rows) - len(answerable),
        sum(row.unreachable for row in rows),
        len(used),
        len(plannable),
    )


def problems(folder: Folder, rows: Mapping[str, Sequence[Row]], graph: Graph) -> Iterator[str]:
    """Everything that is wrong with the rows, a line each with its file and line."""
    for name, sha256 in folder.manifest.files.items():
        file = folder.path / name
        if not file.is_file() or hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
            yield f"{file}: {'has changed' if file.is_file() else 'is missing'} since `rog data make` wrote it"
    seen: dict[str, str] = {}
    for name in SPLITS:
        for number, row in enumerate(rows[name], 1):
            where = f"{folder.path / name}.jsonl, line {number}"
            for wrong in row_problems(row, graph):
                yield f"{where}: {wrong}"
            if row.id in seen:
                yield f"{where}: the id {row.id!r} is that of {seen[row.id]} already"
            seen[row.id] = where
    if not rows["train"]:
        yield f"{folder.path}: train.jsonl is empty"
    yield from leaks(rows)


def row_problems(row: Row, graph: Graph) -> Iterator[str]:
    """What is wrong with one row."""
    for what, keys in (("answer", row.answers), ("topic", row.topics)):
        for key in keys:
            if not graph.has(key):
                yield f"{what} {key!r} is not in the graph"
    for path in (*row.paths, *(plan.path for plan in row.plans)):
        for relation in path:
            if base(relation) not in graph.relations:
                yield f"relation {relation!r} is not in the graph"
        if not path:
            yield "a relation path without relations"
    if row.answers and not row.topics:
        yield "answers, but no topics"
    if row.plans and abs(sum(plan.weight for plan in row.plans) - 1) > 0.01:
        yield f"the weights of its plans sum to {sum(plan.weight for plan in row.plans):.3f}, not 1"


def leaks(rows: Mapping[str, Sequence[Row]]) -> Iterator[str]:
    """First topics, by which rows are split, and wordings that are in two splits."""
    topics = {name: {row.topics[0] for row in rows[name] if row.topics} for name in SPLITS}
    texts = {name: {row.question.casefold() for row in rows[name]} for name in SPLITS}
    for what, found in (("first topic", topics), ("question", texts)):
        for place, name in enumerate(SPLITS):
            for other in SPLITS[place + 1 :]:
                both = sorted(found[name] & found[other])
                if both:
                    yield f"{name} and {other} share {len(both):,} {what}{'s' * (len(both) > 1)}, as {both[0]!r}"
