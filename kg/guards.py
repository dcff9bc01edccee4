"""What is looked at while a parser reads: documents of a few bytes that would make it hang, grow or crash.

XML and JSON-LD libraries follow nesting by recursion, and entities and contexts by copying. A document beyond these
bounds is refused with a line; what people write is far below them.
"""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import IO, cast
from xml.parsers import expat

from kg.errors import LoadError, first_line
from kg.packed import ceiling

DEPTH = 256  # XML elements within each other: the RDF/XML parser's time grows with the square
ATTRIBUTES = 1_000  # of one XML element, likewise
ENTITY = 256  # characters that an XML entity may stand for, with those inside it; namespaces of ontologies have fewer
LEVELS = 100  # JSON-LD objects and lists within each other: past some thousands its parser crashes
TERMS = 10_000  # texts in a JSON-LD context: a chain of some thousands of terms crashes its parser
SCOPED = 200  # texts in the contexts within a context, which are copied wherever they are used
QUOTED = 1_000  # Turtle's triple terms within each other: past some thousands its parser crashes
_BUFFER = 1 << 18  # bytes looked at at a time

_ENTITY = re.compile(rb'\s*%?\s*(\S+)\s+"([^"]*)"')
_REFERENCE = re.compile(rb"&([^&;\s]+);")
_DECLARED = b"<!ENTITY"
_REST = re.compile(rb'[^"\\]*(?:\\.[^"\\]*)*("|\\?\Z)', re.DOTALL)  # of a text: up to its quote, or the block's end
_TOKEN = re.compile(rb'"' + _REST.pattern + rb"|[\[\]{}]", re.DOTALL)
_TRIPLE_TERM = re.compile(rb"<<\(|\)>>")


class Guard(io.RawIOBase):
    """A stream whose blocks are looked at before a parser gets them; LoadError where it must not."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        self.path, self._stream = path, stream
        self._read = self._said = 0

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next; how many bytes that were."""
        block = self._stream.read(len(buffer))
        self._read += len(block)
        self.look(block)
        buffer[: len(block)] = block
        return len(block)

    def look(self, block: bytes) -> None:
        """LoadError if the parser must not read this block (empty at the end)."""

    def stream(self) -> IO[bytes]:
        """What the parser is to read."""
        return cast(IO[bytes], io.BufferedReader(self, _BUFFER))

    def said(self, characters: int) -> None:
        """Take note of text that the parser made of what it read; LoadError where that is out of all proportion."""
        self._said += characters
        if self._said > ceiling(self._read):
            raise LoadError(
                f"{self.path}: its names are {self._said:,} characters long, made of {self._read:,} bytes: "
                "a prefix or base of no sensible length"
            )


class XmlGuard(Guard):
    """XML: nesting, attributes and entities; entities are allowed up to `entities` characters (0: none)."""

    def __init__(self, path: Path, stream: IO[bytes], entities: int) -> None:
        super().__init__(path, stream)
        self._most = entities
        self._depth = 0
        self._lengths: dict[bytes, int] = {}
        self._left = b""
        self._parser = expat.ParserCreate()
        self._parser.ordered_attributes = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        if not entities:
            self._parser.EntityDeclHandler = self._entity

    def look(self, block: bytes) -> None:
        """LoadError if the parser must not read this block."""
        if self._most:
            self._measure_entities(block)
        try:
            self._parser.Parse(block, False)
        except expat.ExpatError as error:
            raise LoadError(f"{self.path}, line {error.lineno}: {expat.ErrorString(error.code)}") from None
        except (LookupError, ValueError) as error:
            raise LoadError(f"{self.path}: an encoding that cannot be read ({first_line(error)})") from None

    def _start(self, name: str, attributes: list[str]) -> None:
        self._depth += 1
        if self._depth > DEPTH or len(attributes) > 2 * ATTRIBUTES:
            line = f"{self.path}, line {self._parser.CurrentLineNumber}"
            if self._depth > DEPTH:
                raise LoadError(f"{line}: more than {DEPTH} elements within each other")
            raise LoadError(f"{line}: an element with more than {ATTRIBUTES:,} attributes")

    def _end(self, name: str) -> None:
        self._depth -= 1

    def _entity(self, *declared: object) -> None:
        raise LoadError(f"{self.path}: it declares entities, which are not read here: write out what they stand for")

    def _measure_entities(self, block: bytes) -> None:
        """LoadError for a declaration that stands for too much; also in comments, since the RDF parser reads those."""
        found = self._left + block
        if _DECLARED not in found:
            self._left = found[1 - len(_DECLARED) :]
            return
        parts = found.split(_DECLARED)
        for part in parts[1:]:
            declared = _ENTITY.match(part)
            if declared is not None:
                name, value = declared.groups()
                self._lengths[name] = len(value) + sum(self._lengths.get(of, 0) for of in _REFERENCE.findall(value))
                if self._lengths[name] > self._most:
                    shown = name.decode("utf-8", "replace")
                    raise LoadError(
                        f"{self.path}: the entity {shown!r} stands for {self._lengths[name]:,} characters, expected "
                        f"{self._most} at most: write out what it stands for"
                    )
        last = parts[-1]
        if _ENTITY.match(last) or len(last) > _BUFFER:
            self._left = last[1 - len(_DECLARED) :]
        else:
            self._left = _DECLARED + last


