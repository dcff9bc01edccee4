"""A trained planner's plan from what was decoded: probabilities among the legal plans, and what it says of none."""

from __future__ import annotations

from math import log

import pytest

from kg.graph import Graph
from planner.decode import Decoded, Hypothesis
from planner.neural import NOTHING, OrNothing, plan_of
from planner.space import PlanSpace


def test_saying_none_is_no_plan_but_takes_from_the_fit() -> None:
    best = (Hypothesis(("r",), log(0.3)), Hypothesis((NOTHING,), log(0.2)), Hypothesis(("s", "~t"), log(0.1)))
    plan = plan_of(Decoded(best, log(0.8), True, 5), 3)
    assert plan.fits == pytest.approx(0.75)
    assert [path.relations for path in plan.paths] == [("r",), ("s", "~t")]
    assert [path.probability for path in plan.paths] == pytest.approx([0.5, 1 / 6])
    assert plan.exact


def test_none_alone_is_a_refusal() -> None:
    plan = plan_of(Decoded((Hypothesis((NOTHING,), log(0.99)),), log(0.995), True, 1), 3)
    assert (plan.paths, plan.fits) == ((), 0.0)
    assert "no relation path answers this" in plan.note


def test_a_plan_for_each_that_was_wanted() -> None:
    best = tuple(Hypothesis((name,), log(0.2)) for name in "abcd")
    assert len(plan_of(Decoded(best, log(0.9), False, 9), 3).paths) == 3
    assert "not proven exact" in plan_of(Decoded(best, log(0.9), False, 9), 3).note


def test_none_is_an_option_at_the_beginning_only(films: Graph) -> None:
    legal = OrNothing(PlanSpace(films, ["heat"], 2))
    assert NOTHING in legal.options(())
    assert set(legal.options(())) - {NOTHING} == set(legal.space.options(()))
    assert legal.options((NOTHING,)) == {}
    assert NOTHING not in legal.options(("directed_by",))
