"""Training and test rows: a question, its answers, and the relation paths that lead to them; one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import LoadError
from kg.graph import Graph
from kg.lines import Options, Report, decoded, text_lines
from kg.mine import f1_of
from kg.text import brief, is_text
from kg.types import Question, RelationPath, Topic, format_relation_path, parse_relation_path


class PlanLabel(NamedTuple):
    """A relation path from the topics, how well its ends match the answers (0 to 1), and its share of the training."""

    path: RelationPath
    precision: float
    recall: float
    weight: float

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall."""
        return f1_of(self.precision, self.recall)


@dataclass(frozen=True, slots=True)
class Row:
    """A question with gold answers and topics (entity keys), gold relation paths if known, and mined plans.

    `answers` empty means that the graph does not know. `mention` are the words that the first topic stands on.
    """

    id: str
    question: str
    answers: tuple[str, ...]
    topics: tuple[str, ...] = ()
    mention: str = ""
    paths: tuple[RelationPath, ...] = ()
    plans: tuple[PlanLabel, ...] = ()

    @property
    def hops(self) -> int:
        """Steps of the shortest gold path, else of the heaviest plan; 0 where neither is known."""
        if self.paths:
            return min(map(len, self.paths))
        return len(max(self.plans, key=lambda plan: plan.weight).path) if self.plans else 0

    @property
    def targets(self) -> tuple[PlanLabel, ...]:
        """What a planner is trained on: the gold paths, weighted alike, where they are known, else the mined plans."""
        if not self.paths:
            return self.plans
        mined = {plan.path: plan for plan in self.plans}
        share = 1 / len(self.paths)
        return tuple(
            (mined.get(path) or PlanLabel(path, 1.0, 1.0, share))._replace(weight=share) for path in self.paths
        )

    @property
    def unanswerable(self) -> bool:
        """Whether the graph does not know, on purpose."""
        return not self.answers

    @property
    def unreachable(self) -> bool:
        """Whether there are answers, but no relation path to them was found."""
        return bool(self.answers) and not self.plans

    def asked(self, graph: Graph) -> Question:
        """The question with its gold topics."""
        topics = tuple(Topic(graph.entity(key), 1.0, self.mention) for key in self.topics)
        return Question(self.question, topics, self.id, self.answers)


def as_json(row: Row) -> dict[str, Any]:
    """A row as it is written: what is empty is left out, but for the answers."""
    written: dict[str, Any] = {"id": row.id, "question": row.question, "answers": row.answers}
    if row.topics:
        written["topics"] = row.topics
    if row.mention:
        written["mention"] = row.mention
    if row.paths:
        written["paths"] = [format_relation_path(path) for path in row.paths]
    if row.plans:
        written["plans"] = [
            {
                "path": format_relation_path(plan.path),
                "precision": round(plan.precision, 4),
                "recall": round(plan.recall, 4),
                "weight": round(plan.weight, 4),
            }
            for plan in row.plans
        ]
    return written


FIELDS = ("id", "question", "answers", "topics", "mention", "paths", "plans")


def from_json(written: dict[str, Any]) -> Row:
    """The row that `as_json` wrote; ValueError that names the field that is wrong."""
    unknown = [name for name in written if name not in FIELDS]
    missing = [name for name in FIELDS[:3] if name not in written]
    if unknown or missing:
        raise ValueError(f"unknown field {brief(unknown[0])}" if unknown else f"no field {missing[0]!r}")
    for name in ("answers", "topics", "paths"):
        values = written.get(name, [])
        if not isinstance(values, list) or not all(isinstance(value, str) and is_text(value) for value in values):
            raise ValueError(f"field {name!r} is {brief(values)}, expected a list of texts")
    for name in ("id", "question"):
        if not isinstance(written[name], str) or not written[name] or not is_text(written[name]):
            raise ValueError(f"field {name!r} is {brief(written[name])}, expected a text")
    if not isinstance(written.get("mention", ""), str) or not is_text(written.get("mention", "")):
        raise ValueError(f"field 'mention' is {brief(written['mention'])}, expected a text")
    return Row(
        written["id"],
        written["question"],
        tuple(written["answers"]),
        tuple(written.get("topics", ())),
        written.get("mention", ""),
        tuple(checked_path("paths", path) for path in written.get("paths", ())),
        tuple(map(plan_from_json, written.get("plans", ()))),
    )


def plan_from_json(written: dict[str, Any]) -> PlanLabel:
    """The plan that `as_json` wrote; ValueError or KeyError otherwise."""
    shares = [written[name] for name in ("precision", "recall", "weight")]
    for share in shares:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise ValueError(f"field 'plans' has the number {brief(share)}, expected one from 0 to 1")
    return PlanLabel(checked_path("plans", written["path"]), *map(float, shares))


def checked_path(field: str, written: Any) -> RelationPath:
    """The relation path that was written; ValueError if it is none, or has no relations."""
    path = parse_relation_path(written) if isinstance(written, str) and is_text(written) else ()
    if not path:
        raise ValueError(f"field {field!r} has the path {brief(written)}, expected a text like 'r1 -> ~r2'")
    return path


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSON lines."""
    lines = (json.dumps(as_json(row), ensure_ascii=False) + "\n" for row in rows)
    path.write_text("".join(lines), "utf-8")


def read_rows(path: Path) -> Iterator[Row]:
    """The rows of a file that `write_rows` wrote; LoadError with the line otherwise."""
    for number, line in text_lines(path, Options(strict=True), Report()):
        try:
            yield from_json(decoded(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            reason = str(error) if isinstance(error, ValueError) else repr(error)
            raise LoadError(f"{path}, line {number}: not a row of `rog data make` ({reason})") from None
