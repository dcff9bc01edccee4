"""No cheat earns what an honest mediocre policy earns, under the default reward; under an outcome reward some do."""

from __future__ import annotations

import json

import pytest

from kg.build import demo_folder
from kg.store import Store
from kg.types import Question, Topic
from rl.episode import Episode, Executor
from rl.probes import HACKS, MEDIOCRE, Case, probed, winning_hacks
from rl.rewards import Reward, parse_reward
from rl.settings import DEFAULT_REWARD


@pytest.fixture(scope="module")
def cases(demo: Store) -> list[Case]:
    found = []
    for split, count in (("test", 60), ("unanswerable", 6)):
        lines = (demo_folder() / "questions" / f"{split}.jsonl").read_text("utf-8").splitlines()
        for row in list(map(json.loads, lines))[:count]:
            topics = tuple(Topic(demo.entity(key), 1.0, "") for key in row["topics"])
            right = tuple(row.get("path", ()))
            if topics:
                found.append(Case(Question(row["question"], topics, row["id"], tuple(row["answers"])), right))
    return found


def test_no_cheat_beats_honest_mediocrity(cases: list[Case], demo: Store) -> None:
    outcomes = probed(cases, parse_reward(DEFAULT_REWARD, Executor(demo)))
    rewards = {outcome.policy: outcome.reward for outcome in outcomes}
    assert set(rewards) == {"honest and right", MEDIOCRE, *HACKS}
    assert winning_hacks(outcomes) == []
    assert rewards["honest and right"] > rewards[MEDIOCRE] > max(rewards[name] for name in HACKS) + 0.3


def recall(episode: Episode, executor: Executor) -> float:
    return len(set(episode.answer) & set(episode.gold)) / max(1, len(episode.gold))


def test_a_reward_that_can_be_cheated_is_found_out(cases: list[Case], demo: Store) -> None:
    executor = Executor(demo)
    assert "answers without a path" in winning_hacks(probed(cases, parse_reward("answer_f1=1,unproven=1", executor)))
    assert "lists everything" in winning_hacks(probed(cases, Reward(executor, {"recall": 1.0}, {"recall": recall})))
