"""The classifier of plans: its loss and gradient, what it learns, and that soft labels come back as they were."""

from __future__ import annotations

import numpy as np
import pytest

from kg.types import RelationPath
from planner import classifier
from planner.classifier import fitted_classifier

Shares = dict[RelationPath, float]


def unit(rows: list[list[float]]) -> classifier.Floats:
    table = np.array(rows, np.float32)
    return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True))


def test_it_learns_what_tells_plans_apart() -> None:
    """Likeness would follow the three common directions; only the last one says which plan is meant."""
    chance = np.random.default_rng(0)
    common = chance.normal(size=(60, 3)) * 3
    told = np.repeat([1.0, -1.0], 30)
    vectors = unit(np.column_stack([common, told]).tolist())
    plans: list[Shares] = [{("r",): 1.0} if sign > 0 else {("s", "t"): 1.0} for sign in told]
    found = fitted_classifier(vectors, plans)
    assert found.plans == [("r",), ("s", "t")]
    for sign, best in ((1.0, 0), (-1.0, 1)):
        asked = unit([[*chance.normal(size=3), sign]])[0]
        assert found.shares(asked).argmax() == best


def test_shares_are_learned_as_shares(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = unit([[1, 0], [1, 0], [0, 1]])
    plans: list[Shares] = [{("r",): 0.75, ("s",): 0.25}, {("r",): 1.0}, {("s",): 1.0}]
    whole = fitted_classifier(vectors, plans)
    assert whole.shares(vectors[0]) == pytest.approx([0.875, 0.125], abs=0.02)
    assert whole.shares(vectors[2]) == pytest.approx([0.0, 1.0], abs=0.02)
    monkeypatch.setattr(classifier, "PART", 2)
    assert fitted_classifier(vectors, plans).shares(vectors[0]) == pytest.approx(whole.shares(vectors[0]), abs=0.01)


def test_one_plan_only_and_what_is_told() -> None:
    passes: list[int] = []
    plans: list[Shares] = [{(): 1.0}, {(): 1.0}]
    found = fitted_classifier(unit([[1, 0], [0, 1]]), plans, passes.append)
    assert found.shares(unit([[1, 1]])[0]) == pytest.approx([1.0])
    assert passes == [*range(1, len(passes) + 1)]
