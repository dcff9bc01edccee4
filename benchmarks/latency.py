"""Seconds from a question in words to a verified answer on the demo graph, models loaded.

    python -m benchmarks.latency [--questions 60] [--out benchmarks/results/latency.txt]

Whole pipeline: linking, planning, retrieval, answer, verification. The questions are a seeded sample of the test split;
the first five are asked once before the clock starts.
"""

from __future__ import annotations

import argparse
import random
import time
from pathlib import Path

import numpy as np

from benchmarks.common import demo_rows, machine, write_report
from kg.open import open_graph
from planner.registry import make_planner
from reasoner.pipeline import RoG

PLANNERS = ("lexical", "semantic", "auto", "lm", "combined")  # auto: the planner that was trained on this graph


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=60)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/latency.txt"))
    options = parser.parse_args()
    graph = open_graph("demo")
    texts = [row.question.text for row in random.Random(0).sample(demo_rows(graph, "test"), options.questions)]
    lines = [
        machine(),
        f"{len(texts)} demo test questions, one at a time",
        "",
        f"{'planner':<12}{'p50 ms':>8}{'p95 ms':>8}",
    ]
    for name in PLANNERS:
        rog = RoG(graph, make_planner(name, graph))
        for text in texts[:5]:
            rog.ask(text)
        seconds = []
        for text in texts:
            began = time.perf_counter()
            rog.ask(text)
            seconds.append(time.perf_counter() - began)
        p50, p95 = 1000 * np.quantile(seconds, [0.5, 0.95])
        lines.append(f"{name:<12}{p50:>8.1f}{p95:>8.1f}")
    write_report(options.out, lines)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
