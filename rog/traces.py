"""Traces read back from what `rog ask --json` prints, with the names that they need: no graph has to be open."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import log
from pathlib import Path
from typing import Any, Protocol

from kg.errors import QuestionError
from kg.types import Entity, Question, ReasoningPath, Relation, Step, Topic, parse_relation_path
from planner.base import Plan, ScoredPath
from reasoner.base import Answer, Evidence, Retrieved, Trace


class Named(Protocol):
    """What gives things their names: a graph, or what was stored with a trace."""

    @property
    def relations(self) -> Mapping[str, Relation]:
        """Relations by key."""

    def entity(self, key: str) -> Entity:
        """The names and types of an entity."""


@dataclass(frozen=True)
class Names:
    """The names that were stored with a trace, and the Cypher by topic and relation path."""

    entities: Mapping[str, Entity]
    relations: Mapping[str, Relation]
    cypher: Mapping[tuple[str, str], str] = field(default_factory=dict)

    def entity(self, key: str) -> Entity:
        """What was stored of an entity: its key where nothing was."""
        return self.entities.get(key) or Entity(key, key)


def read_traces(file: Path) -> Iterator[tuple[Trace, Names]]:
    """The traces in a file of JSON lines. Raises QuestionError with the line that is none."""
    try:
        lines = file.read_text("utf-8").split("\n")  # not splitlines: a name may hold other signs that end lines
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionError(f"{file} cannot be read: {error}") from None
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield from_json(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
                what = f"{type(error).__name__}: {error}"
                raise QuestionError(
                    f"{file}:{number}: expected a trace as `rog ask --json` prints it ({what})"
                ) from None


def from_json(data: Mapping[str, Any]) -> tuple[Trace, Names]:
    """The trace that `rog.show.as_json` wrote, to the digits that it wrote, and its names."""
    entities = {key: Entity(key, e["label"], tuple(e["types"])) for key, e in data["entities"].items()}
    relations = {key: Relation(key, r["label"], r["inverse_label"]) for key, r in data["relations"].items()}
    topics = {
        row["key"]: Topic(entities.get(row["key"]) or Entity(row["key"], row["label"]), row["score"], row["mention"])
        for row in data["topics"]
    }
    plans = tuple(
        ScoredPath(parse_relation_path(row["path"]), log(row["probability"] or 1e-6)) for row in data["plans"]
    )
    found = tuple(
        Retrieved(
            topics[row["topic"]],
            parse_relation_path(row["path"]),
            row["weight"],
            tuple(row["ends"]),
            row["ends_total"],
            tuple(path_of(steps) for steps in row["paths"]),
            row["paths_total"],
        )
        for row in data["evidence"]
    )
    answer = Answer(
        tuple(row["key"] for row in data["answers"]),
        tuple(path_of(steps) for steps in data["support"]),
        data["text"],
        data["verdict"],
        data["confidence"],
        data["total"],
        tuple(data["reasons"]),
        data.get("refusal", "" if data["verdict"] == "grounded" else "absent"),  # older files have no kind of refusal
        related_answer(data.get("related")),
    )
    trace = Trace(
        Question(data["question"], tuple(topics.values())),
        Plan(plans, data["exact"], data["fits"], data["note"]),
        Evidence(found, data["cut"]),
        answer,
    )
    cypher = {(row["topic"], row["path"]): row["cypher"] for row in data["evidence"]}
    return trace, Names(entities, relations, cypher)


def related_answer(data: Mapping[str, Any] | None) -> Answer | None:
    """The answer that was only related to the question, if one was written."""
    if data is None:
        return None
    keys, support = tuple(row["key"] for row in data["answers"]), tuple(path_of(steps) for steps in data["support"])
    return Answer(keys, support, data["text"], "grounded", data["confidence"], data["total"])


def path_of(steps: list[list[str]]) -> ReasoningPath:
    """A path of one step or more."""
    return ReasoningPath(steps[0][0], tuple(Step(*step) for step in steps))
