"""Questions made from a graph: what they say is so, they are balanced, and the same every time."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from kg.errors import GraphError
from kg.graph import not_planned
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import Relation
from planner.data.phrases import ask, phrases, shape
from planner.data.synthesize import SynthesisSettings, synthesize


def test_made_questions_are_answered_by_their_path(demo: Store) -> None:
    made = synthesize(demo, SynthesisSettings(200))
    assert 190 <= len(made) <= 200
    assert len({question.text for question in made}) == len({question.id for question in made}) == len(made)
    hops = Counter(len(question.paths[0]) if question.paths else 0 for question in made)
    assert all(hops[number] >= 50 for number in (1, 2, 3))
    assert hops[0] >= 15
    for question in made:
        (topic,) = question.topics
        if question.paths:
            assert question.answers == demo.ends(topic, question.paths[0])
            assert 1 <= len(question.answers) <= 50
            assert not not_planned(demo).intersection(question.paths[0])
        assert demo.entity(topic).label.casefold() in question.text.casefold()
    assert made == synthesize(demo, SynthesisSettings(200))
    assert made != synthesize(demo, SynthesisSettings(200, seed=1))


def test_a_small_graph_gives_what_it_has(films: Store) -> None:
    made = synthesize(films, SynthesisSettings(500, hops=1, unanswerable=0.2))
    assert 20 < len(made) < 500
    assert {path for question in made for path in question.paths} >= {("actor",), ("~actor",), ("directed_by",)}
    with pytest.raises(GraphError, match="at least 1 of them"):
        synthesize(films, SynthesisSettings(0))
    with pytest.raises(GraphError, match=r"made from a \.kg directory"):
        synthesize(NetworkXGraph.from_triples([("a", "r", "b")]), SynthesisSettings(1))


@pytest.mark.parametrize(
    ("label", "kind"),
    [
        ("capital", "noun"),
        ("capital of", "of"),
        ("directed by", "done"),
        ("serves city", "verb"),
        ("shares a land border with", "verb"),
        ("starred actors", "noun"),
        ("born in", "done"),
        ("is led by", "be"),
        ("was born in", "be"),
        ("knows the skill", "verb"),
        ("reports to", "verb"),
    ],
)
def test_the_shape_of_a_label(label: str, kind: str) -> None:
    assert shape(label) == kind


@pytest.mark.parametrize(
    ("label", "inverse_label", "forth", "back"),
    [
        (
            "is an owner of the team",
            "has the owner",
            "Which team is X an owner of?",
            "Which person is an owner of the team X?",
        ),
        ("was born in", "is the birthplace of", "Which team was X born in?", "Which person was born in X?"),
        ("knows the skill", "is known by", "Which team is known by X?", "Which person knows the skill X?"),
        ("has headquarters in", "", "", "Which person has headquarters in X?"),
        ("has the client", "", "Which team is the client of X?", "Which person has X as its client?"),
    ],
)
def test_labels_that_are_phrases(label: str, inverse_label: str, forth: str, back: str) -> None:
    relation = Relation("r", label, inverse_label or f"{label} of", head_type="person", tail_type="team")
    assert forth in {phrase.question for phrase in phrases(relation, "r", "X")}
    assert back in {phrase.question for phrase in phrases(relation, "~r", "X")}


def test_a_kind_is_not_said_twice() -> None:
    relation = Relation("r", "knows the skill", "knows the skill of", head_type="person", tail_type="skill")
    (said,) = phrases(relation, "~r", "the skill that Ann knows")
    assert said.noun == "the person that knows the skill that Ann knows"


def test_words_for_steps(films: Store) -> None:
    relation = Relation("directed_by", "directed by", "director of", head_type="film", tail_type="person")
    forth = {phrase.question for phrase in phrases(relation, "directed_by", "Heat")}
    assert forth == {"Which person was Heat directed by?", "Which person is the director of Heat?"}
    back = {phrase.noun for phrase in phrases(relation, "~directed_by", "Michael Mann")}
    assert back == {"the film that Michael Mann is the director of", "the film directed by Michael Mann"}
    guessed = Relation("capital", "capital", "capital of")
    assert {phrase.noun for phrase in phrases(guessed, "~capital", "Paris")} == {"the thing whose capital is Paris"}
    assert "Heat" in ask(films, "Heat", ("directed_by", "born_in"), random.Random(0))
