"""How much each voice of a trained planner counts: fitted on dev, compared with its parts, kept in the run."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kg.graph import Graph
from kg.types import Question, RelationPath, Topic
from planner.calibrate import MODEL, REST, WHOLE, Calibration, calibrated_planner, chosen, readings
from planner.cases import Vote
from planner.choice import conditional_logit
from planner.decode import Decoded, Hypothesis
from planner.lexical import LexicalPlanner, Prior
from planner.neural import NOTHING
from planner.space import PlanSpace, plan_space
from planner.trained import TrainedPlanner, Voices
from planner.training.run import Run

RIGHT: RelationPath = ("directed_by",)
WRONG: RelationPath = ("actor",)


class Model:
    """A model that always says the same."""

    def __init__(self, said: Mapping[RelationPath, float]) -> None:
        self.said = said

    def decoded(self, questions: Any, spaces: Any, k: int, drafts: Any) -> list[Decoded]:
        best = tuple(Hypothesis(path, log(p)) for path, p in self.said.items())
        return [Decoded(best, 0.0, True, 1, (Hypothesis((NOTHING,), log(0.001)),)) for _ in questions]


class LikeQuestions:
    """Training questions that are all alike and had one plan; as if it had not been trained, they have `otherwise`."""

    def __init__(self, plan: RelationPath, otherwise: RelationPath | None = None) -> None:
        self.plan, self.otherwise = plan, otherwise

    def vote(self, text: str, is_legal: Callable[[RelationPath], bool]) -> Vote:
        return Vote({self.plan: 0.9} if is_legal(self.plan) else {}, 0.9)

    def without(self, text: str, plans: Collection[RelationPath]) -> LikeQuestions | None:
        if self.plan not in plans:
            return self
        return LikeQuestions(self.otherwise) if self.otherwise else None


class Unsure(LexicalPlanner):
    """A semantic planner that finds every plan as likely as any other, and that one fits."""

    def prior(self, question: Question, space: PlanSpace) -> Prior:
        plans, _ = space.plans(1000)
        return Prior(plans, lambda path: -log(len(plans)), 0.6, True)


def calibration(films: Graph, model: RelationPath, cases: Any, *questions: Question) -> Calibration | None:
    """What comes out where the model is sure of one plan."""
    lm: Any = Model({path: 0.9 if path == model else 0.08 for path in (RIGHT, WRONG)})
    return calibrated_planner(TrainedPlanner(films, lm, Unsure(films), cases), films, questions)


def asked(films: Graph, answers: tuple[str, ...], count: int = 30) -> list[Question]:
    heat = (Topic(films.entity("heat"), 1.0, "Heat"),)
    return [Question(f"Whose is Heat, the {n}th?", heat, str(n), answers) for n in range(count)]


def fitted(films: Graph, model: RelationPath, cases: Any, *questions: Question) -> Voices:
    found = calibration(films, model, cases, *questions)
    assert found is not None
    return found.voices


def test_who_is_wrong_on_dev_is_followed_less(films: Graph) -> None:
    dev = asked(films, ("mann",), 4)
    model_wrong = fitted(films, WRONG, LikeQuestions(RIGHT, RIGHT), *dev)
    cases_wrong = fitted(films, RIGHT, LikeQuestions(WRONG), *dev)
    assert model_wrong.model < Voices().model
    assert cases_wrong.cases < Voices().cases
    assert min(*model_wrong, *cases_wrong) >= 0


def test_few_questions_move_little(films: Graph) -> None:
    few, more = (fitted(films, RIGHT, LikeQuestions(WRONG), *asked(films, ("mann",), n)) for n in (1, 4))
    assert more.cases < few.cases < Voices().cases


def test_like_questions_that_are_only_right_about_what_was_trained_do_not_silence_the_model(films: Graph) -> None:
    """On dev they never err, since dev asks what was trained; asked anything else they are sure and wrong."""
    found = calibration(films, RIGHT, LikeQuestions(RIGHT, otherwise=WRONG), *asked(films, ("mann",)))
    assert found is not None
    assert found.voices.model > 0.5
    assert found.voices.cases < Voices().cases
    assert found.scores[WHOLE] == pytest.approx(1.0)
    assert found.scores[REST] < 1.0


def test_a_part_that_is_better_than_the_whole_is_what_the_run_means(films: Graph) -> None:
    lm: Any = Model({RIGHT: 0.9, WRONG: 0.08})
    cases: Any = LikeQuestions(WRONG)
    dev = asked(films, ("mann",), 12)
    planner = TrainedPlanner(films, lm, Unsure(films), cases)
    found = [*readings(planner, dev, [plan_space(films, question, 2) for question in dev])]
    deaf = chosen(found, Voices(0.0, 1.37, 2.55))  # a product that does not listen to its model
    assert deaf.scores[MODEL] == pytest.approx(1.0)
    assert deaf.scores[WHOLE] < 0.1
    assert deaf.voices == Voices(1.0, 0.0, 0.0)
    heeding = Voices(1.0, 0.5, 0.1)
    assert chosen(found, heeding).voices == heeding  # a part has to be better, not just as good
    assert str(deaf).startswith("on 12 dev questions: all together 0.0")


def test_questions_that_no_plan_answers_say_nothing(films: Graph) -> None:
    cases = LikeQuestions(RIGHT)
    assert calibration(films, WRONG, cases, *asked(films, ()), *asked(films, ("oslo",))) is None
    assert calibration(films, WRONG, cases) is None


def test_voices_are_kept(tmp_path: Path) -> None:
    run = Run(tmp_path)
    assert run.calibration(Voices) == Voices()
    run.write_calibration(Voices(0.1, 0.2, 0.3))
    assert run.calibration(Voices) == Voices(0.1, 0.2, 0.3)


def test_a_logit_keeps_to_its_bound_and_to_what_was_known() -> None:
    table, first = np.array([[1.0], [0.0]]), np.array([True, False])
    assert conditional_logit([table], [~first], np.array([2.0]), 1e-6, least=0.0) == pytest.approx([0.0])
    assert conditional_logit([table], [first], np.array([2.0]), 1e6) == pytest.approx([2.0], abs=1e-3)
