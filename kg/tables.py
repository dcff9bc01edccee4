"""Tables to facts: TSV, CSV and JSONL, and the side tables of names and relations."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from kg.csv_rows import csv_rows
from kg.errors import LoadError
from kg.lines import DELIMITERS, Options, Report, bad_line, decoded, fact, guess_format, text_lines
from kg.names import EntityNames, RelationNames
from kg.text import brief
from kg.types import Triple

COLUMNS = (
    ("head", "subject", "source", "from", "s", "h"),
    ("relation", "predicate", "type", "rel", "p", "r"),
    ("tail", "object", "target", "to", "o", "t"),
)
NEO4J_ID = re.compile(r"[^:]*:(?:id|start_id|end_id)(?:\([^)]*\))?")
HIDE = {"true": True, "yes": True, "1": True, "x": True, "false": False, "no": False, "0": False, "": None}


def read_table(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of a TSV (no quoting: a tab ends a field), the same with `|`, or CSV (quoted fields may hold commas)."""
    places: tuple[int, int, int] | None = None
    delimiter = DELIMITERS.get(options.format or guess_format(path))
    for number, fields in table_rows(path, delimiter, options, report):
        if not any(fields):
            continue
        if places is None:
            places, is_header = find_columns(path, fields, options.columns)
            if is_header:
                continue
        triple: Triple | str
        if len(fields) <= max(places):
            hint = separator_hint(fields, delimiter) if len(fields) == 1 else ""
            triple = f"{len(fields)} column{'s' * (len(fields) != 1)}, expected {max(places) + 1}{hint}"
        else:
            triple = fact([fields[place] for place in places], report)
        if isinstance(triple, str):
            bad_line(path, number, triple, row_text(fields, delimiter), options, report)
        else:
            yield triple


def separator_hint(fields: list[str], delimiter: str | None) -> str:
    """What a line of one field may be separated by, for the end of a message."""
    if delimiter == "\t":
        return "; separated by tabs?"
    other = next((sign for sign in ";\t|" if delimiter is None and sign in fields[0]), "")
    advice = {"\t": "give --format tsv", "|": "give --format psv", ";": "save it with commas"}
    return f"; separated by {other!r}? {advice[other]}" if other else ""


def row_text(fields: Iterable[str], delimiter: str | None) -> str:
    """The fields as the line that they came from."""
    if delimiter:
        return delimiter.join(fields)
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(fields)
    return line.getvalue()


def table_rows(path: Path, delimiter: str | None, options: Options, report: Report) -> Iterator[tuple[int, list[str]]]:
    """Numbered rows of fields; without a delimiter it is CSV."""
    if delimiter:
        for number, line in text_lines(path, options, report):
            yield number, line.split(delimiter)
    else:
        yield from csv_rows(path, options, report)


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
    if any(NEO4J_ID.fullmatch(title) for title in titles):
        raise LoadError(f"{path}: its first line is the header of a Neo4j import file; give --format neo4j-csv")
    if len(first) > 3:
        raise LoadError(
            f"{path}: {len(first)} columns and no header with head, relation, tail; say which with --columns 1,2,3"
        )
    return (0, 1, 2), False


def possible_titles(path: Path, options: Options) -> Triple | None:
    """The first row of a table without a known header, read as the fact that it was taken for."""
    delimiter = DELIMITERS.get(options.format or guess_format(path))
    fields = next((fields for _, fields in table_rows(path, delimiter, options, Report()) if any(fields)), [])
    places, is_header = find_columns(path, fields, options.columns)
    if is_header or options.columns or len(fields) <= max(places):
        return None
    return Triple(*(fields[place].strip() for place in places))


def read_jsonl(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts written one a line as `["head", "relation", "tail"]` or as an object with such keys.

    An object with a list `graph` is a question with its subgraph (as RoG's data sets have it): all its facts.
    """
    for number, line in text_lines(path, options, report):
        if not line.strip():
            continue
        try:
            row = decoded(line)
        except ValueError as error:
            bad_line(path, number, f"not JSON ({error})", line, options, report)
            continue
        for triple, text in facts_of_json(row, options, report):
            if isinstance(triple, str):
                bad_line(path, number, triple, text or line, options, report)
            else:
                yield triple


def facts_of_json(row: object, options: Options, report: Report) -> Iterator[tuple[Triple | str, str]]:
    """The facts in a decoded row, each with its text where the row holds several, or what is wrong with them."""
    subgraph = row.get("graph") if isinstance(row, dict) else None
    if not isinstance(subgraph, list):
        yield fact_of_json(row, options, report), ""
        return
    for place, item in enumerate(subgraph, 1):
        triple = fact(item, report) if isinstance(item, list) and len(item) == 3 else "expected a list of three"
        yield (f"fact {place} of its graph: {triple}", str(item)) if isinstance(triple, str) else (triple, "")


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


def read_side_table(path: Path, columns: tuple[str, ...], unpacked: int) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered rows of a TSV or CSV side file; without a header the columns are taken in this order."""
    order: list[str] | None = None
    form = guess_format(path)
    if form not in ("tsv", "csv"):
        raise LoadError(f"{path}: expected a .tsv or .csv table of {', '.join(columns)}")
    for number, fields in table_rows(path, DELIMITERS.get(form), Options(strict=True, unpacked=unpacked), Report()):
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


def read_names(path: Path, unpacked: int = 0) -> dict[str, EntityNames]:
    """Labels, types and aliases by entity key; types and aliases are separated by `|`.

    `unpacked` is how many bytes a packed file may unpack to, as in Options.
    """
    names = {}
    for number, row in read_side_table(path, ("key", "label", "types", "aliases"), unpacked):
        if not row.get("key"):
            raise LoadError(f"{path}, line {number}: an empty key")
        types, aliases = (divided(row.get(name, "")) for name in ("types", "aliases"))
        names[row["key"]] = EntityNames(row.get("label", ""), types, aliases)
    return names


def divided(text: str) -> tuple[str, ...]:
    r"""The parts of a field divided by `|`; `\|` stands for one that divides nothing."""
    return tuple(part.replace("\\|", "|") for part in re.split(r"(?<!\\)\|", text) if part)


def read_relations(path: Path, unpacked: int = 0) -> dict[str, RelationNames]:
    """Label and inverse label by relation key, and whether it is hidden, where the column `hide` says so.

    `unpacked` is how many bytes a packed file may unpack to, as in Options.
    """
    relations: dict[str, RelationNames] = {}
    for number, row in read_side_table(path, ("key", "label", "inverse_label", "hide"), unpacked):
        word = row.get("hide", "").casefold()
        if word not in HIDE:
            raise LoadError(
                f"{path}, line {number}: hide is {brief(word)}, expected one of {', '.join(filter(None, HIDE))}"
            )
        relations[row.get("key", "")] = RelationNames(row.get("label", ""), row.get("inverse_label", ""), HIDE[word])
    return relations
