"""Fit how much the demo reasoner's word counts on wordings that neither it nor the planner was trained on, and keep it.

    python -m benchmarks.fit_reasoner --work runs/wordings --reasoner data/demo/runs/reasoner   # an hour on one core

Dev has only wordings that the planner knows, where its doubt is never wrong: fitted there, it is trusted too much. So
planner and reasoner are trained once more without a quarter of the training questions' wordings and half of the
unanswerable questions (benchmarks/fit_trained.py); the weights are fitted on what was held out and written into
`--reasoner`, a run that was trained on everything. Reads nothing of dev or test.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from benchmarks.fit_trained import split, trained_run
from benchmarks.reasoner import table
from benchmarks.train_demo import ALL, REASONER, SYNTHETIC, demo_data
from kg.graph import Graph
from kg.open import open_graph
from planner.data import Row
from planner.folder import open_folder, write_folder
from planner.lm import LanguageModel
from planner.make import Made
from planner.registry import make_planner
from planner.run import Run
from reasoner.calibrate import calibrated, cases, write_weights
from reasoner.examples import Raft
from reasoner.quoting import QuotingReasoner
from rog.console import err
from rog.progress import progress
from rog.training import material, train

SETTINGS = replace(REASONER, views=3, calibrate_on="")  # enough for a reasoner that four numbers are fitted to


def trained_reasoner(work: Path, graph: Graph) -> tuple[Run, list[Row]]:
    """The reasoner that never saw the held-out wordings, trained if it is not there, and these questions."""
    folder, run = work / "reasoner-all", Run(work / "reasoner")
    rows = open_folder(folder if folder.exists() else demo_data(folder, SYNTHETIC["reasoner"])).rows("train")
    kept, held = split(rows, graph)
    data = work / "reasoner-data"
    if not data.exists():
        write_folder(data, Made({"train": kept, "dev": [], "test": []}, [], 0), graph, "demo", [], ALL, True)
    if not run.is_done:
        with progress(err) as report:
            train(material(data, "", SETTINGS, report), SETTINGS, run.folder, True, False, report)
    return run, held


def main() -> None:
    """Train, fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--reasoner", type=Path, required=True)
    options = parser.parse_args()
    graph = open_graph("demo")
    planner, _ = trained_run(options.work, graph)
    run, held = trained_reasoner(options.work, graph)
    some = cases(held, graph, make_planner(str(planner.folder), graph), Raft())
    lm = LanguageModel(str(run.folder))
    weights = calibrated(QuotingReasoner(graph, lm), some)
    print(f"{len(held)} questions of held-out wordings, {sum(not row.answers for row in held)} unanswerable; {weights}")
    print("\n".join(table(QuotingReasoner(graph, lm, weights), graph, some)))
    write_weights(Run(options.reasoner), weights)


if __name__ == "__main__":
    main()