class JsonGuard(Guard):
    """JSON-LD: nesting, and contexts that are long or within each other."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        super().__init__(path, stream)
        self._depth = 0
        self._contexts: list[int] = []  # the depths at which the contexts around this place begin
        self._texts = [0, 0]  # in this context, and in those within it
        self._is_context = False  # whether the last text was "@context"
        self._open: bytes | None = None  # the beginning of a text that the last block did not end
        self._is_escaped = False  # whether it was cut within an escape

    def look(self, block: bytes) -> None:
        """LoadError if the parser must not read this block."""
        start = 0
        if self._open is not None and block:
            rest = _REST.match(block, self._is_escaped)
            assert rest is not None  # it matches whatever there is
            start = rest.end()
            self._cut(self._open + block[: min(start, 64)], rest[1])
        for token in _TOKEN.finditer(block, start):
            if token[0] in (b"[", b"{"):
                self._opened()
            elif token[0] in (b"]", b"}"):
                self._closed()
            else:
                self._cut(token[0], token[1])

    def _cut(self, text: bytes, end: bytes) -> None:
        """Take note of a text, or of the beginning of one that goes on in the next block."""
        if end == b'"':
            self._open, self._is_escaped = None, False
            self._text(text)
        else:
            self._open, self._is_escaped = text[:64], end == b"\\"

    def _opened(self) -> None:
        if self._is_context:
            self._contexts.append(self._depth)
            self._is_context = False
        self._depth += 1
        if self._depth > LEVELS:
            raise LoadError(f"{self.path}: more than {LEVELS} objects and lists within each other")

    def _closed(self) -> None:
        self._depth -= 1
        self._is_context = False
        if self._contexts and self._depth <= self._contexts[-1]:
            self._contexts.pop()
            if not self._contexts:
                self._texts = [0, 0]

    def _text(self, text: bytes) -> None:
        self._is_context = text == b'"@context"' or (b"\\" in text[:64] and _unescaped(text) == "@context")
        if not self._contexts:
            return
        place, most, kind = (0, TERMS, "a @context") if len(self._contexts) == 1 else (1, SCOPED, "contexts within one")
        self._texts[place] += 1
        if self._texts[place] > most:
            raise LoadError(f"{self.path}: {kind} of more than {most:,} texts: write the terms out, or leave some out")


class TurtleGuard(Guard):
    """Turtle and TriG: triple terms within each other."""

    def __init__(self, path: Path, stream: IO[bytes]) -> None:
        super().__init__(path, stream)
        self._depth = 0
        self._left = b""

    def look(self, block: bytes) -> None:
        """LoadError if the parser must not read this block."""
        found = self._left + block
        self._left = found[-2:]
        if b"<<(" not in found:
            self._depth = max(0, self._depth - found.count(b")>>"))
            return
        for mark in _TRIPLE_TERM.findall(found):
            self._depth = self._depth + 1 if mark == b"<<(" else max(0, self._depth - 1)
            if self._depth > QUOTED:
                raise LoadError(f"{self.path}: more than {QUOTED:,} triple terms within each other")


def _unescaped(text: bytes) -> str:
    try:
        return str(json.loads(text))
    except ValueError:
        return ""
