"""When an untrained planner says no: by what the question and the plan say, not by how much else there is."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kg.open import open_graph
from kg.types import Triple
from planner.base import ScoredPath
from planner.lexical import LexicalPlanner, agreement
from planner.space import PlanSpace
from reasoner.pipeline import RoG

HEAT = Triple("Heat", "directed_by", "Michael Mann")
OTHERS = "written_by actor release_year genre language country budget runtime producer music distributor".split()
MORE = [Triple("Heat", relation, f"the {relation} one") for relation in OTHERS]
FALSE = ["How much does Heat weigh?", "Where was Heat filmed?", "What is the capital of Heat?"]


def fits(facts: Iterable[tuple[str, str, str]], text: str) -> float:
    graph = open_graph(list(facts))
    return RoG(graph, LexicalPlanner(graph)).trace(text).plan.fits


def test_a_question_is_answered_however_few_relations_there_are() -> None:
    alone = fits([HEAT], "Who directed Heat?")
    among = fits([HEAT, *MORE], "Who directed Heat?")
    elsewhere = fits([HEAT, ("Rome", "capital_of", "Italy"), ("Rome", "mayor", "Gualtieri")], "Who directed Heat?")
    assert alone > 0.5
    assert among == pytest.approx(alone, abs=0.1)
    assert elsewhere == pytest.approx(alone, abs=0.01)
    assert fits([("Google", "founded_by", "Larry Page")], "Who founded Google?") > 0.5


@pytest.mark.parametrize("text", FALSE)
def test_a_false_question_is_refused_however_few_relations_there_are(text: str) -> None:
    assert fits([HEAT], text) < 0.5
    assert fits([HEAT, *MORE], text) < 0.5


def test_two_spellings_of_one_step_are_no_rivals() -> None:
    both = [("Heat", "directed_by", "Mann"), ("Mann", "director_of", "Heat"), ("Heat", "genre", "crime")]
    assert fits(both, "Who directed Heat?") == pytest.approx(fits([both[0], both[2]], "Who directed Heat?"), abs=0.1)
    graph = open_graph(both)
    space = PlanSpace(graph, ["Heat"], 1)
    ranked = [ScoredPath(("directed_by",), -0.7), ScoredPath(("~director_of",), -0.9), ScoredPath(("genre",), -2.0)]
    assert agreement(ranked, space) == pytest.approx(ranked[0].probability + ranked[1].probability)
