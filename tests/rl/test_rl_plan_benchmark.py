"""What `benchmarks.rl_plan` makes of seeds that were measured: the table, the share of the gap, the curves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks.rl_plan import ARMS, report_of, write_curves
from kg.errors import ModelError

F1 = {"start": 0.4, "longer": 0.5, "rl": 0.8, "full": 0.9}


def keep(work: Path, seed: int, arms: tuple[str, ...] = ARMS) -> None:
    for arm in arms:
        result = {"steps": 10, "tokens": 1000, "seconds": 60, "passes": 25 if arm == "rl" else 3}
        point = {"step": 0, "passes": 0.0, "tokens": 0.0, "plans_scored": 0.0, "seconds": 0.0, "dev_f1": 0.4}
        found = {
            "arm": arm,
            "seed": seed,
            "machine": "a machine",
            "result": result,
            "curve": [point] if arm == "rl" else [],
            "f1": {f"{hop}-hop {number}": F1[arm] + 0.01 * seed for hop in (1, 2) for number in range(20)},
        }
        (work / f"seed-{seed}-{arm}.json").write_text(json.dumps(found))


def test_seeds_that_are_complete_are_put_together(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no seed with start and rl"):
        report_of(tmp_path, "MetaQA")
    keep(tmp_path, 0)
    keep(tmp_path, 1)
    keep(tmp_path, 2, ("start",))  # stopped
    text = "\n".join(report_of(tmp_path, "MetaQA"))
    assert "2 seed(s), 40 test questions" in text
    assert "| rl | 0.805 [0.805, 0.805] | 0.800 0.810 | 0.400 [0.400, 0.400] | 25 | 1,000 | 60 |" in text
    assert "| start | 0.405 [0.405, 0.405] | 0.400 0.410 |  | 10 |" in text
    assert "80% of the gap" in text
    assert "- 2-hop: start 0.405, longer 0.505, rl 0.805, full 0.905" in text
    write_curves(tmp_path, tmp_path / "curves.csv")
    assert (tmp_path / "curves.csv").read_text().splitlines()[:2] == [
        "seed,step,passes,tokens,plans_scored,seconds,dev_f1",
        "0,0,0.0,0.0,0.0,0.0,0.4",
    ]
