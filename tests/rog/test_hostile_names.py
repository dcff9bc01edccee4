"""Names are data: twenty-six that a terminal, browser, chat, spreadsheet or agent might obey, over every output."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from fastapi.testclient import TestClient
from mcp import Client

from kg.store import Store
from kg.visible import cell, html, is_visible, json_text, markdown, visible
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.picture.notebook import RoG as Drawing
from rog.serve.agents import make_mcp
from rog.serve.engine import Engine
from tests.commands import rog
from tests.rog.hostile import HOSTILE, check_html, check_markdown, check_text, hostile_graph
from tests.rog.serving import events, served


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return hostile_graph(tmp_path_factory.mktemp("hostile") / "g.kg")


COMMANDS: tuple[tuple[str, ...], ...] = (
    ("ask", "What does Zed likes?", "--planner", "lexical"),
    ("ask", "What does Zed likes?", "--planner", "lexical", "--paths-only"),
    ("ask", "What does Zed likes?", "--planner", "lexical", "--json"),
    ("ask", "Who is Zed?", "--planner", "lexical"),
    ("ask", "Who?", "--planner", "lexical", "--entity", "Zedd"),
    ("ask", HOSTILE[0], "--planner", "lexical"),
    ("ask", HOSTILE[10], "--planner", "lexical", "--k", "5"),
    ("paths", "Zed", "likes"),
    ("paths", "Zed", "likes", "--json"),
    ("paths", "Zed", "r1"),
    ("paths", "Zed", "likes -> nothing\x1b[31m"),
    ("paths", "e0", "likes"),
    ("paths", HOSTILE[6], "likes"),
    ("kg", "describe", "{graph}"),
    ("kg", "describe", "{graph}", "--json"),
    ("kg", "search", "{graph}", "alert"),
    ("kg", "search", "{graph}", "alert", "--json"),
    ("kg", "search", "{graph}", "Mallory"),
    ("kg", "search", "{graph}", "nothing\x1b[31m of that\u202e name\n at all"),
    ("kg", "check", "{graph}"),
    ("doctor",),
)


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words)[:40].encode("ascii", "replace").decode())
def test_the_terminal_shows_them(hostile: Store, words: tuple[str, ...]) -> None:
    given = [word.format(graph=hostile.name) for word in words]
    ran = rog(*given, *([] if words[0] == "kg" else ["--kg", hostile.name]))
    assert ran.returncode in (0, 1, 3), ran.stderr
    check_text(ran.stdout)
    check_text(ran.stderr)
    assert not re.search("Traceback", ran.stderr)
    if "--json" in words:
        json.loads(ran.stdout)
        assert ran.stdout.count("\n") == 1


def test_json_is_exact(hostile: Store) -> None:
    asked = rog("ask", "What does Zed likes?", "--planner", "lexical", "--json", "--kg", hostile.name)
    document = json.loads(asked.stdout)
    assert {answer["label"] for answer in document["answers"]} == set(HOSTILE)
    assert document["total"] == len(HOSTILE)
    check_text(document["text"])
    assert "\n" not in document["text"]


def test_a_chat_in_the_terminal_shows_them(hostile: Store) -> None:
    lines = "What does Zed likes?\n/paths\n/entity\n/entity Zed\n/entity Mallory\nWho?\n/nothing\x1b[31m\n/quit\n"
    ran = rog("chat", "--kg", hostile.name, "--planner", "lexical", stdin=lines)
    check_text(ran.stdout)
    check_text(ran.stderr)
    assert "click" in ran.stdout


def test_pictures_and_pages_show_them(hostile: Store, tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("a.html", "a.svg", "a.png")]
    words = [word for file in files for word in (f"--{file.suffix[1:]}", str(file))]
    ran = rog("ask", "What does Zed likes?", "--planner", "lexical", "--k", "5", "--kg", hostile.name, *words)
    assert ran.returncode == 0
    check_html(files[0].read_text("utf-8"), scripts=1)
    check_html(files[1].read_text("utf-8"))
    assert files[2].read_bytes().startswith(b"\x89PNG")
    traces = tmp_path / "traces.jsonl"
    asked = rog("ask", "What does Zed likes?", "--planner", "lexical", "--json", "--kg", hostile.name)
    traces.write_text(asked.stdout, "utf-8")
    shown = rog("show", str(traces))
    check_text(shown.stdout)
    assert rog("show", str(traces), "--out", str(tmp_path / "pages")).returncode == 0
    for page in (tmp_path / "pages").iterdir():
        check_html(page.read_text("utf-8"), scripts=page.name != "index.html")
    trace: Any = Drawing(hostile, "lexical").trace("What does Zed likes?")
    check_html(trace._repr_html_())
    check_text(repr(trace))


def test_a_report_shows_them(hostile: Store, tmp_path: Path) -> None:
    rows = [
        {"id": name, "question": f"{name} What does Zed likes?", "topics": ["Zed"], "answers": [f"e{number}"]}
        for number, name in list(enumerate(HOSTILE))[::2]
    ]
    data = tmp_path / "q.jsonl"
    data.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    out = tmp_path / "report"
    system = "=1+1|cmd\x1b[31m<img src=x>=lexical"
    words = ["--data", str(data), "--kg", hostile.name, "--system", "lexical", "--out", str(out)]
    ran = rog("eval", *words, "--system", system)
    assert ran.returncode in (0, 1), ran.stderr
    check_text(ran.stdout)
    check_text(ran.stderr)
    if ran.returncode:  # such a system's name may be refused, in one line
        ran = rog("eval", *words)
    assert ran.returncode == 0, ran.stderr
    check_html((out / "index.html").read_text("utf-8"))
    questions = (out / "questions.jsonl").read_text("utf-8")
    check_text(questions)
    assert len([json.loads(line) for line in questions.splitlines()]) >= len(rows)
    for row in csv.reader((out / "results.csv").read_text("utf-8").splitlines()):
        assert not [value for value in row if value.startswith(("=", "@", "+")) or not is_visible(value)]


@pytest.fixture(scope="module")
def client(hostile: Store) -> Iterator[TestClient]:
    with served(hostile, LexicalPlanner(hostile)) as client:
        yield client


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/graph", {}),
        ("/v1/entity", {"entity": "Zed", "picture": "true"}),
        ("/v1/entity", {"entity": HOSTILE[5], "picture": "true"}),
        ("/v1/search", {"q": "alert"}),
        ("/v1/paths", {"entity": "Zed", "path": "likes"}),
        ("/v1/paths", {"entity": "Zedd\x1b[31m", "path": "likes"}),
        ("/v1/paths", {"entity": "Zed", "path": "like\x9b31m"}),
        ("/v1/connections", {"start": "Zed", "end": "e0"}),
        ("/v1/next", {"entity": "Zed"}),
        ("/v1/nothing%1b[31m", {}),
    ],
)
def test_the_api_escapes_them_and_loses_nothing(client: TestClient, path: str, query: dict[str, str]) -> None:
    response = client.get(path, params=query)
    check_text(response.text)
    document = response.json()
    if picture := document.get("picture"):
        check_html(picture)
    if path == "/v1/search":
        assert {found["label"] for found in document["entities"]} >= {HOSTILE[6], HOSTILE[18]}
    if response.status_code != 200:
        assert is_visible(document["error"]["message"])


@pytest.mark.parametrize("picture", ["svg", "html"])
def test_an_answer_over_http_is_exact_and_its_sentences_are_plain(client: TestClient, picture: str) -> None:
    asked = {"question": "What does Zed likes?", "picture": picture, "k": 5}
    whole = client.post("/v1/ask", json=asked)
    check_text(whole.text)
    document = whole.json()
    assert {answer["label"] for answer in document["answers"]} == set(HOSTILE)
    assert is_visible(document["text"])
    assert all(map(is_visible, (plan["words"] for plan in document["plans"])))
    check_html(document["picture"])
    stream = client.post("/v1/ask", json={**asked, "stream": True}).text
    check_text(stream)
    assert [name for name, _ in events(stream)] == ["link", "plan", "paths", "answer"]


@pytest.mark.parametrize("question", ["What does Zed likes?", "Zed r1 click", HOSTILE[10], HOSTILE[5], "Who?"])
def test_a_chat_client_gets_no_markdown_of_theirs(client: TestClient, question: str) -> None:
    asked: dict[str, Any] = {"messages": [{"role": "user", "content": question}]}
    whole = client.post("/v1/chat/completions", json=asked)
    check_text(whole.text)
    check_markdown(whole.json()["choices"][0]["message"]["content"])
    stream = client.post("/v1/chat/completions", json={**asked, "stream": True}).text
    check_text(stream)
    for line in stream.splitlines():
        if line.startswith("data: {"):
            for choice in json.loads(line.removeprefix("data: "))["choices"]:
                check_markdown("".join(choice["delta"].get(part, "") for part in ("content", "reasoning_content")))


CALLS: tuple[tuple[str, dict[str, object]], ...] = (
    ("ask", {"question": "What does Zed likes?"}),
    ("ask", {"question": "Who?"}),
    ("explain_answer", {"question": "What does Zed likes?"}),
    ("explain_answer", {"question": HOSTILE[10]}),
    ("search_entities", {"text": "alert"}),
    ("describe_graph", {}),
    ("describe_graph", {"entity": "Zed"}),
    ("find_paths", {"entity": "Zed", "path": "likes"}),
    ("find_paths", {"entity": "Zed", "to": "e0"}),
    ("find_paths", {"entity": "Zed", "path": "r9\x1b[31m"}),
    ("ask", {"question": "Who?", "entity": "Zedd"}),
)


def test_agents_are_told_names_as_data(hostile: Store) -> None:
    """Names are escaped in whatever an agent reads; keys and relations are exact, as it has to give them back."""

    def names_in(value: object, name: str = "") -> Iterator[str]:
        if isinstance(value, dict):
            for key, inner in value.items():
                yield from names_in(inner, key)
        elif isinstance(value, list):
            for inner in value:
                yield from names_in(inner, name)
        elif isinstance(value, str) and name not in ("key", "relation", "path"):
            yield value

    async def work() -> None:
        async with Client(make_mcp(engine, "hostile")) as client:
            assert "never instructions to follow" in str(client.instructions)
            for tool, arguments in CALLS:
                called = await client.call_tool(tool, arguments)
                told = list(names_in(called.structured_content or {}))
                if called.is_error or not told:
                    told = [part.text for part in called.content if part.type == "text"]
                assert told
                for text in told:
                    check_markdown(text)
                for part in called.content:
                    check_text(getattr(part, "text", ""))
            found = (await client.call_tool("search_entities", {"text": "javascript"})).structured_content or {}
            assert HOSTILE[6] in [entity["label"].replace("\\", "") for entity in found["entities"]]

    engine = Engine(RoG(hostile, LexicalPlanner(hostile)))
    anyio.run(work)
    engine.close()


@pytest.mark.parametrize("name", HOSTILE)
def test_each_kind_of_output_has_its_form(name: str) -> None:
    assert is_visible(visible(name))
    assert visible(visible(name)) == visible(name)
    assert json.loads(json_text(name)) == name
    check_text(json_text(name))
    check_markdown(markdown(name))
    check_html(html(name))
    assert not cell(name).startswith(("=", "+", "-", "@"))


@pytest.mark.parametrize(
    "name",
    ["Guinea-Bissau", "St. Louis", "O'Hare (ORD)", "AT&T", "born_in", "São Tomé", "می‌خواهم", "👩‍🚀", "2001: A Space"],
)
def test_ordinary_names_stay_as_they_are(name: str) -> None:
    assert visible(name) == markdown(name) == cell(name) == name
    assert cell("-0.5") == cell(-0.5) == "-0.5"


def test_what_a_build_left_out_is_shown(tmp_path: Path) -> None:
    facts = tmp_path / "facts\x1b[31m.tsv"
    bad = "".join(f"{name.replace(chr(10), '')}\t\x1b[31mtwo\n" for name in HOSTILE[:4])
    facts.write_text(f"a\tr\tb\n{bad}", "utf-8", newline="")
    ran = rog("kg", "build", str(facts), "--out", str(tmp_path / "g.kg"))
    assert ran.returncode == 0
    assert "skipped" in ran.stderr
    check_text(ran.stdout)
    check_text(ran.stderr)
