"""The command line: `rog demo`, `rog ask`, `rog paths`, `rog kg`, `rog doctor`. Results on stdout, all else on stderr.

Exit codes: 0 answered, 1 an error in the input (one line), 2 wrong usage, 3 no grounded answer, 130 interrupted.
"""

from __future__ import annotations

import io
import sys
import time
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from kg.errors import RogError
from kg.visible import json_text, visible
from rog.cli_data import data_app
from rog.cli_eval import evaluate_command
from rog.cli_kg import kg_app
from rog.cli_rl import rl_app
from rog.cli_serve import chat_command, mcp_command, serve_command
from rog.cli_show import Html, Pictures, Png, Svg, show_command
from rog.cli_train import train_app
from rog.console import err, opened, out, show_notes
from rog.options import (
    AUTO_HOPS,
    KG,
    MAX_HOPS_HELP,
    NO_ANSWER,
    Anyway,
    AsJson,
    Config,
    EnvFile,
    Partial,
    Planner,
    ShowCypher,
)
from rog.pipeline import DEMO_QUESTIONS, pipeline

if TYPE_CHECKING:
    from kg.graph import Graph
    from reasoner.pipeline import RoG

ANSWER = ("answers", "text", "verdict", "confidence", "total", "reasons", "refusal", "related", "support")  # in JSON
app = typer.Typer(
    help="Ask a knowledge graph in words and get the answer with the paths that prove it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.add_typer(kg_app, name="kg")
app.add_typer(data_app, name="data")
app.add_typer(train_app, name="train")
app.add_typer(rl_app, name="rl")


def main() -> None:
    """Run the command line; a RogError becomes one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that lacks a sign gets "?"
    try:
        app()
    except RogError as error:
        err.print(Text.assemble(("error: ", "bold red"), visible(str(error))), soft_wrap=True)
        raise SystemExit(1) from None


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
    show_notes()


@app.command()
def demo(planner: Planner = "auto") -> None:
    """Open the bundled graph and ask it three questions."""
    from rog.show import shown

    graph = opened("demo")
    size = graph.size
    out.print(f"demo graph: {size.entities:,} entities · {size.relations} relations · {size.triples:,} facts")
    rog = pipeline(graph, planner, "symbolic", 3, AUTO_HOPS)
    for text in DEMO_QUESTIONS:
        began = time.perf_counter()
        trace = rog.trace(text)
        out.print()
        out.print(shown(trace, graph, time.perf_counter() - began))
    out.print('\nYour turn:  rog ask "Which currency is used in the country whose capital is Lima?"')


@app.command()
def ask(
    question: Annotated[str, typer.Argument(help="The question in words, or - to read one a line from stdin.")],
    kg: KG = "demo",
    k: Annotated[int, typer.Option(min=1, max=50, help="Plans to try.")] = 3,
    max_hops: Annotated[int, typer.Option(min=0, max=6, help=MAX_HOPS_HELP)] = AUTO_HOPS,
    entity: Annotated[str | None, typer.Option(help="The key or the name of what the question is about.")] = None,
    paths_only: Annotated[bool, typer.Option("--paths-only", help="Print plans and paths, and no answer.")] = False,
    planner: Planner = "auto",
    reasoner: Annotated[str, typer.Option(help="symbolic, lm, a training run, or openai:URL#MODEL.")] = "symbolic",
    anyway: Anyway = False,
    partial: Partial = False,
    as_json: AsJson = False,
    env_file: EnvFile = None,
    config: Config = None,
    show_cypher: ShowCypher = False,
    html: Html = None,
    svg: Svg = None,
    png: Png = None,
) -> None:
    """Ask a question. Exit code 3 says that the graph does not know, or that a plan cannot say all of the question."""
    graph = opened(kg, config, show_cypher)
    from kg.link import checked

    asked = sys.stdin.buffer.read().decode("utf-8", "replace").splitlines() if question == "-" else [question]
    questions = [checked(text) for text in asked if text.strip() or question != "-"]  # before models are loaded
    pictures = Pictures(html, svg, png)
    pictures.check(len(questions))
    rog = pipeline(graph, planner, reasoner, k, max_hops, anyway)
    answered = [ask_one(rog, graph, text, entity, paths_only, as_json, pictures, partial) for text in questions]
    if not all(answered):
        raise typer.Exit(NO_ANSWER)


def ask_one(
    rog: RoG,
    graph: Graph,
    text: str,
    entity: str | None,
    paths_only: bool,
    as_json: bool,
    pictures: Pictures,
    partial: bool = False,
) -> bool:
    """Ask and print; whether there was an answer (or, with `paths_only`, a path)."""
    from rog import show

    began = time.perf_counter()
    trace = rog.trace(text, entity)
    if as_json:
        left_out = ANSWER if paths_only else ()
        document = show.as_json(trace, graph, partial)
        document = {name: value for name, value in document.items() if name not in left_out}
        print(json_text(document))
    elif paths_only:
        out.print(show.tree(trace, graph))
    else:
        out.print(show.shown(trace, graph, time.perf_counter() - began, partial=partial))
    pictures.write(trace, graph)
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
        print(json_text({"paths": [path_json(path) for path in walks.paths], "total": walks.total}))
    for path in () if as_json else walks.paths:
        out.print(Text(path_label(path, graph)), soft_wrap=True)
    if walks.total > len(walks.paths):
        err.print(f"{walks.total - len(walks.paths):,} more paths; --limit shows more")
    if not walks.total:
        err.print(visible(f"no path along {relation_path} from {start.label}"))
        raise typer.Exit(NO_ANSWER)


@app.command()
def doctor(kg: KG = "demo", env_file: EnvFile = None, config: Config = None) -> None:
    """Print versions, threads, models and what is missing: a block to paste into a bug report."""
    from rog.doctor import report

    for name, value in report(kg, config):
        out.print(Text(visible(f"{name:<14} {value}")), soft_wrap=True)


app.command("eval")(evaluate_command)
app.command("serve")(serve_command)
app.command("mcp")(mcp_command)
app.command("chat")(chat_command)
app.command("show")(show_command)
