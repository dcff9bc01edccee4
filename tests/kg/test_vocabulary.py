"""What a graph can be asked by, and what became of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.vocabulary import Vocabulary, parse_vocabulary, vocabulary_of

WORDS = {key: (key, f"{key} of") for key in "abcd"}


def test_a_vocabulary_is_relations_in_words_and_types(films: Store) -> None:
    found = vocabulary_of(films)
    assert found.relations["directed_by"] == ("directed by", "director of")
    assert set(found.relations) == set(films.relations)
    assert {"film", "person", "city", "country"} <= set(found.types)
    again = parse_vocabulary(found.as_json())
    assert (again, again.sha256) == (found, found.sha256)


def test_facts_do_not_change_it_and_words_do() -> None:
    one, two = (NetworkXGraph.from_triples(facts) for facts in ([("x", "r", "y")], [("x", "r", "y"), ("y", "r", "z")]))
    assert vocabulary_of(one).sha256 == vocabulary_of(two).sha256
    assert vocabulary_of(one) != vocabulary_of(NetworkXGraph.from_triples([("x", "s", "y")]))


def test_hidden_relations_are_not_part_of_it(films: Store) -> None:
    class Hiding:
        def __init__(self) -> None:
            self.relations = {**films.relations, "actor": replace(films.relations["actor"], hidden=True)}

    assert "actor" not in vocabulary_of(Hiding()).relations  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("to", "added", "gone", "is_another"),
    [
        (WORDS, "", "", False),
        ({**WORDS, "e": ("e", "e of")}, "e", "", False),
        ({key: WORDS[key] for key in "ab"}, "", "cd", False),
        ({"a": WORDS["a"]}, "", "bcd", True),
        ({**WORDS, "d": ("in other words", "d of")}, "d", "d", False),
        (dict.fromkeys("abcd", ("other", "words")), "abcd", "abcd", True),
        ({}, "", "abcd", True),
    ],
)
def test_what_became_of_it(to: dict[str, tuple[str, str]], added: str, gone: str, is_another: bool) -> None:
    change = Vocabulary(WORDS, ("city", "film")).change(Vocabulary(to, ("city",)))
    assert ("".join(change.added), "".join(change.gone)) == (added, gone)
    assert (change.is_another, change.types_gone) == (is_another, ("film",))


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"relations": {"a": "b"}, "types": []}', '{"relations": {"a": ["b"]}, "types": []}',
             '{"relations": {"a": ["b", "c"]}}', '{"relations": {"a": ["b", "c"]}, "types": [1]}'],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|lists no|Expecting"):
        parse_vocabulary(text)
