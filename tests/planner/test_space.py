"""How far plans go: three steps, four where there are few, and what is said where longer ones were not looked at."""

from __future__ import annotations

import pytest

from kg.graph import Graph
from kg.link import link
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import Question
from planner.base import Plan, ScoredPath
from planner.lexical import LexicalPlanner
from planner.registry import make_planner
from planner.space import AUTO, PlanSpace, plan_space

CHAIN = [(f"n{number}", f"r{number}", f"n{number + 1}") for number in range(6)]  # n0 → n1 → … → n6
WIDE = [*CHAIN, *(("n0", f"s{number}", "n1") for number in range(30))]


def space(facts: list[tuple[str, str, str]], max_hops: int) -> PlanSpace:
    return PlanSpace(NetworkXGraph.from_triples(facts), ["n0"], max_hops)


@pytest.mark.parametrize(
    ("facts", "wanted", "hops"), [(CHAIN, AUTO, 4), (WIDE, AUTO, 3), (CHAIN, 2, 2), (WIDE, 4, 4), (CHAIN, 6, 6)]
)
def test_how_many_steps_a_plan_may_have(facts: list[tuple[str, str, str]], wanted: int, hops: int) -> None:
    found, complete = space(facts, wanted).plans(10_000)
    assert (max(map(len, found)), complete) == (hops, True)
    assert space(facts, wanted).max_hops == hops
    longest = next(path for path in found if len(path) == hops)
    assert not space(facts, wanted).options(longest)
    assert space(facts, wanted).options(longest[:-1])


def test_the_demo_graph_is_walked_three_steps_but_where_there_is_little(demo: Store) -> None:
    capitals = ("Peru", "France", "Kenya", "Samoa", "Japan")
    few = ("America/St_Vincent", ".ki", "Dale R. Corson", "Australia/Perth")
    for hops, names in ((3, capitals), (4, few)):
        for name in names:
            asked = plan_space(demo, Question(name, link(demo, name)), AUTO)
            assert (name, asked.max_hops) == (name, hops)


def noted(facts: list[tuple[str, str, str]], hops: int, *path: str, fits: float = 1.0) -> str:
    return space(facts, hops).noted(Plan((ScoredPath(path, 0.0),), fits=fits, note="so far")).note


def test_a_plan_that_could_go_on_is_said_to_be_cut() -> None:
    cut = "so far; plans of more than 3 steps were not looked at; --max-hops 4 does"
    assert noted(CHAIN, 3, "r0", "r1", "r2") == noted(WIDE, AUTO, "r0", "r1", "r2") == cut
    assert noted(CHAIN, AUTO, "r0", "r1", "r2") == "so far"  # the fourth was looked at
    assert "more than 4 steps" in noted(CHAIN, AUTO, "r0", "r1", "r2", "r3")
    assert noted(CHAIN[:1], 1, "r0") == "so far"  # there is no second
    assert noted(CHAIN, 3, "r0", "r1") == "so far"
    assert noted(CHAIN, 3, "r0", "r1", fits=0.2) == cut
    assert noted(CHAIN[:1], 3, "r0", fits=0.2) == "so far"


def four_hops(planner: str, graph: Graph, max_hops: int) -> Plan:
    text = "Which country has the city where the director of the film that Bobby acted in was born?"
    return make_planner(planner, graph).plan([Question(text, link(graph, text))], 3, max_hops)[0]


def test_a_question_of_four_steps(films: Store) -> None:
    assert len(four_hops("lexical", films, AUTO).paths[0].relations) == 4
    cut = four_hops("lexical", films, 3)
    assert "plans of more than 3 steps were not looked at; --max-hops 4 does" in cut.note
    assert LexicalPlanner(films).plan([Question("Who directed Heat?", link(films, "Who directed Heat?"))])[0].note == ""


def test_relations_may_be_left_out_of_all_plans(films: Graph) -> None:
    whole, without = PlanSpace(films, ["heat"], 2), PlanSpace(films, ["heat"], 2, ["directed_by"])
    left, _ = without.plans(1000)
    assert left
    assert left == [plan for plan in whole.plans(1000)[0] if not {"directed_by", "~directed_by"} & set(plan)]
