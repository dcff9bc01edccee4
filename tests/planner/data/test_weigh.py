"""Weights of mined plans: they sum to one, and what similar questions have in common wins."""

from __future__ import annotations

import pytest

from planner.data.weigh import Candidate, WeighSettings, weigh, words_of

LABELS = {"directed_by": "directed by", "written_by": "written by", "spouse": "spouse"}


def test_words_are_without_the_topic() -> None:
    assert words_of("Who directed Heat (1995)?", "Heat") == ("who", "directed", "_", "1995")
    assert words_of("Who?", "") == ("who",)


def test_the_path_that_is_always_there_wins() -> None:
    """`b` answers every "made" question; `a` half of them by chance, and other questions by right."""
    made = [words_of(f"who made X{i}", f"X{i}") for i in range(20)]
    wed = [words_of(f"whom did X{i} marry", f"X{i}") for i in range(20)]
    both = [Candidate(("a",), 1.0), Candidate(("b",), 1.0)]
    candidates = [both if i % 2 else [both[1]] for i in range(20)] + [[both[0]]] * 20
    before = weigh(made + wed, candidates, {}, WeighSettings(rounds=0))
    assert before[1] == pytest.approx([0.5, 0.5])
    after = weigh(made + wed, candidates, {})
    assert after[1][1] > 0.8
    assert all(sum(row) == pytest.approx(1) for row in after)
    assert after == weigh(made + wed, candidates, {})


def test_a_better_match_and_a_shorter_path_and_a_named_relation_weigh_more() -> None:
    asked = [words_of("who directed X", "X")]
    ((good, poor),) = weigh(asked, [[Candidate(("a",), 1.0), Candidate(("b",), 0.5)]], LABELS)
    assert good > poor
    ((short, long),) = weigh(asked, [[Candidate(("a",), 1.0), Candidate(("b", "b"), 1.0)]], LABELS)
    assert short > long
    paths = [Candidate(("written_by",), 1.0), Candidate(("directed_by",), 1.0)]
    ((other, named),) = weigh(asked, [paths], LABELS)
    assert named > other


def test_a_detour_weighs_less_than_another_way() -> None:
    """Both are one step longer than `a`; only the first passes through its end."""
    paths = [Candidate(("a",), 1.0), Candidate(("a", "b"), 1.0), Candidate(("c", "b"), 1.0)]
    ((_, detour, other),) = weigh([words_of("who", "")], [paths], LABELS)
    assert detour < other


def test_no_candidates_no_weights() -> None:
    assert weigh([], [], LABELS) == []
    assert weigh([("who",), ("what",)], [[], []], LABELS) == [[], []]
    assert weigh([("who",), ()], [[], [Candidate(("a",), 1.0)]], LABELS) == [[], [1.0]]
