"""A reasoner behind a server: it chooses lines of evidence by number; any other reply is a refusal."""

from __future__ import annotations

from math import isclose, log

import pytest

from kg.graph import Graph
from kg.link import link
from kg.open import open_graph
from kg.types import Question, Topic
from planner.base import Plan, ScoredPath
from reasoner.base import Answer, Evidence
from reasoner.registry import make_reasoner
from reasoner.remote import line_numbers
from reasoner.retrieve import retrieve
from reasoner.verify import problems
from tests.chat_server import chat_server

TEXT = "Who made Heat?"
PLAN = Plan(
    tuple(ScoredPath(path, log(p)) for path, p in ((("genre",), 0.5), (("actor",), 0.3), (("directed_by",), 0.2)))
)


def answered(graph: Graph, reply: str) -> tuple[Answer, str]:
    """The answer to that reply, and the prompt."""
    question = Question(TEXT, link(graph, TEXT))
    with chat_server(lambda _: reply) as server:
        reasoner = make_reasoner(f"openai:{server.url}#tiny", graph)
        answer = reasoner.answer([question], [PLAN], [retrieve(graph, question, PLAN)])[0]
    assert problems(graph, question, PLAN, answer) == []
    return answer, server.requests[0][2]["messages"][1]["content"]


def test_the_answer_is_where_the_chosen_line_ends(films: Graph) -> None:
    answer, prompt = answered(films, "3")
    assert (answer.entities, answer.text, answer.verdict) == (("mann",), "Michael Mann", "grounded")
    assert isclose(answer.confidence, 0.2)
    lines = (
        "1. Heat → genre → crime\n2. Heat → actor → Robert De Niro (and 1 more)\n3. Heat → directed by → Michael Mann\n"
    )
    assert prompt == f"Paths:\n{lines}Question: {TEXT}\nNumber:"


def test_several_lines_are_one_answer(films: Graph) -> None:
    answer, _ = answered(films, "Numbers: 2, 3")
    assert set(answer.entities) == {"de_niro", "pacino", "mann"}
    assert answer.total == 3
    assert isclose(answer.confidence, 0.5)


def test_lines_that_lead_to_the_same_are_counted_once() -> None:
    facts = [("a", relation, f"n{i:03}") for i in range(300) for relation in ("r", "s")]
    graph = open_graph([*facts, ("a", "t", "n999")])
    question = Question("a", (Topic(graph.entity("a"), 1.0, "a"),))
    tried = Plan(tuple(ScoredPath((relation,), log(0.3)) for relation in ("r", "s", "t")))
    with chat_server(lambda _: "1, 2, 3") as server:
        reasoner = make_reasoner(f"openai:{server.url}#tiny", graph)
        answer = reasoner.answer([question], [tried], [retrieve(graph, question, tried)])[0]
    assert (len(answer.entities), answer.total) == (201, 301)
    assert problems(graph, question, tried, answer) == []


@pytest.mark.parametrize(
    "reply", ["none", "None.", "", "4", "0", "3 and 4", "Michael Mann", "3. Ridley Scott", "-1", "²"]
)
def test_anything_else_is_a_refusal(films: Graph, reply: str) -> None:
    answer, _ = answered(films, reply)
    assert (answer.entities, answer.verdict, answer.confidence) == ((), "no grounded answer", 0.0)
    assert len(answer.reasons) == 3
    assert "Scott" not in answer.text + "".join(answer.reasons)
    assert ("answers this" in answer.text) is (reply.lower().startswith("none"))


def test_numbers_are_read() -> None:
    assert line_numbers("2", 2) == [2]
    assert line_numbers(" **2, 1 and 2.** ", 2) == [2, 1]
    assert line_numbers("Number: 1", 2) == [1]
    assert line_numbers("1, 2, and 3", 3) == line_numbers("1, 2 and 3", 3) == [1, 2, 3]
    assert line_numbers("12", 9) == []


def test_without_evidence_no_server_is_asked(films: Graph) -> None:
    reasoner = make_reasoner("openai:http://127.0.0.1:1/v1#tiny", films)
    (answer,) = reasoner.answer([Question(TEXT)], [Plan((), note="nothing")], [Evidence(())])
    assert (answer.entities, answer.reasons) == ((), ("nothing",))
