"""What is said around a question is cut, what it asks is kept; and no answer moves by it."""

from __future__ import annotations

import json

import pytest

from kg.build import demo_folder
from kg.graph import Graph
from kg.link import link
from kg.open import open_graph
from kg.store import Store
from kg.types import Question
from planner.lexical import LexicalPlanner
from planner.padding import core_text, without_padding
from reasoner.pipeline import RoG

BOSCH = [
    ("Bosch", "weight", "10 kg"), ("Bosch", "colour", "red"), ("Bosch", "made by", "Robert"),
    ("Bosch", "price", "200 euros"), ("Siemens", "weight", "11 kg"), ("Siemens", "made by", "Werner"),
]  # fmt: skip

# Each says the same twice: plainly, and as people write who are polite, in doubt or in company.
FILMS_PAIRS = [
    ("Who directed Heat?", "Hi there, could you please tell me who directed Heat?"),
    ("Who directed Heat?", "Who directed Heat, please?"),
    ("Who directed Heat?", "Quick question: who directed Heat? Thanks in advance!"),
    ("Who directed Heat?", "We talked about it at dinner, and nobody could remember who directed Heat."),
    ("Who directed Heat?", "What I would really like to know is who directed Heat."),
    ("Who directed Heat?", "Who, by the way, directed Heat?"),
    ("How long is Heat?", "I have been wondering for weeks, and nobody could tell me: exactly how long is Heat?"),
    ("Which genre does Heat have?", "Sorry to bother you, but which genre does Heat have, if you know?"),
]
DEMO_PAIRS = [
    ("What is the capital of Peru?", "Would you mind telling me what the capital of Peru is?"),
    ("What is the currency of Peru?", "I am going there in May: do you happen to know what is the currency of Peru?"),
    ("Which currency is used in Peru?", "Which currency is used in Peru? I am travelling there next week."),
    ("Who is the president of France?", "Good morning! My son would like to know who is the president of France."),
    ("In which country is Lima?", "For my homework I need to find out in which country is Lima."),
    ("What is the capital of Australia?", "So, what is the capital of Australia again?"),
]
BOSCH_PAIRS = [
    ("How tall is Bosch?", "I have been wondering for a while, and nobody could tell me: exactly how tall is Bosch?"),
    ("How tall is Bosch?", "Hello, I hope you are well. Could anyone say how tall Bosch is?"),
    ("Who made Bosch?", "It would be great if you could let me know who made Bosch."),
    ("Who made Bosch?", "I'm curious: who made Bosch? Any idea?"),
    ("What is the weight of Bosch?", "Be so kind as to tell me what is the weight of Bosch, thank you very much."),
    ("What is the colour of Bosch?", "OK, and what is the colour of Bosch, by any chance?"),
]  # fmt: skip


def check_pairs(graph: Graph, pairs: list[tuple[str, str]]) -> None:
    rog = RoG(graph, LexicalPlanner(graph))
    for plain, padded in pairs:
        one, other = rog.trace(plain), rog.trace(padded)
        assert (other.answer.entities, other.answer.verdict) == (one.answer.entities, one.answer.verdict), padded
        assert other.plan.fits == pytest.approx(one.plan.fits, abs=0.15), padded


def test_padding_moves_no_answer_about_films(films: Store) -> None:
    check_pairs(films, FILMS_PAIRS)


def test_padding_moves_no_answer_about_countries(demo: Store) -> None:
    check_pairs(demo, DEMO_PAIRS)


def test_padding_moves_no_answer_about_things() -> None:
    check_pairs(open_graph(BOSCH), BOSCH_PAIRS)


@pytest.mark.parametrize(
    ("text", "mention"),
    [
        ("Name the river which flows through Paris", "Paris"),
        ("Will Smith starred in which films?", "Will Smith"),
        ("What kind of money do I need in Guinea?", "Guinea"),
        ("I love the film Heat. Who directed it?", "Heat"),
        ("Where is most zinc produced: which countries?", "zinc"),
        ("what does Acme Corp. make", "Acme Corp"),
        ("Who wrote Do You Know What I Mean?", "Do You Know What I Mean"),
        ("Tell me the capital of the Philippines.", "the Philippines"),
    ],
)
def test_what_is_asked_is_kept(text: str, mention: str) -> None:
    core = core_text(text, mention)
    assert core == text or (core in text and mention in core and "who directed it" in core.lower())


def test_the_name_stays_letter_for_letter() -> None:
    assert (
        core_text("Hello, who wrote Please Tell Me Why, please?", "Please Tell Me Why")
        == "who wrote Please Tell Me Why?"
    )


def test_a_question_of_padding_alone_stays() -> None:
    for text in ("Please?", "Could you please", "Thanks!", "who"):
        assert core_text(text) == text


def test_questions_without_padding_are_the_same_question(demo: Store) -> None:
    changed = []
    for split in ("train", "dev", "test"):
        for line in (demo_folder() / "questions" / f"{split}.jsonl").read_text("utf-8").splitlines()[::5]:
            text = json.loads(line)["question"]
            question = Question(text, link(demo, text))
            if without_padding(question) is not question:
                changed.append(text)
    assert changed == []
