"""Joint episodes through GRPO: what a sequence holds, what is masked, what is learned, and a run that was killed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
import typer.testing

from kg.store import Store
from kg.types import Question, Topic
from planner.training.run import Run
from rl.episode import Executor
from rl.joint_grpo import JointRollouts
from rl.pair import Pair
from rl.reading import Reader
from rl.rewards import parse_reward
from rl.settings import JointDrawn
from rog.cli import app
from tests.rl.test_joint import joined, quoting
from tests.rl.test_refine import data, metrics

assert data, quoting  # the fixtures
SETTINGS = JointDrawn(
    steps=4, batch=2, generations=4, learning_rate=5e-3, max_hops=1, eval_steps=2, save_steps=2, reward="answer_f1=1"
)


def test_an_episode_is_one_sequence(start: Run, quoting: Run, letters: Store) -> None:
    pair, executor = Pair(start, quoting), Executor(letters)
    reward, reasoned = parse_reward("answer_f1=1", executor), parse_reward("sufficient=.3", executor)
    questions = [
        Question(f"who is near {key}?", (Topic(letters.entity(key), 1.0, key),), key, ("x1", "x2")) for key in "st"
    ]
    reader = Reader(pair.reasoner, reward, reasoned, 0.5, 0)
    rollouts = JointRollouts(pair, reward, questions, SETTINGS, reader=reader)
    numbers = [0] * 4 + [1] * 4
    drawn = rollouts.draw(numbers)
    decode = pair.tokenizer.decode
    with torch.no_grad():
        logps, entropies = rollouts.logps(pair.model, numbers, [one.encoded for one in drawn])
    for one, logp, entropy in zip(drawn, logps, entropies, strict=True):
        tokens = one.encoded.tokens[one.encoded.prompt :]
        assert len(tokens) == len(one.own) == len(logp) == len(entropy)
        own = decode([token for token, is_own in zip(tokens, one.own, strict=True) if is_own])
        given = decode([token for token, is_own in zip(tokens, one.own, strict=True) if not is_own])
        plan, _, answer = own.removeprefix(" ").partition("\n")
        if plan == "none":
            assert (given, answer) == ("", "")
            continue
        assert given.removeprefix("<s>").startswith(f"{given[3:4]} -> {plan}: ")
        assert given.endswith("Question: who is near s?\nPath:") or given.endswith("Question: who is near t?\nPath:")
        assert answer.startswith(f" {given[3:4]} -> {plan}\n") or answer == " not in this graph\n"
        masked = torch.tensor([not is_own for is_own in one.own])
        assert not logp[masked].any()
    policies = (pair.model, pair.reasoner.model)
    with torch.enable_grad():
        logps, _ = rollouts.logps(pair.model, numbers, [one.encoded for one in drawn])
        torch.cat(logps).sum().backward()  # type: ignore[no-untyped-call]
    assert all(any(p.grad is not None and p.grad.any() for p in model.parameters()) for model in policies)


@pytest.fixture(scope="module")
def whole(data: Path, start: Run, quoting: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run from beginning to end."""
    return joined(data, start, quoting, tmp_path_factory.mktemp("drawn") / "run", SETTINGS)


def test_what_a_run_leaves(whole: Run) -> None:
    steps = [row for row in metrics(whole) if "reward" in row]
    assert [row["step"] for row in steps] == [1, 2, 3, 4]
    assert {"parts/exact", "kl", "entropy", "flat", "legal"} <= set(steps[0])
    assert steps[0]["kl"] == pytest.approx(0, abs=1e-5)
    assert [row["step"] for row in metrics(whole) if "dev_right" in row] == [0, 2, 4]
    assert whole.config["method"] == "grpo"
    for role in ("planner", "reasoner"):
        assert Run(whole.folder / role).is_done
        assert not (whole.folder / role / "adapter" / "ref").exists()


def test_a_run_that_was_killed_goes_on_to_the_same_weights(
    whole: Run, data: Path, start: Run, quoting: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    draw = JointRollouts.draw

    def killed(self: JointRollouts, numbers: Any) -> Any:
        calls.append(numbers)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return draw(self, numbers)

    monkeypatch.setattr(JointRollouts, "draw", killed)
    with pytest.raises(KeyboardInterrupt):
        joined(data, start, quoting, tmp_path / "run", SETTINGS)
    monkeypatch.undo()
    run = joined(data, start, quoting, tmp_path / "run", SETTINGS, resume=True)
    assert metrics(run) == metrics(whole)
    for role in ("planner", "reasoner"):
        name = f"{role}/adapter/adapter_model.safetensors"
        assert (run.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_the_command_learns(data: Path, start: Run, quoting: Run, tmp_path: Path) -> None:
    command = ["rl", "joint", "--data", str(data), "--from", f"{start.folder},{quoting.folder}", "--method", "grpo"]
    wrong = typer.testing.CliRunner().invoke(app, [*command, "--out", str(tmp_path / "run"), "--plans", "2"])
    assert "--plans is not for --method grpo" in str(wrong.exception)
    told = {"steps": 9, "limit": 4, "batch": 4, "generations": 4, "max-hops": 1, "dev": 0, "beta": 0, "alone": 0}
    more = [f"--{name}={value}" for name, value in {**told, "learning-rate": 0.005, "reward": "answer_f1=1"}.items()]
    ran = typer.testing.CliRunner().invoke(app, [*command, "--out", str(tmp_path / "run"), *more])
    assert ran.exit_code == 0, ran.output
    rewards = [row["reward"] for row in metrics(Run(tmp_path / "run")) if "reward" in row and "flat" in row]
    assert sum(rewards[-3:]) > sum(rewards[:3]) + 0.3
