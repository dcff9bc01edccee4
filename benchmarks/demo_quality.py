"""Answers on the demo graph's test questions: Hits@1 and set-F1 of every planner, with intervals.

    python -m benchmarks.demo_quality [--split test] [--out benchmarks/results/demo_quality.txt]

Topics are linked by our own linker; a refusal counts as a wrong answer. `oracle plan` is given the gold relation
path and shows what linking and retrieval leave possible. Every plan is checked to be executable and every answer to
be proven. Refusals of unanswerable questions are counted on the half that no coefficient was fitted on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.common import Row, demo_rows, machine, write_report
from kg.graph import Graph
from kg.open import open_graph
from kg.types import Question
from planner.base import Plan, Planner, ScoredPath
from planner.registry import make_planner
from reasoner.base import Reasoner, Trace
from reasoner.lm import LmReasoner
from reasoner.pipeline import RoG
from reasoner.verify import problems
from rog.evaluation.evaluate import bootstrap, hits_at_1, set_f1

PLANNERS = ("lexical", "lm", "semantic", "combined")


class OraclePlanner:
    """The gold relation path of each question."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._paths = {row.question.id: row.path for row in rows}

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """The gold path as the only plan."""
        return [Plan((ScoredPath(self._paths[question.id], 0.0),)) for question in questions]


def check(graph: Graph, trace: Trace) -> None:
    """Fail if a plan cannot be executed or an answer is not proven."""
    led = {entry.relations for entry in trace.evidence.found}
    assert all(path.relations in led for path in trace.plan.paths), trace.question
    assert not problems(graph, trace.question, trace.plan, trace.answer), trace.question


def measured(graph: Graph, planner: Planner, rows: Sequence[Row], reasoner: Reasoner | str = "symbolic") -> list[Trace]:
    """The traces of all questions, checked."""
    rog = RoG(graph, planner, reasoner)
    traces = [rog.traces([row.question])[0] for row in rows]
    for trace in traces:
        check(graph, trace)
    return traces


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/demo_quality.txt"))
    options = parser.parse_args()
    graph = open_graph("demo")
    rows, refusals = demo_rows(graph, options.split), demo_rows(graph, "unanswerable")[1::2]
    lines = [
        f"demo graph, {options.split}: {len(rows)} questions, {len(refusals)} unanswerable ones; k 3, at most 3 hops",
        machine(),
        "",
        f"{'planner':<22}{'Hits@1':<24}{'set-F1':<24}{'1 / 2 / 3 hops F1':<22}{'refused':<10}s/question",
    ]
    scores: dict[str, np.ndarray] = {}

    def arm(name: str, planner: Planner, reasoner: Reasoner | str = "symbolic") -> None:
        began = time.perf_counter()
        traces = measured(graph, planner, rows, reasoner)
        seconds = (time.perf_counter() - began) / len(rows)
        answers = [trace.answer.entities for trace in traces]
        gold = [row.question.answers for row in rows]
        hits = bootstrap([hits_at_1(a, g) for a, g in zip(answers, gold, strict=True)])
        scores[name] = np.array([set_f1(a, g) for a, g in zip(answers, gold, strict=True)])
        hops = np.array([row.hops for row in rows])
        by_hops = " / ".join(f"{scores[name][hops == number].mean():.3f}" for number in (1, 2, 3))
        refused = "-"
        if name != "oracle plan":
            said = [trace.answer.verdict != "grounded" for trace in measured(graph, planner, refusals, reasoner)]
            refused = f"{np.mean(said):.3f}"
        f1 = bootstrap(scores[name])
        lines.append(f"{name:<22}{hits!s:<24}{f1!s:<24}{by_hops:<22}{refused:<10}{seconds:.3f}")
        print(lines[-1], flush=True)

    print("\n".join(lines))
    planners = {name: make_planner(name, graph) for name in PLANNERS}
    for name, planner in planners.items():
        arm(name, planner)
    from planner.lm import LanguageModel

    arm("combined, LM reasoner", planners["combined"], LmReasoner(graph, LanguageModel()))
    arm("oracle plan", OraclePlanner(rows))
    lines.append("")
    for part in ("lexical", "lm", "semantic"):
        lines.append(f"set-F1 of combined minus {part}, paired: {bootstrap(scores['combined'] - scores[part])}")
    lines.append("every plan executable, every answer proven: checked")
    write_report(options.out, lines)
    print("\n".join(lines[-4:]))


if __name__ == "__main__":
    main()
