"""A trained reasoner against the symbolic one: on predicted plans with distractors, and without the evidence.

    python -m benchmarks.reasoner --reasoner runs/demo/reasoner [--planner lexical] [--split test]
    python -m benchmarks.reasoner --reasoner runs/demo/reasoner --trust 1 --doubt 0.5 --refusal -3    # chosen on dev

Both get the same evidence: what the planner's plans lead to, and real paths that nobody asked for, which weigh less
than any plan. In the second half everything that answers is removed, and the right answer is "not in this graph".
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.common import machine, write_report
from kg.build import demo_folder
from kg.datasets import read_questions
from kg.graph import Graph
from kg.link import link
from kg.open import open_graph
from kg.types import Question
from planner.base import Plan
from planner.data import Row
from planner.lm import LanguageModel
from planner.make import MakeSettings, make
from planner.registry import make_planner
from reasoner.base import Evidence, Reasoner
from reasoner.examples import Raft, answers, distractor
from reasoner.quoting import QuotingReasoner
from reasoner.registry import make_reasoner
from reasoner.retrieve import retrieve
from rog.evaluation.evaluate import bootstrap, hits_at_1, set_f1

K, BATCH = 5, 16


@dataclass(frozen=True)
class Case:
    """A question with its plan and evidence, and what is right."""

    question: Question
    plan: Plan
    evidence: Evidence
    gold: tuple[str, ...]


def cases(graph: Graph, planner: str, split: str, distractors: int) -> tuple[list[Case], list[Case]]:
    """Each question with its evidence and distractors, and without whatever answers it."""
    raw = read_questions([str(demo_folder() / "questions" / f"{split}.jsonl")])
    rows = make(graph, raw, MakeSettings(dev=0.0, test=0.0)).rows["train"]
    questions = [Question(row.question, link(graph, row.question), row.id, row.answers) for row in rows]
    plans = make_planner(planner, graph).plan(questions, K, 3)
    whole, removed = [], []
    for row, question, plan in zip(rows, questions, plans, strict=True):
        evidence = with_distractors(graph, row, question, plan, rows, distractors)
        rest = tuple(found for found in evidence.found if not answers(found, row))
        whole.append(Case(question, plan, evidence, row.answers))
        removed.append(Case(question, plan, Evidence(rest), ()))
    return whole, removed


def with_distractors(
    graph: Graph, row: Row, question: Question, plan: Plan, rows: Sequence[Row], count: int
) -> Evidence:
    """What a plan leads to, and beside it real paths of less weight."""
    draw = random.Random(f"evaluation {row.id}")
    found = retrieve(graph, question, plan).found
    least = min((retrieved.weight for retrieved in found), default=1.0)
    known = {(retrieved.topic.key, retrieved.relations) for retrieved in found}
    beside = [more for _ in range(count) for more in distractor(question, rows, graph, Raft(), draw)]
    extra = [replace(more, weight=least / 2) for more in beside if (more.topic.key, more.relations) not in known]
    return Evidence((*found, *extra))


def scores(reasoner: Reasoner, some: Sequence[Case]) -> tuple[list[float], list[float], list[float]]:
    """Set-F1, Hits@1 (a right refusal counts in both) and refusals, a question each."""
    f1, hits, refused = [], [], []
    for start in range(0, len(some), BATCH):
        part = some[start : start + BATCH]
        given = reasoner.answer([c.question for c in part], [c.plan for c in part], [c.evidence for c in part])
        for case, answer in zip(part, given, strict=True):
            f1.append(set_f1(answer.entities, case.gold))
            hits.append(hits_at_1(answer.entities, case.gold) if case.gold else float(not answer.entities))
            refused.append(float(not answer.entities))
    return f1, hits, refused


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reasoner", required=True)
    parser.add_argument("--planner", default="lexical")
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--distractors", type=int, default=4)
    parser.add_argument("--trust", type=float, default=0.5, help="As in reasoner/quoting.py.")
    parser.add_argument("--doubt", type=float, default=0.5)
    parser.add_argument("--refusal", type=float, default=0.0)
    options = parser.parse_args()
    graph = open_graph("demo")
    halves = cases(graph, options.planner, options.split, options.distractors)
    lm = LanguageModel(options.reasoner)
    trained = QuotingReasoner(graph, lm, options.trust, options.doubt, options.refusal)
    symbolic = make_reasoner("symbolic", graph)
    lines = [
        f"# Reasoners on plans of `{options.planner}` with {options.distractors} distractors, demo {options.split}\n",
        f"{machine()}; trust {options.trust}, doubt {options.doubt}, refusal {options.refusal}.\n",
        "| evidence | reasoner | set-F1 | Hits@1 | refused |\n|---|---|---|---|---|",
    ]
    for name, some in zip(("as planned", "what answers is removed"), halves, strict=True):
        began = time.perf_counter()
        ours = scores(trained, some)
        ms = (time.perf_counter() - began) / len(some) * 1e3
        theirs = scores(symbolic, some)
        for title, found in (("symbolic", theirs), (f"trained ({ms:.0f} ms)", ours)):
            lines.append(f"| {name} | {title} | {' | '.join(str(bootstrap(values)) for values in found)} |")
        gain = bootstrap([a - b for a, b in zip(ours[0], theirs[0], strict=True)])
        lines.append(f"| {name} | trained minus symbolic | {gain} | | |")
    print("\n".join(lines))
    name = f"reasoner-{Path(options.planner).name}-{options.split}.md"
    write_report(Path(__file__).parent / "results" / name, lines)


if __name__ == "__main__":
    main()
