"""Tools for agents, used by the SDK's own client: in memory, over stdio, over HTTP."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from mcp import Client, StdioServerParameters

from kg.store import Store
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.serve.agents import make_mcp
from rog.serve.engine import Engine
from rog.serve.guard import Guard
from rog.serve.jsonrpc import http_app
from tests.rog.serving import HEAT, HERE, live

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
        ("ask", {"question": " "}, "should match pattern"),
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
    app = Guard(http_app(make_mcp(engine, "films")), engine.metrics)
    with live(app) as url:
        talk(f"{url}/mcp", asks)
    engine.close()


def test_over_stdio(films: Store, tmp_path: Path) -> None:
    command = ["-m", "rog", "mcp", "--kg", films.name, "--planner", "lexical"]
    talk(StdioServerParameters(command=sys.executable, args=command, cwd=tmp_path), asks)


NO_MESSAGES = [  # what is sent, the id and the code of the error
    (b"{", None, -32700),
    (b"", None, -32700),
    (b"\xff\xfe", None, -32700),
    (b"[" * 10_000, None, -32700),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"\\ud800"}}', None, -32700),
    (b"1", None, -32600),
    (b"null", None, -32600),
    (b"[]", None, -32600),
    (b'[{"jsonrpc":"2.0","id":1,"method":"ping"}]', None, -32600),
    (b'{"id":1,"method":"ping"}', 1, -32600),
    (b'{"jsonrpc":"1.0","id":1,"method":"ping"}', 1, -32600),
    (b'{"jsonrpc":"2.0","id":"a"}', "a", -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":7}', 1, -32600),
    (b'{"jsonrpc":"2.0","id":null,"method":"ping"}', None, -32600),
    (b'{"jsonrpc":"2.0","id":1.5,"method":"ping"}', None, -32600),
    (b'{"jsonrpc":"2.0","id":true,"method":"ping"}', None, -32600),
    (b'{"jsonrpc":"2.0","id":[1],"method":"ping"}', None, -32600),
    (b'{"jsonrpc":"2.0","id":1,"method":"nothing"}', 1, -32601),
    (b'{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}', 1, -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call"}', 1, -32602),
    (b'{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ask","arguments":[]}}', 1, -32602),
]
SENT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
HELLO = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def message(method: str, number: int | None = None, **params: object) -> bytes:
    numbered = {} if number is None else {"id": number}
    return json.dumps({"jsonrpc": "2.0", **numbered, "method": method, "params": params}).encode()


@pytest.fixture(scope="module")
def mcp_client(films: Store) -> Iterator[TestClient]:
    engine = engine_over(films)
    app = Guard(http_app(make_mcp(engine, "films")), engine.metrics)
    with TestClient(app, base_url=HERE, headers=SENT) as client:
        yield client
    engine.close()


@pytest.mark.parametrize(("sent", "number", "code"), NO_MESSAGES)
def test_what_is_no_message_gets_the_standards_error_over_http(
    mcp_client: TestClient, sent: bytes, number: object, code: int
) -> None:
    reply = mcp_client.post("/mcp", content=sent).json()
    assert (reply["jsonrpc"], reply["id"], reply["error"]["code"]) == ("2.0", number, code)
    assert "\n" not in reply["error"]["message"]


def test_sessions_cannot_be_abandoned_as_there_are_none(mcp_client: TestClient) -> None:
    before = len(gc.get_objects())
    for _ in range(50):
        opened = mcp_client.post("/mcp", content=message("initialize", 1, **HELLO))
        assert opened.json()["result"]["serverInfo"]["name"] == "rog"
        assert "mcp-session-id" not in opened.headers
    gc.collect()
    assert len(gc.get_objects()) - before < 5_000
    assert mcp_client.post("/mcp", content=message("ping", 2)).json() == {"jsonrpc": "2.0", "id": 2, "result": {}}
    told = mcp_client.post("/mcp", content=message("notifications/initialized"))
    assert (told.status_code, told.text) == (202, "")


@pytest.mark.parametrize(
    ("method", "path", "headers", "status"),
    [
        ("GET", "/mcp", {"accept": "text/event-stream"}, 405),
        ("DELETE", "/mcp", {}, 405),
        ("POST", "/", {}, 404),
        ("POST", "/mcp", {"content-type": "text/plain"}, 415),
        ("POST", "/mcp", {"host": "evil.example"}, 421),
    ],
)
def test_the_door_answers_in_the_documented_form(
    mcp_client: TestClient, method: str, path: str, headers: dict[str, str], status: int
) -> None:
    refused = mcp_client.request(method, path, headers=headers)
    assert refused.status_code == status
    assert refused.json()["error"].keys() == {"message", "type"}


def test_a_large_message_is_refused_in_the_documented_form(mcp_client: TestClient) -> None:
    refused = mcp_client.post("/mcp", content=b" " * 100_000)
    assert (refused.status_code, refused.json()["error"]["type"]) == (413, "invalid_request")


def test_what_is_no_message_gets_the_standards_error_over_stdio(films: Store, tmp_path: Path) -> None:
    """Every line is answered, the long one too; nothing else is written to stdout."""
    sent = [message("initialize", 0, **HELLO), message("notifications/initialized")]
    sent += [line for line, _, _ in NO_MESSAGES if line] + [b"", b"x" * 200_000, message("ping", 9)]
    command = [sys.executable, "-m", "rog", "mcp", "--kg", films.name, "--planner", "lexical"]
    done = subprocess.run(command, input=b"\n".join([*sent, b""]), capture_output=True, cwd=tmp_path, timeout=120)
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    errors = Counter((reply["id"], reply["error"]["code"]) for reply in replies if "error" in reply)
    wanted = Counter((number, code) for line, number, code in NO_MESSAGES if line) + Counter([(None, -32600)])
    assert errors == wanted
    assert sorted(reply["id"] for reply in replies if "result" in reply) == [0, 9]
    assert done.returncode == 0
