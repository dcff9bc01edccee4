"""GRPO for plans: what is drawn and how probable it is, and runs from end to end on a tiny model."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from math import exp
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import typer.testing

from kg.errors import ModelError
from kg.store import Store
from kg.types import Question, Topic
from planner.decode import Effort, decode
from planner.device import one_device
from planner.neural import NOTHING, OrNothing, spelling_of
from planner.prompts import NONE, relation_words, trained_question
from planner.space import plan_space
from planner.training.run import Run
from planner.training.sequences import Encoded
from rl.constraint import Listed, Place, PlanTexts, allowed
from rl.draws import draws, token_logps
from rl.episode import Executor
from rl.plan_rollouts import PlanRollouts
from rl.policy import Policy
from rl.rewards import parse_reward
from rl.settings import Grpo
from rog.cli import app
from rog.reinforce import questions_of, refine
from tests.rl.test_refine import data, metrics, weights

assert data  # the fixture
SETTINGS = Grpo(
    steps=4, batch=2, learning_rate=3e-3, max_hops=1, eval_steps=2, save_steps=2, reward="answer_f1=1", generations=4
)


@pytest.fixture(scope="module")
def policy(start: Run) -> Policy:
    return Policy(start)


@pytest.fixture
def questions(letters: Store) -> list[Question]:
    def about(text: str, topic: str, *answers: str) -> Question:
        return Question(text, (Topic(letters.entity(topic), 1.0, topic),), text, answers)

    return [about("who is near s?", "s", "x1", "x2"), about("what comes after t?", "t", "x1"), about("and s?", "s")]


def texts_of(policy: Policy, letters: Store, question: Question, hops: int = 2) -> PlanTexts:
    spelling = spelling_of(policy, {**relation_words(letters), NOTHING: NONE})
    return PlanTexts(OrNothing(plan_space(letters, question, hops)), spelling)


def test_the_automaton_says_what_the_decoder_finds(policy: Policy, letters: Store, questions: list[Question]) -> None:
    spelling = spelling_of(policy, {**relation_words(letters), NOTHING: NONE})
    texts = texts_of(policy, letters, questions[0])
    space = OrNothing(plan_space(letters, questions[0], 2))
    legal = [*plan_space(letters, questions[0], 2).plans(1000)[0], (NOTHING,)]
    for path in legal:
        tokens = spelling.plan(path)
        options, said = allowed(texts, tokens)
        assert said == path
        assert all(token in among for token, among in zip(tokens, options, strict=True))
        assert allowed(texts, tokens[:-1])[1] is None  # without its end it is no plan
    assert allowed(texts, spelling.relation("cccc") + spelling.separator + spelling.relation("cccc"))[1] is None
    waiting, found = [texts.begin], list[Place]()
    while waiting:
        for place in texts.next(waiting.pop()).values():
            (found if place.trie is None else waiting).append(place)
    assert sorted(place.path for place in found) == sorted(legal)
    (decoded,) = decode([space], policy.tree("", [trained_question(questions[0])]), spelling, 1000, Effort())
    assert sorted(best.path for best in decoded.best) == sorted(legal)


def test_listed_texts() -> None:
    texts = Listed([(1, 2, 3), (1, 4), (5, 3)])
    assert allowed(texts, (1, 2, 3)) == ([(1, 5), (2, 4), (3,)], ("0",))
    assert allowed(texts, (5, 3)) == ([(1, 5), (3,)], ("2",))
    assert allowed(texts, (1, 2)) == ([(1, 5), (2, 4)], None)
    assert allowed(texts, (1, 3))[1] is None


def test_plans_are_drawn_by_their_masked_probability(policy: Policy, letters: Store, questions: list[Question]) -> None:
    policy.changed()
    texts = texts_of(policy, letters, questions[0], 1)
    tree = policy.tree("", [trained_question(questions[0])])
    (found,) = draws(tree, [texts], [4000], np.random.default_rng(0))
    assert tree.forwards < 12  # what is shared is read once
    counts = Counter(found)
    prompt = policy.prompt_tokens("", trained_question(questions[0]))
    sequences = [Encoded(prompt + tokens, len(prompt)) for tokens in counts]
    with torch.no_grad():
        among = [allowed(texts, tokens)[0] for tokens in counts]
        masked, entropy, _ = token_logps(policy.model, sequences, among)
        free, _, _ = token_logps(policy.model, sequences, None)
    p = [exp(part.sum().item()) for part in masked]
    assert sum(p) == pytest.approx(1, abs=1e-4)  # every legal plan was drawn, and nothing else
    assert len(counts) == 5
    for share, tokens in zip(p, counts, strict=True):
        assert counts[tokens] / 4000 == pytest.approx(share, abs=4 * (share / 4000) ** 0.5)
    exact = [policy.logps([sequence]).item() for sequence in sequences]
    assert [part.sum().item() for part in free] == pytest.approx(exact, abs=1e-4)
    assert entropy[0][1].item() > 0.5
    assert entropy[0][0].item() == pytest.approx(0, abs=1e-6)  # a blank, whatever follows


def test_free_drawing_may_say_anything(policy: Policy, letters: Store, questions: list[Question]) -> None:
    settings = replace(SETTINGS, unconstrained=True, longest=6)
    rollouts = PlanRollouts(policy, parse_reward("answer_f1=1,executable=1", Executor(letters)), questions, settings)
    numbers = [2] * 4
    drawn = rollouts.draw(numbers)
    completions = [one.encoded.tokens[one.encoded.prompt :] for one in drawn]
    assert all(len(tokens) <= 6 for tokens in completions)
    assert rollouts.rewards(numbers, completions) == [0.0] * 4  # though a refusal would be right
    legal = spelling_of(policy, {NOTHING: NONE}).plan((NOTHING,))
    assert rollouts.rewards([2], [legal]) == [2.0]
    again = PlanRollouts(policy, rollouts.reward, questions, settings).draw(numbers)
    assert again == drawn
    assert rollouts.draw(numbers) != drawn  # of the next step


def test_log_probabilities_are_under_the_mask_that_was_drawn_by(
    policy: Policy, letters: Store, questions: list[Question]
) -> None:
    reward = parse_reward("answer_f1=1", Executor(letters))
    sums: dict[bool, list[float]] = {}
    for unmasked in (False, True):
        settings = replace(SETTINGS, unmasked_loss=unmasked, pass_tokens=60)
        rollouts = PlanRollouts(policy, reward, questions, settings)
        numbers = [1, 1, 1, 1, 0, 0, 0, 0]
        sequences = [one.encoded for one in rollouts.draw(numbers)]
        forwards = policy.forwards
        with torch.no_grad():
            found, _ = rollouts.logps(policy.model, numbers, sequences)
        assert policy.forwards > forwards + 1  # so many tokens in a pass
        sums[unmasked] = [part.sum().item() for part in found]
        for one, encoded in zip(found, sequences, strict=True):
            assert len(one) == len(encoded.tokens) - encoded.prompt
    assert all(masked > free for masked, free in zip(sums[False], sums[True], strict=True))
    with torch.no_grad():  # each alone
        free = [token_logps(policy.model, [encoded], None)[0][0].sum().item() for encoded in sequences]
    assert sums[True] == pytest.approx(free, abs=1e-4)


def test_a_trainer_takes_one_device_of_several(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from transformers import TrainingArguments

    monkeypatch.setattr(TrainingArguments, "n_gpu", property(lambda self: getattr(self, "_n_gpu", 2)))
    args = TrainingArguments(output_dir=str(tmp_path), report_to=[])
    args._n_gpu = 2
    assert one_device(args)._n_gpu == 1


def refined(data: Path, start: Run, out: Path, settings: Grpo = SETTINGS, resume: bool = False) -> Run:
    refine(questions_of(data, start, "", settings), start, settings, out, resume, force=False)
    return Run(out)


@pytest.fixture(scope="module")
def whole(data: Path, start: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run from beginning to end."""
    return refined(data, start, tmp_path_factory.mktemp("drawn") / "run")


