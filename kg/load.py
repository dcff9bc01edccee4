"""Files to facts, line by line and with file and line in every complaint: which reader a file needs.

TSV, CSV and JSONL (`kg.tables`), RDF (`kg.rdf`), Parquet (`kg.frames`), networks (`kg.networks`), Neo4j's import
files (`kg.neo4j_csv`); all but Parquet also packed (.gz, .bz2).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from kg.errors import LoadError
from kg.frames import read_parquet
from kg.graph import Graph
from kg.lines import Options, Report, guess_format
from kg.neo4j_csv import is_neo4j_file, read_neo4j
from kg.networks import read_network
from kg.packed import open_binary, parse_size
from kg.rdf import read_ntriples, read_rdf
from kg.tables import find_columns, possible_titles, read_jsonl, read_names, read_relations, read_table
from kg.types import Triple

__all__ = [
    "Options",
    "Report",
    "find_columns",
    "guess_format",
    "open_binary",
    "parse_columns",
    "parse_size",
    "read_names",
    "read_relations",
    "read_triples",
    "taken_for_facts",
]

Reader = Callable[[Path, Options, Report], Iterator[Triple]]
READERS: dict[str, Reader] = {
    "tsv": read_table,
    "psv": read_table,
    "csv": read_table,
    "jsonl": read_jsonl,
    "parquet": read_parquet,
    "nt": read_ntriples,
    "nq": read_ntriples,
    "turtle": read_rdf,
    "trig": read_rdf,
    "rdfxml": read_rdf,
    "jsonld": read_rdf,
    "graphml": read_network,
    "gexf": read_network,
    "json": read_network,
    "neo4j-csv": read_neo4j,
}


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

    A line that is no fact is counted; with `strict` it raises LoadError, and so does a file of nothing but bad lines.
    """
    form = form_of(path, options)
    facts, names, bad, shown = report.facts, len(report.names), report.bad, len(report.shown)
    try:
        yield from READERS[form](path, options, report)
    except RecursionError:
        raise LoadError(f"{path}: more levels of nesting than can be followed") from None
    finally:
        report.close()
    if report.bad > bad and report.facts == facts and len(report.names) == names:
        first = f"; the first: {report.shown[shown]}" if len(report.shown) > shown else ""
        raise LoadError(f"no fact in {path.name}, {report.bad - bad:,} bad lines{first}")


def form_of(path: Path, options: Options) -> str:
    """The name of the reader that a file needs, one of READERS, or LoadError."""
    form = options.format or guess_format(path)
    if form not in READERS:
        raise LoadError(f"--format {form}: known are {', '.join(sorted(READERS))}")
    if form in ("csv", "tsv") and options.columns is None and is_neo4j_file(path, "," if form == "csv" else "\t"):
        return "neo4j-csv"
    return form


def taken_for_facts(paths: Iterable[Path], options: Options, graph: Graph) -> Iterator[tuple[Path, Triple]]:
    """Tables whose first line was read as a fact of `graph` that shares nothing with another: likely its titles."""
    for path in paths:
        if READERS[form_of(path, options)] is not read_table:
            continue
        first = possible_titles(path, replace(options, strict=False, rejects=None))
        if first is None or graph.size.triples == 1 or not graph.contains(first):
            continue
        if {graph.relations[first.relation].facts, *(graph.entity(end).degree for end in first[::2])} == {1}:
            yield path, first
