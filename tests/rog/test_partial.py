"""A refusal that names the words left out, and what is related to it, on every face: command, chat, API, MCP."""

from __future__ import annotations

import json
from typing import Any

import anyio
import pytest
from mcp import Client
from rich.console import Console

from kg.store import Store
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.chat import Chat
from rog.picture.scene import scene
from rog.serve.agents import make_mcp
from rog.serve.engine import Engine
from rog.show import as_json
from rog.traces import from_json
from tests.commands import rog
from tests.rog.serving import served

NOT = "Which actor is not in Heat?"
LEFT_OUT = "'not' was not applied"
RELATED = "elated, not the answer: Al Pacino and Robert De Niro"


def test_the_command_refuses_and_partial_shows_what_is_related() -> None:
    asked = ("ask", "Which currency is not used in Peru?", "--planner", "lexical")
    plain, partial = rog(*asked), rog(*asked, "--partial")
    assert (plain.returncode, partial.returncode) == (3, 3)
    assert all(words in plain.stdout for words in (LEFT_OUT, "--partial"))
    assert "related, not the answer" not in plain.stdout
    assert all(words in partial.stdout for words in (LEFT_OUT, "related, not the answer: Peruvian sol"))
    whole, related = (json.loads(rog(*asked, *more, "--json").stdout) for more in ((), ("--partial",)))
    assert (whole["refusal"], whole["related"], whole["answers"]) == ("not applied", None, [])
    assert (related["related"]["text"], related["answers"], related["verdict"]) == (
        "Peruvian sol",
        [],
        "no grounded answer",
    )


def test_a_conversation_shows_what_is_related(films: Store) -> None:
    console = Console(width=200)
    with console.capture() as said:
        Chat(RoG(films, LexicalPlanner(films)), console, partial=True).answer(NOT)
    assert all(words in said.get() for words in (LEFT_OUT, RELATED))


@pytest.mark.parametrize("partial", [False, True])
def test_the_api_says_what_was_left_out(films: Store, partial: bool) -> None:
    with served(films) as client:
        said = client.post("/v1/ask", json={"question": NOT, "partial": partial}).json()
        chat = {"messages": [{"role": "user", "content": NOT}], "partial": partial}
        content = client.post("/v1/chat/completions", json=chat).json()["choices"][0]["message"]["content"]
    assert (said["refusal"], said["reasons"], said["answers"], said["support"]) == ("not applied", [LEFT_OUT], [], [])
    assert bool(said["related"]) == partial == (RELATED in content)
    assert content.startswith("No grounded answer")


def test_agents_are_told_too(films: Store) -> None:
    async def work() -> Any:
        async with Client(make_mcp(Engine(RoG(films, LexicalPlanner(films))), "films")) as client:
            return (await client.call_tool("ask", {"question": NOT, "partial": True})).structured_content

    said = anyio.run(work)
    assert (said["refusal"], said["answers"], said["proof"]) == ("not applied", [], [])
    assert said["related"]["text"] == "Al Pacino and Robert De Niro"


def test_pictures_and_stored_traces_keep_it(films: Store) -> None:
    trace = RoG(films, LexicalPlanner(films)).trace(NOT)
    assert trace.answer.related is not None
    assert scene(trace, films).headline.startswith(f"No grounded answer: {LEFT_OUT}")
    written = as_json(trace, films, partial=True)
    read, names = from_json(json.loads(json.dumps(written)))
    assert (read.answer.refusal, read.answer.reasons) == ("not applied", trace.answer.reasons)
    assert read.answer.related is not None
    assert read.answer.related.support == trace.answer.related.support
    assert as_json(read, names, partial=True)["related"] == written["related"]
