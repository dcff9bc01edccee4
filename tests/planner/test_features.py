"""Alignment against brute force, features of known questions, and the planners without a language model."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kg.graph import Graph
from kg.link import link
from kg.names import RelationNames
from kg.store import Store
from kg.types import Question, Topic, Triple
from kg.write import Builder, Provenance
from planner.align import align
from planner.features import LEXICAL, Features, asked, same_word
from planner.lexical import LexicalPlanner, log_softmax
from planner.prompts import parse_plan, plan_words, relation_words
from planner.space import PlanSpace, plan_space


def brute(values: np.ndarray, plan: list[int]) -> tuple[float, float]:
    """The best segmentation of the words into as many runs as the plan has steps."""
    words, steps = len(values), len(plan)
    if steps > words:
        return -1.0, -1.0
    best = (-np.inf, 0.0)
    for cuts in combinations(range(1, words), steps - 1):
        bounds = [0, *cuts, words]
        runs = [values[a:b, step] for a, b, step in zip(bounds, bounds[1:], plan, strict=False)]
        best = max(best, (float(sum(run.sum() for run in runs)) / words, min(float(run.max()) for run in runs)))
    return best


@given(
    arrays.arrays(np.float64, st.tuples(st.integers(1, 6), st.just(4)), elements=st.floats(-1, 1, width=16)),
    st.lists(st.lists(st.integers(0, 3), min_size=1, max_size=3), min_size=1, max_size=4),
)
def test_alignment_is_the_best_segmentation(values: np.ndarray, plans: list[list[int]]) -> None:
    hops = np.array([len(plan) for plan in plans])
    padded = np.array([plan + [0] * (3 - len(plan)) for plan in plans])
    found = align(values, padded, hops)
    assert found[:, 0] == pytest.approx([brute(values, plan)[0] for plan in plans])


def test_alignment_follows_the_order_of_the_question() -> None:
    near_first = np.array([[1.0, 0.0], [0.0, 1.0]])
    scores = align(near_first, np.array([[0, 1], [1, 0]]), np.array([2, 2]))
    assert scores.tolist() == [[1.0, 1.0], [0.0, 0.0]]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("border", "border", True),
        ("borders", "bordering", True),
        ("capital", "capitals", True),
        ("city", "currency", False),
    ],
)
def test_forms_of_a_word(one: str, other: str, same: bool) -> None:
    assert (same_word(one, other) > 0) == same


def linked(graph: Graph, text: str) -> Question:
    return Question(text, link(graph, text))


def test_a_step_backwards_is_found_by_the_words_of_its_fact_too(tmp_path: Path) -> None:
    facts = [
        Triple("Ann", "born_in", "Cork"),
        Triple("Bob", "lives_in", "Cork"),
        Triple("Ann", "manager", "Bob"),
        Triple("Cork", "country", "Ireland"),
    ]
    questions = {"Who was born in Cork?": ("~born_in",), "Whose manager is Bob?": ("~manager",)}
    plans = []
    for inverse_labels in (False, True):
        builder = Builder()
        builder.add(facts)
        builder.relation_names = {
            "born_in": RelationNames("was born in", "is the birthplace of" * inverse_labels, None),
            "manager": RelationNames("has the manager", "is in charge of" * inverse_labels, None),
        }
        graph = Store(builder.write(tmp_path / f"{inverse_labels}.kg", Provenance("test"), False))
        plans += LexicalPlanner(graph).plan([linked(graph, text) for text in questions])
    for plan, wanted in zip(plans, [*questions.values()] * 2, strict=True):
        assert plan.paths[0].relations == wanted
        assert plan.fits > 0.5


def test_the_topic_is_masked_by_its_type(films: Graph) -> None:
    what = asked(linked(films, "Who directed the film HEAT last?"))
    assert what.text == "Who directed the film film last?"
    assert what.text[what.start : what.stop] == "film"
    assert (what.distance(0, 3), what.distance(27, 31)) == (19, 1)
    assert asked(Question("Who?")).text == "Who?"


@pytest.mark.parametrize(
    ("text", "mention", "masked"),
    [
        ("Which woman leads Oman?", "Oman", "Which woman leads film?"),
        ("Who from Weißenfels directed Heat?", "Heat", "Who from Weißenfels directed film?"),
        ("Who founded Washington, D.C. then?", "Washington D.C", "Who founded film. then?"),
        ("The HEAT of it", "heat", "The film of it"),
        ("Who?", "Heat", "Who?"),
    ],
)
def test_the_mask_is_where_the_name_is(films: Graph, text: str, mention: str, masked: str) -> None:
    assert asked(Question(text, (Topic(films.entity("heat"), 1.0, mention),))).text == masked


def test_features_are_finite_and_named(films: Graph) -> None:
    question = linked(films, "Who directed Heat?")
    space = plan_space(films, question, 3)
    plans, _ = space.plans(1000)
    table = Features(films)(question, space, plans)
    assert table.shape == (len(plans), len(LEXICAL))
    assert np.isfinite(table).all()
    directed = plans.index(("directed_by",))
    assert table[directed, LEXICAL.index("coverage")] == table[:, LEXICAL.index("coverage")].max() > 0.9
    assert Features(films)(question, space, []).shape == (0, len(LEXICAL))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("Who directed Heat?", ("directed_by",)),
        ("Which films is Michael Mann the director of?", ("~directed_by",)),
        ("Where was the person who directed Gladiator born?", ("directed_by", "born_in")),
        ("genre of the insider", ("genre",)),
    ],
)
def test_the_lexical_planner_finds_worded_plans(films: Graph, text: str, path: tuple[str, ...]) -> None:
    plan = LexicalPlanner(films).plan([linked(films, text)])[0]
    assert plan.paths[0].relations == path
    assert plan.exact
    assert 0 < plan.fits < 1


def test_probabilities_are_over_all_legal_plans(films: Graph) -> None:
    question = linked(films, "Who directed Heat?")
    plans, _ = plan_space(films, question, 3).plans(1000)
    every = LexicalPlanner(films).plan([question], k=1000)[0]
    assert len(every.paths) == len(plans)
    assert sum(path.probability for path in every.paths) == pytest.approx(1.0)
    assert [path.logp for path in every.paths] == sorted((path.logp for path in every.paths), reverse=True)


def test_a_budget_of_plans_is_kept_and_admitted(films: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("planner.lexical.BUDGET", 5)
    plan = LexicalPlanner(films).plan([linked(films, "Who directed Heat?")], k=50)[0]
    assert len(plan.paths) == 5
    assert not plan.exact
    assert "only the first" in plan.note


def test_every_plan_is_executable_and_symmetric_relations_go_one_way() -> None:
    from kg.open import open_graph

    facts = [("a", "near", "b"), ("b", "near", "a"), ("b", "near", "c"), ("c", "near", "b"), ("c", "in", "d")]
    space = PlanSpace(open_graph(facts), ["a"], 3)
    plans, complete = space.plans(100)
    assert complete
    assert plans == [("near",), ("near", "near"), ("near", "near", "in"), ("near", "near", "near")]
    assert all(len(space.frontier(plan)) for plan in plans)


def test_log_softmax() -> None:
    assert np.exp(log_softmax(np.array([1000.0, 1000.0, -1000.0]))).tolist() == [0.5, 0.5, 0.0]


def test_relation_words_are_all_different_and_plans_parse(films: Graph) -> None:
    words = relation_words(films)
    assert len(set(words.values())) == len(words) == 2 * len(films.relations)
    plans, _ = plan_space(films, linked(films, "Heat"), 3).plans(10_000)
    assert all(parse_plan(plan_words(plan, words), words) == plan for plan in plans)
    assert parse_plan("directed by -> nonsense", words) is None


def test_relations_that_read_alike_are_told_apart() -> None:
    from kg.open import open_graph

    words = relation_words(open_graph([("a", "x/likes", "b"), ("a", "likes", "b"), ("a", "Likes_", "b")]))
    assert len(set(words.values())) == 6
