"""Files to facts: TSV, CSV, JSONL and N-Triples (also .gz), read line by line with file and line in every error.

Also the two side files: names (`key, label, types, aliases`) and relations (`key, label, inverse_label`).
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, cast

from kg.errors import LoadError
from kg.names import SEPARATOR, EntityNames, readable
from kg.types import INVERSE, Triple

COLUMNS = (
    ("head", "subject", "source", "from", "s", "h"),
    ("relation", "predicate", "type", "rel", "p", "r"),
    ("tail", "object", "target", "to", "o", "t"),
)
FORMATS = {
    ".tsv": "tsv", ".txt": "tsv", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".nt": "nt", ".ntriples": "nt",
}  # fmt: skip
SHOWN = 5  # bad lines kept to be shown

LABELS = {
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://www.w3.org/2004/02/skos/core#prefLabel",
    "http://schema.org/name",
    "https://schema.org/name",
    "http://xmlns.com/foaf/0.1/name",
}
ALIASES = {"http://www.w3.org/2004/02/skos/core#altLabel", "http://schema.org/alternateName"}
RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

NT_IRI = r"<([^<>\"{}|^`\\\x00-\x20]*(?:\\u[0-9A-Fa-f]{4}[^<>\"{}|^`\\\x00-\x20]*)*)>"
NT_LINE = re.compile(
    rf"\s*(?:{NT_IRI}|(_:\S+))\s*{NT_IRI}\s*"
    rf'(?:{NT_IRI}|(_:[^\s.]+(?:\.+[^\s.]+)*)|("(?:[^"\\\n\r]|\\.)*"(?:@[\w-]+|\^\^<[^>]*>)?))\s*\.\s*(?:#.*)?'
)
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


@dataclass
class Report:
    """What a reader saw: lines, facts, and the lines that it could not use (the first few, with the reason)."""

    lines: int = 0
    facts: int = 0
    bad: int = 0
    shown: list[str] = field(default_factory=list)
    names: dict[str, EntityNames] = field(default_factory=dict)


@dataclass(frozen=True)
class Options:
    """How to read a facts file. `columns` names or numbers (from 1) head, relation and tail."""

    format: str = ""
    columns: tuple[str, str, str] | None = None
    skip_bad: bool = False


def parse_columns(text: str | None) -> tuple[str, str, str] | None:
    """The three columns written as `head,relation,tail`, or LoadError."""
    if text is None:
        return None
    parts = [part.strip() for part in text.split(",")]
    numbers = [part for part in parts if part.isdecimal()]
    if len(parts) != 3 or not all(parts) or any(int(number) < 1 for number in numbers):
        raise LoadError(f"--columns {text}: expected three names, or three numbers from 1, as in 1,2,3")
    return parts[0], parts[1], parts[2]


def read_triples(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """The facts of a file, one by one; `report` is filled on the way.

    Raises LoadError at the first line that is no fact (with `skip_bad` they are counted instead).
    """
    form = options.format or guess_format(path)
    if form not in FORMATS.values():
        raise LoadError(f"--format {form}: known are {', '.join(sorted(set(FORMATS.values())))}")
    reader: Callable[[Path, Options, Report], Iterator[Triple]] = {
        "tsv": read_table,
        "csv": read_table,
        "jsonl": read_jsonl,
        "nt": read_ntriples,
    }[form]
    return reader(path, options, report)


def guess_format(path: Path) -> str:
    """The format that a file's ending stands for (`.gz` apart), or LoadError."""
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    form = FORMATS.get(suffixes[-1].lower()) if suffixes else None
    if form is None:
        known = ", ".join(sorted(FORMATS))
        raise LoadError(f"{path}: cannot tell the format from its name; known endings: {known} (also .gz)")
    return form


def open_binary(path: Path) -> IO[bytes]:
    """The file, unpacked if it is a `.gz`; LoadError if there is none."""
    try:
        return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")
    except FileNotFoundError:
        raise LoadError(f"{path}: no such file") from None
    except (IsADirectoryError, PermissionError) as error:
        raise LoadError(f"{path}: {error.strerror}") from None


