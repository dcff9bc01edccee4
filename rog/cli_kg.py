"""`rog kg`: build, export, describe, search, pull and push graphs."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.text import Text

from kg.visible import json_text, visible
from rog.console import err, opened, out
from rog.options import NO_ANSWER, AsJson, Config, EnvFile, KGArgument

kg_app = typer.Typer(help="Build, describe and search graphs.", no_args_is_help=True, rich_markup_mode=None)

FACTS_HELP = (
    "Facts files (.tsv .csv .jsonl .parquet .json .nt .nq .ttl .trig .rdf .owl .xml .jsonld .graphml .gexf, also .gz "
    ".bz2), Neo4j import files or a folder of them, or pykeen:NAME."
)
UNPACKED_HELP = "What a .gz, .bz2 or .parquet may unpack to, as in 2G. [default: 200 times its size, Parquet 1,000]"
RETURNING_HELP = "Let walks come back to where they start, as in 'the children of the spouse of the spouse'."


@kg_app.command("build")
def kg_build(
    facts: Annotated[list[str], typer.Argument(help=FACTS_HELP)],
    to: Annotated[Path, typer.Option("--out", help="The .kg directory to write.")],
    labels: Annotated[list[Path] | None, typer.Option(help="A table: key, label, types, aliases.")] = None,
    relations: Annotated[Path | None, typer.Option(help="A table: key, label, inverse_label, hide.")] = None,
    columns: Annotated[str | None, typer.Option(help="Head, relation, tail: names, or numbers from 1.")] = None,
    form: Annotated[
        str, typer.Option("--format", help="tsv, csv, jsonl, parquet, nt, turtle, …, if the name does not tell.")
    ] = "",
    strict: Annotated[bool, typer.Option("--strict", help="Stop at the first line that is no fact.")] = False,
    licence: Annotated[str, typer.Option(help="The licence of the facts, kept in the manifest.")] = "",
    returning: Annotated[bool, typer.Option("--returning", help=RETURNING_HELP)] = False,
    unpacked: Annotated[str | None, typer.Option("--max-unpacked", help=UNPACKED_HELP)] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the graph at --out.")] = False,
) -> None:
    """Build a graph from files. A build that fails leaves nothing behind; lines that are no facts are kept apart."""
    from kg.build import build, merged
    from kg.load import Options, parse_columns, parse_size, taken_for_facts
    from kg.open import open_graph
    from kg.tables import read_relations
    from kg.text import one_line
    from rog.progress import progress

    began = time.perf_counter()
    sources = merged(facts, tuple(labels or ()), relations, licence, returning)
    rejects = to.with_name(f"{to.name}.rejects.tsv")
    options = Options(form, parse_columns(columns), strict, rejects, parse_size(unpacked) if unpacked else 0)
    with progress(err) as report:
        read = build(sources, to, options, force, report)
    for line in read.shown:
        err.print(Text(visible(f"skipped {line}"), style="yellow"), soft_wrap=True)
    if read.bad:
        err.print(f"{read.bad:,} of {read.lines:,} lines were skipped; all of them: {rejects}", soft_wrap=True)
    graph = open_graph(to)
    for file, titles in taken_for_facts(sources.facts, options, graph):
        said = f"{file}: its first line was read as a fact; if it is a header, add --columns {','.join(titles)}"
        err.print(Text(one_line(said), style="yellow"), soft_wrap=True)
    named = read_relations(sources.relations, options.unpacked) if sources.relations else {}
    if unused := [key for key in named if key not in graph.relations]:
        some = ", ".join(unused[:5]) + ", …" * (len(unused) > 5)
        about = f"{len(unused):,} of its {len(named):,} relations are in no fact: {some}"
        err.print(Text(one_line(f"{sources.relations}: {about}"), style="yellow"), soft_wrap=True)
    size = graph.size
    took = time.perf_counter() - began
    out.print(
        f"{to}: {size.entities:,} entities · {size.relations:,} relations · {size.triples:,} facts · {took:.1f} s"
    )


@kg_app.command("check")
def kg_check(kg: KGArgument) -> None:
    """Read a graph whole: is every byte what was written, is every number where it may be? Exit code 1 if not."""
    from kg.build import cached_store
    from kg.check import check
    from kg.errors import GraphError
    from kg.neo4j_client import is_address

    if is_address(kg):
        raise GraphError(f"{kg}: expected a .kg directory or a facts file")
    path = Path(kg)
    found = check(path if path.is_dir() else cached_store(kg))
    version = f"version {found.version}" if found.version else "built by an earlier rog"
    for fault in found.faults:
        err.print(Text(f"wrong: {fault}", style="red"), soft_wrap=True)
    if found.faults:
        out.print(f"{kg}: {version}, {found.files} files, {found.size:,} bytes: damaged, build it again with --force")
        raise typer.Exit(1)
    said = "as written" if found.hashed else "sound, and its facts as written; its files have no hashes: build it again"
    out.print(f"{kg}: {version}, {found.files} files, {found.size:,} bytes: {said}")


@kg_app.command("export")
def kg_export(
    kg: KGArgument,
    to: Annotated[Path, typer.Option("--out", help="The folder to write; it must not exist yet.")],
    form: Annotated[str, typer.Option("--format", help="neo4j-csv (for neo4j-admin), tsv or jsonl.")] = "neo4j-csv",
) -> None:
    """Write a graph as files that others read, and print the command that loads them."""
    from kg.errors import GraphError
    from kg.export import export
    from kg.store import Store

    store = opened(kg)
    if not isinstance(store, Store):
        raise GraphError(f"{kg}: expected a .kg directory or a facts file")
    written = export(store, to, form)
    for file in written.files:
        err.print(Text(f"wrote {file}"), soft_wrap=True)
    if written.changed:
        err.print(f"{written.changed:,} rows of names hold tabs, line breaks or blanks around them: changed to fit")
    print(written.command)


@kg_app.command("describe")
def kg_describe(
    kg: KGArgument = "demo",
    limit: Annotated[int, typer.Option(min=1, help="Relations to show.")] = 40,
    as_json: AsJson = False,
    env_file: EnvFile = None,
    config: Config = None,
) -> None:
    """Show what a graph holds: its size and its relations."""
    from rog.show import label_table, relation_table, relations_json

    graph = opened(kg, config)
    size = graph.size
    if as_json:
        about = {"name": graph.name, **size._asdict(), "returning": graph.returning}
        print(json_text({**about, "by_relation": relations_json(graph)}))
        return
    out.print(f"{size.entities:,} entities · {size.relations:,} relations · {size.triples:,} facts")
    schema = getattr(graph, "schema", None)
    if schema is not None:
        out.print(label_table(schema))
        out.print()
    if graph.returning:
        out.print("walks may come back to the entity that they start from")
    out.print(relation_table(graph, limit))
    for note in getattr(schema or graph, "notes", ()):
        err.print(Text(f"note: {note}", style="yellow"), soft_wrap=True)
    if size.relations > limit:
        out.print(f"and {size.relations - limit:,} more relations (--limit)")


@kg_app.command("search")
def kg_search(
    kg: KGArgument,
    text: Annotated[str, typer.Argument(help="A name, part of one, or a key; spelling need not be exact.")],
    limit: Annotated[int, typer.Option(min=1)] = 10,
    as_json: AsJson = False,
    env_file: EnvFile = None,
    config: Config = None,
) -> None:
    """Find entities by name."""
    from kg.link import search

    found = search(opened(kg, config), text, limit)
    if as_json:
        rows: list[dict[str, Any]] = [
            {
                "key": t.key,
                "label": t.entity.label,
                "types": t.entity.types,
                "degree": t.entity.degree,
                "score": t.score,
            }
            for t in found
        ]
        print(json_text(rows))
    for topic in () if as_json else found:
        entity = topic.entity
        alias = f' ("{topic.mention}")' if topic.mention not in (entity.label, entity.key) else ""
        about = f"{', '.join(entity.types)}  {entity.degree:,} facts  {entity.key}"
        line = f"{topic.score:.2f}  {entity.label}{alias}  {about}"
        out.print(Text(visible(line)), soft_wrap=True)
    if not found:
        err.print(f"nothing in this graph is called anything like {text!r}")
        raise typer.Exit(NO_ANSWER)


@kg_app.command("pull")
def kg_pull(
    source: Annotated[str, typer.Argument(help="neo4j://HOST[/DATABASE], or neo4j for what NEO4J_URI says.")],
    to: Annotated[Path, typer.Option("--out", help="The .kg directory to write.")],
    force: Annotated[bool, typer.Option("--force", help="Replace the graph at --out.")] = False,
    env_file: EnvFile = None,
    config: Config = None,
) -> None:
    """Copy a Neo4j database into a .kg directory. Nothing is written to the database."""
    from kg.errors import GraphError
    from kg.neo4j_copy import pull
    from kg.neo4j_graph import Neo4jGraph
    from kg.store import Store
    from rog.progress import progress

    graph = opened(source, config)
    if not isinstance(graph, Neo4jGraph):
        raise GraphError(f"{source}: expected the address of a database, as in neo4j://localhost:7687")
    with progress(err) as report:
        pull(graph, to, force, report)
    store = Store(to)
    for note in store.notes:
        err.print(Text(f"note: {note}", style="yellow"), soft_wrap=True)
    size = store.size
    out.print(f"{to}: {size.entities:,} entities · {size.relations:,} relations · {size.triples:,} facts")


@kg_app.command("push")
def kg_push(
    kg: KGArgument,
    to: Annotated[str, typer.Argument(help="neo4j://HOST[/DATABASE] of an empty database, or neo4j.")],
    env_file: EnvFile = None,
) -> None:
    """Load a graph into an empty Neo4j database. Run it again to go on after an interruption."""
    from kg.errors import GraphError
    from kg.neo4j_client import connect, is_address
    from kg.neo4j_copy import push
    from kg.store import Store
    from rog.progress import progress

    if not is_address(to):
        raise GraphError(f"{to}: expected the address of a database, as in neo4j://localhost:7687")
    store = opened(kg)
    if not isinstance(store, Store):
        raise GraphError(f"{kg}: expected a .kg directory or a facts file")
    client = connect(to)
    with progress(err) as report:
        push(store, client, report)
    out.print(f"{client.address}: {store.size.entities:,} nodes · {store.size.triples:,} relationships")


@kg_app.command("draw")
def kg_draw(
    kg: KGArgument,
    entity: Annotated[str, typer.Option(help="The key or the name of the entity to start from.")],
    to: Annotated[Path, typer.Option("--out", "-o", help="The .svg, .png or .html file to write.")],
    hops: Annotated[int, typer.Option(min=1, max=2, help="How far to look.")] = 1,
    limit: Annotated[int, typer.Option(min=1, max=100, help="Relations to draw.")] = 12,
    env_file: EnvFile = None,
    config: Config = None,
) -> None:
    """Draw what lies around an entity: every relation with what it leads to, and what leads on from there."""
    from kg.link import resolve_entity
    from rog.cli_show import draw
    from rog.files import check_file
    from rog.picture.neighbourhood import neighbourhood

    check_file(to, ".svg", ".png", ".html")
    graph = opened(kg, config)
    draw(neighbourhood(graph, resolve_entity(graph, entity), hops, limit), to, to.suffix[1:].lower())
