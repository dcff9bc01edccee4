"""The whole loop on a tiny model: make data, train planner and reasoner, evaluate; and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from kg.errors import ModelError
from kg.store import Store
from kg.types import Question, Topic
from planner.registry import make_planner
from planner.training.run import Run
from planner.weights import weights_sha256
from reasoner.registry import make_reasoner
from rog.cli import app
from rog.config import ConfigError, resolve
from rog.settings import PRESETS, PlannerTraining, ReasonerTraining
from rog.training import estimate, material, train


def rog(*words: str, code: tuple[int, ...] = (0,)) -> str:
    """What a command prints, in this process: a new one would import torch again."""
    ran = CliRunner().invoke(app, words, catch_exceptions=False)
    assert ran.exit_code in code, ran.output
    return ran.output


@pytest.fixture(scope="module")
def data(films: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("loop") / "data"
    rog("data", "make", "--kg", films.name, "--out", str(out), "--n", "60", "--dev", "0.2", "--test", "0.2")
    return out


def test_make_train_evaluate(data: Path, films: Store, tiny_folder: Path, tmp_path: Path) -> None:
    planner, reasoner = tmp_path / "planner", tmp_path / "reasoner"
    fast = ("--model", str(tiny_folder), "--epochs", "1", "--rank", "4", "--max-tokens", "4000")
    for role, out in (("planner", planner), ("reasoner", reasoner)):
        assert "tokens/s) · loss on dev" in rog("train", role, "--data", str(data), "--out", str(out), *fast)
        config = yaml.safe_load((out / "config.yaml").read_text())
        assert (config["role"], config["rank"], config["graph_sha256"]) == (role, 4, films.manifest["sha256"])
        assert config["base_sha256"] == weights_sha256(tiny_folder)
        assert config["base_sha256"] in (out / "README.md").read_text("utf-8")
        assert {path.name for path in out.iterdir()} == {
            "config.yaml", "environment.json", "samples.jsonl", "metrics.jsonl", "adapter", "README.md",
            "calibration.json", "vocabulary.json",
        } | ({"cases.npz"} if role == "planner" else set())  # fmt: skip
    asked = ("--planner", str(planner), "--reasoner", str(reasoner))
    rog("ask", "Who directed Heat?", "--kg", films.name, *asked, code=(0, 3))
    systems = ("--system", "lexical", "--system", f"sft={planner},{reasoner}")
    rog("eval", "--data", str(data / "test.jsonl"), *systems, "--out", str(tmp_path / "report"))
    assert (tmp_path / "report" / "index.html").exists()


@pytest.mark.slow
def test_training_shows_no_words_of_the_libraries(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    run, more = tmp_path / "planner", ["--data", str(data)]
    fast = ["--model", str(tiny_folder), "--epochs", "1", "--rank", "4", "--max-tokens", "4000", "--limit", "8"]
    refined = ["--method", "grpo", "--from", str(run), "--preset", "smoke", "--steps", "1", "--max-hops", "1"]
    for command in (["train", "planner", *more, "--out", str(run), *fast],
                    ["rl", "plan", *more, "--out", str(tmp_path / "rl"), *refined]):  # fmt: skip
        program = [sys.executable, "-W", "default", "-m", "rog", *command]
        ran = subprocess.run(program, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        strange = [line for line in ran.stderr.splitlines() if "…" not in line and not line.startswith("note: ")]
        assert not strange


def test_a_run_belongs_to_its_graph_and_role(
    data: Path, demo: Store, films: Store, tiny_folder: Path, tmp_path: Path
) -> None:
    settings = PlannerTraining(model=str(tiny_folder), epochs=1, rank=2, limit=4)
    train(material(data, "", settings), settings, tmp_path / "run", resume=False, force=False)
    with pytest.raises(ModelError, match=r"was trained on another vocabulary: .* train again, or open that graph"):
        make_planner(str(tmp_path / "run"), demo)
    with pytest.raises(ModelError, match="trained a planner, not a reasoner"):
        make_reasoner(str(tmp_path / "run"), films)
    (tmp_path / "run" / "adapter" / "adapter_model.safetensors").write_bytes(b"x" * 40)
    damaged = make_planner(f"lm:{tmp_path / 'run'}", films)  # loaded when it is first asked
    with pytest.raises(ModelError, match="adapter does not load"):
        damaged.plan([Question("Who directed Heat?", (Topic(films.entity("heat"), 1.0, "Heat"),))])


def test_a_dry_run_trains_nothing(data: Path, tiny_folder: Path, tmp_path: Path) -> None:
    would = rog(
        "train", "planner", "--data", str(data), "--out", str(tmp_path / "x"), "--model", str(tiny_folder), "--dry-run"
    )
    assert "steps · about" in would
    assert not (tmp_path / "x").exists()


def test_what_a_reasoner_learns_from(data: Path, films: Store) -> None:
    settings = ReasonerTraining(oracle=1.0, predicted=0.0)
    with_oracle = material(data, "", settings)
    answered = [sample for sample in with_oracle.samples if sample.targets[0][0] != (" not in this graph\n",)]
    for sample in answered:
        quoted, _, answer = "".join(sample.targets[0][0]).partition("\nAnswer: ")
        assert f"{quoted.strip()}: {answer.strip()}\n" in sample.prompt  # the line that is quoted was shown
    without = material(data, "", replace(settings, oracle=0.0))
    assert len(answered) > len(with_oracle.samples) / 2
    assert all(sample.targets == (((" not in this graph\n",), 1.0),) for sample in without.samples)
    assert with_oracle.samples == material(data, "", settings).samples


def test_settings(tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text("epochs: 7\nlearning-rate: 1e-4\n")
    found = resolve(PlannerTraining(), PRESETS["smoke"], file, {"rank": None, "batch": 2})
    assert (found.epochs, found.learning_rate, found.batch, found.rank) == (7.0, 1e-4, 2, 4)
    for text, message in (
        ("epoch: 7", "unknown setting 'epoch'; did you mean epochs"),
        ("batch: 1.5", "batch is 1.5, expected int"),
        ("batch: many", "batch is 'many', expected int"),
        ("- 1", "expected lines of"),
        ("{", "is no YAML"),
    ):
        file.write_text(text)
        with pytest.raises(ConfigError, match=message):
            resolve(PlannerTraining(), {}, file, {})
    with pytest.raises(ConfigError, match="no such file"):
        resolve(PlannerTraining(), {}, tmp_path / "none.yaml", {})


def test_an_estimate(data: Path, tiny_folder: Path) -> None:
    settings = PlannerTraining(model=str(tiny_folder), epochs=2)
    found = material(data, "", settings)
    would = estimate(found, settings)
    assert would["sequences"] == 2 * len(found.samples)
    assert would["seconds"] > 0
    assert json.dumps(found.about)
    assert not Run(Path("nowhere")).is_done
