"""What a planner's samples are made of."""

from __future__ import annotations

import pytest

from planner.training.samples import normalised


def test_rare_targets_are_left_out_and_even_ones_stay() -> None:
    assert normalised({("a",): 297.0, ("b",): 99.0, ("c",): 3.0}) == ((("a",), 0.75), (("b",), 0.25))
    even = normalised({(str(number),): 1.0 for number in range(101)})  # each less than a hundredth
    assert len(even) == 101
    assert sum(share for _, share in even) == pytest.approx(1.0)
