"""RDF to facts and names: N-Triples and N-Quads by line, the other syntaxes through pyoxigraph, all as streams."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote

from kg.errors import LoadError, first_line
from kg.guards import ENTITY, Guard, JsonGuard, TurtleGuard, XmlGuard
from kg.lines import HALVED, LINE, Options, Report, bad_line, fact, guess_format, text_lines
from kg.names import readable, relation_words
from kg.packed import open_binary
from kg.rdf_names import NameCollector, is_naming
from kg.text import is_text
from kg.types import Triple

RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"

NT_IRI = r"<([^<>\"{}|^`\\\x00-\x20]*(?:\\(?:u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})[^<>\"{}|^`\\\x00-\x20]*)*)>"
# Groups are atomic, (?>…): what they matched is not tried again in a shorter form, so that no line takes long.
NT_BLANK = r'_:(?>[^\s.<>"#]+(?:\.+[^\s.<>"#]+)*)'
NT_LITERAL = r'"(?>[^"\\\n\r]*(?:\\.[^"\\\n\r]*)*)"(?>@[\w-]+|\^\^<[^>]*>)?'
NT_STATEMENT = rf"\s*(?:{NT_IRI}|({NT_BLANK}))\s*{NT_IRI}\s*(?:{NT_IRI}|({NT_BLANK})|({NT_LITERAL}))\s*"
END = r"\.\s*(?:#.*)?"
NT_LINE = re.compile(NT_STATEMENT + END)
NQ_LINE = re.compile(rf"{NT_STATEMENT}(?:(?:{NT_IRI}|{NT_BLANK})\s*)?{END}")
NO_IRI = re.compile(r'[\x00-\x20<>"{}|^`\\\ud800-\udfff]')
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
    with NameCollector(report) as names:
        for number, line in text_lines(path, options, report):
            if not line.strip() or line.lstrip().startswith("#"):
                continue
            match = pattern.fullmatch(line)
            if match is None:
                bad_line(path, number, f"not an {kind} statement", line, options, report)
                continue
            head = unescape(match[1]) if match[2] is None else blank(match[2], blanks, report)
            tail = unescape(match[4] or match[6] or "") if match[5] is None else blank(match[5], blanks, report)
            triple = statement((head, unescape(match[3]), tail), match[6] or "", names, report)
            if isinstance(triple, str):
                bad_line(path, number, triple, line, options, report)
            elif triple is not None:
                yield triple


def read_rdf(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of a Turtle, TriG, RDF/XML or JSON-LD file, whatever graph they stand in; names as in N-Triples.

    A syntax error is an error even where bad lines are counted: what follows it cannot be trusted.
    """
    form = options.format or guess_format(path)
    blanks: dict[str, str] = {}
    with open_binary(path, options.unpacked) as stream, NameCollector(report) as names:
        guard = guarded(path, stream, form)
        for number, quad in enumerate(parsed(path, guard, form), 1):
            report.lines += 1
            terms = keys_of_quad(quad, blanks, report)
            guard.said(sum(map(len, terms)))
            literal = terms[2] if terms[2].startswith('"') else ""
            triple = statement(terms, literal, names, report) if terms[0] else "a statement about a statement"
            if isinstance(triple, str):
                bad_line(path, number, triple, str(quad), options, report, "statement")
            elif triple is not None:
                yield triple


def guarded(path: Path, stream: IO[bytes], form: str) -> Guard:
    """The guard that watches over what a parser of this format reads."""
    if form == "rdfxml":
        return XmlGuard(path, stream, ENTITY)
    return JsonGuard(path, stream) if form == "jsonld" else TurtleGuard(path, stream)


def parsed(path: Path, guard: Guard, form: str) -> Iterator[Any]:
    """The quads that pyoxigraph finds, or LoadError."""
    import pyoxigraph as ox

    formats = {
        "turtle": ox.RdfFormat.TURTLE,
        "trig": ox.RdfFormat.TRIG,
        "rdfxml": ox.RdfFormat.RDF_XML,
        "jsonld": ox.RdfFormat.JSON_LD,
    }
    number = 0
    try:
        for quad in ox.parse(guard.stream(), format=formats[form], base_iri=base_iri(path.name)):
            number += 1
            yield quad
    except SyntaxError as error:
        if "LoadDocumentCallback" in str(error.msg):
            reason = "its @context is an address, and remote contexts are not loaded: write the context into the file"
            raise LoadError(f"{path}: {reason}") from None
        place = f"line {error.lineno}" if error.lineno else f"after statement {number}"
        raise LoadError(f"{path}, {place}: {error.msg}") from None
    except MemoryError:  # its own word for a text that its buffer of 16 MiB does not hold
        raise LoadError(f"{path}, after statement {number}: a text of more than {LINE:,} bytes") from None
    except (OSError, ValueError) as error:
        raise LoadError(f"{path}, after statement {number}: {first_line(error)}") from None


def base_iri(name: str) -> str:
    """The IRI that relative ones in a file of this name belong to."""
    return "file:///" + NO_IRI.sub(lambda sign: quote(sign[0], errors="surrogateescape"), name)


def keys_of_quad(quad: Any, blanks: dict[str, str], report: Report) -> tuple[str, str, str]:
    """The keys of a parsed statement's terms; all empty if one of them is a statement itself."""
    import pyoxigraph as ox

    def key(term: Any) -> str:
        if isinstance(term, ox.BlankNode):
            return blank(term.value, blanks, report)
        return str(term.value) if isinstance(term, ox.NamedNode) else unescape(str(term))

    if any(isinstance(term, ox.Triple) for term in (quad.subject, quad.object)):
        return "", "", ""
    return key(quad.subject), key(quad.predicate), key(quad.object)


def blank(label: str, blanks: dict[str, str], report: Report) -> str:
    """The key of a blank node (`_:x1`, …), numbered over all files read into `report`.

    Labels hold within one file (`blanks` is the file's own), and parsers make them up at random.
    """
    if label not in blanks:
        report.blanks += 1
        blanks[label] = f"_:x{report.blanks}"
    return blanks[label]


def statement(terms: tuple[str, str, str], literal: str, names: NameCollector, report: Report) -> Triple | str | None:
    """The fact that a statement makes, None where it is a name (kept in `names`), or what is wrong with it.

    `literal` is the tail as it is written, if it is a literal.
    """
    head, predicate, tail = terms
    if not is_text(head + predicate + tail):
        return HALVED
    if literal and is_naming(predicate):
        names.add(head, predicate, readable(tail), literal)
        return None
    if predicate == RDF_TYPE:
        names.add_type(head, relation_words(tail))
    return fact(terms, report)


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
