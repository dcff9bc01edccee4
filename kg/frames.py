"""Columns to facts: Parquet files and pandas data frames, by the column names that the text tables go by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from kg.errors import LoadError, first_line
from kg.lines import Options, Report, bad_line, fact
from kg.tables import COLUMNS, facts_of_json, find_columns
from kg.types import Triple

ROWS = 65_536  # rows of a Parquet file in memory at a time


def read_parquet(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of a Parquet file with columns head, relation, tail; or all of a column `graph` of lists of them."""
    if not path.is_file():
        raise LoadError(f"{path}: no such file")
    for number, (row, subgraph) in enumerate(parquet_rows(path, options), 1):
        report.lines += 1
        found: Iterable[tuple[Triple | str, str]]
        found = facts_of_json({"graph": row[0]}, options, report) if subgraph else [(fact(row, report), str(row))]
        for triple, text in found:
            if isinstance(triple, str):
                bad_line(path, number, triple, text, options, report, "row")
            else:
                yield triple


def parquet_rows(path: Path, options: Options) -> Iterator[tuple[tuple[Any, ...], bool]]:
    """The rows of a Parquet file, and whether each is a subgraph; LoadError for a file that is not whole."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(path) as file:
            titles = list(file.schema_arrow.names)
            subgraphs = options.columns is None and "graph" in titles
            names = ["graph"] if subgraphs else [titles[place] for place in named_columns(path, titles, options)]
            for batch in file.iter_batches(ROWS, columns=names):
                for row in zip(*(batch.column(name).to_pylist() for name in names), strict=True):
                    yield row, subgraphs
    except (pa.ArrowException, OSError) as error:
        raise LoadError(f"{path}: not a whole Parquet file ({first_line(error)})") from error


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
