"""Plain TSV files (or divided by `|`) read a block at a time: many times faster than by line, as `kg.load` reads them.

A block that holds anything out of the ordinary (a bad line, odd white space, a control character) is not judged
here: NotPlain says so, and the careful reader starts again, which knows the line and the reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import LoadError
from kg.lines import DELIMITERS, LINE
from kg.load import Options, find_columns, guess_format
from kg.names import SEPARATOR
from kg.packed import open_binary
from kg.types import INVERSE

BLOCK = 1 << 25  # bytes


class NotPlain(Exception):  # noqa: N818 - not an error: a reason to read with more care
    """The file needs the careful reader."""


class Block(NamedTuple):
    """Facts as three dictionary-encoded pyarrow arrays of equal length: each text once, each row's place among them."""

    heads: Any
    relations: Any
    tails: Any


def read_blocks(path: Path, options: Options) -> Iterator[Block]:
    """The heads, relations and tails of a TSV file; NotPlain where this reader is not enough.

    LoadError for a packed file that is damaged, or unpacks to too much.
    """
    try:
        delimiter = DELIMITERS.get(options.format or guess_format(path))
        if delimiter is None:
            raise NotPlain
        stream = open_binary(path, options.unpacked)
    except LoadError:
        raise NotPlain from None
    with stream:
        try:
            yield from _blocks(path, stream, delimiter, options)
        except OSError:
            raise NotPlain from None


def block_of(triples: Sequence[tuple[str, str, str]]) -> Block:
    """Facts read one by one as a block."""
    import pyarrow as pa

    columns = zip(*triples, strict=True) if triples else ((), (), ())
    return Block(*(pa.array(column, pa.large_string()).dictionary_encode() for column in columns))


def _blocks(path: Path, stream: Any, delimiter: str, options: Options) -> Iterator[Block]:
    first = stream.readline(LINE + 1)
    places, is_header = _columns(path, first, delimiter, options)
    width = first.count(delimiter.encode()) + 1
    left = b"" if is_header else first
    while True:
        read = stream.read(BLOCK)
        end = read.rfind(b"\n") + 1 if read else 0
        if read and not end:
            raise NotPlain  # a line longer than is read
        block, left = (left + read[:end], read[end:]) if read else (left, b"")
        if has_long_line(block):
            raise NotPlain
        if block:
            yield _parsed(block, delimiter, width, places)
        if not read:
            return


def has_long_line(block: bytes) -> bool:
    """Whether a line of a block may be too long; a line of LINE bytes or more covers one of the stretches looked at."""
    half = LINE // 2
    return any(block.find(b"\n", start, start + half) < 0 for start in range(0, len(block) - half, half))


def _columns(path: Path, first: bytes, delimiter: str, options: Options) -> tuple[tuple[int, int, int], bool]:
    """Where head, relation and tail stand, and whether the first line is a header."""
    try:
        fields = first.decode("utf-8").rstrip("\r\n").split(delimiter)
        places, is_header = find_columns(path, fields, options.columns)
    except (UnicodeDecodeError, LoadError):
        raise NotPlain from None
    if first.startswith(b"\xef\xbb\xbf") or not any(fields) or max(places) >= len(fields):
        raise NotPlain
    return places, is_header


def _parsed(block: bytes, delimiter: str, width: int, places: tuple[int, int, int]) -> Block:
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import csv

    if b"\0" in block or SEPARATOR.encode() in block or block.count(b"\r") != block.count(b"\r\n"):
        raise NotPlain
    names = [str(number) for number in range(width)]
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block) + 1),
            csv.ParseOptions(delimiter=delimiter, quote_char=False, double_quote=False),
            csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.large_string()),
                strings_can_be_null=False,
                include_columns=[names[place] for place in places],
            ),
        )
    except pa.ArrowInvalid:
        raise NotPlain from None
    found = Block(*(table.column(place).combine_chunks().dictionary_encode() for place in range(3)))
    for texts in (column.dictionary for column in found):
        if pc.any(pc.or_(pc.equal(texts, ""), pc.not_equal(pc.utf8_trim_whitespace(texts), texts))).as_py():
            raise NotPlain
    if pc.any(pc.starts_with(found.relations.dictionary, INVERSE)).as_py():
        raise NotPlain
    return found
