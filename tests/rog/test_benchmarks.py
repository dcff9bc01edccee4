"""What the benchmark scripts do with a run that is there already."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from benchmarks.webqsp import Asked, planned, samples, trained, vocabulary
from planner.cases import read_cases
from planner.encoder import Encoder
from planner.lm import LanguageModel
from planner.training.run import Run
from planner.training.settings import Training


def test_webqsp_uses_a_run_that_was_told_the_same(tiny_folder: Path, tmp_path: Path) -> None:
    asked = [Asked(f"who {n}?", ((f"r{n % 2}",),), ()) for n in range(4)]
    words = {"r0": "zero", "r1": "one"}
    run, settings = Run(tmp_path / "run"), Training(model=str(tiny_folder), epochs=1, rank=2)
    seconds = trained(samples(asked, words), words, "dev", settings, run)["seconds"]
    assert trained(samples(asked, words), words, "dev", settings, run)["seconds"] == seconds  # the same training
    trained(samples(asked, words), words, "dev", replace(settings, learning_rate=1e-3), run)
    assert run.config["learning_rate"] == 1e-3
    trained(samples(asked[1:], words), words, "dev", settings, run)
    assert not run.differences({"learning_rate": settings.learning_rate})
    cases = read_cases(run, Encoder())
    found = [*planned(LanguageModel(str(run.folder)), cases, vocabulary(asked), words, asked)]
    assert all(one.exact and len(one.own) == len(one.both) == 2 for one in found)
    assert found[0].both[0] == ("r1",)  # what the likest questions had: the model knows nothing
