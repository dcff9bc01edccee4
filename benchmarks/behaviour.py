"""Behaviour kept: what each planner shows on the demo graph's test questions, and how long an answer takes.

    python -m benchmarks.behaviour [--every 1] [--planners lexical semantic combined auto] [--timed 60]
    PYTHONPATH=OTHER/CHECKOUT python -P benchmarks/behaviour.py          # the same of another version

It uses only what has been there since the first version. Topics are linked. *Right* is a set-F1 of .99 or more, *wrong*
an answer that is shown with an F1 below .5, *refused* no answer; shares are of all questions, `of shown` is wrong among
the answers shown. The unanswerable questions are the half that no coefficient was fitted on. Latency is of `RoG.ask`,
from words to a verified answer, models loaded; its ratio to the lexical planner's can be compared on a busy machine.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import kg
from benchmarks.common import Row, demo_rows, machine
from kg.graph import Graph
from kg.open import open_graph
from planner.registry import make_planner
from reasoner.base import Answer
from reasoner.pipeline import RoG
from rog.evaluation.evaluate import bootstrap, hits_at_1, set_f1

PLANNERS = ("lexical", "semantic", "combined", "auto")
RIGHT, WRONG = 0.99, 0.5  # set-F1 from which an answer is right, and below which it is wrong


def answers(rog: RoG, rows: Sequence[Row]) -> list[Answer]:
    """The answers, one question at a time."""
    return [rog.traces([row.question])[0].answer for row in rows]


def shown_line(name: str, rog: RoG, rows: Sequence[Row], unanswerable: Sequence[Row]) -> str:
    """What one planner shows, as a line of the table."""
    given = answers(rog, rows)
    shown = np.array([answer.verdict == "grounded" for answer in given])
    gold = [row.question.answers for row in rows]
    f1 = np.array([set_f1(answer.entities, right) for answer, right in zip(given, gold, strict=True)])
    hits = bootstrap([hits_at_1(answer.entities, right) for answer, right in zip(given, gold, strict=True)])
    wrong = shown & (f1 < WRONG)
    refused = np.mean([answer.verdict != "grounded" for answer in answers(rog, unanswerable)])
    return (
        f"{name:<10}{hits!s:<23}{(f1 >= RIGHT).mean():>7.3f}{wrong.mean():>8.3f}{(~shown).mean():>9.3f}"
        f"{wrong.sum() / max(1, shown.sum()):>10.3f}{refused:>14.3f}"
    )


def seconds(rog: RoG, texts: Sequence[str]) -> list[float]:
    """How long each question takes in words; the first five are asked once before."""
    for text in texts[:5]:
        rog.ask(text)
    found = []
    for text in texts:
        began = time.perf_counter()
        rog.ask(text)
        found.append(time.perf_counter() - began)
    return found


def pipelines(graph: Graph, names: Sequence[str]) -> dict[str, RoG]:
    """A pipeline for each planner, as `rog ask` makes it."""
    return {name: RoG(graph, make_planner(name, graph)) for name in names}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planners", nargs="+", default=PLANNERS)
    parser.add_argument("--every", type=int, default=1, help="Take every so many-th question.")
    parser.add_argument("--timed", type=int, default=60, help="Questions to time; 0 times none.")
    options = parser.parse_args()
    graph = open_graph("demo")
    rows = demo_rows(graph, "test")[:: options.every]
    unanswerable = demo_rows(graph, "unanswerable")[1::2]
    print(f"{Path(kg.__file__ or '').parent.parent.name}: {machine()}")
    print(f"{len(rows)} demo test questions, {len(unanswerable)} unanswerable ones\n")
    made = pipelines(graph, options.planners)
    print(f"{'planner':<10}{'Hits@1':<23}{'right':>7}{'wrong':>8}{'refused':>9}{'of shown':>10}{'unans. refused':>16}")
    for name, rog in made.items():
        print(shown_line(name, rog, rows, unanswerable), flush=True)
    if not options.timed:
        return
    texts = [row.question.text for row in random.Random(0).sample(rows, min(options.timed, len(rows)))]
    least = np.quantile(seconds(RoG(graph, make_planner("lexical", graph)), texts), [0.5, 0.95])
    print(f"\n{'planner':<10}{'p50 ms':>8}{'p95 ms':>8}{'p50 / lexical':>16}{'p95 / lexical':>16}")
    for name, rog in made.items():
        p50, p95 = np.quantile(seconds(rog, texts), [0.5, 0.95])
        print(
            f"{name:<10}{1000 * p50:>8.1f}{1000 * p95:>8.1f}{p50 / least[0]:>16.1f}{p95 / least[1]:>16.1f}", flush=True
        )


if __name__ == "__main__":
    main()
