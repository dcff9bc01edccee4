"""Normal forms, readable keys, and words → entities."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kg.errors import QuestionError, UnclearNameError
from kg.graph import Graph, near_keys
from kg.link import link, resolve_entity, search
from kg.names import EntityNames, Names, normal, readable, relation_words, write_names
from kg.networkx_graph import NetworkXGraph
from kg.open import open_graph
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance

LETTERS = (
    "YouTube iPad RoboCop McDonald's eBay LaTeX PyTorch x86 3M C++ AT&T O'Brien U.S. 24/7 booking.com DiCaprio".split()
)
LETTERS += ["iOS 17", "Catch-22"]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("The Beatles", "beatles"),
        ("São  Tomé & Príncipe", "sao tome principe"),
        ("Guinea-Bissau", "guinea bissau"),
        ("O'Hare", "o hare"),
        ("C++", "c++"),
        ("!!!", "!!!"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("שלום", "שלום"),
    ],
)
def test_normal(text: str, form: str) -> None:
    assert normal(text) == form


def test_a_miss_reads_few_keys() -> None:
    read: list[int] = []

    def key_of(number: int) -> str:
        read.append(number)
        return f"n{number:06}"

    assert "n050000" in near_keys("n050000x", 100_000, key_of)
    assert "n050000" in near_keys("N050000", 100_000, key_of)
    assert len(read) < 1_000
    assert near_keys("x", 0, key_of) == []


@given(st.text("abcéÉß -.'", min_size=1).filter(lambda text: any(map(str.isalpha, text)) and text[0] != "a"))
def test_normal_forgets_case_punctuation_and_the_article(text: str) -> None:
    assert normal(f" The {text.lower()}!") == normal(text)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("Tom_Hanks", "Tom Hanks"),
        ("m.02mjmr", "m.02mjmr"),
        ("http://dbpedia.org/resource/NeXT", "NeXT"),
        ("http://dbpedia.org/resource/Caf%C3%A9_M%C3%BCller", "Café Müller"),
        ("http://dbpedia.org/resource/Star_Trek:_Picard", "Star Trek: Picard"),
        ("http://x.org/AC%2FDC", "AC/DC"),
        ("http://x.org/%FF", "%FF"),
        ("http://x.org/100%", "100%"),
        ("http://x.org/", "x.org"),
        ("urn:isbn:0451450523", "0451450523"),
        ('"1964"^^<http://www.w3.org/2001/XMLSchema#gYear>', "1964"),
        ('"chat"@fr', "chat"),
        ('" chat "@fr', "chat"),
        ('""', '""'),
        ("Tom McLoughlin", "Tom McLoughlin"),
        *((name, name) for name in LETTERS),
    ],
)
def test_readable(key: str, words: str) -> None:
    assert readable(key) == words


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("directed_by", "directed by"),
        ("people.person.place_of_birth", "place of birth"),
        ("http://dbpedia.org/ontology/birthPlace", "birth Place"),
        ("ACTED_IN", "ACTED IN"),
        ("birthPlace", "birth Place"),
        ("TomMcLoughlin", "Tom McLoughlin"),
        ("marriedTo", "married To"),
    ],
)
def test_relations_have_words(key: str, words: str) -> None:
    assert relation_words(key) == words
    graph = NetworkXGraph.from_triples([("a", key, "b")])
    assert graph.relations[key].label == words


@pytest.fixture(scope="module", params=["networkx", "store"])
def letters(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """A graph of names that are written in their own way, with no label but their keys."""
    facts = [(name, "made_in", "Earth") for name in (*LETTERS, "TomMcLoughlin", "NewYorkCity")]
    if request.param == "networkx":
        return NetworkXGraph.from_triples(facts)
    builder = Builder()
    builder.add(Triple(*fact) for fact in facts)
    return Store(builder.write(tmp_path_factory.mktemp("letters") / "g.kg", Provenance("test"), False))


@pytest.mark.parametrize("name", LETTERS)
def test_names_stay_letter_for_letter_and_are_found(letters: Graph, name: str) -> None:
    assert letters.entity(name).label == name
    for text in (f"Where is {name} made?", f"where is {name.lower()} made"):
        (topic,) = link(letters, text)
        assert (topic.key, topic.entity.label) == (name, name)
    assert search(letters, name)[0].key == name


@pytest.mark.parametrize(
    ("written", "key"),
    [
        ("You Tube", "YouTube"),
        ("Robo Cop", "RoboCop"),
        ("i Pad", "iPad"),
        ("Tom McLoughlin", "TomMcLoughlin"),
        ("tom mcloughlin", "TomMcLoughlin"),
        ("New York City", "NewYorkCity"),
        ("new york city", "NewYorkCity"),
        ("New Yrok City", "NewYorkCity"),
        ("McDonalds", "McDonald's"),
        ("OBrien", "O'Brien"),
        ("US", "U.S."),
        ("AT & T", "AT&T"),
    ],
)
def test_names_are_found_with_other_blanks(letters: Graph, written: str, key: str) -> None:
    assert keys(letters, f"Where is {written} made?") == [key]


def test_a_part_of_a_name_in_one_word_is_searched_for(letters: Graph) -> None:
    assert search(letters, "York")[0].key == "NewYorkCity"


def test_blanks_are_not_left_out_of_numbers_and_small_words() -> None:
    graph = open_graph([("247", "made_in", "away"), ("online", "made_in", "away")])
    for text in ("What is 24/7?", "what is a way to do it", "who is on line"):
        assert keys(graph, text) == []


def keys(graph: Graph, text: str) -> list[str]:
    return [topic.key for topic in link(graph, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Who directed Heat?", ["heat"]),
        ("who directed heat", ["heat"]),
        ("Who is in The Insider?", ["insider"]),
        ("which films did michael mann direct", ["mann"]),
        ("Michael Mann's films", ["mann"]),
        ("films by M. Mann", ["mann"]),
        ("who was born in the US?", ["usa"]),
        ("tell us about gladiator", ["gladiator"]),  # "us" is no country here
        ("films of Micheal Man", ["mann"]),
        ("movies with robert de nero", ["de_niro"]),
        ("How tall is Kryptonite?", []),
        ("What is it?", []),
    ],
)
def test_link(films: Graph, text: str, expected: list[str]) -> None:
    assert keys(films, text) == expected


def test_names_are_told_from_words() -> None:
    long = "A Very Long Title of a Film in Which Nothing Ever Happens"
    tags = [("homer", "tag_of", film) for film in ("Odyssey", "Iliad", "Ulysses")]
    people = [("Vincent Ward", "directed", "River Queen"), ("Homer", "wrote", "Odyssey")]
    films = [("writers", "tag_of", "River Queen"), (long, "genre", "drama"), ("The We and the I", "genre", "drama")]
    facts = [*tags, *people, *films]
    graph = open_graph(facts)
    assert keys(graph, "who are the writers of the films directed by Vincent Ward")[0] == "Vincent Ward"
    assert keys(graph, "which films have writers")[0] == "writers"  # no capitals: a small word is all there is
    assert keys(graph, "what did Homer write")[0] == "Homer"
    assert keys(graph, "which films are about homer")[0] == "homer"
    assert keys(graph, "which writers wrote a film with Vincent Wart") == ["Vincent Ward", "writers"]  # misspelt
    assert keys(graph, f"what is the genre of {long}")[0] == long
    assert keys(graph, "what genre is The We and the I") == ["The We and the I"]
    assert keys(graph, "what do the we and the i do") == []


def test_the_name_that_is_written_is_the_one_that_is_meant() -> None:
    tags = [("time machine", "tag_of", "Primer"), ("About Time", "genre", "drama"), ("Up", "genre", "cartoon")]
    films = [("Arena", "genre", genre) for genre in ("war", "sport", "action")] + [("The Arena", "genre", "cult")]
    graph = open_graph([*tags, *films, ("Why Me?", "genre", "comedy"), ("do", "tag_of", "Primer")])
    assert keys(graph, "what movies are about time machine")[0] == "time machine"  # not "about time"
    assert keys(graph, "what words describe Up") == ["Up"]
    assert keys(graph, "What Words Describe Up") == []  # where every word has a capital it says nothing
    assert keys(graph, "who gave up") == []
    assert keys(graph, "which genre has The Arena")[:2] == ["The Arena", "Arena"]
    assert keys(graph, "which genre has Why Me?") == ["Why Me?"]


def test_several_mentions_are_all_kept(films: Graph) -> None:
    assert set(keys(films, "Did Al Pacino act in Heat and Gladiator?")) == {"pacino", "heat", "gladiator"}


def test_ambiguity_is_kept_and_scored_by_degree() -> None:
    graph = open_graph([("paris_fr", "in", "france"), ("paris_fr", "on", "seine"), ("paris_tx", "in", "texas")])
    graph = open_graph(named(graph, {"paris_fr": "Paris", "paris_tx": "Paris"}))
    topics = link(graph, "Where is Paris?")
    assert [topic.key for topic in topics] == ["paris_fr", "paris_tx"]
    assert topics[0].score > topics[1].score > 0.3
    assert sum(topic.score for topic in topics) == pytest.approx(1.0)
    with pytest.raises(UnclearNameError, match="'Paris' names 2 entities, say which by its key: paris_fr, paris_tx"):
        resolve_entity(graph, "Paris")


def named(graph: Graph, labels: dict[str, str]) -> object:
    import networkx as nx

    drawn: Any = nx.MultiDiGraph()
    for key in ("paris_fr", "paris_tx", "france", "seine", "texas"):
        drawn.add_node(key, label=labels.get(key, key))
        for relation in graph.frontier([key]).relations():
            for target in graph.frontier([key]).follow(relation).entities if relation[0] != "~" else ():
                drawn.add_edge(key, target, relation=relation)
    return drawn


def test_questions_that_cannot_be_asked(films: Graph) -> None:
    for text in ("", "   ", "\0\n"):
        with pytest.raises(QuestionError, match="the question is empty"):
            link(films, text)
    with pytest.raises(QuestionError, match="10,000 characters; at most 2,000"):
        link(films, "x" * 10_000)
    assert link(films, "?" * 500) == ()


def test_a_sign_that_stands_for_many_does_not_make_a_question_endless(films: Graph) -> None:
    """U+FDFA is one character and eighteen in its normal form: 2,000 of them held a thread for minutes."""
    for ask in (link, search):
        with pytest.raises(QuestionError, match="36,000 characters with its signs written out; at most 6,000"):
            ask(films, "\ufdfa" * 2_000)
    assert link(films, "각" * 2_000) == ()  # up to three letters of Korean to a character, and no more


def test_a_search_reads_a_bounded_number_of_words(tmp_path: Path) -> None:
    write_names(tmp_path / "names.sqlite", [(0, EntityNames("w70")), (1, EntityNames("w3 w3"))])
    names = Names(tmp_path / "names.sqlite")
    assert [row.id for row in names.search(" ".join(f"w{n}" for n in range(100)), 5)] == [1]
    assert [row.id for row in names.search("w70 " * 100, 5)] == [0]


@given(st.text(st.characters(), min_size=1, max_size=80))
@example("\udcff\udcfe")
def test_any_text_links_or_is_refused(films: Graph, text: str) -> None:
    try:
        topics = link(films, text)
    except QuestionError:
        assert not text.replace("\0", " ").split()
    else:
        assert all(0 < topic.score <= 1 for topic in topics)


def test_search_forgives_spelling(films: Graph) -> None:
    found = search(films, "micheal mann")
    assert (found[0].key, found[0].entity.degree) == ("mann", 3)
    assert found[0].score < 1
    assert search(films, "pacino")[0].key == "pacino"
    assert search(films, "de_niro")[0].key == "de_niro"
    assert search(films, "windy")[0].key == "chicago"
    assert search(films, "zzzzzz") == []


def test_resolve_entity(films: Graph) -> None:
    assert resolve_entity(films, "mann").key == resolve_entity(films, "michael MANN").key == "mann"
    with pytest.raises(
        UnclearNameError, match=r"no entity has the key or name 'Micheal Mann'; did you mean Michael Mann \(mann\)"
    ):
        resolve_entity(films, "Micheal Mann")
    for text in ("", " ", "x" * 3000):
        with pytest.raises(UnclearNameError, match="no entity has the key or name"):
            resolve_entity(films, text)
