"""Exactness: best-first search returns what enumerating everything would."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import exp, log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.graph import open_graph
from kg.types import RelationPath
from planner.decode import STOP, Decoded, Option, decode
from planner.space import PlanSpace


class TableScorer:
    """A language model of its own: a fixed distribution over everything, legal or not, after each prefix."""

    def __init__(self, seed: int, flat: bool = False) -> None:
        self.seed, self.flat = seed, flat
        self.calls: list[list[RelationPath]] = []

    def logp(self, prefix: RelationPath, option: Option) -> float:
        if self.flat:
            return -2.0
        return log(random.Random(f"{self.seed} {prefix} {option}").uniform(0.001, 0.1))

    def score(self, prefixes: Sequence[RelationPath], options: Sequence[Sequence[Option]]) -> list[list[float]]:
        self.calls.append(list(prefixes))
        return [[self.logp(p, o) for o in choices] for p, choices in zip(prefixes, options, strict=True)]

    def path(self, path: RelationPath) -> float:
        steps = sum(self.logp(path[:i], relation) for i, relation in enumerate(path))
        return steps + self.logp(path, STOP)


def space(facts: list[tuple[str, str, str]], topic: str, hops: int) -> PlanSpace:
    return PlanSpace(open_graph(facts), [topic], hops)


KEYS = st.sampled_from("abcde")
FACTS = st.lists(st.tuples(KEYS, st.sampled_from("rst"), KEYS), min_size=1, max_size=12)


@settings(max_examples=200)
@given(FACTS, st.integers(1, 4), st.integers(1, 6), st.integers(0, 99), st.integers(1, 5))
def test_the_top_k_is_that_of_brute_force(
    facts: list[tuple[str, str, str]], hops: int, k: int, seed: int, batch: int
) -> None:
    legal = space(facts, facts[0][0], hops)
    plans, complete = legal.plans(10**6)
    scorer = TableScorer(seed)
    decoded = decode(legal, scorer, k, batch, budget=10**6)
    expected = sorted(plans, key=lambda path: -scorer.path(path))[:k]
    assert complete
    assert decoded.exact
    assert [best.path for best in decoded.best] == expected
    assert [best.logp for best in decoded.best] == pytest.approx([scorer.path(path) for path in expected])
    assert exp(decoded.log_total) >= sum(exp(scorer.path(path)) for path in plans) - 1e-12


def test_no_legal_plan_is_no_plan() -> None:
    assert decode(space([("a", "r", "a")], "a", 3), TableScorer(0), 3) == Decoded((), float("-inf"), True, 1)


def test_plans_end_where_nothing_continues() -> None:
    decoded = decode(space([("a", "r", "b")], "a", 3), TableScorer(0), 5)
    assert [best.path for best in decoded.best] == [("r",)]


def test_a_budget_is_kept_and_admitted() -> None:
    facts = [(str(i), relation, str(j)) for i in range(4) for j in range(4) for relation in "rstu"]
    scorer = TableScorer(0, flat=True)
    decoded = decode(space(facts, "0", 4), scorer, 3, batch=2, budget=6)
    assert not decoded.exact
    assert decoded.expanded <= 7
    assert len(decoded.best) <= 3
    assert all(best.path for best in decoded.best)


def test_the_batch_does_not_change_the_result() -> None:
    facts = [(str(i), relation, str(j)) for i in range(3) for j in range(3) for relation in "rs"]
    results = {decode(space(facts, "0", 3), TableScorer(5), 4, batch).best for batch in (1, 2, 8, 64)}
    assert len(results) == 1
