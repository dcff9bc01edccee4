"""A trained reasoner against the symbolic one: on predicted plans with distractors, and without the evidence.

    python -m benchmarks.reasoner --reasoner runs/demo/reasoner [--planner lexical] [--split test]

How much the reasoner's word counts is fitted on dev, on the same planner's plans (by its training, if it was told
these). Both get the same evidence: what the plans lead to, and real paths that nobody asked for, which weigh less than
any plan. Then everything that answers is removed, and at last the questions are such that the graph cannot answer
(those that training did not see): there the right answer is "not in this graph".
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.common import machine, write_report
from kg.build import demo_folder
from kg.datasets import read_questions
from kg.graph import Graph
from kg.open import open_graph
from planner.data.make import MakeSettings, make
from planner.data.rows import Row
from planner.lm import LanguageModel
from planner.registry import make_planner
from reasoner.base import Reasoner
from reasoner.calibrate import Case, calibrated, cases
from reasoner.examples import Raft
from reasoner.quoting import QuotingReasoner, Weights
from reasoner.registry import make_reasoner
from rog.evaluation.evaluate import bootstrap, hits_at_1, set_f1

BATCH = 16


def demo_rows(graph: Graph, split: str, chosen: slice = slice(None)) -> list[Row]:
    """The demo questions of a split."""
    raw = read_questions([str(demo_folder() / "questions" / f"{split}.jsonl")])[chosen]
    return make(graph, raw, MakeSettings(dev=0.0, test=0.0)).rows["train"]


def scores(reasoner: Reasoner, some: Sequence[Case]) -> tuple[list[float], list[float], list[float]]:
    """Set-F1, Hits@1 (a right refusal counts in both) and refusals, a question each."""
    f1, hits, refused = [], [], []
    for start in range(0, len(some), BATCH):
        part = some[start : start + BATCH]
        given = reasoner.answer([c.question for c in part], [c.plan for c in part], [c.evidence for c in part])
        for case, answer in zip(part, given, strict=True):
            gold = () if case.is_removed else case.row.answers
            f1.append(set_f1(answer.entities, gold))
            hits.append(hits_at_1(answer.entities, gold) if gold else float(not answer.entities))
            refused.append(float(not answer.entities))
    return f1, hits, refused


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reasoner", required=True)
    parser.add_argument("--planner", default="lexical")
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--distractors", type=int, default=4)
    options = parser.parse_args()
    graph = open_graph("demo")
    planner, lm = make_planner(options.planner, graph), LanguageModel(options.reasoner)
    rows = demo_rows(graph, options.split)
    if lm.run and lm.run.config["calibrate_on"] == options.planner:
        weights = lm.run.calibration(Weights)
    else:
        held_out = cases(demo_rows(graph, "dev"), graph, planner, Raft())
        weights = calibrated(QuotingReasoner(graph, lm), held_out)
    trained = QuotingReasoner(graph, lm, weights)
    unanswerable = demo_rows(graph, "unanswerable", slice(1, None, 2))
    asked = cases([*rows, *unanswerable], graph, planner, Raft(distractors=options.distractors))
    parts = {
        "as planned": [case for case in asked if not case.is_removed],
        "what answers is removed": [case for case in asked if case.is_removed and case.row.answers],
        "unanswerable": [case for case in asked if not case.row.answers],
    }
    symbolic = make_reasoner("symbolic", graph)
    lines = [
        f"# Reasoners on plans of `{options.planner}` with {options.distractors} distractors, demo {options.split}\n",
        f"{machine()}; {weights}, fitted on dev.\n",
        "| evidence | reasoner | set-F1 | Hits@1 | refused |\n|---|---|---|---|---|",
    ]
    for name, some in parts.items():
        began = time.perf_counter()
        ours = scores(trained, some)
        ms = (time.perf_counter() - began) / len(some) * 1e3
        theirs = scores(symbolic, some)
        for title, found in (("symbolic", theirs), (f"trained ({ms:.0f} ms)", ours)):
            lines.append(f"| {name} | {title} | {' | '.join(str(bootstrap(values)) for values in found)} |")
        gain = bootstrap([a - b for a, b in zip(ours[0], theirs[0], strict=True)])
        lines.append(f"| {name} | trained minus symbolic | {gain} | | |")
    print("\n".join(lines))
    seed = lm.run.config["seed"] if lm.run else "untrained"
    name = f"reasoner-{Path(options.planner).name}-{seed}-{options.split}.md"
    write_report(Path(__file__).parent / "results" / name, lines)


if __name__ == "__main__":
    main()
