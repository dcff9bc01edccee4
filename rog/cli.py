"""The command line: `rog demo`, `rog ask`, `rog paths`, `rog kg`, `rog doctor`. Results on stdout, all else on stderr.

Exit codes: 0 answered, 1 an error in the input (one line), 2 wrong usage, 3 no grounded answer, 130 interrupted.
"""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from kg.errors import RogError
from rog.cli_data import data_app
from rog.cli_eval import evaluate_command
from rog.cli_train import train_app

if TYPE_CHECKING:
    from kg.graph import Graph
    from reasoner.pipeline import RoG

NO_ANSWER = 3

app = typer.Typer(
    help="Ask a knowledge graph in words and get the answer with the paths that prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
kg_app = typer.Typer(help="Build, describe and search graphs.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(kg_app, name="kg")
app.add_typer(data_app, name="data")
app.add_typer(train_app, name="train")

# Where nobody looks at a terminal, lines are not folded to the width of one.
out = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, markup=False)


def set_environment(path: Path | None) -> None:
    """`--env-file`: take NEO4J_URI and the like from a file, before anything is opened."""
    if path is not None:
        from kg.neo4j_client import load_env_file

        load_env_file(path)


SOURCE = "A .kg directory, a facts file, neo4j://HOST[/DATABASE], pykeen:NAME, or demo."
KG = Annotated[str, typer.Option("--kg", help=SOURCE)]
KGArgument = Annotated[str, typer.Argument(help=SOURCE)]
EnvFile = Annotated[
    Path | None,
    typer.Option("--env-file", callback=set_environment, is_eager=True, help="Take NEO4J_URI, … from this file."),
]
Config = Annotated[Path | None, typer.Option("--config", help="YAML: overrides of what is guessed of a Neo4j schema.")]
ShowCypher = Annotated[bool, typer.Option("--show-cypher", help="Print the queries sent to Neo4j on stderr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Planner = Annotated[
    str, typer.Option(help="auto, lexical, semantic, combined, lm, a training run, or a model's name or folder.")
]


def main() -> None:
    """Run the command line; a RogError becomes one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign gets "?"
    try:
        app()
    except RogError as error:
        err.print(Text.assemble(("error: ", "bold red"), str(error)), soft_wrap=True)
        raise SystemExit(1) from None


def opened(kg: str, config: Path | None = None, show_cypher: bool = False) -> Graph:
    """The graph behind --kg."""
    from kg.open import open_graph
    from rog.progress import progress

    with progress(err) as report:
        graph = open_graph(kg, report, config)
    if show_cypher:
        from kg.neo4j_graph import Neo4jGraph

        if isinstance(graph, Neo4jGraph):
            graph.client.log = print_query
    return graph


def print_query(query: str, parameters: Mapping[str, Any]) -> None:
    """One query with its parameters (the first few of a long list) on stderr."""
    shown = {
        k: [*v[:3], f"… {len(v):,} in all"] if isinstance(v, list) and len(v) > 3 else v for k, v in parameters.items()
    }
    used = {name: value for name, value in shown.items() if f"${name}" in query}
    err.print(
        Text(f"cypher  {query}  {json.dumps(used, ensure_ascii=False, default=str)}", style="dim"), soft_wrap=True
    )


def pipeline(graph: Graph, planner: str, reasoner: str, k: int, max_hops: int) -> RoG:
    """The pipeline over a graph, with its models loaded."""
    from planner.registry import make_planner
    from reasoner.pipeline import RoG
    from reasoner.registry import make_reasoner
    from rog.progress import progress

    with progress(err) as report:
        return RoG(graph, make_planner(planner, graph, report), make_reasoner(reasoner, graph, report), k, max_hops)


def print_version(wanted: bool) -> None:
    """`rog --version`."""
    if wanted:
        from rog import __version__

        out.print(f"rog {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Ask a knowledge graph in words and get the answer with the paths that prove it."""


@app.command()
def demo(planner: Planner = "auto") -> None:
    """Open the bundled graph and ask it three questions."""
    from rog.show import shown

    graph = opened("demo")
    size = graph.size
    out.print(f"demo graph: {size.entities:,} entities · {size.relations} relations · {size.triples:,} facts")
    rog = pipeline(graph, planner, "symbolic", 3, 3)
    for text in DEMO_QUESTIONS:
        began = time.perf_counter()
        trace = rog.trace(text)
        out.print()
        out.print(shown(trace, graph, time.perf_counter() - began))
    out.print('\nYour turn:  rog ask "Which currency is used in the country whose capital is Lima?"')


DEMO_QUESTIONS = (
    "What is the capital of Australia?",
    "Which currency is used in the country whose capital is Lima?",
    "Who is the president of France?",
)


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question in words, or - to read one a line from stdin.")],
    kg: KG = "demo",
    k: Annotated[int, typer.Option(min=1, max=50, help="Plans to try.")] = 3,
    max_hops: Annotated[int, typer.Option(min=1, max=6, help="Steps of a plan at most.")] = 3,
    entity: Annotated[str | None, typer.Option(help="The key of the entity that the question is about.")] = None,
    paths_only: Annotated[bool, typer.Option("--paths-only", help="Plan and retrieve, do not answer.")] = False,
    planner: Planner = "auto",
    reasoner: Annotated[str, typer.Option(help="symbolic, lm, or a training run.")] = "symbolic",
    as_json: AsJson = False,
    env_file: EnvFile = None,
    config: Config = None,
    show_cypher: ShowCypher = False,
) -> None:
    """Ask a question. Exit code 3 says that the graph does not know."""
    graph = opened(kg, config, show_cypher)
    from kg.link import checked

    asked = sys.stdin.buffer.read().decode("utf-8", "replace").splitlines() if question == "-" else [question]
    questions = [checked(text) for text in asked if text.strip() or question != "-"]  # before models are loaded
    rog = pipeline(graph, planner, reasoner, k, max_hops)
    answered = [ask_one(rog, graph, text, entity, paths_only, as_json) for text in questions]
    if not all(answered):
        raise typer.Exit(NO_ANSWER)


def ask_one(rog: RoG, graph: Graph, text: str, entity: str | None, paths_only: bool, as_json: bool) -> bool:
    """Ask and print; whether there was an answer (or, with `paths_only`, a path)."""
    from rog import show

    began = time.perf_counter()
    trace = rog.trace(text, entity)
    if as_json:
        print(json.dumps(show.as_json(trace, graph), ensure_ascii=False))
    else:
        out.print(show.tree(trace, graph) if paths_only else show.shown(trace, graph, time.perf_counter() - began))
    return bool(trace.evidence.found) if paths_only else trace.answer.verdict == "grounded"


@app.command()
def paths(
    entity: Annotated[str, typer.Argument(help="The key or the name of the entity to start from.")],
    relation_path: Annotated[str, typer.Argument(help="Relations, as in 'r1 -> ~r2'; ~ walks one backwards.")],
    kg: KG = "demo",
    limit: Annotated[int, typer.Option(min=1, max=1_000_000, help="Paths to print at most.")] = 100,
    as_json: AsJson = False,
    env_file: EnvFile = None,
    config: Config = None,
    show_cypher: ShowCypher = False,
) -> None:
    """Print the paths along a relation path. No model is used."""
    from kg.link import resolve_entity
    from kg.types import parse_relation_path
    from rog.show import path_json, path_label

    graph = opened(kg, config, show_cypher)
    start = resolve_entity(graph, entity)
    walks = graph.paths(start.key, parse_relation_path(relation_path), limit)
    if as_json:
        print(
            json.dumps({"paths": [path_json(path) for path in walks.paths], "total": walks.total}, ensure_ascii=False)
        )
    for path in () if as_json else walks.paths:
        out.print(Text(path_label(path, graph)), soft_wrap=True)
    if walks.total > len(walks.paths):
        err.print(f"{walks.total - len(walks.paths):,} more paths; --limit shows more")
    if not walks.total:
        err.print(f"no path along {relation_path} from {start.label}")
        raise typer.Exit(NO_ANSWER)


@app.command()
def doctor(kg: KG = "demo", env_file: EnvFile = None, config: Config = None) -> None:
    """Print versions, threads, models and what is missing: a block to paste into a bug report."""
    from rog.doctor import report

    for name, value in report(kg, config):
        out.print(Text(f"{name:<14} {value}"), soft_wrap=True)


FACTS_HELP = (
    "Facts files (.tsv .csv .jsonl .parquet .json .nt .nq .ttl .trig .rdf .owl .xml .jsonld .graphml .gexf, also .gz "
    ".bz2), Neo4j import files or a folder of them, or pykeen:NAME."
)


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
    force: Annotated[bool, typer.Option("--force", help="Replace the graph at --out.")] = False,
) -> None:
    """Build a graph from files. A build that fails leaves nothing behind; lines that are no facts are kept apart."""
    from kg.build import build, merged
    from kg.load import Options, parse_columns
    from kg.open import open_graph
    from rog.progress import progress

    began = time.perf_counter()
    sources = merged(facts, tuple(labels or ()), relations, licence)
    rejects = to.with_name(f"{to.name}.rejects.tsv")
    options = Options(form, parse_columns(columns), strict, rejects)
    with progress(err) as report:
        read = build(sources, to, options, force, report)
    for line in read.shown:
        err.print(Text(f"skipped {line}", style="yellow"), soft_wrap=True)
    if read.bad:
        err.print(f"{read.bad:,} of {read.lines:,} lines were skipped; all of them: {rejects}", soft_wrap=True)
    size = open_graph(to).size
    took = time.perf_counter() - began
    out.print(
        f"{to}: {size.entities:,} entities · {size.relations:,} relations · {size.triples:,} facts · {took:.1f} s"
    )


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
        print(json.dumps({"name": graph.name, **size._asdict(), "by_relation": relations_json(graph)}))
        return
    out.print(f"{size.entities:,} entities · {size.relations:,} relations · {size.triples:,} facts")
    schema = getattr(graph, "schema", None)
    if schema is not None:
        out.print(label_table(schema))
        out.print()
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
        print(json.dumps(rows, ensure_ascii=False))
    for topic in () if as_json else found:
        entity = topic.entity
        alias = f' ("{topic.mention}")' if topic.mention not in (entity.label, entity.key) else ""
        about = f"{', '.join(entity.types)}  {entity.degree:,} facts  {entity.key}"
        line = f"{topic.score:.2f}  {entity.label}{alias}  {about}"
        out.print(Text(line), soft_wrap=True)
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


app.command("eval")(evaluate_command)
