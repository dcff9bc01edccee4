"""Quality floors: no planner may fall below what it reached on the demo graph's dev questions.

A planner answers the same questions in the same way again; what moves between machines is the last digit of a float,
and so an answer or two. Each floor lies three questions or more below the measured figure, and above what would be left
if a part of the planner were lost.
"""

from __future__ import annotations

import pytest

from benchmarks.common import demo_rows
from kg.store import Store
from planner.registry import bundled_run, make_planner
from reasoner.pipeline import RoG
from rog.evaluation.metrics import hits_at_1, outcome_of, set_f1


def reached(planner: str, demo: Store, every: int) -> tuple[float, float]:
    """Hits@1 on every so many-th dev question, linked, and the share of questions with a wrong answer shown."""
    rows = demo_rows(demo, "dev")[::every]
    traces = RoG(demo, make_planner(planner, demo)).traces([row.question for row in rows])
    answers = [(trace.answer, row.question.answers) for trace, row in zip(traces, rows, strict=True)]
    hits = [hits_at_1(answer.entities, gold) for answer, gold in answers]
    wrong = [
        outcome_of(set_f1(answer.entities, gold), answer.verdict == "grounded").wrong_shown for answer, gold in answers
    ]
    return sum(hits) / len(hits), sum(wrong) / len(wrong)


@pytest.mark.parametrize(
    ("planner", "every", "floor", "most_wrong"),
    [
        ("lexical", 1, 0.64, 0.30),  # measured .678 right of 211 questions, .265 wrong
        ("semantic", 3, 0.70, 0.20),  # .761 of 71, .155 wrong
        pytest.param("auto", 4, 0.92, 0.06, marks=pytest.mark.slow),  # .981 of 53, none wrong
        pytest.param("combined", 4, 0.77, 0.21, marks=pytest.mark.slow),  # .830 of 53, .151 wrong
    ],
)
def test_a_planner_is_as_good_as_it_was(planner: str, every: int, floor: float, most_wrong: float, demo: Store) -> None:
    hits, wrong = reached(planner, demo, every)
    assert hits >= floor
    assert wrong <= most_wrong


def test_the_demo_graph_has_its_bundled_run(demo: Store) -> None:
    assert bundled_run("planner", demo), "auto would be combined: .79 of the test questions instead of .96"
