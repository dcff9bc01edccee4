"""Rewards: each part on episodes worked out by hand, what is refused, and when nothing tells good from bad."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kg.store import Store
from kg.types import Question, ReasoningPath, RelationPath, Step, Topic
from rl.episode import Episode, Executor, Walk
from rl.parts import PARTS
from rl.rewards import FLAT_STEPS, RewardError, Watch, flat_share, parse_reward
from rl.settings import DEFAULT_REWARD

ACTORS: RelationPath = ("actor",)
BORN: RelationPath = ("directed_by", "born_in")


@pytest.fixture
def executor(films: Store) -> Executor:
    return Executor(films)


def question(films: Store, *answers: str) -> Question:
    return Question("Who acted in Heat?", (Topic(films.entity("heat"), 1.0, "Heat"),), "q", answers)


@pytest.fixture
def right(films: Store, executor: Executor) -> Episode:
    return executor.run(question(films, "de_niro", "pacino"), ACTORS)


def value(name: str, episode: Episode, executor: Executor) -> float:
    return PARTS[name](episode, executor)


def test_a_right_plan_earns_every_part(right: Episode, executor: Executor) -> None:
    assert right.answer == ("de_niro", "pacino")
    assert right.retrieved == right.cited == (Walk("heat", ACTORS),)
    earned = {name: part(right, executor) for name, part in PARTS.items()}
    assert earned == {
        "answer_f1": 1, "exact": 1, "executable": 1, "grounded": 1, "necessary": 1, "sufficient": 1, "brief": 1,
        "cost": -1, "unproven": 0,
    }  # fmt: skip
    reward = parse_reward(DEFAULT_REWARD, executor)
    assert reward(right).total == pytest.approx(reward.best) == pytest.approx(1.55)


def test_half_right(films: Store, executor: Executor) -> None:
    half = executor.run(question(films, "pacino"), ACTORS)
    assert value("answer_f1", half, executor) == pytest.approx(2 / 3)
    assert value("exact", half, executor) == 0
    wrong = executor.run(question(films, "pacino"), BORN)
    assert (value("answer_f1", wrong, executor), value("executable", wrong, executor)) == (0, 1)
    assert value("brief", wrong, executor) == 0.5


def test_an_answer_counts_by_way_of_a_verified_path_only(right: Episode, executor: Executor) -> None:
    for fake in (
        replace(right, cited=()),
        replace(right, cited=(Walk("heat", BORN),)),  # leads elsewhere
        replace(right, retrieved=()),  # cites what was never fetched
        replace(right, cited=(Walk("insider", ACTORS),), retrieved=(Walk("insider", ACTORS),)),  # not the topic
    ):
        assert value("answer_f1", fake, executor) < 0.7
        assert value("exact", fake, executor) == 0
        assert value("unproven", fake, executor) == pytest.approx(1 - value("answer_f1", fake, executor))


def test_stated_paths_are_checked_step_by_step(right: Episode, executor: Executor) -> None:
    true = ReasoningPath("heat", (Step("heat", "actor", "pacino"),))
    false = ReasoningPath("heat", (Step("heat", "actor", "crowe"),))
    jump = ReasoningPath("heat", (Step("insider", "actor", "pacino"),))
    closed_book = replace(right, plans=(), retrieved=(), cited=(), stated=(true,))
    assert value("grounded", closed_book, executor) == 1
    assert value("answer_f1", closed_book, executor) == pytest.approx(0.5)  # one of two is proven
    assert value("sufficient", closed_book, executor) == 0.5
    assert value("grounded", replace(closed_book, stated=(true, false)), executor) == 0
    assert value("answer_f1", replace(closed_book, stated=(jump,)), executor) == 0
    assert value("grounded", replace(closed_book, stated=()), executor) == 0
    reward = parse_reward("plausible=1", executor, lambda fact: {"crowe": 0.25, "pacino": 0.5}.get(fact.tail, 1.0))
    assert reward(replace(closed_book, stated=(true, false))).total == pytest.approx(0.375)
    assert reward(right).total == pytest.approx(0.75)  # the steps of its walk: Pacino and De Niro
    assert reward(replace(closed_book, stated=())).total == 0


def test_what_is_necessary(right: Episode, executor: Executor) -> None:
    other = Walk("heat", ("directed_by", "~directed_by", "actor"))  # to Pacino, too
    both = replace(right, plans=(ACTORS, other.relations), retrieved=(*right.retrieved, other))
    assert value("necessary", both, executor) == 1
    assert value("necessary", replace(both, cited=(*right.cited, other)), executor) < 1
    assert value("necessary", replace(right, cited=()), executor) == 0
    assert value("necessary", replace(right, without=("crowe",)), executor) == 1
    assert value("necessary", replace(right, without=("pacino", "de_niro")), executor) == 0


def test_refusals(films: Store, executor: Executor) -> None:
    earning = {name: part for name, part in PARTS.items() if name not in ("cost", "unproven")}
    for answers, path, expected in (((), (), 1), (("pacino",), (), 0), ((), ACTORS, 0)):
        episode = executor.run(question(films, *answers), path)
        assert {part(episode, executor) for part in earning.values()} == {expected}
        assert value("unproven", episode, executor) == 0


def test_plans_that_lead_nowhere(films: Store, executor: Executor) -> None:
    for path in (("born_in",), ("no_such_relation",)):
        assert executor.run(question(films, "pacino"), path).answer == ()
    some = replace(executor.run(question(films, "pacino"), ACTORS), plans=(ACTORS, ("born_in",)))
    assert value("executable", some, executor) == 0.5


def test_what_is_remembered_of_walks_is_bounded(films: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rl.episode.REMEMBERED", 2)
    executor = Executor(films)
    for _ in range(3):
        assert executor.ends(Walk("heat", ACTORS)) == ("de_niro", "pacino")
        assert executor.ends(Walk("heat", ("directed_by",))) == ("mann",)
    assert executor._held <= 5


def test_weights(right: Episode, executor: Executor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my_rewards.py").write_text("def three(episode, executor):\n    return len(episode.answer) + 1\n")
    (tmp_path / "bad_rewards.py").write_text("none = lambda *_: None\nfails = lambda *_: {}['a']\nnumber = 3\n")
    scored = parse_reward("answer_f1=1, exact=0, my_rewards:three=.5", executor)(right)
    assert scored.total == 2.5
    assert scored.parts["my_rewards:three"] == 3
    assert set(PARTS) < set(scored.parts)  # what has no weight is logged
    with pytest.raises(RewardError, match="bad_rewards:none gave None, expected a finite number"):
        parse_reward("bad_rewards:none=1", executor)(right)
    with pytest.raises(RewardError, match="bad_rewards:fails failed with KeyError: 'a'"):
        parse_reward("bad_rewards:fails=1", executor)(right)
    with pytest.raises(RewardError, match="plausible failed with KeyError"):
        parse_reward("plausible=1", executor, lambda fact: {"a": 1.0}[fact.head])(right)
    (tmp_path / "worse_rewards.py").write_text("def one(:\n")
    with pytest.raises(RewardError, match="worse_rewards:one: the module fails with SyntaxError: invalid syntax"):
        parse_reward("worse_rewards:one=1", executor)
    assert parse_reward("exact=0", executor, flag="--other", least=0)(right).total == 0
    with pytest.raises(RewardError, match="--other names exact twice"):
        parse_reward("exact=1,exact=2", executor, flag="--other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("answr_f1=1", r"unknown reward 'answr_f1'; did you mean answer_f1"),
        ("zzz=1", "unknown reward 'zzz'; there are answer_f1, exact"),
        ("exact", "exact has the weight '', expected a number, as in exact=.3"),
        ("exact=nan", "has the weight 'nan'"),
        ("exact=1,exact=2", "names exact twice"),
        ("exact=0", "rewards nothing"),
        ("", "rewards nothing"),
        ("plausible=1", "plausible needs link prediction: pass --plausibility"),
        ("no.such.module:fn=1", "no.such.module:fn: No module named"),
        (":fn=1", "Empty module name"),
        ("math:fn=1", "the module math has no 'fn'"),
        ("math:pi=1", "math:pi is 3.14.*, expected a function"),
    ],
)
def test_what_is_refused(text: str, message: str, executor: Executor) -> None:
    with pytest.raises(RewardError, match=message):
        parse_reward(text, executor)


def test_flat_steps_stop_with_advice() -> None:
    watch = Watch()
    assert flat_share([[1, 1], [0, 1], [0.5]]) == pytest.approx(2 / 3)
    for _ in range(FLAT_STEPS - 1):
        assert not watch.see([[0.0, 0.0], [1.0]], 1.5, "--plans")
    assert not watch.see([[0.0, 0.1]], 1.5, "--plans")  # a spread: the count begins again
    said = [watch.see([[0.0, 0.0]], 1.5, "--plans") for _ in range(FLAT_STEPS)]
    assert [bool(text) for text in said] == [False] * (FLAT_STEPS - 1) + [True]
    assert "start from a model that is right now and then (rog train), try more plans a question (--plans)" in said[-1]
    assert "these questions are learned" in watch.see([[1.5, 1.5]], 1.5, "--plans")
