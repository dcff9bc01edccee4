"""Settings that make no sense are refused with what would."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rog.config import ConfigError, resolve
from rog.settings import PlannerTraining, ReasonerTraining


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"batch": 0}, "batch is 0, expected 1 at least"),
        ({"epochs": -1.0}, r"epochs is -1\.0, expected 0 at least"),
        ({"limit": -1}, "limit is -1, expected 0 at least"),
        ({"rank": -1}, "rank is -1, expected 0 at least"),
        ({"max_hops": 0}, "max_hops is 0, expected 1 at least"),
        ({"learning_rate": 0.0}, r"learning_rate is 0\.0, expected 1e-09 at least"),
        ({"oracle": 1.5}, r"oracle is 1\.5, expected 1 at most"),
        ({"seed": -3}, "seed is -3, expected 0 at least"),
        ({"seed": 2**40}, "expected 4294967295 at most"),
        ({"save_steps": 0}, "save_steps is 0"),
        ({"model": " "}, "model is ' ', expected a text"),
    ],
)
def test_a_number_out_of_its_range(flags: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve(ReasonerTraining(), {}, None, flags)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("model:", "model is None, expected a text"),
        ("model: [a]", "expected a text"),
        ("epochs: .nan", "epochs is nan, expected a number"),
        ("epochs: .inf", "epochs is inf, expected a number"),
        ("epochs:", "epochs is None, expected a number"),
        (f"epochs: 1{'0' * 400}", "expected a number"),
        ("batch: 0", "batch is 0, expected 1 at least"),
    ],
)
def test_a_value_that_is_none(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(ConfigError, match=f"c.yaml: .*{message}"):
        resolve(PlannerTraining(), {}, file, {})


def test_the_defaults_are_in_range() -> None:
    for defaults in (PlannerTraining(), ReasonerTraining()):
        assert resolve(defaults, vars(defaults), None, {}) == defaults
