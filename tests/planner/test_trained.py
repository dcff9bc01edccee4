"""A trained model and the semantic planner together: who is sure decides."""

from __future__ import annotations

from math import exp, log

import pytest

from kg.types import RelationPath
from planner.decode import Decoded, Hypothesis
from planner.lexical import Prior
from planner.neural import NOTHING
from planner.trained import WEIGHT, weighed

R: RelationPath = ("r",)
S: RelationPath = ("s",)
T: RelationPath = ("s", "~t")


def decoded(probabilities: dict[RelationPath, float], nothing: float = 0.001) -> Decoded:
    best = tuple(Hypothesis(path, log(p)) for path, p in probabilities.items())
    return Decoded(best, 0.0, True, 5, (Hypothesis((NOTHING,), log(nothing)),))


def prior(probabilities: dict[RelationPath, float], fits: float = 0.8, complete: bool = True) -> Prior:
    return Prior(
        sorted(probabilities, key=lambda path: -probabilities[path]), lambda p: log(probabilities[p]), fits, complete
    )


def test_a_model_that_is_certain_has_the_word() -> None:
    plan = weighed(prior({R: 0.001, S: 0.999}, fits=0.01), decoded({R: 0.95, S: 0.04}), 2)
    assert plan.paths[0].relations == R
    assert plan.fits == pytest.approx(0.999)
    assert plan.exact


def test_where_it_is_not_the_product_decides() -> None:
    plan = weighed(prior({R: 0.04, S: 0.92, T: 0.04}), decoded({R: 0.6, S: 0.3, T: 0.1}), 3)
    assert [path.relations for path in plan.paths] == [S, R, T]
    products = [0.3 * 0.92**WEIGHT, 0.6 * 0.04**WEIGHT, 0.1 * 0.04**WEIGHT]
    assert [path.probability for path in plan.paths] == pytest.approx([one / sum(products) for one in products])


def test_drafts_that_the_model_did_not_list_are_weighed_too() -> None:
    found = decoded({R: 0.5})
    drafted = Decoded(found.best, 0.0, True, 5, (Hypothesis(S, log(0.4)), *found.drafted))
    assert weighed(prior({R: 0.01, S: 0.99}), drafted, 1).paths[0].relations == S


def test_it_is_proven_unless_another_plan_might_be_better() -> None:
    listed = decoded({R: 0.6, S: 0.2})
    assert weighed(prior({R: 0.9, S: 0.1}), listed, 1).exact
    assert not weighed(prior({R: 0.01, S: 0.01, T: 0.98}), listed, 1).exact
    assert not weighed(prior({R: 0.9, S: 0.1}, complete=False), listed, 1).exact


def test_the_first_may_be_proven_where_the_others_are_not() -> None:
    plan = weighed(prior({R: 0.8, S: 0.1, T: 0.1}), decoded({R: 0.9, S: 0.01}), 2)  # 0.089 of the model's is not listed
    assert not plan.exact
    assert plan.note.startswith("plan 1 is the most probable of all")
    unsure = weighed(prior({R: 0.5, S: 0.1, T: 0.4}), decoded({R: 0.3, S: 0.01}), 2)
    assert not unsure.exact
    assert not unsure.note.startswith("plan 1")


def test_none_and_the_semantic_planner_together_refuse() -> None:
    plans: dict[RelationPath, float] = {R: 0.5, S: 0.2}
    unsure: dict[RelationPath, float] = {R: 0.5, S: 0.5}
    refusal = weighed(prior(unsure, fits=0.1), decoded(plans, nothing=0.3), 1)
    overruled = weighed(prior(unsure, fits=0.95), decoded(plans, nothing=0.3), 1)
    assert refusal.fits < 0.5 < overruled.fits
    assert 0 <= exp(refusal.paths[0].logp) <= 1
