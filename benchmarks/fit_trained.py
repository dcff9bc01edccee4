"""Fit when a trained planner says that no plan fits, on wordings that were held out of its training, and write it.

    python -m benchmarks.fit_trained --work runs/wordings      # trains for about ten minutes on one core

A quarter of the demo training questions' wordings and a quarter of the unanswerable questions are held out; the planner
of benchmarks/train_demo.py is trained on the rest. On what was held out, and on the same questions where the relations
of their gold path are gone, the log-odds that a plan fits are fitted to those of the model, of the semantic planner and
of like questions, and to those of the last two alone; what fits and what does not weigh alike, and so do both kinds of
what does not. Printed beside it: how often the right plan is first by each, and by their product. Reads nothing of dev
or test.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np

from benchmarks.fit_planner import write_coefficients
from benchmarks.fit_refusal import fit_binary, restricted
from benchmarks.train_demo import ALL, PLANNER, demo_data
from kg.graph import Graph
from kg.link import link
from kg.open import open_graph
from kg.types import Question, Topic, base
from planner.data.folder import open_folder, write_folder
from planner.data.make import Made
from planner.data.rows import Row
from planner.decode import Decoded
from planner.prompts import trained_question
from planner.registry import trained_planner
from planner.space import PlanSpace
from planner.trained import Known, logps, weighed
from planner.training.run import Run
from rog.training import material, train

SYNTHETIC, SEED = 600, 5


def wording(row: Row, graph: Graph) -> str:
    """A question with its topic masked: what questions of one wording share."""
    return trained_question(Question(row.question, (Topic(graph.entity(row.topics[0]), 1.0, row.mention),)))


def split(rows: list[Row], graph: Graph) -> tuple[list[Row], list[Row]]:
    """The rows to train on, and those of held-out wordings; synthetic questions are all trained on."""
    own = {row.id: wording(row, graph) for row in rows if row.id.startswith("train-") and row.topics}
    wordings, refusals = sorted(set(own.values())), [row.id for row in rows if row.id.startswith("unanswerable-")]
    unseen = set(random.Random(SEED).sample(wordings, len(wordings) // 4))
    held = {id_ for id_, text in own.items() if text in unseen} | set(sorted(refusals)[::2])
    return [row for row in rows if row.id not in held], [row for row in rows if row.id in held]


def trained_run(work: Path, graph: Graph) -> tuple[Run, list[Row]]:
    """The planner that never saw the held-out wordings, trained if it is not there, and these questions."""
    folder = work / "all"
    rows = open_folder(folder if folder.exists() else demo_data(folder, SYNTHETIC)).rows("train")
    kept, held = split(rows, graph)
    if not (work / "data").exists():
        write_folder(work / "data", Made({"train": kept, "dev": [], "test": []}, ALL), graph, "demo", [], True)
    run = Run(work / "planner")
    if not run.is_done:
        train(material(work / "data", "", PLANNER), PLANNER, run.folder, resume=True, force=False)
    return run, held


def right_first(row: Row, space: PlanSpace, known: Known, decoded: Decoded) -> list[bool]:
    """Whether the best plan leads to the answers: by the model, by the semantic planner, by like questions, by all."""
    legal, _ = logps(decoded)
    best = [
        max(legal, key=lambda path: legal[path]),
        known.prior.best[0],
        max(known.shares, key=lambda path: known.shares[path], default=known.prior.best[0]),
        weighed(known, decoded, 1).paths[0].relations,
    ]
    return [set(space.frontier(path).entities) == set(row.answers) for path in best]


def main() -> None:
    """Train, fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("planner/coefficients.py"))
    options = parser.parse_args()
    graph = open_graph("demo")
    run, held = trained_run(options.work, graph)
    planner = trained_planner(run, graph)
    signs: list[dict[str, float]] = []
    kinds: list[str] = []
    firsts = []
    for row in held:
        question = Question(row.question, link(graph, row.question))
        gold = {base(relation) for path in row.paths for relation in path}
        for dropped in ((), gold) if gold else ((),):
            space = restricted(graph, question, dropped)
            if not space.options(()):
                continue
            known = planner.known([question], [space])
            (decoded,) = planner.decoded([question], [space], known)
            signs.append(known[0].signs(decoded))
            kinds.append("gold is gone" if dropped else "answerable" if row.answers else "unanswerable")
            if kinds[-1] == "answerable":
                firsts.append(right_first(row, space, known[0], decoded))
    fits = np.array([kind == "answerable" for kind in kinds])
    counts = {kind: kinds.count(kind) for kind in ("answerable", "unanswerable", "gold is gone")}
    print(f"questions of held-out wordings, linked topics: {counts}")
    titles = ("model", "semantic", "cases", "all")
    shares = zip(titles, np.array(firsts).mean(0), strict=True)
    print("right plan first: " + ", ".join(f"{title} {share:.3f}" for title, share in shares))
    coefficients: dict[str, float] = {}
    alike = np.array([(2.0 if kind == "answerable" else 1.0) / counts[kind] for kind in kinds]) * len(kinds) / 4
    for prefix, names in (("", ("model", "semantic", "cases")), ("alone:", ("semantic", "cases"))):
        table = np.array([[one[name] for name in names] for one in signs])
        fitted = fit_binary(table, fits, alike, 1e-2)
        coefficients |= zip((f"{prefix}{name}" for name in (*names, "constant")), fitted.tolist(), strict=True)
        said = table @ fitted[:-1] + fitted[-1] > 0
        refused = {kind: 1 - said[np.array(kinds) == kind].mean() for kind in counts}
        print(
            f"by {' and '.join(names)}, refused: " + ", ".join(f"{kind} {share:.3f}" for kind, share in refused.items())
        )
    write_coefficients({"trained": coefficients}, options.out)


if __name__ == "__main__":
    main()
