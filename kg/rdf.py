"""RDF to facts and names: N-Triples and N-Quads by line, the other syntaxes through pyoxigraph, all as streams."""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg.errors import LoadError
from kg.lines import Options, Report, bad_line, damaged, fact, guess_format, open_binary, text_lines
from kg.names import EntityNames, readable, relation_words
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

NT_IRI = r"<([^<>\"{}|^`\\\x00-\x20]*(?:\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})[^<>\"{}|^`\\\x00-\x20]*)*)>"
NT_STATEMENT = (
    rf"\s*(?:{NT_IRI}|(_:\S+))\s*{NT_IRI}\s*"
    rf'(?:{NT_IRI}|(_:[^\s.]+(?:\.+[^\s.]+)*)|("(?:[^"\\\n\r]|\\.)*"(?:@[\w-]+|\^\^<[^>]*>)?))\s*'
)
END = r"\.\s*(?:#.*)?"
NT_LINE = re.compile(NT_STATEMENT + END)
NQ_LINE = re.compile(rf"{NT_STATEMENT}(?:(?:{NT_IRI}|_:[^\s.]+(?:\.+[^\s.]+)*)\s*)?{END}")
ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))")
ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f", '"': '"', "'": "'", "\\": "\\"}


def read_ntriples(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of an N-Triples or N-Quads file, whatever graph they stand in.

    Labels, aliases and types of the usual vocabularies become names. A literal is an entity too, under the key
    `"text"` with its language or data type.
    """
    blanks: dict[str, str] = {}
    quads = (options.format or guess_format(path)) == "nq"
    pattern, kind = (NQ_LINE, "N-Quads") if quads else (NT_LINE, "N-Triples")
    for number, line in text_lines(path, options, report):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = pattern.fullmatch(line)
        if match is None:
            bad_line(path, number, f"not an {kind} statement", line, options, report)
            continue
        head = unescape(match[1]) if match[2] is None else blank(match[2], blanks, report)
        tail = unescape(match[4] or match[6] or "") if match[5] is None else blank(match[5], blanks, report)
        triple = statement(head, unescape(match[3]), tail, match[6] or "", report)
        if isinstance(triple, str):
            bad_line(path, number, triple, line, options, report)
        elif triple is not None:
            yield triple


def read_rdf(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of a Turtle, TriG, RDF/XML or JSON-LD file, whatever graph they stand in; names as in N-Triples.

    A syntax error is an error even where bad lines are counted: what follows it cannot be trusted.
    """
    import pyoxigraph as ox

    form = {
        "turtle": ox.RdfFormat.TURTLE,
        "trig": ox.RdfFormat.TRIG,
        "rdfxml": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
    }[options.format or guess_format(path)]
    blanks: dict[str, str] = {}
    with open_binary(path) as stream:
        number = 0
        try:
            for number, quad in enumerate(ox.parse(stream, format=form, base_iri=f"file:///{path.name}"), 1):
                report.lines += 1
                triple = statement_of_quad(quad, blanks, report)
                if isinstance(triple, str):
                    bad_line(path, number, triple, str(quad), options, report, "statement")
                elif triple is not None:
                    yield triple
        except SyntaxError as error:
            if "LoadDocumentCallback" in str(error.msg):
                reason = (
                    "its @context is an address, and remote contexts are not loaded: write the context into the file"
                )
                raise LoadError(f"{path}: {reason}") from error
            place = f"line {error.lineno}" if error.lineno else f"after statement {number}"
            raise LoadError(f"{path}, {place}: {error.msg}") from error
        except (EOFError, OSError, zlib.error) as error:
            raise damaged(path, number, error) from error


def statement_of_quad(quad: Any, blanks: dict[str, str], report: Report) -> Triple | str | None:
    """The fact in a parsed statement, None where it is a name, or what is wrong with it."""
    import pyoxigraph as ox

    def key(term: Any) -> str:
        if isinstance(term, ox.BlankNode):
            return blank(term.value, blanks, report)
        return str(term.value) if isinstance(term, ox.NamedNode) else unescape(str(term))

    if any(isinstance(term, ox.Triple) for term in (quad.subject, quad.object)):
        return "a statement about a statement"
    literal = str(quad.object) if isinstance(quad.object, ox.Literal) else ""
    return statement(key(quad.subject), key(quad.predicate), key(quad.object), literal, report)


def blank(label: str, blanks: dict[str, str], report: Report) -> str:
    """The key of a blank node (`_:x1`, …), numbered over all files read into `report`.

    Labels hold within one file (`blanks` is the file's own), and parsers make them up at random.
    """
    if label not in blanks:
        report.blanks += 1
        blanks[label] = f"_:x{report.blanks}"
    return blanks[label]


def statement(head: str, predicate: str, tail: str, literal: str, report: Report) -> Triple | str | None:
    """The fact that a statement makes, None where it is a name (kept in `report`), or what is wrong with it.

    `literal` is the tail as it is written, if it is a literal.
    """
    if literal and (predicate in LABELS or predicate in ALIASES):
        add_name(report, head, predicate, readable(tail), literal)
        return None
    if predicate == RDF_TYPE:
        names = report.names.get(head, EntityNames())
        report.names[head] = names._replace(types=tuple(dict.fromkeys((*names.types, relation_words(tail)))))
    return fact((head, predicate, tail), report)


def add_name(report: Report, key: str, predicate: str, text: str, literal: str) -> None:
    """Take in a label or alias; English or untagged labels win, the others become aliases."""
    known = report.names.get(key, EntityNames())
    preferred = predicate in LABELS and re.search(r"@(?!en\b)[\w-]+$", literal) is None
    if preferred and not known.label:
        report.names[key] = known._replace(label=text)
        report.foreign.pop(key, None)
    elif text != known.label:
        report.names[key] = known._replace(aliases=tuple(dict.fromkeys((*known.aliases, text))))
        if predicate in LABELS and not known.label:
            report.foreign.setdefault(key, text)


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
