"""The CSV files of `neo4j-admin database import`: nodes and relationships to names and facts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kg.errors import LoadError
from kg.lines import Options, Report, bad_line, fact
from kg.names import EntityNames
from kg.packed import open_binary
from kg.tables import row_text, table_rows
from kg.types import Triple

SPACE = "Entity"  # the ID space of our own exports, no part of a key
DELIMITER = ";"  # between the elements of an array, unless a column `U+001F:IGNORE` says another
KEYS = ("ID", "START_ID", "END_ID", "TYPE")
TYPE = re.compile(r"[A-Za-z_]+(?:\[\])?")
HEADER = 1 << 20  # bytes of the first line that are looked at


class Field(NamedTuple):
    """A column of a header `name:TYPE(space)`."""

    name: str
    type: str
    space: str


def is_neo4j_header(fields: Sequence[str]) -> bool:
    """Whether a first row has the ID columns of a nodes or relationships file."""
    types = {field.type for field in map(header_field, fields)}
    return "ID" in types or {"START_ID", "END_ID"} <= types


def header_field(text: str) -> Field:
    """A column's name, type in capitals, and ID space, as in `name:TYPE(space){options}`."""
    text = text.strip()
    written = text.partition("{")[0] if text.endswith("}") else text
    written, _, space = written[:-1].rpartition("(") if written.endswith(")") else (written, "", "")
    name, colon, kind = written.rpartition(":")
    if not colon or not TYPE.fullmatch(kind):
        return Field(text.casefold(), "", "")
    return Field(name.casefold(), kind.upper(), space)


def is_neo4j_file(path: Path, delimiter: str) -> bool:
    """Whether the first line of a file is such a header; False where it cannot be read."""
    with open_binary(path) as stream:
        try:
            first = stream.readline(HEADER).decode("utf-8-sig", "replace")
        except (LoadError, OSError):
            return False  # whoever reads it says what is wrong with it
    return is_neo4j_header([field.strip().strip('"') for field in first.split(delimiter)])


def import_files(folder: Path) -> tuple[Path, ...]:
    """The nodes and relationships files in a folder, nodes first."""
    files = sorted(path for path in folder.iterdir() if re.search(r"\.csv(\.gz|\.bz2)?$", path.name))
    found = [path for path in files if is_neo4j_file(path, ",")]
    return tuple(sorted(found, key=lambda path: ("node" not in path.name.lower(), path.name)))


def read_neo4j(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """The facts of a relationships file; a nodes file has none, but names, and its labels are types.

    Keys are the ids; those of an ID space other than `Entity` begin with it, as `Person:1`. Properties other than
    name, label, title and aliases are left out.
    """
    header: list[Field] | None = None
    least, is_nodes = 0, False  # columns that a row has to have, and whether they are nodes
    delimiter = "\t" if ".tsv" in path.suffixes else None
    for number, fields in table_rows(path, delimiter, options, report):
        if not any(fields):
            continue
        if header is None:
            header = checked_header(path, [header_field(field) for field in fields])
            least = 1 + max(place for place, field in enumerate(header) if field.type in KEYS)
            is_nodes = any(field.type == "ID" for field in header)
            continue
        if not least <= len(fields) <= len(header):
            reason = f"{len(fields)} column{'s' * (len(fields) != 1)}, expected {len(header)}"
            bad_line(path, number, reason, row_text(fields, delimiter), options, report)
            continue
        row = list(zip(header, fields, strict=False))
        if is_nodes:
            wrong = take_names(row, report)
            if wrong:
                bad_line(path, number, wrong, row_text(fields, delimiter), options, report)
            continue
        by_type = {field.type: key_of(field, value) for field, value in row}
        triple = fact([by_type[name] for name in ("START_ID", "TYPE", "END_ID")], report)
        if isinstance(triple, str):
            bad_line(path, number, triple, row_text(fields, delimiter), options, report)
        else:
            yield triple


def checked_header(path: Path, header: list[Field]) -> list[Field]:
    """The header, or LoadError if it cannot be used."""
    types = [field.type for field in header]
    if types.count("ID") == 1 or all(types.count(name) == 1 for name in ("START_ID", "END_ID", "TYPE")):
        return header
    raise LoadError(f"{path}, line 1: expected one column :ID, or the columns :START_ID, :END_ID and :TYPE")


def take_names(row: list[tuple[Field, str]], report: Report) -> str:
    """What is wrong with a node's row, or '' once its names are in the report."""
    delimiter = next((chr(int(f.name[2:], 16)) for f, _ in row if re.fullmatch(r"u\+[0-9a-f]{4}", f.name)), DELIMITER)
    key = next((key_of(field, value) for field, value in row if field.type == "ID"), "")
    if not key:
        return "an empty :ID"
    values = {field.name: value for field, value in row if field.name and field.type not in ("ID", "IGNORE")}
    label = next((values[name].strip() for name in ("name", "label", "title") if values.get(name)), "")
    types = next((value.split(delimiter) for field, value in row if field.type == "LABEL"), [])
    aliases = next((values[name].split(delimiter) for name in ("aliases", "alias") if values.get(name)), [])
    kept = (tuple(text.strip() for text in part if text.strip()) for part in (types, aliases))
    report.names[key] = EntityNames(label, *kept)
    return ""


def key_of(field: Field, value: str) -> str:
    """The key that an id stands for: with its ID space before it, unless that is ours or none."""
    named = field.space not in ("", SPACE) and value.strip()
    return f"{field.space}:{value.strip()}" if named else value.strip()