def test_what_a_run_leaves(whole: Run, start: Run) -> None:
    assert {path.name for path in whole.folder.iterdir()} == {
        "config.yaml", "environment.json", "samples.jsonl", "metrics.jsonl", "adapter", "README.md", "vocabulary.json",
    }  # fmt: skip
    assert not (whole.folder / "adapter" / "ref").exists()
    steps = [row for row in metrics(whole) if "reward" in row]
    assert [row["step"] for row in steps] == [1, 2, 3, 4]
    assert {"parts/answer_f1", "kl", "entropy", "flat", "grad_norm", "plans", "loss", "legal"} <= set(steps[0])
    assert all(row["legal"] == 1 for row in steps)
    assert steps[0]["kl"] == pytest.approx(0, abs=1e-5)  # from the run it starts with, not from the base model
    assert steps[-1]["kl"] > 1e-4
    assert [row["step"] for row in metrics(whole) if "dev_f1" in row][:-1] == [0, 2, 4]
    assert whole.result["plans_scored"] == 4 * 2 * 4
    assert whole.result["passes"] == steps[-1]["passes"] > 4 * 3
    assert whole.config["method"] == "grpo"
    assert "--method grpo" in (whole.folder / "README.md").read_text("utf-8")


def test_a_run_that_was_killed_goes_on_to_the_same_weights(
    whole: Run, data: Path, start: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    draw = PlanRollouts.draw

    def killed(self: PlanRollouts, numbers: Any) -> Any:
        calls.append(numbers)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return draw(self, numbers)

    monkeypatch.setattr(PlanRollouts, "draw", killed)
    with pytest.raises(KeyboardInterrupt):
        refined(data, start, tmp_path / "run")
    monkeypatch.undo()
    with pytest.raises(ModelError, match=r"other settings \(generations\)"):
        refined(data, start, tmp_path / "run", replace(SETTINGS, generations=2), resume=True)
    run = refined(data, start, tmp_path / "run", resume=True)
    assert metrics(run) == metrics(whole)
    for name, value in weights(whole).items():
        assert torch.equal(weights(run)[name], value)


def test_drawing_learns_what_earns(data: Path, start: Run, tmp_path: Path) -> None:
    settings = replace(SETTINGS, steps=8, limit=4, batch=4, learning_rate=5e-3, beta=0.0, dev=0, save_steps=99)
    run = refined(data, start, tmp_path / "run", settings)
    rewards = [row["reward"] for row in metrics(run) if "reward" in row]
    assert sum(rewards[-4:]) / 4 > sum(rewards[:4]) / 4 + 0.1
    first, last = weights(start), weights(run)
    assert any(not torch.equal(first[name], last[name]) for name in first)


def test_flat_steps_end_the_run_with_advice(
    data: Path, start: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rl.rewards.FLAT_STEPS", 2)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "even_reward.py").write_text("def one(episode, executor):\n    return 1\n")
    settings = replace(SETTINGS, reward="even_reward:one=1", dev=0)
    found = questions_of(data, start, "", settings)
    result, advice = refine(found, start, settings, tmp_path / "run", resume=False, force=False)
    assert result["steps"] == 2
    assert "without any difference in reward" in advice


def test_the_command(data: Path, start: Run, tmp_path: Path) -> None:
    command = ["rl", "plan", "--data", str(data), "--from", str(start.folder), "--out", str(tmp_path / "run")]
    wrong = typer.testing.CliRunner().invoke(app, [*command, "--generations", "3"])
    assert "--generations is not for --method gradient" in " ".join([*wrong.output.split(), str(wrong.exception)])
    (tmp_path / "told.yaml").write_text("generations: 3\n")
    wrong = typer.testing.CliRunner().invoke(app, [*command, "--config", str(tmp_path / "told.yaml")])
    assert "--generations is not for --method gradient" in str(wrong.exception)
    more = ["--method", "grpo", "--preset", "smoke", "--steps", "1", "--max-hops", "1", "--unmasked-loss"]
    ran = typer.testing.CliRunner().invoke(app, [*command, *more])
    assert ran.exit_code == 0, ran.output
    config = Run(tmp_path / "run").config
    assert (config["steps"], config["method"], config["unmasked_loss"], config["generations"]) == (1, "grpo", True, 8)
