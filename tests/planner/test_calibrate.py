"""How much each voice of a trained planner counts: fitted on dev, kept in the run, and heeded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kg.graph import Graph
from kg.types import Question, RelationPath, Topic
from planner.calibrate import fitted_voices
from planner.choice import conditional_logit
from planner.decode import Decoded, Hypothesis
from planner.lexical import LexicalPlanner
from planner.neural import NOTHING
from planner.trained import TrainedPlanner, Voices
from planner.training.run import Run

RIGHT: RelationPath = ("directed_by",)
WRONG: RelationPath = ("actor",)
OTHER: RelationPath = ("~actor",)


class Says:
    """A model, or like questions, that always say the same."""

    def __init__(self, said: Mapping[RelationPath, float]) -> None:
        self.said = said

    def decoded(self, questions: Any, spaces: Any, k: int, drafts: Any) -> list[Decoded]:
        best = tuple(Hypothesis(path, log(p)) for path, p in self.said.items())
        return [Decoded(best, 0.0, True, 1, (Hypothesis((NOTHING,), log(0.001)),)) for _ in questions]

    def vote(self, text: str, is_legal: Callable[[RelationPath], bool]) -> Mapping[RelationPath, float]:
        return {path: share for path, share in self.said.items() if is_legal(path)}


def voices(films: Graph, model: RelationPath, cases: RelationPath, *questions: Question) -> Voices:
    """The exponents where model and like questions are sure of these plans."""
    lm: Any = Says({path: 0.9 if path == model else 0.08 for path in (RIGHT, WRONG)})
    voting: Any = Says({cases: 0.9})
    return fitted_voices(TrainedPlanner(films, lm, LexicalPlanner(films), voting), films, questions) or Voices()


def asked(films: Graph, answers: tuple[str, ...]) -> list[Question]:
    heat = (Topic(films.entity("heat"), 1.0, "Heat"),)
    return [Question(f"Whose is Heat, the {n}th?", heat, str(n), answers) for n in range(30)]


def test_who_is_wrong_on_dev_is_followed_less(films: Graph) -> None:
    dev = asked(films, ("mann",))
    own = Voices()
    model_wrong, cases_wrong = voices(films, WRONG, RIGHT, *dev), voices(films, RIGHT, WRONG, *dev)
    assert model_wrong.model < own.model
    assert model_wrong.cases > own.cases
    assert cases_wrong.cases < own.cases
    assert cases_wrong.model > own.model
    assert min(*model_wrong, *cases_wrong) >= 0


def test_few_questions_move_little(films: Graph) -> None:
    dev = asked(films, ("mann",))
    few, many = (voices(films, RIGHT, WRONG, *dev[:n]) for n in (1, 30))
    assert many.cases < few.cases < Voices().cases


def test_questions_that_no_plan_answers_say_nothing(films: Graph) -> None:
    assert voices(films, WRONG, RIGHT, *asked(films, ()), *asked(films, ("oslo",))) == Voices()
    assert voices(films, WRONG, RIGHT) == Voices()


def test_voices_are_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.calibration(Voices) == Voices()
    run.write_calibration(Voices(0.1, 0.2, 0.3))
    assert run.calibration(Voices) == Voices(0.1, 0.2, 0.3)


def test_a_logit_keeps_to_its_bound_and_to_what_was_known() -> None:
    table, first = np.array([[1.0], [0.0]]), np.array([True, False])
    assert conditional_logit([table], [~first], np.array([2.0]), 1e-6, least=0.0) == pytest.approx([0.0])
    assert conditional_logit([table], [first], np.array([2.0]), 1e6) == pytest.approx([2.0], abs=1e-3)
