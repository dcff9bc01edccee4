"""A trained model, like questions and the semantic planner together: who is sure decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log
from typing import Any

import pytest

from kg.graph import Graph
from kg.types import Question, RelationPath, Topic
from planner.cases import Vote
from planner.decode import Decoded, Hypothesis
from planner.lexical import LexicalPlanner, Prior
from planner.neural import NOTHING
from planner.space import PlanSpace, is_legal
from planner.trained import DOUBT, NOT_ASKED, UNSEEN, Known, TrainedPlanner, Voices, weighed

R: RelationPath = ("r",)
S: RelationPath = ("s",)
T: RelationPath = ("s", "~t")


def decoded(probabilities: Mapping[RelationPath, float], nothing: float = 0.001, exact: bool = True) -> Decoded:
    best = tuple(Hypothesis(path, log(p)) for path, p in probabilities.items())
    return Decoded(best, 0.0, exact, 5, (Hypothesis((NOTHING,), log(nothing)),))


def known(
    semantic: Mapping[RelationPath, float],
    cases: Mapping[RelationPath, float],
    fits: float = 0.8,
    complete: bool = True,
    alike: float | None = None,
) -> Known:
    best = sorted(semantic, key=lambda path: -semantic[path])
    prior = Prior(best, lambda path: log(semantic[path]), fits, complete)
    return Known(prior, cases, sum(cases.values()) if alike is None else alike)


@pytest.mark.parametrize("voices", [Voices(), Voices(0.3, 1.2, 0.4)])
def test_the_product_decides(voices: Voices) -> None:
    semantic, cases, model = {R: 0.04, S: 0.92, T: 0.04}, {R: 0.3, S: 0.5}, {R: 0.6, S: 0.3, T: 0.1}
    plan = weighed(known(semantic, cases)._replace(voices=voices), decoded(model), 3)
    products = {
        path: model[path] ** voices.model
        * (semantic[path] + DOUBT) ** voices.semantic
        * (cases.get(path, 0.0) + UNSEEN) ** voices.cases
        for path in model
    }
    order = sorted(products, key=lambda path: -products[path])
    assert [path.relations for path in plan.paths] == order
    assert [path.probability for path in plan.paths] == pytest.approx(
        [products[path] / sum(products.values()) for path in order]
    )


def test_like_questions_outweigh_a_model_that_is_sure() -> None:
    sure = decoded({R: 0.95, S: 0.04})
    assert weighed(known({R: 0.5, S: 0.5}, {S: 1.0}), sure, 1).paths[0].relations == S
    assert weighed(known({R: 0.5, S: 0.5}, {}), sure, 1).paths[0].relations == R


def test_a_semantic_planner_that_is_quite_sure_is_outweighed_by_both_others() -> None:
    grandparents = known({R: 1 - 1e-10, S: 1e-10}, {S: 0.5})
    assert weighed(grandparents, decoded({R: 0.02, S: 0.96}), 1).paths[0].relations == S


def test_drafts_that_the_model_did_not_list_are_weighed_too() -> None:
    found = decoded({R: 0.5})
    drafted = Decoded(found.best, 0.0, True, 5, (Hypothesis(S, log(0.4)), *found.drafted))
    assert weighed(known({R: 0.01, S: 0.99}, {}), drafted, 1).paths[0].relations == S


def test_it_is_proven_unless_another_plan_might_be_better() -> None:
    listed = decoded({R: 0.6, S: 0.2})
    assert weighed(known({R: 0.9, S: 0.1}, {R: 1.0}), listed, 1).exact
    assert not weighed(known({R: 0.01, S: 0.01, T: 0.98}, {}), listed, 1).exact  # by meaning
    assert not weighed(known({R: 0.5, S: 0.4, T: 0.1}, {T: 1.0}), listed, 1).exact  # by like questions
    assert not weighed(known({R: 0.9, S: 0.1}, {R: 1.0}, complete=False), listed, 1).exact
    assert not weighed(known({R: 0.9, S: 0.1}, {R: 1.0}), decoded({R: 0.6, S: 0.2}, exact=False), 1).exact


def test_the_first_may_be_proven_where_the_others_are_not() -> None:
    plan = weighed(known({R: 0.4, S: 0.2, T: 0.4}, {R: 0.9}), decoded({R: 0.9, S: 0.01}), 2)
    assert not plan.exact
    assert plan.note.startswith("plan 1 is the most probable of all")
    unsure = weighed(known({R: 0.1, S: 0.1, T: 0.8}, {}), decoded({R: 0.3, S: 0.01}), 2)
    assert not unsure.exact
    assert not unsure.note.startswith("plan 1")


def test_without_the_model_it_is_said_so_and_proven() -> None:
    plan = weighed(known({R: 0.7, S: 0.2, T: 0.1}, {R: 0.9}), None, 3)
    assert [path.relations for path in plan.paths] == [R, S, T]
    assert plan.exact
    assert plan.note == NOT_ASKED


def test_each_counts_for_whether_any_plan_fits() -> None:
    unsure = {R: 0.5, S: 0.5}

    def fits(cases: float, semantic: float, nothing: float) -> float:
        return weighed(known(unsure, {R: cases}, semantic, alike=1.0), decoded({R: 0.5, S: 0.2}, nothing), 1).fits

    whole = fits(0.5, 0.5, 0.5)
    for worse in (fits(0.05, 0.5, 0.5), fits(0.5, 0.1, 0.5), fits(0.5, 0.5, 0.9)):
        assert worse < whole
    assert fits(0.05, 0.1, 0.9) < 0.5 < fits(0.95, 0.9, 0.1)
    assert weighed(known(unsure, {R: 1.0}, 0.9), None, 1).fits > 0.5
    assert weighed(known(unsure, {}, 0.1, alike=1.0), None, 1).fits < 0.5


def test_a_model_that_is_sure_is_not_refused_because_no_training_question_is_alike() -> None:
    sure, unsure = decoded({R: 0.9}, nothing=0.01), {R: 0.5, S: 0.5}
    assert weighed(known(unsure, {}, fits=0.05, alike=0.0), sure, 1).fits > 0.5
    unlike, against = (weighed(known(unsure, {}, 0.2, alike=alike), sure, 1).fits for alike in (0.0, 1.0))
    assert against < unlike  # like questions whose plans cannot be walked here speak against it


def test_a_voice_alone_is_that_part() -> None:
    others = known({R: 0.01, S: 0.99}, {S: 1.0}, fits=0.01)
    model = weighed(others._replace(voices=Voices(1.0, 0.0, 0.0)), decoded({R: 0.6, S: 0.3}, nothing=0.1), 1)
    assert model.paths[0].relations == R
    assert model.fits == pytest.approx(0.9)  # what its own `none` leaves
    semantic = weighed(others._replace(voices=Voices(0.0, 1.0, 0.0)), None, 1)
    assert semantic.paths[0].relations == S
    assert semantic.fits == pytest.approx(0.01)


class Voting:
    """Cases that vote as they are told."""

    def __init__(self, shares: Mapping[RelationPath, float]) -> None:
        self.shares = shares

    def vote(self, text: str, is_legal: Callable[[RelationPath], bool]) -> Vote:
        shares = {path: share for path, share in self.shares.items() if is_legal(path)}
        return Vote(shares, sum(self.shares.values()))


class Asked:
    """A model that counts the questions that it is asked."""

    def __init__(self) -> None:
        self.count = 0

    def decoded(self, questions: Any, spaces: Any, k: int, drafts: Any) -> list[Decoded]:
        self.count += len(questions)
        return [decoded({path: 0.2 for path in row if path != (NOTHING,)}) for row in drafts]


@pytest.mark.parametrize(
    ("shares", "asks"),
    [({("directed_by",): 1.0}, 0), ({("actor",): 1.0}, 1), ({("gone",): 1.0}, 1), ({}, 1)],
)
def test_the_model_is_asked_where_the_others_are_not_sure(
    films: Graph, shares: Mapping[RelationPath, float], asks: int
) -> None:
    lm: Any = Asked()
    voting: Any = Voting(shares)
    planner = TrainedPlanner(films, lm, LexicalPlanner(films), voting)
    heat = Question("Who was Heat directed by?", (Topic(films.entity("heat"), 1.0, "Heat"),))
    (plan,) = planner.plan([heat], 3)
    assert lm.count == asks
    assert plan.paths
    assert (plan.paths[0].relations == ("directed_by",)) or asks  # words say so; like questions may not


def test_a_model_whose_word_counts_for_nothing_is_not_asked(films: Graph) -> None:
    lm: Any = Asked()
    voting: Any = Voting({})
    planner = TrainedPlanner(films, lm, LexicalPlanner(films), voting, Voices(model=0.0))
    heat = Question("What of Heat?", (Topic(films.entity("heat"), 1.0, "Heat"),))
    (plan,) = planner.plan([heat], 3)
    assert lm.count == 0
    assert plan.paths
    assert "on dev its word counted for nothing" in plan.note
    assert plan.fits == pytest.approx(LexicalPlanner(films).plan([heat], 3)[0].fits)


def test_legal_is_what_can_be_walked(films: Graph) -> None:
    space = PlanSpace(films, ["heat"], 2)
    assert is_legal(("directed_by", "born_in"), space)
    assert not is_legal((), space)
    assert not is_legal(("born_in",), space)
    assert not is_legal(("directed_by", "born_in", "~born_in"), space)
