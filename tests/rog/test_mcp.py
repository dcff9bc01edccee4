"""Tools for agents, used by the SDK's own client: in memory, over stdio, over HTTP."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client, StdioServerParameters

from kg.store import Store
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.serve.agents import make_mcp
from rog.serve.engine import Engine
from rog.serve.guard import Guard
from tests.rog.serving import HEAT, live

TOOLS = ["search_entities", "describe_graph", "find_paths", "ask", "explain_answer"]


def engine_over(graph: Store) -> Engine:
    return Engine(RoG(graph, LexicalPlanner(graph)))


def talk(server: Any, work: Callable[[Client], Awaitable[None]]) -> None:
    """Do something with a client of a server."""

    async def connected() -> None:
        with anyio.fail_after(60):
            async with Client(server) as client:
                await work(client)

    anyio.run(connected)


def test_every_tool_answers_from_the_graph(films: Store) -> None:
    async def work(client: Client) -> None:
        tools = (await client.list_tools()).tools
        assert [tool.name for tool in tools] == TOOLS
        assert all(tool.annotations and tool.annotations.read_only_hint and tool.description for tool in tools)

        async def call(name: str, **arguments: object) -> Any:
            called = await client.call_tool(name, arguments)
            assert not called.is_error, called.content
            return called.structured_content

        assert (await call("search_entities", text="micheal mann"))["entities"][0]["key"] == "mann"
        described = (await call("describe_graph"))["result"]
        assert (described["name"], described["facts"]) == ("films", films.size.triples)
        around = (await call("describe_graph", entity="Chicago"))["result"]
        assert {row["relation"] for row in around["relations"]} == {"~born_in", "country"}
        walked = await call("find_paths", entity="heat", path="actor -> ~actor")
        assert walked["paths"] == [
            {"path": "actor -> ~actor", "total": 1, "walks": ["Heat ─actor→ Al Pacino ←actor─ The Insider"]}
        ]
        joined = await call("find_paths", entity="Heat", to="Chicago")
        assert [row["path"] for row in joined["paths"]] == ["directed_by -> born_in"]
        answer = await call("ask", question=HEAT)
        assert (answer["text"], answer["verdict"]) == ("Michael Mann", "grounded")
        assert answer["proof"] == ["Heat ─directed by→ Michael Mann"]
        refused = await call("ask", question="Who directed Casablanca?")
        assert (refused["verdict"], refused["answers"]) == ("no grounded answer", [])
        explained = (await call("explain_answer", question=HEAT))["result"]
        assert "plan 1, p=" in explained
        assert "(cited)" in explained
        assert explained.endswith("every step of all 1 cited paths is a stored fact")
        assert "no grounded answer: " in (await call("explain_answer", question="Who?"))["result"]

    engine = engine_over(films)
    talk(make_mcp(engine, "films"), work)
    engine.close()


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("ask", {"question": ""}, "question"),
        ("ask", {"question": HEAT, "entity": "hat"}, "did you mean Heat"),
        ("find_paths", {"entity": "Heat"}, "say either which relations"),
        ("find_paths", {"entity": "Hat", "path": "actor"}, "no entity has the key or name 'Hat'; did you mean Heat"),
        ("find_paths", {"entity": "Heat", "path": "acts"}, "unknown relation 'acts'; did you mean 'actor'"),
        ("search_entities", {"text": "x" * 300}, "200"),
        ("describe_graph", {"limit": 10_000}, "200"),
    ],
)
def test_mistakes_are_told_to_the_agent(films: Store, tool: str, arguments: dict[str, object], said: str) -> None:
    async def work(client: Client) -> None:
        called = await client.call_tool(tool, arguments)
        assert called.is_error
        assert said in str(called.content)
        assert films.name not in str(called.content)

    engine = engine_over(films)
    talk(make_mcp(engine, "films"), work)
    engine.close()


async def asks(client: Client) -> None:
    assert [tool.name for tool in (await client.list_tools()).tools] == TOOLS
    called = await client.call_tool("ask", {"question": HEAT})
    assert called.structured_content is not None
    assert called.structured_content["text"] == "Michael Mann"


def test_over_http_behind_the_guard(films: Store) -> None:
    engine = engine_over(films)
    app = Guard(make_mcp(engine, "films").streamable_http_app(host="0.0.0.0"), engine.metrics)
    with live(app) as url:
        talk(f"{url}/mcp", asks)
    engine.close()


def test_over_stdio(films: Store, tmp_path: Path) -> None:
    command = ["-m", "rog", "mcp", "--kg", films.name, "--planner", "lexical"]
    talk(StdioServerParameters(command=sys.executable, args=command, cwd=tmp_path), asks)