def text_lines(path: Path, skip_bad: bool, report: Report) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ends; a line that is not UTF-8 or holds a NUL byte is a bad line."""
    number = 0
    with open_binary(path) as stream:
        try:
            for number, raw in enumerate(stream, 1):
                report.lines += 1
                try:
                    line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
                except UnicodeDecodeError as error:
                    bad_line(path, number, f"not UTF-8 (byte 0x{raw[error.start]:02x})", skip_bad, report)
                    continue
                if "\0" in line:
                    bad_line(path, number, "holds a NUL byte: is this a binary file?", skip_bad, report)
                    continue
                yield number, line
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise LoadError(f"{path}: damaged gzip file after line {number} ({error})") from error


def bad_line(path: Path, number: int, reason: str, skip_bad: bool, report: Report) -> None:
    """Count a bad line, or raise LoadError where none is allowed."""
    message = f"{path}, line {number}: {reason}"
    if not skip_bad:
        raise LoadError(f"{message} (--skip-bad leaves such lines out)")
    report.bad += 1
    if len(report.shown) < SHOWN:
        report.shown.append(message)


def fact(fields: Iterable[object], report: Report) -> Triple | str:
    """The fact that three fields make, or what is wrong with them."""
    parts = list(fields)
    for part in parts:
        if not isinstance(part, str):
            return f"expected three texts, found {part!r}"
    head, relation, tail = (str(part).strip() for part in parts)
    if not (head and relation and tail):
        return "an empty head, relation or tail"
    if relation.startswith(INVERSE):
        return f"relation {relation!r} begins with {INVERSE!r}, which stands for an inverse step"
    try:
        (head + relation + tail).encode()
    except UnicodeEncodeError:
        return "holds half a surrogate pair"
    if SEPARATOR in head + relation + tail:
        return "holds a control character (0x1f)"
    report.facts += 1
    return Triple(head, relation, tail)


def read_table(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of a TSV (no quoting: a tab ends a field) or CSV (quoted fields may hold commas and line breaks)."""
    places: tuple[int, int, int] | None = None
    is_tsv = (options.format or guess_format(path)) == "tsv"
    for number, fields in table_rows(path, is_tsv, options.skip_bad, report):
        if not any(fields):
            continue
        if places is None:
            places, is_header = find_columns(path, fields, options.columns)
            if is_header:
                continue
        if len(fields) <= max(places):
            found = f"{len(fields)} column{'s' * (len(fields) != 1)}, expected {max(places) + 1}"
            hint = "; separated by tabs?" if is_tsv and len(fields) == 1 else ""
            bad_line(path, number, found + hint, options.skip_bad, report)
            continue
        triple = fact([fields[place] for place in places], report)
        if isinstance(triple, str):
            bad_line(path, number, triple, options.skip_bad, report)
        else:
            yield triple


