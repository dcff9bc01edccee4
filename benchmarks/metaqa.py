"""MetaQA with few training questions: the planner trained on answers alone, on topics that were held out.

    python -m benchmarks.metaqa --data ../shared/data/metaqa --work runs/metaqa --questions 1000 --seed 0

The questions are the official dev files of 1, 2 and 3 hops, split by topic entity; relation paths are mined from the
answers, gold ones are never used. Evaluated with linked topics and the symbolic reasoner.
"""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks.common import machine, write_report
from kg.build import Sources, build
from kg.datasets import read_questions
from kg.questions import RawQuestion
from kg.store import Store
from planner.folder import open_folder, write_folder
from planner.make import SPLITS, MakeSettings, make, split_of
from rog.arms import parse_system
from rog.evaluate import bootstrap, evaluate
from rog.results import Options
from rog.settings import PlannerTraining
from rog.training import material, train

HOPS = (1, 2, 3)
MEASURES = ("hits_at_1", "f1", "wrong_refusal")
HELD_OUT = MakeSettings(dev=0.1, test=0.2)


def sampled(questions: Sequence[RawQuestion], split: str, count: int, seed: int) -> list[RawQuestion]:
    """Some of the questions whose topic is in a split."""
    own = [question for question in questions if split_of(question.topics[0], HELD_OUT) == split]
    return random.Random(f"{seed} {split}").sample(own, min(count, len(own)))


def prepared(data: Path, work: Path, questions: int, test: int, seed: int) -> Path:
    """The data folder: so many training questions in all, and so many test questions of each number of hops."""
    if not (work / "metaqa.kg").exists():
        build(Sources((data / "kb.txt",), name="MetaQA", licence="CC BY 3.0"), work / "metaqa.kg")
    folder = work / f"data-{questions}-{test}-{seed}"
    if not folder.exists():
        chosen = []
        for hop in HOPS:
            known = read_questions([str(data / f"qa_{hop}hop.txt")])
            share = questions // 3 + (hop <= questions % 3)
            for split, count in zip(SPLITS, (share, 40, test), strict=True):
                seen = sampled(known, split, count, seed if split == "train" else 0)
                chosen += [replace(question, id=f"{hop}-{question.id}") for question in seen]
        graph = Store(work / "metaqa.kg")
        made = make(graph, chosen, HELD_OUT)
        write_folder(folder, made, graph, str(work / "metaqa.kg"), ["MetaQA dev"], HELD_OUT, False)
    return folder


def main() -> None:
    """Train, evaluate, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--test", type=int, default=500, help="Test questions of each number of hops.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--split", default="test", help="dev while settings are chosen.")
    arguments = parser.parse_args()
    began = time.perf_counter()
    folder = prepared(arguments.data, arguments.work, arguments.questions, arguments.test, arguments.seed)
    mined = time.perf_counter() - began
    settings = PlannerTraining(seed=arguments.seed, gold=False)
    out = arguments.work / f"planner-{arguments.questions}-{arguments.seed}"
    found = material(folder, "", settings)
    began = time.perf_counter()
    result = train(found, settings, out, resume=False, force=True)
    trained = time.perf_counter() - began
    rows = open_folder(folder).rows(arguments.split)
    report = evaluate([parse_system(f"trained={out}")], rows, found.graph, Options(topics="linked", batch=16))
    cost = report.summary("trained", topics="linked").cost
    lines = [
        f"# MetaQA, {arguments.questions:,} training questions, seed {arguments.seed}, {arguments.split}\n",
        f"{machine()}. Data made in {mined:.0f} s, trained in {trained:.0f} s ({result['tokens']:,.0f} tokens, "
        f"{len(found.samples)} different samples); asked in batches of 16: {cost.p50:.0f} ms a question (median).\n",
        "| hops | questions | Hits@1 | set-F1 | wrong refusals |\n|---|---|---|---|---|",
    ]
    for hop in HOPS:
        some = [record.scores for record in report.records if record.row.id.startswith(f"{hop}-")]
        measured = (bootstrap([getattr(scores, name) or 0.0 for scores in some]) for name in MEASURES)
        lines.append(f"| {hop} | {len(some)} | {' | '.join(map(str, measured))} |")
    print("\n".join(lines))
    write_report(Path(__file__).parent / "results" / f"metaqa-{arguments.questions}-{arguments.seed}.md", lines)


if __name__ == "__main__":
    main()
