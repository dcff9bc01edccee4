"""The measures of one answer, and how sure their means are."""

from __future__ import annotations

from math import isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.link import link
from kg.store import Store
from kg.types import Question
from planner.base import Plan, ScoredPath
from rog.evaluation.metrics import (
    MEANINGS,
    TITLES,
    Scores,
    executable,
    legacy_hit,
    legacy_match,
    legacy_normal,
    linked_share,
    outcome_of,
    set_match,
)
from rog.evaluation.stats import bootstrap, holm, intervals, mcnemar, paired


def test_every_measure_has_a_title_and_a_meaning() -> None:
    assert set(TITLES) == set(MEANINGS) == set(Scores._fields)


@pytest.mark.parametrize(
    ("f1", "is_shown", "name"),
    [(1.0, True, "right"), (0.99, True, "right"), (0.98, True, "partly"), (0.5, True, "partly"),
     (0.49, True, "wrong_shown"), (0.0, True, "wrong_shown"), (0.0, False, "refused")],
)  # fmt: skip
def test_an_answer_is_one_of_four(f1: float, is_shown: bool, name: str) -> None:
    found = outcome_of(f1, is_shown)._asdict()
    of_shown = found.pop("wrong_of_shown")
    assert [kind for kind, value in found.items() if value] == [name]
    assert sum(found.values()) == 1.0
    assert isnan(of_shown) if not is_shown else of_shown == (name == "wrong_shown")


def test_linked_shares() -> None:
    assert linked_share(("a", "b"), ("a", "x", "b"), 1) == 0.5
    assert linked_share(("a", "b"), ("a", "x", "b"), 5) == 1.0
    assert linked_share(("a",), (), 5) == 0.0
    assert isnan(linked_share((), ("a",), 1))


def test_legacy_measures_compare_substrings_as_rog_does() -> None:
    assert legacy_normal("The  U.S.A., an <pad> Answer") == "usa pad answer"
    assert legacy_hit(["Grand Parishes of Jamaica"], ["Parish", "jamaica"]) == 1.0
    assert legacy_hit(["Jamaica"], ["Grand Jamaica"]) == 0.0
    assert legacy_hit([], ["Jamaica"]) == 0.0
    assert legacy_hit(["New", "York"], ["new york"]) == 1.0  # put together, two answers make a third
    assert legacy_match(["a b", "c"], ["b", "c", "d"]) == pytest.approx((1.0, 2 / 3, 0.8))
    assert legacy_match(["x", "x"], ["x"]) == (1.0, 1.0, 1.0)
    assert legacy_match([], ["x"]) == legacy_match(["y"], ["x"]) == (0.0, 0.0, 0.0)


@given(st.sets(st.sampled_from("abcdef")), st.sets(st.sampled_from("abcdef")))
def test_f1_is_the_harmonic_mean(found: set[str], gold: set[str]) -> None:
    precision, recall, f1 = set_match(found, gold)
    assert 0 <= f1 <= 1
    assert f1 == pytest.approx(2 * precision * recall / (precision + recall) if precision + recall else 0)
    assert (f1 == 1) == (found == gold)


def test_executable_is_the_share_of_plans_that_lead_anywhere(films: Store) -> None:
    question = Question("Heat", link(films, "Heat"))
    paths = tuple(ScoredPath(path, -1.0) for path in (("directed_by",), ("born_in",), ("no_such_relation",)))
    assert executable(films, question, Plan(paths)) == pytest.approx(1 / 3)
    assert isnan(executable(films, question, Plan(())))


def test_what_does_not_apply_is_left_out_of_means() -> None:
    values = np.array([[1.0, nan, nan], [0.0, 1.0, nan], [1.0, 1.0, nan]])
    first, second, none = intervals(values)
    assert first.mean == pytest.approx(2 / 3)
    assert second == (1.0, 1.0, 1.0)
    assert isnan(none.mean)


def test_a_paired_difference_is_surer_than_two_means() -> None:
    first = np.random.default_rng(1).random(300)
    difference = paired(first, first + 0.05)
    assert difference.interval == pytest.approx((0.05, 0.05, 0.05))
    assert difference.p < 0.001
    assert paired(first, first).p == 1.0
    assert paired(first, first[::-1]).p > 0.5
    assert bootstrap(first + 0.05).low < bootstrap(first).high


def test_mcnemar_is_exact() -> None:
    assert mcnemar([True] * 5, [True] * 5) == 1.0
    assert mcnemar([False] * 6 + [True] * 9, [True] * 15) == pytest.approx(2 * 0.5**6)
    assert mcnemar([True] * 8 + [False] * 2, [False] * 8 + [True] * 2) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert mcnemar([True] * 5000 + [False] * 5000, [False] * 5000 + [True] * 5000) == 1.0


def test_holm_corrects_in_order() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5]) == [0.5]
    assert holm([]) == []