def table_rows(path: Path, is_tsv: bool, skip_bad: bool, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows of fields."""
    if is_tsv:
        for number, line in text_lines(path, skip_bad, report):
            yield number, line.split("\t")
        return
    numbers: list[int] = [0]

    def lines() -> Iterator[str]:
        for number, line in text_lines(path, skip_bad, report):
            numbers[0] = number
            yield line + "\n"

    rows = csv.reader(lines(), strict=True)
    try:
        for row in rows:
            yield numbers[0], row
    except csv.Error as error:
        raise LoadError(f"{path}, line {numbers[0]}: {error}") from error


def find_columns(
    path: Path, first: list[str], wanted: tuple[str, str, str] | None
) -> tuple[tuple[int, int, int], bool]:
    """Where head, relation and tail stand, and whether the first row is a header."""
    titles = [field.strip().casefold() for field in first]
    if wanted is not None:
        if all(name.isdecimal() for name in wanted):
            places = [int(name) - 1 for name in wanted]
            return (places[0], places[1], places[2]), False
        missing = [name for name in wanted if name.casefold() not in titles]
        if missing:
            raise LoadError(f"{path}: no column {missing[0]!r} in its first line; found: {', '.join(first)}")
        places = [titles.index(name.casefold()) for name in wanted]
        return (places[0], places[1], places[2]), True
    found = [next((titles.index(name) for name in names if name in titles), -1) for names in COLUMNS]
    if min(found) >= 0 and len(set(found)) == 3:
        return (found[0], found[1], found[2]), True
    if len(first) > 3:
        raise LoadError(
            f"{path}: {len(first)} columns and no header with head, relation, tail; say which with --columns 1,2,3"
        )
    return (0, 1, 2), False


def read_jsonl(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts written one a line as `["head", "relation", "tail"]` or as an object with such keys."""
    for number, line in text_lines(path, options.skip_bad, report):
        if not line.strip():
            continue
        triple: Triple | str
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            triple = f"not JSON ({error})"
        else:
            triple = fact_of_json(row, options, report)
        if isinstance(triple, str):
            bad_line(path, number, triple, options.skip_bad, report)
        else:
            yield triple


def fact_of_json(row: object, options: Options, report: Report) -> Triple | str:
    """The fact in a decoded JSON value, or what is wrong with it."""
    if isinstance(row, list) and len(row) == 3:
        return fact(row, report)
    if not isinstance(row, dict):
        return "expected an object or a list of three"
    names = [(name,) for name in options.columns] if options.columns else COLUMNS
    values = [next((row[name] for name in choices if name in row), None) for choices in names]
    if None in values:
        return f"expected the keys head, relation, tail; found {', '.join(map(str, row)) or 'none'}"
    return fact(values, report)


def read_ntriples(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of an N-Triples file; labels, aliases and types of the usual vocabularies become names.

    A literal is an entity too, under the key `"text"` with its language or data type.
    """
    for number, line in text_lines(path, options.skip_bad, report):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = NT_LINE.fullmatch(line)
        if match is None:
            bad_line(path, number, "not an N-Triples statement", options.skip_bad, report)
            continue
        head, predicate = unescape(match[1] or match[2]), unescape(match[3])
        tail = unescape(match[4] or match[5] or match[6])
        if match[6] and (predicate in LABELS or predicate in ALIASES):
            add_name(report.names, head, predicate, readable(tail), match[6])
            continue
        if predicate == RDF_TYPE:
            names = report.names.get(head, EntityNames())
            report.names[head] = names._replace(types=(*names.types, readable(tail)))
        triple = fact((head, predicate, tail), report)
        if isinstance(triple, str):
            bad_line(path, number, triple, options.skip_bad, report)
        else:
            yield triple


def add_name(names: dict[str, EntityNames], key: str, predicate: str, text: str, literal: str) -> None:
    """Take in a label or alias; English or untagged labels win, the others become aliases."""
    known = names.get(key, EntityNames())
    preferred = predicate in LABELS and re.search(r"@(?!en\b)[\w-]+$", literal) is None
    if preferred and not known.label:
        names[key] = known._replace(label=text)
    elif text != known.label:
        names[key] = known._replace(aliases=tuple(dict.fromkeys((*known.aliases, text))))


def unescape(text: str) -> str:
    """N-Triples escapes undone."""
    if "\\" not in text:
        return text
    return ESCAPE.sub(unescaped, text)


def unescaped(match: re.Match[str]) -> str:
    """The character that one escape stands for; the escape itself where there is no such character."""
    if match[3]:
        return ESCAPED.get(match[3], match[3])
    code = int(match[1] or match[2], 16)
    return chr(code) if code <= sys.maxunicode else match[0]


def read_side_table(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered rows of a TSV or CSV side file; without a header the columns are taken in this order."""
    order: list[str] | None = None
    form = guess_format(path)
    if form not in ("tsv", "csv"):
        raise LoadError(f"{path}: expected a .tsv or .csv table of {', '.join(columns)}")
    for number, fields in table_rows(path, form == "tsv", False, Report()):
        if not any(fields):
            continue
        if order is None:
            titles = [field.strip().casefold() for field in fields]
            order = titles if columns[0] in titles else list(columns)
            if order is titles:
                continue
        if len(fields) < 2:
            raise LoadError(f"{path}, line {number}: {len(fields)} column, expected at least 2 ({', '.join(columns)})")
        yield number, dict(zip(order, map(str.strip, fields), strict=False))


def read_names(path: Path) -> dict[str, EntityNames]:
    """Labels, types and aliases by entity key; types and aliases are separated by `|`."""
    names = {}
    for number, row in read_side_table(path, ("key", "label", "types", "aliases")):
        if not row.get("key"):
            raise LoadError(f"{path}, line {number}: an empty key")
        types, aliases = (tuple(filter(None, row.get(name, "").split("|"))) for name in ("types", "aliases"))
        names[row["key"]] = EntityNames(row.get("label", ""), types, aliases)
    return names


def read_relations(path: Path) -> dict[str, tuple[str, str]]:
    """Label and inverse label by relation key."""
    rows = read_side_table(path, ("key", "label", "inverse_label"))
    return {row.get("key", ""): (row.get("label", ""), row.get("inverse_label", "")) for _, row in rows}
