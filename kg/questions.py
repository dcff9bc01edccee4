"""Questions with answers as users write them: one JSON object a line, with file and line in every complaint.

{"id": "q1", "question": "Who directed Heat?", "answers": ["Michael Mann"], "topics": ["heat"]}
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kg.errors import LoadError
from kg.lines import HALVED, Options, Report, decoded, text_lines
from kg.text import brief, is_text
from kg.types import RelationPath, parse_relation_path

REQUIRED = ("question", "answers")
OPTIONAL = ("id", "topics", "path", "paths")
IGNORED = ("hops", "why", "mention", "plans")  # of the demo's questions, and of what `rog data make` writes


@dataclass(frozen=True, slots=True)
class RawQuestion:
    """A question as a file has it: answers and topics are keys or names, `where` says which file and line.

    No `answers` means that the graph does not know; no `topics` means that they were not given.
    """

    id: str
    text: str
    answers: tuple[str, ...]
    topics: tuple[str, ...] = ()
    paths: tuple[RelationPath, ...] = ()
    where: str = ""


def read_plain(path: Path) -> Iterator[RawQuestion]:
    """The questions of a JSONL file; LoadError with the line and the field otherwise."""
    for number, row in json_objects(path):
        where = f"{path}, line {number}"
        check_fields(row, where)
        name = row.get("id", f"{path.stem.split('.')[0]}-{number:05d}")
        yield RawQuestion(
            text_of({"id": str(name) if isinstance(name, int) else name}, "id", where),
            text_of(row, "question", where),
            texts_of(row, "answers", where),
            texts_of(row, "topics", where),
            gold_paths(row, where),
            where,
        )


def json_objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Numbered objects of a JSONL file, blank lines apart; LoadError with the line otherwise."""
    for number, line in text_lines(path, Options(strict=True), Report()):
        if not line.strip():
            continue
        try:
            row = decoded(line)
        except ValueError as error:
            raise LoadError(f"{path}, line {number}: not JSON ({error})") from None
        if not isinstance(row, dict):
            raise LoadError(f"{path}, line {number}: expected an object with question and answers, found {brief(row)}")
        yield number, row


def check_fields(row: Mapping[str, Any], where: str) -> None:
    """None, or LoadError that names a field too many or too few."""
    from rapidfuzz import process

    known = (*REQUIRED, *OPTIONAL, *IGNORED)
    for name in row:
        if name not in known:
            near = process.extractOne(name, known, score_cutoff=60)
            hint = f", did you mean {near[0]!r}?" if near else f"; known are {', '.join((*REQUIRED, *OPTIONAL))}"
            raise LoadError(f"{where}: unknown field {brief(name)}{hint}")
    for name in REQUIRED:
        if name not in row:
            raise LoadError(f"{where}: no field {name!r}; found {', '.join(row) or 'none'}")


def text_of(row: Mapping[str, Any], name: str, where: str) -> str:
    """A field that has to be a text, without blanks around it."""
    value = row[name]
    if not isinstance(value, str) or not value.strip():
        raise LoadError(f"{where}: field {name!r} is {brief(value)}, expected a text")
    return checked(value, name, where).strip()


def texts_of(row: Mapping[str, Any], name: str, where: str) -> tuple[str, ...]:
    """A field that has to be a list of texts, each once; empty if it is missing."""
    values = row.get(name, [])
    if not isinstance(values, list) or not all(isinstance(value, str) and value.strip() for value in values):
        raise LoadError(f"{where}: field {name!r} is {brief(values)}, expected a list of texts")
    return tuple(dict.fromkeys(checked(value, name, where).strip() for value in values))


def checked(text: str, name: str, where: str) -> str:
    """The text of a field; LoadError for one that cannot be stored."""
    if not is_text(text):
        raise LoadError(f"{where}: field {name!r} {HALVED}")
    return text


def gold_paths(row: Mapping[str, Any], where: str) -> tuple[RelationPath, ...]:
    """The relation paths of the fields `path` (one) and `paths`, each `["r1", "~r2"]` or `"r1 -> ~r2"`."""
    paths = row.get("paths", [])
    if not isinstance(paths, list):
        raise LoadError(f"{where}: field 'paths' is {brief(paths)}, expected a list of relation paths")
    found = []
    for value in ([row["path"]] if "path" in row else []) + paths:
        parts = parse_relation_path(value) if isinstance(value, str) else value
        if not isinstance(parts, list | tuple) or not parts or not all(isinstance(r, str) and r for r in parts):
            raise LoadError(f"{where}: {brief(value)} is no relation path, expected ['r1', '~r2'] or 'r1 -> ~r2'")
        found.append(tuple(checked(part, "paths", where) for part in parts))
    return tuple(dict.fromkeys(found))
