"""`rog data make`, `rog data check`, `rog data graph`: training data from questions and a graph, or from the graph."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kg.visible import visible

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rich.table import Table

    from kg.graph import Graph
    from kg.questions import RawQuestion
    from kg.types import Progress
    from planner.data.check import Statistics
    from planner.data.make import Made
    from planner.data.rows import Row

SHOWN = 5  # lines of what was left out

data_app = typer.Typer(help="Make and check training data for your graph.", no_args_is_help=True, rich_markup_mode=None)

KG = Annotated[str, typer.Option("--kg", help="The graph: a .kg directory, a facts file, pykeen:NAME, or demo.")]
QA = Annotated[
    list[str] | None,
    typer.Option("--qa", help="Questions with answers: a file (may be repeated), or a data set's name on the hub."),
]
QaFormat = Annotated[
    str, typer.Option("--format", help="jsonl, metaqa, pathquestion or rog, if the first line does not tell.")
]
Force = Annotated[bool, typer.Option("--force", help="Replace what is at --out.")]
Seed = Annotated[int, typer.Option(help="Decides splits and samples.")]


@data_app.command("make")
def data_make(
    kg: KG,
    to: Annotated[Path, typer.Option("--out", help="The folder to write.")],
    qa: QA = None,
    form: QaFormat = "",
    count: Annotated[int, typer.Option("--n", min=1, help="Questions to make, without --qa.")] = 2_000,
    max_hops: Annotated[int, typer.Option(min=1, max=6, help="Steps of a plan at most.")] = 3,
    dev: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the topics in dev.")] = 0.1,
    test: Annotated[float, typer.Option(min=0, max=0.9, help="Share of the topics in test.")] = 0.1,
    limit_train: Annotated[int, typer.Option(min=0, help="Training questions at most; 0: all.")] = 0,
    keep: Annotated[int, typer.Option(min=1, help="Plans kept for a question.")] = 8,
    seed: Seed = 0,
    force: Force = False,
) -> None:
    """Mine the relation paths of questions with answers, weigh them, and write train, dev and test.

    Without --qa the questions are made from the graph itself.
    """
    from kg.mine import MineSettings
    from planner.data.folder import check_target, write_folder
    from planner.data.make import MakeSettings, make
    from rog.console import err, opened, out
    from rog.progress import progress

    began = time.perf_counter()
    check_target(to, force)
    graph = opened(kg)
    mining = MineSettings(hops=max_hops, seed=seed)
    settings = MakeSettings(mining, keep=keep, dev=dev, test=test, limit_train=limit_train, seed=seed)
    with progress(err) as report:
        made = make(graph, questions(graph, qa, form, count, max_hops, seed, report), settings, report)
    write_folder(to, made, graph, kg, qa or (), force)
    say_rejects(made, to)
    say_own_topics(made, graph)
    out.print(table(folder_statistics(made.rows, graph)))
    out.print(f"{to}: {sum(map(len, made.rows.values())):,} questions · {time.perf_counter() - began:.1f} s")


def questions(
    graph: Graph, qa: Sequence[str] | None, form: str, count: int, max_hops: int, seed: int, report: Progress
) -> list[RawQuestion]:
    """The questions of the files, or made from the graph."""
    if qa:
        from kg.datasets import read_questions

        return read_questions(qa, form, report)
    from planner.data.synthesize import SynthesisSettings, synthesize

    return synthesize(graph, SynthesisSettings(count, max_hops, seed=seed), report)


def say_rejects(made: Made, to: Path) -> None:
    """Print what was left out: how much of what, the first few, and where all of it is."""
    from collections import Counter

    from rich.text import Text

    from rog.console import err

    counts = Counter(reject.what for reject in made.rejects)
    for reject in made.rejects[:SHOWN]:
        said = f"left out: {reject.where}: {reject.what} {reject.value!r}: {reject.reason}"
        err.print(Text(visible(said), style="yellow"), soft_wrap=True)
    if counts:
        number = ", ".join(f"{n:,} {what}{'s' * (n > 1)}" for what, n in sorted(counts.items()))
        err.print(f"left out: {number}; all of them: {to / 'rejects.tsv'}", soft_wrap=True)
    lost = sum(row.unreachable for rows in made.rows.values() for row in rows)
    if lost:
        err.print(
            f"{lost:,} questions have answers that no relation path reaches; they are kept, without plans",
            soft_wrap=True,
        )
    if made.cut:
        err.print(
            f"{made.cut:,} questions lie at entities so well connected that not every path was looked for",
            soft_wrap=True,
        )
    for name, rows in made.rows.items():
        if not rows:
            err.print(f"{name} is empty: too few topics for these shares; another --seed or larger shares may help")


def say_own_topics(made: Made, graph: Graph) -> None:
    """Print how many questions are answered by their own topic, which no walk comes back to, and what can be done."""
    from rog.console import err

    own = sum(len(row.topics) == 1 and row.topics[0] in row.answers for rows in made.rows.values() for row in rows)
    if own and not graph.returning:
        err.print(
            f"{own:,} questions have their topic among their answers, and walks do not come back to it: they do in a "
            "graph that is built with --returning (or pulled from a database with `returning: true` in --config)",
            soft_wrap=True,
        )


@data_app.command("check")
def data_check(
    folder: Annotated[Path, typer.Argument(help="A folder that `rog data make` wrote.")],
    kg: Annotated[str, typer.Option("--kg", help="The graph, if it has moved.")] = "",
) -> None:
    """Print what the data hold. Exit code 1 says that something is wrong with them, and what."""
    from itertools import islice

    from rich.text import Text

    from planner.data.check import problems
    from planner.data.folder import open_folder
    from planner.data.make import SPLITS
    from rog.console import err, out
    from rog.progress import progress

    data = open_folder(folder)
    rows = {name: data.rows(name) for name in SPLITS}
    with progress(err) as report:
        graph = data.graph(kg, report)
    out.print(table(folder_statistics(rows, graph)))
    found = list(islice(problems(data, rows, graph), 1_000))
    for line in found[:SHOWN]:
        err.print(Text(visible(line), style="yellow"), soft_wrap=True)
    if found:
        more = "at least " * (len(found) == 1_000)
        err.print(Text(f"error: {folder}: {more}{len(found):,} things are wrong", style="bold red"), soft_wrap=True)
        raise typer.Exit(1)
    out.print("no first topic and no wording in two splits; every answer, topic and relation is in the graph")


@data_app.command("graph")
def data_graph(
    name: Annotated[str, typer.Argument(help="A data set on the Hugging Face hub, as in rmanluo/RoG-webqsp.")],
    to: Annotated[Path, typer.Option("--out", help="The .kg directory to write.")],
    force: Force = False,
) -> None:
    """Build one graph of all the questions' subgraphs. For files of such rows, `rog kg build` does it."""
    from kg.build import batches
    from kg.open import open_graph
    from kg.published import hub_triples
    from kg.write import Builder, Provenance
    from rog.console import err, out
    from rog.progress import progress

    builder = Builder()
    with progress(err) as report:
        for batch in batches(hub_triples(name)):
            builder.add(batch)
            report("reading facts", len(builder), 0)
        builder.write(to, Provenance(name), force, report)
    size = open_graph(to).size
    out.print(f"{to}: {size.entities:,} entities · {size.relations:,} relations · {size.triples:,} facts")


def folder_statistics(rows: Mapping[str, Sequence[Row]], graph: Graph) -> dict[str, Statistics]:
    """The numbers of each split."""
    from planner.data.check import statistics

    return {name: statistics(found, graph) for name, found in rows.items()}


def table(found: Mapping[str, Statistics]) -> Table:
    """The numbers of each split as a table, a row for each."""
    from rich.table import Table

    titles = ("", "questions", "topics", "by hops", "answers", "plans", "heaviest", "unanswerable", "unreachable")
    shown = Table(*titles, "relations", box=None, padding=(0, 2, 0, 0))
    for name, numbers in found.items():
        hops = "  ".join(f"{hops}: {count:,}" for hops, count in numbers.hops)
        means = (f"{numbers.answers:.1f}", f"{numbers.plans:.1f}", f"{numbers.weight:.2f}")
        kinds = (f"{numbers.unanswerable:,}", f"{numbers.unreachable:,}")
        relations = f"{numbers.relations:,} of {numbers.of_relations:,}"
        shown.add_row(name, f"{numbers.questions:,}", f"{numbers.topics:,}", hops, *means, *kinds, relations)
    return shown
