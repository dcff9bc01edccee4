"""Does it say no when the graph does not know? Demo test questions, asked after the fact that they begin with is gone.

    python -m benchmarks.missing_facts --work runs/missing [--questions 200] [--split test] [--reasoner RUN]

Every fact that leads from a question's topic along the first relation of its gold path is taken out of the graph;
planner and reasoner, which were trained on the whole graph, are asked as they are. A refusal is right, any answer
wrong. As many other questions, whose gold path still leads to their answers, say what the refusals cost.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.common import machine, write_report
from benchmarks.reasoner import demo_rows
from kg.build import Sources, build, demo_folder, demo_sources
from kg.errors import UnknownKeyError
from kg.graph import Graph
from kg.link import link
from kg.open import open_graph
from kg.store import Store
from kg.types import Question
from planner.data.rows import Row
from planner.lexical import LexicalPlanner
from planner.lm import LanguageModel
from planner.registry import bundled_run, trained_planner
from planner.training.run import Run
from reasoner.pipeline import RoG
from reasoner.quoting import QuotingReasoner, Weights
from reasoner.symbolic import SymbolicReasoner
from rog.evaluation.evaluate import bootstrap, set_f1

BATCH = 16


def without(rows: Sequence[Row], work: Path) -> Store:
    """The demo graph without the first facts of these questions' gold paths, built if it is not there."""
    firsts = [(topic, row.paths[0][0]) for row in rows for topic in row.topics]
    gone = {(topic, first.removeprefix("~"), first.startswith("~")) for topic, first in firsts}
    source = demo_sources()
    folder = work / "cut.kg"
    if not folder.exists():
        head, *lines = (demo_folder() / "facts.tsv").read_text("utf-8").splitlines()
        facts = [tuple(line.split("\t")) for line in lines]
        kept = [
            fact for fact in facts if (fact[0], fact[1], False) not in gone and (fact[2], fact[1], True) not in gone
        ]
        file = work / "facts.tsv"
        file.write_text("\n".join([head, *("\t".join(fact) for fact in kept)]) + "\n", "utf-8")
        print(f"{len(facts) - len(kept):,} of {len(facts):,} facts taken out")
        build(Sources((file,), source.labels, source.relations), folder)
    return Store(folder)


def is_whole(row: Row, graph: Graph) -> bool:
    """Whether a question's gold path still leads to its answers."""
    try:
        frontier = graph.frontier(row.topics)
    except UnknownKeyError:  # it had no other facts
        return False
    for relation in row.paths[0]:
        if relation not in frontier.relations():
            return False
        frontier = frontier.follow(relation)
    return set(frontier.entities) == set(row.answers)


def systems(graph: Graph, reasoner: str) -> Iterator[tuple[str, RoG]]:
    """The lexical planner, the one that was trained on the whole graph, and a reasoner that was, beside it."""
    symbolic = SymbolicReasoner(graph)
    yield "lexical", RoG(graph, LexicalPlanner(graph), symbolic)
    trained = trained_planner(Run(Path(bundled_run("planner", open_graph("demo")))), graph)
    yield "the bundled planner", RoG(graph, trained, symbolic)
    if reasoner:
        reading = QuotingReasoner(graph, LanguageModel(reasoner), Run(Path(reasoner)).calibration(Weights))
        yield "and a trained reasoner", RoG(graph, trained, reading)


def answered(rog: RoG, rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """The entities that answer each question."""
    found = []
    for start in range(0, len(rows), BATCH):
        some = [Question(row.question, link(rog.graph, row.question), row.id) for row in rows[start : start + BATCH]]
        found += [trace.answer.entities for trace in rog.traces(some)]
    return found


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=200)
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--reasoner", default="", help="A run of `rog train reasoner`.")
    options = parser.parse_args()
    work = options.work / f"{options.split}-{options.questions}"
    work.mkdir(parents=True, exist_ok=True)
    rows = [row for row in demo_rows(open_graph("demo"), options.split) if row.paths]
    random.Random(0).shuffle(rows)
    cut, rest = rows[: options.questions], rows[options.questions :]
    graph = without(cut, work)
    rest = [row for row in rest if is_whole(row, graph)][: options.questions]
    assert not any(is_whole(row, graph) for row in cut)
    lines = [
        f"# Questions whose first fact is gone, demo {options.split}\n",
        f"{machine()}; {len(cut)} questions whose fact was taken out, {len(rest)} others.\n",
        "| system | fact gone: refused | the others: set-F1 | refused |\n|---|---|---|---|",
    ]
    for name, rog in systems(graph, options.reasoner):
        given = answered(rog, rest)
        rightly = bootstrap([float(not entities) for entities in answered(rog, cut)])
        f1 = bootstrap([set_f1(entities, row.answers) for entities, row in zip(given, rest, strict=True)])
        wrongly = bootstrap([float(not entities) for entities in given])
        lines.append(f"| {name} | {rightly} | {f1} | {wrongly} |")
    print("\n".join(lines))
    write_report(Path(__file__).parent / "results" / f"missing-facts-{options.split}.md", lines)


if __name__ == "__main__":
    main()
