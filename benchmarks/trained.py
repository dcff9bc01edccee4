"""A planner trained on few questions with answers only, on topics that were held out: MetaQA and PathQuestion.

    python -m benchmarks.trained metaqa --data ../shared/data --work runs/metaqa --questions 1000 --seed 0
    python -m benchmarks.trained pathquestion --data ../shared/data --work runs/pathquestion

Questions are split by topic entity; relation paths are mined from the answers, gold ones are never used. Evaluated with
linked topics and the symbolic reasoner. `--split dev` is for choosing settings, `test` for the figures.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.common import machine, write_report
from kg.build import Sources, build
from kg.datasets import read_questions
from kg.questions import RawQuestion
from kg.store import Store
from planner.data.folder import open_folder, write_folder
from planner.data.make import SPLITS, MakeSettings, make, split_of
from planner.training.run import Run
from rog.evaluation.arms import parse_system
from rog.evaluation.evaluate import bootstrap, evaluate
from rog.evaluation.results import Options, Report
from rog.settings import PlannerTraining
from rog.training import Material, config_of, material, train

MEASURES = ("hits_at_1", "f1", "wrong_refusal")
HELD_OUT = MakeSettings(dev=0.1, test=0.2)
DEV = 40  # dev questions of a kind
LIMIT = 2000  # entities of an answer; some three-hop questions have a thousand


@dataclass(frozen=True)
class Kind:
    """Questions of one kind over one graph."""

    name: str
    facts: Path
    questions: Path
    returning: bool = False  # whether its gold paths come back to their topic


def kinds(name: str, data: Path) -> list[list[Kind]]:
    """The kinds of questions of a set, those together that are about one graph."""
    if name == "metaqa":
        folder = data / "metaqa"
        return [[Kind(f"{hop}-hop", folder / "kb.txt", folder / f"qa_{hop}hop.txt") for hop in (1, 2, 3)]]
    folder = data / "pathquestion"
    return [[Kind(f"{hop}H", folder / f"{hop}H-kb.txt", folder / f"PQ-{hop}H.txt", True)] for hop in (2, 3)]


def chosen(some: Sequence[Kind], questions: int, test: int, seed: int) -> Iterator[RawQuestion]:
    """So many training questions of all kinds together, and so many for test of each; ids begin with the kind."""
    for place, kind in enumerate(some):
        known = read_questions([str(kind.questions)])
        share = questions // len(some) + (place < questions % len(some))
        for split, count in zip(SPLITS, (share, DEV, test), strict=True):
            own = [question for question in known if split_of(question.topics[0], HELD_OUT) == split]
            draw = random.Random(f"{seed if split == 'train' else 0} {split}")
            for question in draw.sample(own, min(count, len(own))):
                yield replace(question, id=f"{kind.name} {question.id}")


def prepared(some: Sequence[Kind], work: Path, questions: int, test: int, seed: int) -> Path:
    """The data folder, made if it is not there."""
    name = some[0].facts.stem
    store = work / f"{name}.kg"
    if not store.exists():
        build(Sources((some[0].facts,), returning=some[0].returning), store)
    folder = work / f"{name}-{questions}-{test}-{seed}"
    if not folder.exists():
        graph = Store(store)
        made = make(graph, list(chosen(some, questions, test, seed)), HELD_OUT)
        write_folder(folder, made, graph, str(store), [str(kind.questions) for kind in some])
    return folder


def lines_of(some: Sequence[Kind], report: Report) -> Iterator[str]:
    """A row of the table for each kind of questions."""
    for kind in some:
        scores = [record.scores for record in report.records if record.row.id.startswith(f"{kind.name} ")]
        reachable = [
            record.scores.hits_at_1
            for record in report.records
            if record.row.id.startswith(f"{kind.name} ") and record.row.plans
        ]
        measured = " | ".join(str(bootstrap([getattr(row, name) or 0.0 for row in scores])) for name in MEASURES)
        some_reachable = bootstrap([float(value or 0.0) for value in reachable])
        yield f"| {kind.name} | {len(scores)} | {measured} | {len(reachable)}: {some_reachable} |"


def measured(some: Sequence[Kind], options: argparse.Namespace) -> Iterator[str]:
    """Train and evaluate on one graph; the lines of the report."""
    began = time.perf_counter()
    folder = prepared(some, options.work, options.questions, options.test, options.seed)
    mined = time.perf_counter() - began
    settings = PlannerTraining(seed=options.seed, gold=False, epochs=options.epochs)
    out = options.work / f"planner-{some[0].facts.stem}-{options.questions}-{options.seed}"
    found = material(folder, "", settings)
    result = trained(found, settings, out)
    rows = open_folder(folder).rows(options.split)
    report = evaluate(
        [parse_system(f"trained={out}")], rows, found.graph, Options(topics="linked", batch=16, limit=LIMIT)
    )
    cost = report.summary("trained", topics="linked").cost
    yield (
        f"{some[0].facts.name}: {found.about['questions']:,} training questions ({len(found.samples)} different once "
        f"the topic is masked), made in {mined:.0f} s, trained in {result['seconds']:.0f} s "
        f"({result['tokens']:,.0f} tokens); {cost.p50:.0f} ms a question, 16 at a time.\n"
    )
    yield "| kind | questions | Hits@1 | set-F1 | wrong refusals | reachable: Hits@1 |\n|---|---|---|---|---|---|"
    yield from lines_of(some, report)


def trained(found: Material, settings: PlannerTraining, out: Path) -> dict[str, float]:
    """What training came to: of the run that is there if it was told the same, else of a new one in its place."""
    run = Run(out)
    changed = out.exists() and bool(run.differences(config_of(found, settings)))
    return run.result if run.is_done and not changed else train(found, settings, out, resume=True, force=changed)


def main() -> None:
    """Train, evaluate, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", choices=("metaqa", "pathquestion"))
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--test", type=int, default=500, help="Test questions of each kind at most.")
    parser.add_argument("--epochs", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", choices=("dev", "test"), default="test")
    options = parser.parse_args()
    lines = [
        f"# {options.set}, {options.questions:,} questions, seed {options.seed}, {options.split}\n",
        f"{machine()}.\n",
    ]
    for some in kinds(options.set, options.data):
        lines += [*measured(some, options), ""]
    print("\n".join(lines))
    name = f"{options.set}-{options.questions}-{options.seed}-{options.split}.md"
    write_report(Path(__file__).parent / "results" / name, lines)


if __name__ == "__main__":
    main()
