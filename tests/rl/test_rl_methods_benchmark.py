"""What `benchmarks.rl_methods` and `benchmarks.rl_joint` make of seeds that were measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import rl_joint, rl_methods
from kg.errors import ModelError

F1 = {"start": 0.4, "gradient": 0.8, "grpo": 0.7, "grpo-unmasked": 0.6, "grpo-free": 0.5, "sft": 0.5}


def point(step: int, passes: float, dev_f1: float) -> dict[str, float]:
    tokens = 100 * passes
    return {"step": step, "passes": passes, "tokens": tokens, "plans_scored": 8, "seconds": passes, "dev_f1": dev_f1}


def keep(work: Path, seed: int) -> None:
    for arm, f1 in F1.items():
        pace = 10 if arm == "gradient" else 60
        curve = [point(0, 0, 0.4), point(10, pace, 0.7), point(20, 2 * pace, f1)] if arm != "start" else []
        steps = [{"reward": 0.1 * n, "entropy": 1.0, "legal": 1.0, "flat": 0.0} for n in range(9)]
        spent = {"passes": 2 * pace, "tokens": 9, "plans_scored": 8, "seconds": 1, "dev_f1": f1}
        rows = {f"{hop}-hop {number}": f1 + 0.01 * seed for hop in (1, 2) for number in range(20)}
        found = {"arm": arm, "seed": seed, "machine": "a machine", "result": spent, "curve": curve, "f1": rows}
        (work / f"methods-{seed}-{arm}.json").write_text(
            json.dumps({**found, "steps": steps if arm.startswith("grpo") else []})
        )


def test_methods(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="nothing that was measured"):
        rl_methods.report_of(tmp_path, "MetaQA")
    keep(tmp_path, 0)
    keep(tmp_path, 1)
    text = "\n".join(rl_methods.report_of(tmp_path, "MetaQA"))
    assert "| start | 2 | 0.405 [0.405, 0.405] | 0.400 0.410 |" in text
    assert "| grpo | 2 | 0.705 [0.705, 0.705] | 0.700 0.710 | 0.300 [0.300, 0.300] | 0.700 | 120 |" in text
    assert "took 60 passes; the plan gradient needed 10, 6.0 times fewer" in text
    assert "| constrained | masked | 0.705 [0.705, 0.705] | 0.700 0.710 | 0.10 0.40 0.70 | 1.00 1.00 1.00 |" in text
    assert "| free | unmasked | 0.505" in text
    rl_methods.write_curves(tmp_path, tmp_path / "curves.csv")
    assert (tmp_path / "curves.csv").read_text().splitlines()[1] == "gradient,0,0,0,0,8,0,0.4"
    rl_methods.plot(tmp_path, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").stat().st_size > 10_000


def test_joint(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no seed with planner, parts, joint"):
        rl_joint.report_of(tmp_path, "MetaQA")
    for arm, f1 in (("planner", 0.5), ("parts", 0.6), ("joint", 0.8)):
        row = dict.fromkeys(rl_joint.MEASURES, 1.0) | {"f1": f1, "tokens": 100}
        refused = {**row, "f1": 0.0, "verified": None, "necessary": None, "sufficient": None}
        rows = {"a": row, "b": {**row, "necessary": 0.0}, "c": refused}
        result = {"passes": 10, "tokens": 20, "seconds": 30}
        found = {"seed": 0, "machine": "a machine", "result": result, "rows": rows}
        (tmp_path / f"joint-0-{arm}.json").write_text(json.dumps(found))
    text = "\n".join(rl_joint.report_of(tmp_path, "MetaQA"))
    assert "1 seed(s), 3 test questions" in text
    assert "| joint | 0.533" in text
    assert "| 0.500 [0.000, 1.000] |" in text  # necessity, of those that were answered
    assert "- F1, joint against parts: 0.133" in text
