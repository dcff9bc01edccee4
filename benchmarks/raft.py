"""What each part of RAFT's recipe buys: reasoners that were trained alike but for one factor.

    python -m benchmarks.raft --work runs/raft [--arm "no distractors"]     # without --arm: all, then the report

Each learns from the same 200 demo questions, two examples a question. What its word counts beside the planner's is
fitted on dev, with the plans of `lexical`, and it is asked 150 test questions with four distracting paths beside what
these plans lead to, then without whatever answers.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.common import machine, write_report
from benchmarks.reasoner import demo_rows, scores
from benchmarks.train_demo import REASONER, SYNTHETIC, demo_data
from kg.graph import Graph
from kg.open import open_graph
from planner.lm import LanguageModel
from planner.registry import make_planner
from planner.training.run import Run
from reasoner.calibrate import Case, calibrated, cases
from reasoner.examples import Raft
from reasoner.quoting import QuotingReasoner
from rog.console import err
from rog.evaluation.evaluate import bootstrap
from rog.progress import progress
from rog.settings import ReasonerTraining
from rog.training import material, train

BASE = "as is"
ARMS: dict[str, dict[str, Any]] = {
    BASE: {},
    "always what answers (P = 1)": {"oracle": 1.0},
    "mined plans only": {"predicted": 0.0},
    "no distractors": {"distractors": 0},
    "four distractors": {"distractors": 4},
    "distractors of other topics only": {"foreign": 1.0},
}
TRAINING = replace(REASONER, limit=200, views=2, calibrate_on="")
FITTED, ASKED = 60, 150  # dev questions that the weights are fitted on, test questions
PARTS = ("as planned", "what answers is removed")


def name_of(arm: str) -> str:
    """An arm's name as a file's."""
    return "".join(letter if letter.isalnum() else "-" for letter in arm)


def trained(arm: str, work: Path) -> str:
    """The folder of an arm's reasoner, trained if it is not there."""
    run = Run(work / name_of(arm))
    if not run.is_done:
        data = work / "data"
        if not data.exists():
            demo_data(data, SYNTHETIC["reasoner"])
        settings: ReasonerTraining = replace(TRAINING, **ARMS[arm])
        with progress(err) as report:
            found = replace(material(data, "", settings, report), dev=[], cases=())
            train(found, settings, run.folder, resume=True, force=False, progress=report)
    return str(run.folder)


def measured(graph: Graph, name: str, fitted: list[Case], asked: list[Case]) -> dict[str, Any]:
    """F1 and refusals of each question, with what answers and without."""
    lm = LanguageModel(name)
    weights = calibrated(QuotingReasoner(graph, lm), fitted)
    reasoner = QuotingReasoner(graph, lm, weights)
    found: dict[str, Any] = {"weights": weights._asdict()}
    for part, is_removed in zip(PARTS, (False, True), strict=True):
        f1, _, refused = scores(reasoner, [case for case in asked if case.is_removed == is_removed])
        found[part] = {"f1": f1, "refused": refused}
    return found


def report(found: dict[str, dict[str, Any]]) -> Iterator[str]:
    """The lines of the report."""
    yield "# RAFT's recipe, one factor at a time\n"
    yield f"{machine()}; {TRAINING.limit} questions, {TRAINING.views} examples each; demo test, {ASKED} questions.\n"
    yield "| trained | F1, as planned | less `as is` | refused, what answers removed | less `as is` |"
    yield "|---|---|---|---|---|"
    for arm, one in found.items():
        cells = []
        for part, measure in zip(PARTS, ("f1", "refused"), strict=True):
            values = one[part][measure]
            beside = zip(values, found[BASE][part][measure], strict=True)
            cells += [str(bootstrap(values)), str(bootstrap([a - b for a, b in beside])) if arm != BASE else ""]
        yield f"| {arm} | {' | '.join(cells)} |"


def main() -> None:
    """Train and measure what is asked for; print and keep the report of all that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--arm", choices=tuple(ARMS), action="append", default=[])
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    graph, known = open_graph("demo"), Raft(distractors=4)
    planner = make_planner("lexical", graph)
    files = {arm: options.work / f"{name_of(arm)}.json" for arm in ARMS}
    for arm in options.arm or ARMS:
        if not files[arm].exists():
            name = trained(arm, options.work)
            fitted, asked = (
                cases(random.Random(0).sample(demo_rows(graph, split), count), graph, planner, known)
                for split, count in (("dev", FITTED), ("test", ASKED))
            )
            files[arm].write_text(json.dumps(measured(graph, name, fitted, asked)), "utf-8")
    found = {arm: json.loads(file.read_text("utf-8")) for arm, file in files.items() if file.exists()}
    if BASE in found:
        lines = [*report(found)]
        print("\n".join(lines))
        write_report(Path(__file__).parent / "results" / "raft-ablation.md", lines)


if __name__ == "__main__":
    main()
