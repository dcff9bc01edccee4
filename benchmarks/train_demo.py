"""The demo graph's trained planner and reasoner: `python -m benchmarks.train_demo --out data/demo/runs`.

Trained on the demo graph's own training questions, adapters kept in half precision so that they can be bundled. A run
that was stopped goes on, a finished one is replaced.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from kg.build import demo_folder
from kg.datasets import read_questions
from kg.open import open_graph
from planner.data.folder import write_folder
from planner.data.make import Made, MakeSettings, make
from planner.data.resolve import Reject
from planner.data.synthesize import SynthesisSettings, synthesize
from planner.training.run import Run
from rog.settings import PlannerTraining, ReasonerTraining
from rog.training import material, train

SYNTHETIC = {"planner": 1000, "reasoner": 150}  # questions made from the graph, for wordings that are lacking
ALL = MakeSettings(dev=0.0, test=0.0)
PLANNER = PlannerTraining(rank=8, alpha=16, none=0.1, epochs=2.5)
REASONER = ReasonerTraining(planner="lexical", calibrate_on="auto")


def demo_data(folder: Path, synthetic: int = SYNTHETIC["planner"]) -> Path:
    """A data folder of the demo questions, in the splits that they come in, and of synthetic ones for training."""
    graph = open_graph("demo")
    rows = {}
    rejects: list[Reject] = []
    for split in ("train", "dev", "test"):
        made = make(graph, read_questions([str(demo_folder() / "questions" / f"{split}.jsonl")]), ALL)
        rows[split] = made.rows["train"]
        rejects += made.rejects
    unanswerable = read_questions([str(demo_folder() / "questions" / "unanswerable.jsonl")])
    rows["train"] += make(graph, unanswerable[::2], ALL).rows["train"]  # the other half is for tests
    held_out = {topic for split in ("dev", "test") for row in rows[split] for topic in row.topics}
    made_up = make(graph, synthesize(graph, SynthesisSettings(count=synthetic)), ALL).rows["train"]
    rows["train"] += [row for row in made_up if not held_out & set(row.topics)]
    write_folder(folder, Made(rows, ALL, rejects), graph, "demo", ["data/demo/questions"], True)
    return folder


def halved(run: Path) -> None:
    """Keep the adapters of a run in half precision."""
    import torch
    from safetensors.torch import load_file, save_file

    file = run / "adapter" / "adapter_model.safetensors"
    save_file({name: weight.to(torch.float16) for name, weight in load_file(file).items()}, file)


def main() -> None:
    """Train both, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--role", choices=("planner", "reasoner"), nargs="*", default=("planner", "reasoner"))
    parser.add_argument("--seed", type=int, default=0, help="The bundled planner has 0.")
    options = parser.parse_args()
    with TemporaryDirectory() as name:
        for role in options.role:
            data = demo_data(Path(name) / role, SYNTHETIC[role])
            settings = replace(PLANNER if role == "planner" else REASONER, seed=options.seed)
            found = material(data, "", settings, data_name="data/demo/questions")
            run = Run(options.out / role)
            train(found, settings, run.folder, resume=True, force=run.is_done)
            halved(options.out / role)


if __name__ == "__main__":
    main()
