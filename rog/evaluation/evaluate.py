"""Systems asked the same questions and measured: `evaluate(systems, rows, graph)`."""

from __future__ import annotations

import platform
import sys
import time
from collections.abc import Collection, Iterator, Sequence

from kg.errors import QuestionError
from kg.graph import Graph
from kg.types import Progress, RelationPath
from planner.data.rows import Row
from rog.evaluation.anonymous import Anonymous
from rog.evaluation.arms import Setup, System, gold_paths
from rog.evaluation.asking import Questions, Run
from rog.evaluation.metrics import hits_at_1, set_f1
from rog.evaluation.results import Arm, Options, Record, Report, Topics
from rog.evaluation.stats import bootstrap
from rog.evaluation.summary import Table, compare, stratify, summarise

__all__ = ["bootstrap", "evaluate", "hits_at_1", "set_f1"]


def evaluate(
    systems: Sequence[System],
    rows: Sequence[Row],
    graph: Graph,
    options: Options | None = None,
    trained: Collection[RelationPath] | None = None,
    progress: Progress | None = None,
) -> Report:
    """Ask every system every question, in every setting that `options` name.

    The first system is the one that others are compared with. `trained` are the relation paths of the training
    questions, if they are known. Systems are made one after the other, and only one is in memory at a time.
    """
    options = options or Options()
    check(systems, rows)
    began = time.perf_counter()
    asked = Questions(graph, rows)
    records: list[Record] = []
    for system in systems[1:]:  # a wrong name shows now, and not after hours
        system.make(setup_of(graph, rows, options, progress))
    for anonymous in (False, True) if options.anonymise else (False,):
        for system in systems:
            records += answered(system, asked, anonymous, options, progress)
    table = Table(records, rows)
    answerable = sum(bool(row.answers) for row in rows)
    return Report(
        graph.name,
        answerable,
        len(rows) - answerable,
        options,
        machine(),
        time.perf_counter() - began,
        tuple(records),
        summarise(table),
        compare(table),
        stratify(table, trained),
        tuple(notes(systems, rows, graph, options, records)),
    )


def answered(
    system: System, asked: Questions, anonymous: bool, options: Options, progress: Progress | None
) -> list[Record]:
    """All questions answered by one system, in every setting of topics; it is let go of afterwards."""
    rows = asked.rows
    seen = Anonymous(asked.graph) if anonymous else asked.graph
    answering = system.make(setup_of(seen, rows, options, progress))
    records: list[Record] = []
    for topics in settings(rows, options):
        arm = Arm(system.name, topics, anonymous)
        run = Run(asked, answering, arm, system.seed, seen, options.batch, system.needs_gold)
        for batch in run.batches():
            records += batch
            if progress:
                done = len(records) % len(rows) or len(rows)
                progress(f"{system.title}, {arm.setting}", done, len(rows))
    return records


def check(systems: Sequence[System], rows: Sequence[Row]) -> None:
    """QuestionError if there is nothing to do or something is there twice."""
    if not systems or not rows:
        raise QuestionError(f"no {'questions' if systems else 'systems'} to evaluate")
    for kind, names in (("system", [system.title for system in systems]), ("question id", [row.id for row in rows])):
        twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else ()
        if twice:
            raise QuestionError(f"the {kind} {twice[0]!r} is there twice; give each its own")


def setup_of(graph: Graph, rows: Sequence[Row], options: Options, progress: Progress | None) -> Setup:
    """What systems are made for."""
    return Setup(graph, rows, options.k, options.max_hops, options.limit, progress, options.anyway)


def settings(rows: Sequence[Row], options: Options) -> tuple[Topics, ...]:
    """The topic settings to measure: gold ones need a row that has any."""
    if options.topics != "both":
        return (options.topics,)
    return ("linked", "gold") if any(row.topics for row in rows) else ("linked",)


def notes(
    systems: Sequence[System], rows: Sequence[Row], graph: Graph, options: Options, records: Sequence[Record]
) -> Iterator[str]:
    """What a reader must know of the figures."""
    answerable = [row for row in rows if row.answers]
    untold = sum(not gold_paths(row) for row in answerable)
    for name in dict.fromkeys(system.name for system in systems if system.needs_gold and untold):
        share = f"{untold:,} of {len(answerable):,} questions with answers"
        yield f"{name} is not applicable where no gold path is known: {share}"
    missing = [key for row in rows for key in row.answers if not graph.has(key)]
    if missing:
        yield f"{len(missing):,} gold answers (as {missing[0]!r}) are not, or not clearly, entities of this graph"
    if "gold" in settings(rows, options) and not all(row.topics for row in rows):
        yield f"{sum(not row.topics for row in rows):,} questions have no gold topics; both settings link them"
    cut = len({record.row.id for record in records if record.total > len(record.answers)})
    if cut:
        yield f"of {cut:,} questions a system's answer was cut to {options.limit:,} entities (--limit)"
    if options.batch > 1:
        yield f"{options.batch} questions were asked at a time: a question's time is its batch's, divided"
    if options.anonymise:
        yield "anonymised: labels and aliases of entities, topics in questions; types and relations stay"


def machine() -> str:
    """The machine that times belong to."""
    from planner.device import best_device, cpu_model, free_cores

    found = f"{cpu_model() or platform.machine()}, {free_cores()} cores, Python {platform.python_version()}"
    return f"{found}, {' '.join(best_device())}" if "torch" in sys.modules else found
