"""A graph to files that others read: Neo4j's import CSV, and tables from which `rog kg build` makes the same graph."""

from __future__ import annotations

import csv
import json
import re
import shlex
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from kg.errors import GraphError, disk_errors
from kg.names import readable
from kg.neo4j_csv import DELIMITER, SPACE
from kg.store import Store
from kg.write import written_beside

FORMATS = ("neo4j-csv", "tsv", "jsonl")
RARE = "\x1f"  # between the elements of an array where a name holds the usual delimiter; no name holds this one


class Exported(NamedTuple):
    """The files written, the command that loads them, and how many names had to be changed to fit the format."""

    files: tuple[Path, ...]
    command: str
    changed: int


def export(store: Store, out: Path, form: str) -> Exported:
    """What was written into the new folder `out`; GraphError if it exists or the graph does not fit the format."""
    if form not in FORMATS:
        raise GraphError(f"--format {form}: known are {', '.join(FORMATS)}")
    if out.exists():
        raise GraphError(f"{out} exists already; choose another --out")
    writer = {"neo4j-csv": write_neo4j, "tsv": write_tsv, "jsonl": write_jsonl}[form]
    with disk_errors(out), written_beside(out) as folder:
        changed = writer(store, folder)
        names = sorted(path.name for path in folder.iterdir())
    files = tuple(out / name for name in names)
    command = neo4j_command(store, out) if form == "neo4j-csv" else build_command(store, out, files)
    return Exported(files, command, changed)


def keys_of(store: Store) -> list[str]:
    """Every entity's key by its number."""
    return [store.key_of(number) for number in range(store.size.entities)]


def facts_of(store: Store, keys: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Every fact in keys."""
    relations = list(store.relations)
    for head, relation, tail in zip(*(column.tolist() for column in store.facts()), strict=True):
        yield keys[head], relations[relation], keys[tail]


def write_neo4j(store: Store, folder: Path) -> int:
    """0, once nodes.csv, relationships.csv and relations.tsv (which Neo4j does not read) are written."""
    keys = keys_of(store)
    rare = delimiter_of(store) == RARE
    with (folder / "nodes.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow([f"id:ID({SPACE})", "name", "aliases:string[]", ":LABEL", *["U+001F:IGNORE"] * rare])
        for number, key in enumerate(keys):
            names = store.names_of(number)
            arrays = ((RARE if rare else DELIMITER).join(part) for part in (names.aliases, names.types))
            rows.writerow([key, names.label, *arrays, *[""] * rare])
    with (folder / "relationships.csv").open("w", encoding="utf-8", newline="") as stream:
        rows = csv.writer(stream, lineterminator="\n")
        rows.writerow([f":START_ID({SPACE})", f":END_ID({SPACE})", ":TYPE"])
        rows.writerows((head, tail, relation) for head, relation, tail in facts_of(store, keys))
    write_side(folder / "relations.tsv", relation_rows(store))
    return 0


def delimiter_of(store: Store) -> str:
    """The delimiter for arrays: the usual one, unless an alias or type holds it."""
    for number in range(store.size.entities):
        names = store.names_of(number)
        if any(DELIMITER in text for text in (*names.aliases, *names.types)):
            return RARE
    return DELIMITER


def neo4j_command(store: Store, out: Path) -> str:
    """The command that makes a database `neo4j` of the files (of an empty one, while the server is stopped)."""
    delimiter = DELIMITER if delimiter_of(store) == DELIMITER else "U+001F"
    returning = "  # then `returning: true` in rog's --config" if store.returning else ""
    nodes, edges = shlex.quote(str(out / "nodes.csv")), shlex.quote(str(out / "relationships.csv"))
    return (
        f"neo4j-admin database import full neo4j --nodes={SPACE}={nodes} --relationships={edges} "
        f"--array-delimiter={shlex.quote(delimiter)} --multiline-fields=true{returning}"
    )


def write_tsv(store: Store, folder: Path) -> int:
    """How many names were changed to fit, once facts.tsv, entities.tsv and relations.tsv are written."""
    keys = keys_of(store)
    for key in (*store.relations, *keys):
        if re.search(r"[\t\r\n]", key):
            raise GraphError(f"the key {key!r} does not fit into a TSV file; use --format jsonl")
    with (folder / "facts.tsv").open("w", encoding="utf-8", newline="") as stream:
        stream.write("head\trelation\ttail\n")
        stream.writelines("\t".join(row) + "\n" for row in facts_of(store, keys))
    return write_side(folder / "entities.tsv", entity_rows(store, keys)) + write_side(
        folder / "relations.tsv", relation_rows(store)
    )


def write_jsonl(store: Store, folder: Path) -> int:
    """How many names were changed to fit, once facts.jsonl, entities.csv and relations.csv are written."""
    keys = keys_of(store)
    with (folder / "facts.jsonl").open("w", encoding="utf-8", newline="") as stream:
        stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in facts_of(store, keys))
    return write_side(folder / "entities.csv", entity_rows(store, keys)) + write_side(
        folder / "relations.csv", relation_rows(store)
    )


def entity_rows(store: Store, keys: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The rows of a names table, with a header; entities of which only the key is known are left out."""
    yield "key", "label", "types", "aliases"
    for number, key in enumerate(keys):
        names = store.names_of(number)
        label = "" if names.label == readable(key) else names.label
        if any(names._replace(label=label)):
            yield key, label, *map(piped, (names.types, names.aliases))


def relation_rows(store: Store) -> Iterator[tuple[str, ...]]:
    """The rows of a relations table, with a header."""
    yield "key", "label", "inverse_label", "hide"
    for relation in store.relations.values():
        yield relation.key, relation.label, relation.inverse_label, "true" if relation.hidden else "false"


def piped(texts: Iterable[str]) -> str:
    """Several texts as one field, divided by `|`."""
    return "|".join(text.replace("|", "\\|") for text in texts)


def write_side(path: Path, rows: Iterable[tuple[str, ...]]) -> int:
    """How many rows were changed because a text holds what a table cannot: a tab or line break, or blanks around it."""
    changed = 0
    is_csv = path.suffix == ".csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        table = csv.writer(stream, lineterminator="\n")
        for row in rows:
            clean = [re.sub(r"[\r\0]" if is_csv else r"[\t\r\n\0]", " ", text).strip() for text in row]
            changed += clean != list(row)
            if is_csv:
                table.writerow(clean)
            else:
                stream.write("\t".join(clean) + "\n")
    return changed


def build_command(store: Store, out: Path, files: Sequence[Path]) -> str:
    """The command that builds the same graph from the files."""
    facts, labels, relations = (
        shlex.quote(str(next(path for path in files if path.stem == stem)))
        for stem in ("facts", "entities", "relations")
    )
    target = shlex.quote(f"{out}.kg")
    returning = " --returning" if store.returning else ""
    return f"rog kg build {facts} --labels {labels} --relations {relations}{returning} --out {target}"
