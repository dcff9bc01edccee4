"""`rog rl plan` from end to end on a tiny model: what it leaves, a kill in the middle, and what it refuses."""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import typer.testing
from safetensors.torch import load_file

from kg.errors import GraphError, LoadError, ModelError
from kg.questions import RawQuestion
from kg.store import Store
from planner.data.folder import write_folder
from planner.data.make import MakeSettings, make
from planner.registry import make_planner
from planner.training.run import Run
from planner.weights import weights_sha256
from rl.plan_gradient import Step, accumulate
from rl.refine import schedule
from rl.rewards import RewardError
from rl.settings import Grpo, PlanGradient
from rog.cli import app
from rog.reinforce import questions_of, refine

WORDS = {"aaaa": "near", "abba": "after", "baab": "under", "cccc": "colour of"}
SETTINGS = PlanGradient(
    steps=6, batch=2, learning_rate=1e-2, max_hops=1, mass=1.0, eval_steps=2, save_steps=2, reward="answer_f1=1"
)
HELD_OUT = MakeSettings(dev=0, test=0)


@pytest.fixture(scope="module")
def data(letters: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Questions about letters, half of them for dev."""
    questions = []
    for topic in ("s", "t"):
        for relation, word in WORDS.items():
            answers = letters.frontier([topic]).follow(relation).entities
            for number in range(2 if answers else 0):
                text = f"{'what' if number else 'which one'} is {word} {topic}?"
                questions.append(RawQuestion(f"{topic}-{relation}-{number}", text, answers, (topic,), where="x"))
    made = make(letters, questions, HELD_OUT)
    rows = random.Random(0).sample(made.rows["train"], len(questions))
    made.rows.update(train=rows[::2], dev=rows[1::2])
    folder = tmp_path_factory.mktemp("letters-data") / "data"
    return write_folder(folder, made, letters, letters.name, ["x"]).path


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
    return port


def by_two(*arguments: str) -> Run:
    """What two processes leave that a launcher starts; `--out` is among the arguments."""
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", f"--master-port={free_port()}"]
    command, alone = [*launcher, "-m", "rog", "rl", *arguments], {**os.environ, "OMP_NUM_THREADS": "1"}
    ran = subprocess.run(command, env=alone, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.count(" steps · ") == 1  # the first process alone speaks
    return Run(Path(arguments[arguments.index("--out") + 1]))


def refined(data: Path, start: Run, out: Path, settings: PlanGradient = SETTINGS, resume: bool = False) -> Run:
    refine(questions_of(data, start, "", settings), start, settings, out, resume, force=False)
    return Run(out)


def weights(run: Run) -> dict[str, torch.Tensor]:
    found: dict[str, torch.Tensor] = load_file(run.folder / "adapter" / "adapter_model.safetensors")
    return found


def metrics(run: Run) -> list[dict[str, float]]:
    rows = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    return [{name: value for name, value in row.items() if name != "seconds"} for row in rows]


@pytest.fixture(scope="module")
def whole(data: Path, start: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run from beginning to end."""
    return refined(data, start, tmp_path_factory.mktemp("refined") / "run")


def test_what_a_run_leaves(whole: Run, start: Run, letters: Store) -> None:
    assert {path.name for path in whole.folder.iterdir()} == {
        "config.yaml", "vocabulary.json", "environment.json", "samples.jsonl", "metrics.jsonl", "adapter", "README.md",
    }  # fmt: skip
    steps = [row for row in metrics(whole) if "reward" in row]
    assert [row["step"] for row in steps] == [1, 2, 3, 4, 5, 6]
    assert {"parts/answer_f1", "parts/unproven", "kl", "entropy", "flat", "grad_norm", "plans"} <= set(steps[0])
    assert steps[0]["kl"] == pytest.approx(0, abs=1e-5)  # from the run it starts with, not from the base model
    assert steps[-1]["kl"] > 1e-3
    assert [row["step"] for row in metrics(whole) if set(row) > {"dev_f1"} and "reward" not in row][:-1] == [0, 2, 4, 6]
    result = whole.result
    assert result["dev_f1"] == max(row["dev_f1"] for row in metrics(whole) if "dev_f1" in row)
    assert result["plans_scored"] == sum(2 * row["plans"] for row in steps)
    assert result["passes"] == steps[-1]["passes"]
    assert whole.config["start"] == str(start.folder)
    assert whole.config["base_sha256"] == weights_sha256(Path(start.config["model"]))
    assert "answers and no plans" in (whole.folder / "README.md").read_text("utf-8")
    first, last = weights(start), weights(whole)
    assert any(not torch.equal(first[name], last[name]) for name in first)
    assert make_planner(f"lm:{whole.folder}", letters).plan([], 3) == []


def test_a_run_that_was_killed_goes_on_to_the_same_weights(
    whole: Run, data: Path, start: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []

    def killed(*some: Any) -> Step:
        calls.append(some)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return accumulate(*some)

    monkeypatch.setattr("rl.refine.accumulate", killed)
    with pytest.raises(KeyboardInterrupt):
        refined(data, start, tmp_path / "run")
    monkeypatch.undo()
    with pytest.raises(ModelError, match="a run that was stopped; --resume goes on"):
        refined(data, start, tmp_path / "run")
    with pytest.raises(ModelError, match=r"other settings \(learning_rate\)"):
        refined(data, start, tmp_path / "run", replace(SETTINGS, learning_rate=0.5), resume=True)
    run = refined(data, start, tmp_path / "run", resume=True)
    assert metrics(run) == metrics(whole)
    for name, value in weights(whole).items():
        assert torch.equal(weights(run)[name], value)


def test_several_processes_come_to_the_same_weights(whole: Run, data: Path, start: Run, tmp_path: Path) -> None:
    told = {"steps": 6, "batch": 2, "learning-rate": 1e-2, "max-hops": 1, "mass": 1.0, "eval-steps": 2}
    flags = [f"--{name}={value}" for name, value in {**told, "save-steps": 2, "reward": "answer_f1=1"}.items()]
    run = by_two("plan", "--data", str(data), "--from", str(start.folder), "--out", str(tmp_path / "run"), *flags)
    for name, part in weights(run).items():
        assert torch.allclose(part, weights(whole)[name], atol=1e-5)
    for own, other in zip(metrics(run), metrics(whole), strict=True):
        for name in ("reward", "dev_f1", "dev_reward", "plans_scored", "flat", "grad_norm"):
            assert own.get(name) == pytest.approx(other.get(name), abs=1e-4)


def test_every_question_comes_once_an_epoch() -> None:
    for count in (1, 8, 11, 20):
        seen = [number for step in schedule(count, PlanGradient()) for number in step]
        assert set(seen) == set(range(count))
        assert len(set(seen[:count])) == count


def test_the_best_weights_on_dev_are_kept(
    data: Path, start: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    falling = iter((0.9, 0.5, 0.4, 0.3))
    monkeypatch.setattr("rl.refine.mean_f1", lambda *_: next(falling))
    run = refined(data, start, tmp_path / "run")
    assert (run.result["dev_f1"], run.result["best_step"]) == (0.9, 0)
    for name, value in weights(start).items():
        assert torch.equal(weights(run)[name], value)


def test_flat_steps_end_the_run_with_advice(
    data: Path, start: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl.rewards.FLAT_STEPS", 2)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "constant_reward.py").write_text("def one(episode, executor):\n    return 1\n")
    settings = replace(SETTINGS, reward="constant_reward:one=1", dev=0)
    found = questions_of(data, start, "", settings)
    result, advice = refine(found, start, settings, tmp_path / "run", resume=False, force=False)
    assert result["steps"] == 2
    assert "without any difference in reward" in advice
    assert "dev_f1" not in result
    assert "NaN" not in (tmp_path / "run" / "metrics.jsonl").read_text("utf-8")
    assert "without questions of dev" in (tmp_path / "run" / "README.md").read_text("utf-8")
    assert "stopped early" in (tmp_path / "run" / "README.md").read_text("utf-8")


def test_what_is_refused(
    data: Path, start: Run, letters: Store, films: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LoadError, match="is no folder of `rog data make`"):
        questions_of(tmp_path, start, "", SETTINGS)
    with pytest.raises(GraphError, match="is not the graph that"):
        questions_of(data, start, films.name, SETTINGS)
    with pytest.raises(RewardError, match="did you mean answer_f1"):
        questions_of(data, start, "", replace(SETTINGS, reward="answer_f2=1"))
    with pytest.raises(ModelError, match="not the directory of a training run"):
        questions_of(data, Run(tmp_path / "none"), "", SETTINGS)
    found = questions_of(data, start, "", SETTINGS)
    with pytest.raises(ModelError, match="is a run to start from"):
        refine(found, start, SETTINGS, start.folder, resume=False, force=True)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ModelError, match="`rog rl plan --method grpo` runs in one process"):
        refine(found, start, Grpo(), tmp_path / "run", resume=False, force=False)
    assert not (tmp_path / "run").exists()
    unfinished = Run(tmp_path / "unfinished")
    unfinished.begin(start.config, [], resume=False, force=False)
    with pytest.raises(ModelError, match="has not finished"):
        questions_of(data, unfinished, "", SETTINGS)


def test_the_command(data: Path, start: Run, tmp_path: Path) -> None:
    command = ["rl", "plan", "--data", str(data), "--from", str(start.folder), "--out", str(tmp_path / "run")]
    ran = typer.testing.CliRunner().invoke(app, [*command, "--preset", "smoke", "--steps", "1", "--max-hops", "1"])
    assert ran.exit_code == 0, ran.output
    config = Run(tmp_path / "run").config
    assert (config["steps"], config["batch"], config["limit"], config["stage"]) == (1, 4, 16, "rl plan")
