"""Columns to facts: Parquet files and pandas data frames, by the column names that the text tables go by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from kg.errors import LoadError, first_line
from kg.lines import Options, Report, bad_line, fact
from kg.packed import ceiling
from kg.tables import COLUMNS, facts_of_json, find_columns
from kg.text import brief
from kg.types import Triple

ROWS = 65_536  # rows of a Parquet file in memory at a time; of subgraphs 64
ROW = 32  # bytes that a row or list counts for beside its texts, which may all be the same few
RLE = 5  # times what another format may hold: Parquet writes a text once, and runs of it in some bits
NO_VALUE = b"(not UTF-8, or of no type)"


def read_parquet(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of a Parquet file with columns head, relation, tail; or all of a column `graph` of lists of them."""
    choose = partial(fact_columns, path, options)
    for number, row in enumerate(parquet_rows(path, choose, options.unpacked), 1):
        report.lines += 1
        found: Iterable[tuple[Triple | str, str]]
        if len(row) > 1:
            found = [(fact(row, report), "")]
        elif isinstance(row[0], list):
            found = facts_of_json({"graph": row[0]}, options, report)
        else:
            found = [(f"expected a list of facts, found {brief(row[0])}", "")]
        for triple, text in found:
            if isinstance(triple, str):
                bad_line(path, number, triple, text or str(row), options, report, "row")
            else:
                yield triple


def fact_columns(path: Path, options: Options, titles: list[str]) -> list[str]:
    """The columns that facts are in: `graph` alone, or head, relation and tail by whatever names they have."""
    if options.columns is None and "graph" in titles:
        return ["graph"]
    return [titles[place] for place in named_columns(path, titles, options)]


def parquet_rows(path: Path, choose: Callable[[list[str]], list[str]], unpacked: int = 0) -> Iterator[tuple[Any, ...]]:
    """The values of a Parquet file, row by row, in the columns that `choose` takes out of their names.

    A text that is not UTF-8, and a value that Python has no type for, comes as the bytes that say so. LoadError for a
    file that is not whole, or holds more than `unpacked` bytes (0: 1,000 times its size, and 80 MiB at least).
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise LoadError(f"{path}: no such file")
    most, spent = unpacked or RLE * ceiling(path.stat().st_size), 0
    try:
        with pq.ParquetFile(path) as file:
            names = choose(list(file.schema_arrow.names))
            is_nested = any(pa.types.is_nested(file.schema_arrow.field(name).type) for name in names)
            for batch in file.iter_batches(ROWS // 1024 if is_nested else ROWS, columns=names):
                for row in zip(*(values(batch.column(name)) for name in names), strict=True):
                    spent += ROW + sum(map(size, row))
                    if spent > most:
                        raise LoadError(
                            f"{path}: holds more than {most:,} bytes of values, too much for its size; "
                            "if it is what you expect, say how much with --max-unpacked"
                        )
                    yield row
    except (pa.ArrowException, OSError, KeyError) as error:
        raise LoadError(f"{path}: not a whole Parquet file ({first_line(error)})") from None


def values(column: Any) -> list[Any]:
    """The values of a column (pyarrow) in Python; NO_VALUE for one that Python cannot have."""
    import pyarrow as pa

    if pa.types.is_dictionary(column.type):
        known = values(column.dictionary)
        return [None if place is None else known[place] for place in column.indices.to_pylist()]
    try:
        found: list[Any] = column.to_pylist()
    except (ValueError, OverflowError, pa.ArrowException):  # a text that is not UTF-8, a date past the year 9999, …
        found = list(map(value, column))
    return found


def value(cell: Any) -> Any:
    """The value of a cell (pyarrow) in Python, NO_VALUE where it has none."""
    import pyarrow as pa

    try:
        return cell.as_py()
    except (ValueError, OverflowError, pa.ArrowException):
        return NO_VALUE


def size(found: Any) -> int:
    """The characters in a value, and in those within it."""
    if isinstance(found, str | bytes):
        return len(found)
    return sum(map(size, found)) + ROW * len(found) if isinstance(found, list) else 0


def frame_triples(frame: Any) -> list[Triple]:
    """The facts of a pandas data frame with columns head, relation, tail, or LoadError with the row."""
    titles = [str(name) for name in frame.columns]
    places = named_columns(Path("data frame"), titles, Options())
    report, triples = Report(), []
    for number, row in enumerate(zip(*(frame.iloc[:, place].tolist() for place in places), strict=True)):
        triple = fact(row, report)
        if isinstance(triple, str):
            raise LoadError(f"data frame, row {number} (from 0): {triple}")
        triples.append(triple)
    return triples


def named_columns(path: Path, titles: Sequence[str], options: Options) -> tuple[int, int, int]:
    """Where head, relation and tail stand, or LoadError where neither names nor options tell."""
    titled = [title.strip().casefold() for title in titles]
    if options.columns is None and not all(any(name in titled for name in names) for names in COLUMNS):
        raise LoadError(f"{path}: no columns head, relation, tail (or --columns); found: {', '.join(titles)}")
    places, _ = find_columns(path, list(titles), options.columns)
    if max(places) >= len(titles):
        raise LoadError(f"{path}: {len(titles)} columns, expected {max(places) + 1}")
    return places
