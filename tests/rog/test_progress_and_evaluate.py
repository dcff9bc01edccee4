"""Progress lines where there is no terminal, and the measures that figures are made of."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import pytest
from rich.console import Console

from rog.evaluation.evaluate import bootstrap, hits_at_1, set_f1
from rog.progress import amount, progress


def lines_of(terminal: bool, reports: Sequence[tuple[float, str, int, int]], monkeypatch: pytest.MonkeyPatch) -> str:
    """What is shown of reports made at some times."""
    stream = io.StringIO()
    clock = iter([moment for moment, *_ in reports])
    with progress(Console(file=stream, force_terminal=terminal, width=80)) as report:
        if not terminal:
            monkeypatch.setattr("rog.progress.time.monotonic", lambda: next(clock))
        for _, what, done, total in reports:
            report(what, done, total)
    monkeypatch.undo()
    return stream.getvalue()


def test_what_is_quick_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lines_of(False, [(0, "reading", 1, 0), (1, "reading", 2, 0)], monkeypatch) == ""


def test_what_takes_long_is_a_plain_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    reports = [(0, "reading", 1, 0), (2.5, "reading", 2000, 0), (4, "reading", 3000, 0), (9, "reading", 4000, 0)]
    assert lines_of(False, reports, monkeypatch) == "reading … 2,000\nreading … 4,000\n"
    assert lines_of(False, [(0, "loading", 0, 0), (60, "loading", 0, 0)], monkeypatch) == "loading …\n"


def test_a_terminal_gets_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "downloading" in lines_of(True, [(0, "downloading", 1, 5), (0, "downloading", 2, 5)], monkeypatch)


def test_amounts() -> None:
    assert [amount("x", *some) for some in ((0, 0), (1200, 0), (1, 3))] == ["", "1,200", "1 of 3"]
    assert amount("reading facts", 46_000_000, 92_000_000) == "46,000,000 of 92,000,000"
    assert amount("downloading smol", 46_000_000, 92_000_000) == "46 of 92 MB"


def test_hits_and_f1() -> None:
    assert [hits_at_1(found, {"a"}) for found in (["a", "b"], ["b", "a"], [])] == [1.0, 0.0, 0.0]
    assert [set_f1(found, ["a", "b"]) for found in (["a", "b"], ["a"], ["c"], [])] == pytest.approx([1, 2 / 3, 0, 0])
    assert set_f1([], []) == 1.0


def test_bootstrap_covers_the_mean() -> None:
    values = np.random.default_rng(3).random(400)
    interval = bootstrap(values)
    assert interval.low < values.mean() == interval.mean < interval.high
    half = 1.96 * values.std() / 20
    assert (interval.high - interval.low) / 2 == pytest.approx(half, rel=0.05)
    assert bootstrap(values) == interval
    assert str(bootstrap([1.0, 1.0])) == "1.000 [1.000, 1.000]"
    with pytest.raises(ValueError, match="no questions"):
        bootstrap([])
