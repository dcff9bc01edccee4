"""Planner and reasoner refined together: options, the decision, the gradient, and runs from end to end."""

from __future__ import annotations

from dataclasses import replace
from math import log
from pathlib import Path

import pytest
import torch
import typer.testing

from kg.errors import ModelError
from kg.store import Store
from kg.types import Question, Topic
from planner.training.run import Run
from planner.weights import weights_sha256
from reasoner.prompts import NOT_HERE
from reasoner.quoting import Weights
from rl.episode import Executor
from rl.joint import JointRefinement, answered, best_plans, decided, said
from rl.pair import Pair
from rl.plan_gradient import Group
from rl.reading import Reader
from rl.rewards import RewardError, parse_reward
from rl.settings import Joint
from rog.cli import app
from rog.evaluation.arms import Setup, parse_system, parts_of
from rog.joining import join, material, starts_of
from tests.rl.test_refine import by_two, data, metrics, weights

assert data  # the fixture
SETTINGS = Joint(
    steps=4, batch=2, learning_rate=5e-3, max_hops=1, mass=1.0, eval_steps=2, save_steps=2, reward="answer_f1=1"
)


@pytest.fixture(scope="module")
def quoting(start: Run, letters: Store, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of a reasoner over the same base model."""
    from planner.training.finetune import load_for_training
    from planner.training.settings import Training

    model, tokenizer = load_for_training(Training(model=str(start.config["model"]), rank=2, seed=3), None)
    with torch.no_grad():
        for number, (name, part) in enumerate(model.named_parameters()):
            if "lora_B" in name:
                part.normal_(0, 0.05, generator=torch.Generator().manual_seed(100 + number))
    run = Run(tmp_path_factory.mktemp("quoting") / "run")
    run.begin({**start.config, "role": "reasoner"}, [], resume=False, force=False)
    run.save_weights(model, tokenizer)
    run.write_calibration(Weights(model=0.8, trust=0.7, doubt=0.3, refusal=-0.5))
    run.finish("card")
    return run


@pytest.fixture
def pair(start: Run, quoting: Run) -> Pair:
    return Pair(start, quoting)


@pytest.fixture
def questions(letters: Store) -> list[Question]:
    def about(text: str, topic: str, *answers: str) -> Question:
        return Question(text, (Topic(letters.entity(topic), 1.0, topic),), text, answers)

    return [about("who is near s?", "s", "x1", "x2"), about("what comes after t?", "t", "x2"), about("and s?", "s")]


def work_of(
    pair: Pair,
    letters: Store,
    questions: list[Question],
    settings: Joint,
    folder: Path,
    reasoned: str = "sufficient=.3",
) -> JointRefinement:
    executor = Executor(letters)
    rewards = parse_reward(settings.reward, executor), parse_reward(reasoned, executor)
    return JointRefinement(pair, *rewards, questions, [], settings, Run(folder))


def test_one_base_model_has_both_adapters(pair: Pair) -> None:
    first = dict(pair.model.named_parameters())
    shared = [
        name
        for name, part in pair.reasoner.model.named_parameters()
        if not part.requires_grad and part.data_ptr() == first[name].data_ptr()
    ]
    assert len(shared) == sum(not part.requires_grad for part in first.values())
    assert len(pair.trained) == 2 * sum(part.requires_grad for part in first.values())
    before = [part.detach().clone() for part in pair.trained.values()]
    with torch.no_grad():
        for part in pair.trained.values():
            part.add_(1.0)
    with pair.reference():
        assert all(torch.equal(part, old) for part, old in zip(pair.trained.values(), before, strict=True))


def test_options_and_what_they_earn(pair: Pair, letters: Store, questions: list[Question]) -> None:
    executor = Executor(letters)
    reward, reasoned = parse_reward("answer_f1=1", executor), parse_reward("sufficient=.3", executor)
    plans = [(4, ("aaaa",), 0.5), (2, ("abba",), 0.3), (7, ("cccc",), 0.2)]  # x1 and x2; x1; x4
    decode = pair.reasoner.tokenizer.decode
    short = Reader(pair.reasoner, reward, reasoned, 0.0, 0).reading(questions[0], plans)
    assert short is not None
    texts = [decode(s.tokens[s.prompt :]) for s in short.sequences]
    assert texts == [" s -> aaaa\n", " s -> abba\n", " s -> cccc\n", f"{NOT_HERE}\n"]
    assert [quote.plan for quote in short.quotes] == [4, 2, 7, None]
    assert [scored.total for scored in short.scored] == pytest.approx([1, 2 / 3, 0, 0])
    prompt = decode(short.sequences[0].tokens[: short.sequences[0].prompt])
    assert prompt.endswith("s -> aaaa: x1; x2\ns -> abba: x1\ns -> cccc: x4\nQuestion: who is near s?\nPath:")
    long = Reader(pair.reasoner, reward, reasoned, 1.0, 0).reading(questions[0], plans)
    assert long is not None
    assert [quote.sequence for quote in long.quotes] == [quote.sequence for quote in short.quotes]
    earned = {
        (decode(quote.sequence.tokens[quote.sequence.prompt :]), decode(answer.tokens[answer.prompt :])): scored.total
        for quote in long.quotes
        for answer, scored in zip(quote.answers, quote.scored, strict=bool(quote.answers))
    }
    assert len(earned) == 3 * 3
    assert earned[" s -> aaaa\n", "Answer: x1; x2\n"] == pytest.approx(1.3)
    assert earned[" s -> aaaa\n", "Answer: x1\n"] == pytest.approx(2 / 3 + 0.3)  # it is led to, and not all
    assert earned[" s -> cccc\n", "Answer: x1; x2\n"] == 0  # right, and not by the path that is quoted
    assert earned[" s -> abba\n", "Answer: x1; x2\n"] == pytest.approx(0.5 + 0.15)
    assert Reader(pair.reasoner, reward, reasoned, 0.5, 0).reading(questions[0], [(0, ("nowhere",), 1.0)]) is None


def test_what_reasoning_earns_beside_may_be_ones_own(
    pair: Pair, letters: Store, questions: list[Question], tmp_path: Path
) -> None:
    work = work_of(pair, letters, questions, replace(SETTINGS, reasoned=0.5), tmp_path / "run", "rl.parts:brief=.3")
    step = work._accumulated(questions)
    assert step.measured["parts/rl.parts:brief"] == pytest.approx(step.measured["parts/brief"])
    for share, refused in ((1.0, 1.3), (0.0, 1.0)):  # the last question has no answer
        work._reader.share = share
        reading = work._reader.reading(questions[2], [(0, ("aaaa",), 1.0)])
        assert reading is not None
        assert reading.scored[-1].total == pytest.approx(refused)


def test_a_question_without_anything_to_read_counts_in_what_is_logged(
    pair: Pair, letters: Store, questions: list[Question], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = work_of(pair, letters, questions, replace(SETTINGS, reasoned=0.0), tmp_path / "run")
    whole = work._accumulated(questions[2:]).measured
    monkeypatch.setattr(work._reader, "reading", lambda *_: None)
    nothing = work._accumulated(questions[2:]).measured
    assert nothing["plan_reward"] == pytest.approx(whole["plan_reward"])
    assert (nothing["refused"], nothing["options"]) == (1, 1)
    assert whole.keys() - nothing.keys() == {"reasoner_kl"}


def test_the_decision_is_the_one_that_is_used(
    pair: Pair, letters: Store, questions: list[Question], tmp_path: Path
) -> None:
    settings = replace(SETTINGS, reasoned=0.0, plans=40)
    work = work_of(pair, letters, questions, settings, tmp_path / "run")
    episodes = answered(pair, work._reward, questions, settings)
    groups = work._trials.groups(questions)
    for group, episode in zip(groups, episodes, strict=True):
        with torch.no_grad():
            logps = pair.logps(group.sequences)
            reading = work._reader.reading(group.question, best_plans(group, logps.tolist(), settings.read))
            assert reading is not None
            p = decided(said(pair.reasoner, reading)[0], logps.log_softmax(0), group, reading, pair.weights)
        assert p.sum().item() == pytest.approx(1, abs=1e-5)
        number = reading.quotes[int(p.argmax())].plan
        path = () if number is None else group.plans[number]
        assert tuple(walk.relations for walk in episode.cited) == ((path,) if path else ())


def flat(pair: Pair) -> list[torch.Tensor]:
    return [part.grad for part in pair.trained.values()]


@pytest.mark.parametrize("reasoned", [0.0, 1.0])
def test_the_gradient_is_that_of_finite_differences(
    pair: Pair, letters: Store, questions: list[Question], tmp_path: Path, reasoned: float
) -> None:
    settings = replace(SETTINGS, reasoned=reasoned, beta=0.1, entropy=0.05, plans=6, max_hops=2)
    pair.model.double()
    pair.reasoner.model.double()
    pair._first = [part.detach().clone() for part in pair.trained.values()]
    work = work_of(pair, letters, questions, settings, tmp_path / "run")
    with torch.no_grad():
        for number, part in enumerate(pair.trained.values()):  # away from the start, where KL has no slope
            part.add_(0.03 * torch.randn(part.shape, generator=torch.Generator().manual_seed(number)))
    step = work._accumulated(questions)
    groups = work._trials.groups(questions)
    known = work._references.of(groups, 10_000)
    directions = [
        torch.randn(part.shape, generator=torch.Generator().manual_seed(n), dtype=torch.float64)
        for n, part in enumerate(pair.trained.values())
    ]
    exact = sum(float((slope * d).sum()) for slope, d in zip(flat(pair), directions, strict=True))

    def loss() -> float:
        return sum(one_loss(work, group, own) for group, own in zip(groups, known, strict=True)) / len(groups)

    def moved(by: float) -> float:
        with torch.no_grad():
            for part, direction in zip(pair.trained.values(), directions, strict=True):
                part.add_(by * direction)
            return loss()

    assert loss() == pytest.approx(step.measured["loss"], rel=1e-6)
    up, down = moved(1e-5), moved(-2e-5)
    assert exact == pytest.approx((up - down) / 2e-5, rel=1e-3)
    assert abs(exact) > 1e-3
    assert all(slope.abs().sum() > 0 for slope in flat(pair))  # of both adapters, in all their parts


def one_loss(work: JointRefinement, group: Group, known: list[float]) -> float:
    with torch.no_grad():
        logps = work._policy.logps(group.sequences)
        reading = work._reader.reading(group.question, best_plans(group, logps.tolist(), work._settings.read))
        return work._loss(group, logps, logps.new_tensor(known), reading)[0].item()


def test_the_weight_of_a_plan_that_is_hardly_probable_is_bounded(
    pair: Pair, letters: Store, questions: list[Question]
) -> None:
    reward = parse_reward("answer_f1=1", Executor(letters))
    reading = Reader(pair.reasoner, reward, reward, 0.0, 0).reading(questions[0], [(0, ("aaaa",), 1.0)])
    assert reading is not None
    group = Group(questions[0], (("aaaa",),), (), ())  # `none` is not among the plans
    p = decided(torch.zeros(2), torch.zeros(1), group, reading, Weights())
    assert p[1].item() == pytest.approx(1 / (1 + 1000**0.5))
    assert log(p[0].item() / p[1].item()) == pytest.approx(0.5 * log(1000))


def joined(data: Path, start: Run, quoting: Run, out: Path, settings: Joint = SETTINGS, resume: bool = False) -> Run:
    starts = starts_of(f"{start.folder},{quoting.folder}")
    join(material(data, starts, "", settings), starts, settings, out, resume, force=False)
    return Run(out)


@pytest.fixture(scope="module")
def whole(data: Path, start: Run, quoting: Run, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A run from beginning to end."""
    return joined(data, start, quoting, tmp_path_factory.mktemp("joined") / "run")


def test_what_a_run_leaves(whole: Run, start: Run, quoting: Run, letters: Store) -> None:
    assert {path.name for path in whole.folder.iterdir()} == {
        "config.yaml", "vocabulary.json", "environment.json", "samples.jsonl", "metrics.jsonl", "README.md", "planner",
        "reasoner",
    }  # fmt: skip
    kept = Run(whole.folder / "reasoner").calibration(Weights)
    assert kept == quoting.calibration(Weights) != Weights()
    steps = [row for row in metrics(whole) if "reward" in row]
    assert [row["step"] for row in steps] == [1, 2, 3, 4]
    assert {"parts/exact", "parts/unproven", "kl", "reasoner_kl", "refused", "plan_reward", "flat"} <= set(steps[0])
    assert steps[0]["kl"] == pytest.approx(0, abs=1e-5)
    assert steps[0]["reasoner_kl"] == pytest.approx(0, abs=1e-5)
    assert steps[-1]["reasoner_kl"] > 1e-5
    looks = [row for row in metrics(whole) if "dev_right" in row]
    assert [row["step"] for row in looks] == [0, 2, 4]
    assert all(row["dev_unproven"] == 0 for row in looks)
    for role in ("planner", "reasoner"):
        config = Run(whole.folder / role).config
        assert (config["role"], config["base_sha256"]) == (role, weights_sha256(Path(config["model"])))
        assert Run(whole.folder / role).check(role, letters) == ()
        assert config["vocabulary_sha256"] == whole.config["vocabulary_sha256"]
    both = tuple(str(whole.folder / role) for role in ("planner", "reasoner"))
    assert parts_of(str(whole.folder), "symbolic") == both
    assert parts_of(both[0], "symbolic") == (both[0], "symbolic")
    alone = parse_system(f"joint=lm:{whole.folder}").make(Setup(letters))
    assert (alone.planner.name, alone.reasoner.name) == ("lm", "quoting")  # type: ignore[attr-defined]


def test_a_run_that_was_killed_goes_on_to_the_same_weights(
    whole: Run, data: Path, start: Run, quoting: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    accumulated = JointRefinement._accumulated

    def killed(self: JointRefinement, questions: list[Question]) -> object:
        calls.append(questions)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return accumulated(self, questions)

    monkeypatch.setattr(JointRefinement, "_accumulated", killed)
    with pytest.raises(KeyboardInterrupt):
        joined(data, start, quoting, tmp_path / "run")
    monkeypatch.undo()
    run = joined(data, start, quoting, tmp_path / "run", resume=True)
    assert metrics(run) == metrics(whole)
    for role in ("planner", "reasoner"):
        name = f"{role}/adapter/adapter_model.safetensors"
        assert (run.folder / name).read_bytes() == (whole.folder / name).read_bytes()


@pytest.mark.slow
def test_several_processes_come_to_the_same_weights(
    whole: Run, data: Path, start: Run, quoting: Run, tmp_path: Path
) -> None:
    told = {"steps": 4, "batch": 2, "learning-rate": 5e-3, "max-hops": 1, "mass": 1.0, "eval-steps": 2}
    flags = [f"--{name}={value}" for name, value in {**told, "save-steps": 2, "reward": "answer_f1=1"}.items()]
    starts = f"{start.folder},{quoting.folder}"
    run = by_two("joint", "--data", str(data), "--from", starts, "--out", str(tmp_path / "run"), *flags)
    for role in ("planner", "reasoner"):
        own, other = weights(Run(run.folder / role)), weights(Run(whole.folder / role))
        assert all(torch.allclose(part, other[name], atol=1e-5) for name, part in own.items())


def test_steps_raise_what_answers_earn(data: Path, start: Run, quoting: Run, tmp_path: Path) -> None:
    settings = replace(SETTINGS, steps=8, limit=4, batch=4, beta=0.0, dev=0, save_steps=99)
    run = joined(data, start, quoting, tmp_path / "run", settings)
    rewards = [row["reward"] for row in metrics(run) if "reward" in row and "kl" in row]
    assert rewards[-1] > rewards[0] + 0.2


def test_weights_that_are_less_often_right_are_not_kept(
    data: Path, start: Run, quoting: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    f1, right = iter((0.4, 0.9, 0.8)), iter((0.5, 0.4, 0.5))
    monkeypatch.setattr("rl.joint.mean_f1", lambda *_: next(f1))
    monkeypatch.setattr("rl.joint.share_right", lambda *_: next(right))
    assert joined(data, start, quoting, tmp_path / "run").result["best_step"] == 4


def test_what_is_refused(data: Path, start: Run, quoting: Run, letters: Store, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="expected two runs, PLANNER,REASONER"):
        starts_of(str(start.folder))
    with pytest.raises(ModelError, match="trained a planner, not a reasoner"):
        joined(data, start, start, tmp_path / "run")
    (tmp_path / "both" / "planner").mkdir(parents=True)
    (tmp_path / "both" / "config.yaml").write_text("role: joint\n")
    with pytest.raises(ModelError, match=r"trained a joint, not a planner: that is in .*both/planner"):
        Run(tmp_path / "both").check("planner", letters)
    with pytest.raises(ModelError, match="is a run to start from"):
        joined(data, start, quoting, quoting.folder)
    with pytest.raises(RewardError, match="--reasoned-reward brief has the weight 'x'"):
        joined(data, start, quoting, tmp_path / "run", replace(SETTINGS, reasoned_reward="brief=x"))


def test_the_command(data: Path, start: Run, quoting: Run, tmp_path: Path) -> None:
    command = ["rl", "joint", "--data", str(data), "--from", f"{start.folder},{quoting.folder}"]
    more = ["--out", str(tmp_path / "run"), "--preset", "smoke", "--steps", "1", "--max-hops", "1"]
    for _ in range(2):  # the second time in its place
        ran = typer.testing.CliRunner().invoke(app, [*command, *more, "--force"])
        assert ran.exit_code == 0, ran.output
    assert Run(tmp_path / "run").config["stage"] == "rl joint"
