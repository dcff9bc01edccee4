"""`rog eval`: systems measured on a file of questions, as a table here and as a report in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from kg.visible import json_text
from rog.options import AUTO_HOPS, MAX_HOPS_HELP, Anyway

if TYPE_CHECKING:
    from rich.table import Table

    from rog.evaluation.results import Measure, Report

SYSTEM_HELP = (
    "planner, name=planner,reasoner, or name@1=… for a seed; planner and reasoner are names or run folders. Controls: "
    "random, oracle-plan, oracle-paths=REASONER, closed-book=LM (or name=RUN,closed-book). Give it several times; the "
    "first is compared with."
)
SHOWN = {
    "": ("hits_at_1", "f1", "hit", "right_refusal", "wrong_refusal"),
    "shares of all questions": ("right", "partly", "wrong_shown", "refused", "wrong_of_shown", "false_grounded"),
    "linking and fit": ("link_1", "link_5", "fit"),
}


def evaluate_command(
    data: Annotated[Path, typer.Option("--data", help="Questions: .jsonl, or any form that `rog data` reads.")],
    system: Annotated[list[str], typer.Option("--system", help=SYSTEM_HELP)],
    kg: Annotated[str, typer.Option("--kg", help="The graph; else what manifest.json beside the data names.")] = "",
    to: Annotated[Path | None, typer.Option("--out", help="The folder of the report; none is written without.")] = None,
    topics: Annotated[
        Literal["linked", "gold", "both"], typer.Option(help="Who says what a question is about.")
    ] = "both",
    anonymise: Annotated[bool, typer.Option("--anonymise", help="Also with entities' names taken away.")] = False,
    train: Annotated[
        Path | None, typer.Option(help="Training questions, to tell seen relation paths; else train.jsonl beside.")
    ] = None,
    batch: Annotated[int, typer.Option(min=1, max=1024, help="Questions at a time; times are of one if 1.")] = 1,
    first: Annotated[int, typer.Option(min=0, help="Take only the first questions; 0 takes all.")] = 0,
    k: Annotated[int, typer.Option(min=1, max=50, help="Plans to try.")] = 3,
    max_hops: Annotated[int, typer.Option(min=0, max=6, help=MAX_HOPS_HELP)] = AUTO_HOPS,
    limit: Annotated[int, typer.Option(min=1, help="Entities that a plan may lead to.")] = 200,
    anyway: Anyway = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the report at --out.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    env_file: Annotated[Path | None, typer.Option("--env-file", help="Take NEO4J_URI, … from this file.")] = None,
    config: Annotated[Path | None, typer.Option("--config", help="YAML about a Neo4j schema.")] = None,
) -> None:
    """Measure systems on questions with answers: intervals, paired tests, kinds of questions."""
    from dataclasses import replace

    from kg.errors import QuestionError
    from rog.console import err, opened, set_environment
    from rog.evaluation.arms import parse_system
    from rog.evaluation.evaluate import evaluate
    from rog.evaluation.report import check_free, write_report
    from rog.evaluation.results import Options
    from rog.evaluation.rows import check_same, evaluation_rows, graph_named, trained_paths
    from rog.progress import progress

    set_environment(env_file)
    systems = [parse_system(text) for text in system]
    if to is not None:
        check_free(to, force)
    source = kg or graph_named(data)
    graph = opened(source, config)
    check_same(data, graph)
    known = train or data.with_name("train.jsonl")
    if train is not None and not train.exists():
        raise QuestionError(f"{train}: no such file")
    with progress(err) as report:
        rows = evaluation_rows(data, graph, report)
        seen = trained_paths(known, graph) if known.exists() and known.resolve() != data.resolve() else None
        options = Options(topics, anonymise, batch, k, max_hops, limit, anyway)
        found = evaluate(systems, rows[: first or None], graph, options, seen, report)
    if first and first < len(rows):
        found = replace(found, notes=(f"only the first {first:,} of {len(rows):,} questions were asked", *found.notes))
    found = replace(found, title=f"{data.stem} on {source}")
    if to is not None:
        write_report(found, graph, to, force)
    print_report(found, as_json)
    if to is not None:
        err.print(f"report: {to / 'index.html'}", soft_wrap=True)


def print_report(report: Report, as_json: bool) -> None:
    """The figures on stdout, the notes on stderr."""
    from rog.console import err, out
    from rog.evaluation.report import report_json

    if as_json:
        print(json_text(report_json(report)))
    else:
        for title in SHOWN:
            if shown := table(report, title):
                out.print(shown)
        for line in differences(report):
            out.print(line, soft_wrap=True)
    for note in report.notes:
        err.print(f"note: {note}", soft_wrap=True)


def table(report: Report, title: str = "") -> Table | None:
    """One of the tables `SHOWN`, a line for each system and setting, or None where its measures apply to nothing."""
    from rich.table import Table
    from rich.text import Text

    from rog.evaluation.metrics import TITLES

    shown = [name for name in SHOWN[title] if any(summary.measure(name).questions for summary in report.summaries)]
    if not shown:
        return None
    is_first = not title
    title = title or f"{report.answerable:,} answerable questions, {report.unanswerable:,} unanswerable ones"
    drawn = Table(title=title, title_justify="left", title_style="dim", box=None, pad_edge=False, header_style="dim")
    for name in ("system", "topics", *(TITLES[name] for name in shown), *["ms"] * is_first):
        drawn.add_column(name, justify="left" if name in ("system", "topics") else "right", no_wrap=True)
    for summary in report.summaries:
        name = summary.arm.system + (f" ({summary.seeds} seeds)" if summary.seeds > 1 else "")
        setting = summary.arm.topics + (", anonymised" if summary.arm.anonymous else "")
        cells = [written(summary.measure(measure)) for measure in shown] + [f"{summary.cost.p50:,.1f}"] * is_first
        drawn.add_row(*map(Text, (name, setting, *cells)))
    return drawn


def written(measure: Measure) -> str:
    """A measure as a cell; a dash where it does not apply."""
    return str(measure.interval) if measure.questions else "–"


def differences(report: Report) -> list[str]:
    """A line for each comparison."""
    return [
        f"{c.second.title} − {c.first.title}: F1 {c.f1.interval.mean:+.3f} "
        f"[{c.f1.interval.low:+.3f}, {c.f1.interval.high:+.3f}] p={c.f1_holm:.2g}, "
        f"Hits@1 {c.hits_at_1.interval.mean:+.3f} p={c.mcnemar_holm:.2g}"
        for c in report.comparisons
    ]
