"""RDF to facts and names: N-Triples and N-Quads by line."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from kg.lines import Options, Report, bad_line, fact, text_lines
from kg.names import EntityNames, readable
from kg.types import Triple

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


def read_ntriples(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of an N-Triples file; labels, aliases and types of the usual vocabularies become names.

    A literal is an entity too, under the key `"text"` with its language or data type.
    """
    for number, line in text_lines(path, options, report):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = NT_LINE.fullmatch(line)
        if match is None:
            bad_line(path, number, "not an N-Triples statement", line, options, report)
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
            bad_line(path, number, triple, line, options, report)
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
