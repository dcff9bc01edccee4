"""What every reader of facts shares: options, the report, lines of a file, and what becomes of a bad one."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from kg.errors import SHOWN as KEPT
from kg.errors import LoadError, disk_errors
from kg.names import SEPARATOR, EntityNames
from kg.packed import PACKED, open_binary
from kg.text import brief, is_text, one_line
from kg.types import INVERSE, Triple

FORMATS = {
    ".tsv": "tsv", ".txt": "tsv", ".psv": "psv", ".csv": "csv",
    ".jsonl": "jsonl", ".ndjson": "jsonl", ".parquet": "parquet",
    ".nt": "nt", ".ntriples": "nt", ".nq": "nq", ".nquads": "nq", ".ttl": "turtle", ".trig": "trig",
    ".rdf": "rdfxml", ".owl": "rdfxml", ".xml": "rdfxml", ".jsonld": "jsonld",
    ".graphml": "graphml", ".gexf": "gexf", ".json": "json",
}  # fmt: skip
DELIMITERS = {"tsv": "\t", "psv": "|"}  # a text table without quoting
LINE = 1 << 24  # bytes: 16 MiB, tens of times a question with its subgraph; a longer line is a bad one
HALVED = "holds half a surrogate pair"
SHOWN = 5  # bad lines kept to be shown
REJECT_HEADER = "file\tline\treason\ttext\n"


@dataclass
class Report:
    """What readers saw: lines (or rows), facts, and the lines that they could not use (the first few, with reasons).

    `names` are the names that the facts files themselves bring; `foreign` is the first label in another language of
    what has no English or untagged one so far; `blanks` counts the blank nodes given a number.
    """

    lines: int = 0
    facts: int = 0
    bad: int = 0
    shown: list[str] = field(default_factory=list)
    names: dict[str, EntityNames] = field(default_factory=dict)
    foreign: dict[str, str] = field(default_factory=dict)
    blanks: int = 0
    rejects: IO[str] | None = None

    def all_names(self) -> dict[str, EntityNames]:
        """The names, with a foreign label where no file had another."""
        names = dict(self.names)
        for key, label in self.foreign.items():
            if not names[key].label:
                aliases = tuple(alias for alias in names[key].aliases if alias != label)
                names[key] = names[key]._replace(label=label, aliases=aliases)
        return names

    def close(self) -> None:
        """Close the file of rejected lines, so that it is whole; None."""
        if self.rejects is not None:
            with disk_errors(Path(self.rejects.name)):
                self.rejects.close()
            self.rejects = None


@dataclass(frozen=True)
class Options:
    """How to read a facts file. `columns` names or numbers (from 1) head, relation and tail.

    A bad line is counted and written to the file `rejects`, if there is one; with `strict` it is an error.
    `unpacked` is how many bytes a packed file may unpack to (0: 200 times its size, and 16 MiB at least).
    """

    format: str = ""
    columns: tuple[str, str, str] | None = None
    strict: bool = False
    rejects: Path | None = None
    unpacked: int = 0


def guess_format(path: Path) -> str:
    """The format that a file's ending stands for (`.gz` and `.bz2` apart), or LoadError."""
    suffixes = [suffix.lower() for suffix in path.suffixes if suffix.lower() not in PACKED]
    form = FORMATS.get(suffixes[-1]) if suffixes else None
    if form is None:
        known = ", ".join(sorted(FORMATS))
        raise LoadError(f"{path}: cannot tell the format from its name; known endings: {known} (also .gz, .bz2)")
    return "psv" if suffixes[-1] == ".txt" and is_piped(path) else form


def is_piped(path: Path) -> bool:
    """Whether the first line of a file holds two `|` and no tab, as MetaQA's `kb.txt` has it."""
    try:
        with open_binary(path) as stream:
            first = stream.readline(LINE)
    except (LoadError, OSError):
        return False  # whoever reads it says what is wrong with it
    return first.count(b"|") == 2 and b"\t" not in first


def text_lines(path: Path, options: Options, report: Report) -> Iterator[tuple[int, str]]:
    """Numbered lines without their ends; a line that is not UTF-8, too long or holds a NUL byte is a bad line."""
    number = 0
    with open_binary(path, options.unpacked) as stream:
        while raw := stream.readline(LINE + 1):
            number += 1
            report.lines += 1
            if len(raw) > LINE and not raw.endswith(b"\n"):
                skip_line(stream)
                text = raw[:KEPT].decode("utf-8", "backslashreplace") + "…"
                bad_line(path, number, f"longer than {LINE:,} bytes", text, options, report)
                continue
            try:
                line = raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError as error:
                reason = f"not UTF-8 (byte 0x{raw[error.start]:02x})"
                bad_line(path, number, reason, raw.decode("utf-8", "backslashreplace"), options, report)
                continue
            if "\0" in line:
                bad_line(path, number, "holds a NUL byte: is this a binary file?", line, options, report)
                continue
            yield number, line


def skip_line(stream: IO[bytes]) -> None:
    """Read on to the end of the line."""
    while (rest := stream.readline(LINE)) and not rest.endswith(b"\n"):
        pass


def bad_line(
    path: Path, number: int, reason: str, text: str, options: Options, report: Report, unit: str = "line"
) -> None:
    """Count a bad line and write it to the rejects, or raise LoadError where none is allowed; None."""
    message = one_line(f"{path}, {unit} {number}: {reason}")
    if options.strict:
        raise LoadError(message)
    report.bad += 1
    if len(report.shown) < SHOWN:
        report.shown.append(message)
    if options.rejects is None:
        return
    clean = one_line(reason)
    ended = text.rstrip("\r\n").encode("utf-8", "backslashreplace").decode()
    kept = ended.replace("\r", "\\r").replace("\n", "\\n")
    with disk_errors(options.rejects):
        if report.rejects is None:  # the first bad line of a build starts the file anew, a second input goes on with it
            options.rejects.parent.mkdir(parents=True, exist_ok=True)
            report.rejects = options.rejects.open("w" if report.bad == 1 else "a", encoding="utf-8", newline="\n")
            if report.bad == 1:
                report.rejects.write(REJECT_HEADER)
        report.rejects.write(f"{path}\t{number}\t{clean}\t{kept}\n")


def fact(fields: Iterable[object], report: Report) -> Triple | str:
    """The fact that three fields make (a whole number stands for its digits), or what is wrong with them."""
    parts = [str(part) if type(part) is int else part for part in fields]
    for part in parts:
        if not isinstance(part, str):
            return f"expected three texts, found {brief(part)}"
    head, relation, tail = (str(part).strip() for part in parts)
    if not (head and relation and tail):
        return "an empty head, relation or tail"
    if relation.startswith(INVERSE):
        return f"relation {brief(relation)} begins with {INVERSE!r}, which stands for an inverse step"
    if not is_text(head + relation + tail):
        return HALVED
    if SEPARATOR in head + relation + tail:
        return "holds a control character (0x1f)"
    report.facts += 1
    return Triple(head, relation, tail)


def decoded(text: str | bytes) -> Any:
    """The value that a JSON text stands for; ValueError with a short reason where it is none."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError("lists and objects within each other that nobody can read") from None
    except json.JSONDecodeError:
        raise
    except UnicodeDecodeError as error:
        raise ValueError(f"not UTF-8 (byte 0x{error.object[error.start]:02x})") from None
