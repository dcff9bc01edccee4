"""A planner behind a server: only plans that exist get through, what was dropped is said, errors are one line."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from math import isclose

import pytest
from typer.testing import CliRunner

from kg.errors import ModelError
from kg.graph import Graph
from kg.link import link
from kg.types import Question
from planner.base import Plan
from planner.chat_client import LARGEST, chat_model
from planner.prompts import relation_words
from planner.registry import make_planner
from planner.remote import MORE, RemotePlanner, legal_words
from planner.space import plan_space
from reasoner.pipeline import RoG
from rog.cli import app
from tests.chat_server import Say, chat_server

KEY = "sk-secret-0123456789"
BORN = "Where was the director of Heat born?"


@pytest.fixture(autouse=True)
def no_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def asked(graph: Graph, text: str = BORN) -> Question:
    return Question(text, link(graph, text))


def planned(graph: Graph, say: Say, k: int = 3, max_hops: int = 3) -> Plan:
    with chat_server(say) as server:
        return make_planner(f"openai:{server.url}#tiny", graph).plan([asked(graph)], k, max_hops)[0]


def error(graph: Graph, say: Say) -> str:
    with pytest.raises(ModelError) as raised:
        planned(graph, say)
    assert "\n" not in str(raised.value)
    assert "127.0.0.1" not in str(raised.value)
    return str(raised.value)


def test_a_valid_plan_is_walked_to_the_answer(films: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    with chat_server(lambda _: "directed by -> born in\nactor") as server:
        trace = RoG(films, f"openai:{server.url}/#tiny").trace(BORN)
    assert trace.answer.entities == ("chicago",)
    assert [path.relations for path in trace.plan.paths] == [("directed_by", "born_in"), ("actor",)]
    assert isclose(trace.plan.paths[0].probability, 2 / 3)
    assert isclose(sum(path.probability for path in trace.plan.paths), 1)
    assert not trace.plan.exact
    ((path, headers, document),) = server.requests
    assert path == "/v1/chat/completions"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (document["model"], document["temperature"]) == ("tiny", 0)
    system, user = (message["content"] for message in document["messages"])
    assert "Who wrote Hamlet?" in system
    assert user.endswith(f"Question: {BORN}\nEntity: Heat\nPath:")
    assert "From the entity: actor; directed by; genre\n" in user
    assert "\nAfter directed by -> born in: " in user


def test_what_does_not_exist_is_dropped_and_counted(films: Graph) -> None:
    reply = "Here you are:\n1. directed by -> married to\n2. `directed by → born in`\n- born in\n* directed by"
    plan = planned(films, lambda _: reply)
    assert [path.relations for path in plan.paths] == [("directed_by", "born_in"), ("directed_by",)]
    assert "dropped 3 of 5 lines" in plan.note


def test_plans_are_cut_at_k_at_the_hops_and_where_they_repeat(films: Graph) -> None:
    reply = "<think>directed by?\n</think>genre\nPath: genre\ndirected by -> born in\nactor\ndirected by"
    plan = planned(films, lambda _: reply, k=2, max_hops=1)
    assert [path.relations for path in plan.paths] == [("genre",), ("actor",)]
    assert "dropped 1 of 5 lines" in plan.note


@pytest.mark.parametrize(
    ("reply", "note"),
    [
        ("I would ask a librarian.\nOr two.", "dropped 2 of 2 lines"),
        ("", "the model's reply is empty"),
        ("<think>directed by", "the model's reply is empty"),
        ("None.", "the planner says that no relation path answers this"),
    ],
)
def test_garbage_and_none_are_no_plan(films: Graph, reply: str, note: str) -> None:
    plan = planned(films, lambda _: reply)
    assert (plan.paths, plan.fits) == ((), 0.0)
    assert note in plan.note


def test_questions_are_asked_side_by_side_and_only_those_with_a_topic(films: Graph) -> None:
    both = threading.Barrier(2)

    def say(prompt: str) -> str:
        both.wait(10)
        return "actor" if "Who acted" in prompt else "directed by"

    texts = ("Who acted in Heat?", "What is that?", "Who directed The Insider?")
    with chat_server(say) as server:
        plans = make_planner(f"openai:{server.url}#tiny", films).plan([asked(films, text) for text in texts])
    assert [[path.relations for path in plan.paths] for plan in plans] == [[("actor",)], [], [("directed_by",)]]
    assert "no entity" in plans[1].note


def test_relations_that_do_not_fit_are_not_shown(films: Graph) -> None:
    space, words = plan_space(films, asked(films), 3), relation_words(films)
    every = legal_words(space, words)
    assert MORE not in every
    for budget in range(17, len(every), 29):
        shown = legal_words(space, words, budget)
        assert shown.endswith("\n" + MORE) or shown == MORE
        assert len(shown) <= budget + 1 + len(MORE)
        kept = shown.removesuffix(MORE).rstrip("\n")
        assert every.startswith(kept)
        assert every[len(kept) :][:1] in (";", "\n", "F")


def test_refusals_are_one_line_without_the_key(films: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "wants OPENAI_API_KEY (401)" in error(films, lambda _: (401, b""))
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    for status, what in ((401, "does not take the key"), (404, "no such model"), (302, "(302)"), (500, "(500)")):
        told = error(films, lambda _, status=status: (status, f"wrong: {KEY}".encode()))  # type: ignore[misc]
        assert what in told
        assert KEY not in told
    assert KEY not in repr(chat_model("openai:http://x/v1#m"))
    for body in (b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{"message": null}]}', b"\xff", b"[" * 200_000):
        assert "no chat completion" in error(films, lambda _, body=body: (200, body))  # type: ignore[misc]
    assert "more than" in error(films, lambda _: (200, b" " * (LARGEST + 1)))


def test_a_server_that_is_not_there_or_slow(films: Graph) -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    result = CliRunner().invoke(app, ["ask", "--planner", f"openai:http://127.0.0.1:{port}/v1#tiny", "Who leads Peru?"])
    assert isinstance(result.exception, ModelError)
    assert "cannot be reached (Connection refused)" in str(result.exception)
    done = threading.Event()

    def wait(_: str) -> tuple[int, bytes]:
        done.wait(10)
        return 204, b""

    with chat_server(wait) as server:
        planner = RemotePlanner(films, replace(chat_model(f"openai:{server.url}#tiny"), seconds=0.2))
        with pytest.raises(ModelError, match=r"within 0\.2 seconds"):
            planner.plan([asked(films)])
        done.set()


@pytest.mark.parametrize(
    "name",
    [
        "openai:",
        "openai:http://127.0.0.1/v1",
        "openai:http://127.0.0.1/v1#",
        "openai:#llama3",
        "openai:ftp://host/v1#m",
        "openai:file:///etc/passwd#m",
        "openai:http:///v1#m",
        "openai:http://host:port/v1#m",
        "openai:http://[::1/v1#m",
        "openai:http://ho st/v1#m",
    ],
)
def test_other_forms_are_refused_with_the_form(films: Graph, name: str) -> None:
    with pytest.raises(ModelError, match=r"openai:http://127\.0\.0\.1:11434/v1#llama3"):
        make_planner(name, films)


def test_secrets_have_one_place(films: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    for url in ("http://me:hunter2@host/v1", "http://host/v1?key=hunter2"):
        with pytest.raises(ModelError, match="belongs in OPENAI_API_KEY") as raised:
            make_planner(f"openai:{url}#m", films)
        assert "hunter2" not in str(raised.value)
    monkeypatch.setenv("OPENAI_API_KEY", "hunter2\nx-other: 1")
    with pytest.raises(ModelError, match="characters that no key has") as raised:
        make_planner("openai:http://host/v1#m", films)
    assert "hunter2" not in str(raised.value)
