"""How much a reasoner's word, the planner's and a refusal count: fitted, kept and read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kg.errors import ModelError
from kg.graph import Graph
from planner.data.rows import Row
from planner.lexical import LexicalPlanner
from planner.training.run import CALIBRATION, Run
from reasoner.calibrate import cases, fitted
from reasoner.examples import Raft, answers
from reasoner.quoting import Weights


def test_weights_by_which_options_were_drawn_are_found_again() -> None:
    draw, true = np.random.default_rng(0), np.array(Weights(0.8, 1.2, 0.4, -2.0))
    tables, rights = [], []
    for _ in range(3000):
        table = np.zeros((4, 4))
        table[:, 0] = draw.normal(0, 2, 4)
        table[:3, 1] = draw.normal(0, 2, 3)
        table[3, 2:] = draw.normal(-2, 3), 1.0
        shares = np.exp(table @ true)
        tables.append(table)
        rights.append(np.arange(4) == draw.choice(4, p=shares / shares.sum()))
    assert list(fitted(tables, rights)) == pytest.approx(list(true), abs=0.2)


def test_a_model_that_is_surely_wrong_is_followed_less() -> None:
    table = np.array([[-1000.0, 0, 0, 0], [0.0, 0, 0, 1]])
    found = fitted([table, table], [np.array([True, False]), np.array([False, True])])
    assert abs(found.model) < 0.1


def test_what_answers_is_there_once_and_once_removed(films: Graph) -> None:
    rows = [
        Row("1", "Who directed Heat?", ("mann",), ("heat",), "Heat"),
        Row("2", "How much did Heat cost?", (), ("heat",), "Heat"),
    ]
    done: list[int] = []
    whole, removed, unanswerable = cases(rows, films, LexicalPlanner(films), Raft(distractors=3), done.append)
    assert [whole.is_removed, removed.is_removed, unanswerable.is_removed] == [False, True, True]
    assert (unanswerable.row, done) == (rows[1], [2])
    assert any(answers(found, rows[0]) for found in whole.evidence.found)
    assert not any(answers(found, rows[0]) for found in removed.evidence.found)
    planned = {path.relations for path in whole.plan.paths}
    beside = [found for found in whole.evidence.found if found.relations not in planned]
    assert all(found.weight < min(f.weight for f in whole.evidence.found if f not in beside) for found in beside)


def test_weights_are_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.calibration(Weights) == Weights()
    run.write_calibration(Weights(1.0, 2.0, 3.0, -4.0))
    assert run.calibration(Weights) == Weights(1.0, 2.0, 3.0, -4.0)
    whole = '{"model": 1, "trust": %s, "doubt": 1, "refusal": 1}'
    for damaged in ("{", "[1]", "{}", '{"trust": "much"}', '{"faith": 1}', whole % "NaN"):
        (tmp_path / CALIBRATION).write_text(damaged)
        with pytest.raises(ModelError, match=r"calibration\.json is damaged"):
            run.calibration(Weights)
