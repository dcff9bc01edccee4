"""How often the heaviest mined plan is the gold one, from answers alone: by F1, and with the votes of like questions.

    python -m benchmarks.mining [--metaqa FOLDER] [--pathquestion FOLDER] [--out benchmarks/results/mining.txt]

The demo graph's training questions, MetaQA's dev questions of all hops in one set, and PathQuestion. Gold paths are
not shown to mining or weighing. "same ends" also counts a plan that leads to exactly the same entities. The default
settings were chosen on the demo graph and the MetaQA sample of seed 0; other seeds are other samples.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np

from benchmarks.common import machine, write_report
from kg.build import Sources, build, demo_folder
from kg.datasets import read_questions
from kg.mine import MinedPath, MineSettings, mine
from kg.open import open_graph
from kg.questions import RawQuestion
from kg.store import Store
from planner.data.resolve import resolve
from planner.data.rows import Row
from planner.data.weigh import Candidate, WeighSettings, weigh, words_of
from planner.prompts import relation_words


class Set(NamedTuple):
    """Questions with gold paths over a graph."""

    name: str
    graph: Store
    questions: list[RawQuestion]


def sets(options: argparse.Namespace, folder: Path) -> Iterator[Set]:
    """The sets that are there."""
    demo = open_graph("demo")
    assert isinstance(demo, Store)
    yield Set("demo graph, train", demo, read_questions([str(demo_folder() / "questions" / "train.jsonl")]))
    if options.metaqa.exists():
        build(Sources((options.metaqa / "kb.txt",)), folder / "metaqa.kg")
        for seed in (0, 1):
            asked = [
                question
                for hops in (1, 2, 3)
                for question in some(read_questions([str(options.metaqa / f"qa_{hops}hop.txt")]), options.n, seed)
            ]
            yield Set(f"MetaQA dev, sample {seed}", Store(folder / "metaqa.kg"), asked)
    if options.pathquestion.exists():
        for hops in (2, 3):
            facts = Sources((options.pathquestion / f"{hops}H-kb.txt",), returning=True)
            build(facts, folder / f"pq{hops}.kg")
            asked = some(read_questions([str(options.pathquestion / f"PQ-{hops}H.txt")]), 2 * options.n, 0)
            yield Set(f"PathQuestion {hops}H", Store(folder / f"pq{hops}.kg"), asked)


def some(questions: list[RawQuestion], count: int, seed: int) -> list[RawQuestion]:
    """A sample, in order."""
    places = random.Random(seed).sample(range(len(questions)), min(count, len(questions)))
    return [questions[place] for place in sorted(places)]


def measured(name: str, graph: Store, questions: list[RawQuestion]) -> list[str]:
    """Lines for one set: the shares before and after, by hops."""
    rows = resolve(graph, questions, MineSettings()).rows
    mine(graph, rows[0].topics, rows[0].answers)  # compiles
    began = time.perf_counter()
    mined = [mine(graph, row.topics, row.answers).paths for row in rows]
    took = (time.perf_counter() - began) / len(rows) * 1000
    lost = sum(not paths for paths in mined)
    there = np.mean([row.paths[0] in [found.path for found in paths] for row, paths in zip(rows, mined, strict=True)])
    size = np.mean([len(paths) for paths in mined])
    lines = [
        f"{name}: {len(rows)} questions; {size:.1f} plans a question, {took:.1f} ms; "
        f"no path to the answers {lost}; gold among the plans {there:.3f}"
    ]
    default = WeighSettings().on(graph)
    arms = {
        "by F1": replace(default, rounds=0),
        "votes and words": default,
        "votes alone": replace(default, explained=0.0),
        "no labels": replace(default, named=1.0),
    }
    return lines + [f"  {arm:<18}" + shares(graph, rows, mined, settings) for arm, settings in arms.items()]


def shares(graph: Store, rows: Sequence[Row], mined: Sequence[tuple[MinedPath, ...]], settings: WeighSettings) -> str:
    """Gold first and same ends first, by hops, of the questions that have plans; and the weight of the gold one."""
    asked = [words_of(row.question, row.mention) for row in rows]
    candidates = [[Candidate(found.path, found.f1) for found in paths] for paths in mined]
    weights = weigh(asked, candidates, relation_words(graph), settings)
    scores: dict[int, list[tuple[bool, bool, float]]] = {}
    for row, row_candidates, row_weights in zip(rows, candidates, weights, strict=True):
        if not row_candidates:
            continue
        gold = row.paths[0]
        best = row_candidates[int(np.argmax(row_weights))].path
        same = best == gold or graph.ends(row.topics[0], best) == graph.ends(row.topics[0], gold)
        weight = sum(w for found, w in zip(row_candidates, row_weights, strict=True) if found.path == gold)
        scores.setdefault(len(gold), []).append((best == gold, same, weight))
    parts = []
    for hops, found in sorted(scores.items()):
        first, same_ends, weight = np.mean(found, axis=0)
        parts.append(f"{hops} hop{'s' * (hops > 1)}: gold {first:.3f}  same ends {same_ends:.3f}  weight {weight:.2f}")
    return "   ".join(parts)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--metaqa", type=Path, default=Path("../shared/data/metaqa"))
    parser.add_argument("--pathquestion", type=Path, default=Path("../shared/data/pathquestion"))
    parser.add_argument("--n", type=int, default=300, help="questions of each number of hops")
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/mining.txt"))
    options = parser.parse_args()
    lines = [machine()]
    with TemporaryDirectory() as folder:
        for found in sets(options, Path(folder)):
            lines += ["", *measured(*found)]
    write_report(options.out, lines)
    print("\n".join(lines))


if __name__ == "__main__":
    main()
