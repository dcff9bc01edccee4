"""Who may ask, and what no answer says: other sites, other hosts, no key, places on disk."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from kg.errors import GraphError, UnknownKeyError
from kg.open import open_graph
from kg.store import Store
from rog.cli_serve import title_of
from rog.serve import run
from rog.serve.errors import described, scrubber
from rog.serve.examples import examples
from rog.serve.guard import LOOPBACK
from tests.rog.serving import HEAT, served

KEY = "a-key-of-more-than-16"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"host": "localhost:1234"}, 200),
        ({"host": "[::1]:8000"}, 200),
        ({"host": "evil.example"}, 421),  # a name that somebody makes point here (DNS rebinding)
        ({"host": "127.0.0.1.evil.example"}, 421),
        ({"host": "[not an address"}, 421),
        ({"origin": "http://127.0.0.1:8000"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://["}, 403),
        ({"origin": "http://127.0.0.1:9999"}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-origin"}, 200),
    ],
)
def test_only_our_own_page_and_programs_may_ask(films: Store, headers: dict[str, str], status: int) -> None:
    with served(films) as client:
        assert client.post("/v1/ask", json={"question": HEAT}, headers=headers).status_code == status
        assert client.get("/v1/search", params={"q": "Heat"}, headers=headers).status_code == status


def test_a_link_from_elsewhere_opens_the_page_only(films: Store) -> None:
    followed = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}
    with served(films) as client:
        assert client.get("/", headers=followed).status_code == 200
        assert client.get("/v1/graph", headers=followed).status_code == 403


def test_nobody_may_read_or_frame_the_answers(films: Store) -> None:
    with served(films) as client:
        for path in ("/", "/v1/graph", "/static/app.js"):
            headers = client.get(path).headers
            assert "access-control-allow-origin" not in headers
            assert "frame-ancestors 'none'" in headers["content-security-policy"]
            assert "'unsafe-inline'" not in headers["content-security-policy"].split("script-src")[1].split(";")[0]
            assert headers["x-content-type-options"] == "nosniff"
        assert client.get("/v1/graph").headers["cache-control"] == "no-store"
        assert client.options("/v1/ask", headers={"origin": "https://evil.example"}).status_code == 403


def test_a_key_is_demanded_of_everything_that_knows_the_graph(films: Store) -> None:
    with served(films, key=KEY) as client:
        for path in ("/", "/healthz", "/docs", "/static/app.js"):
            assert client.get(path).status_code == 200
        for path in ("/v1/graph", "/v1/models", "/metrics"):
            assert client.get(path).status_code == 401
            assert client.get(path, headers={"authorization": "Bearer wrong-wrong-wrong-1"}).status_code == 401
            assert client.get(path, headers={"authorization": f"Bearer {KEY}"}).status_code == 200
        refused = client.post("/v1/ask", json={"question": HEAT})
        assert refused.headers["www-authenticate"] == "Bearer"
        assert KEY not in refused.text


def test_other_machines_need_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(run.KEY_VARIABLE, raising=False)
    assert run.api_key("127.0.0.1") == run.api_key("::1") == run.api_key("localhost") == ""
    for host in ("0.0.0.0", "::", "192.168.1.5", "example.org"):
        with pytest.raises(run.ServeError, match="ROG_API_KEY"):
            run.api_key(host)
    monkeypatch.setenv(run.KEY_VARIABLE, "short")
    with pytest.raises(run.ServeError, match="at least 16"):
        run.api_key("127.0.0.1")
    monkeypatch.setenv(run.KEY_VARIABLE, KEY)
    assert run.api_key("0.0.0.0") == KEY
    assert run.allowed_hosts("0.0.0.0", ()) is None
    assert run.allowed_hosts("0.0.0.0", ["Rog.example"]) == {"0.0.0.0", "rog.example", *LOOPBACK}
    assert run.allowed_hosts("127.0.0.1", ()) == LOOPBACK


def test_a_taken_port_is_one_line() -> None:
    with run.bound("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert run.address(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(run.ServeError, match=f"port {port} is taken: --port 0"):
            run.bound("127.0.0.1", port)
        ran = subprocess.run(
            [sys.executable, "-m", "rog", "serve", "--port", str(port), "--planner", "lexical"],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (ran.returncode, ran.stderr) == (1, f"error: port {port} is taken: --port 0 finds a free one\n")
    with pytest.raises(run.ServeError, match=r"203\.0\.113\.7:8000 cannot be listened to"):
        run.bound("203.0.113.7", 8000)


def test_no_message_says_where_the_graph_is(films: Store) -> None:
    scrub = scrubber(films, "films")
    said = described(GraphError(f"the names of {films.name} are damaged: {Path(films.name).resolve()}/x"), scrub)
    assert said == (503, "graph_error", "the names of films are damaged: films/x")
    assert described(UnknownKeyError("entity", "http://e.org/x", ()), scrub)[2] == "unknown entity 'http://e.org/x'"

    class Database:
        name = "neo4j+s://db.internal.example:7687/films"

    hidden = scrubber(Database(), "films")("neo4j+s://db.internal.example:7687/films: db.internal.example:7687 is gone")  # type: ignore[arg-type]
    assert "internal" not in hidden


def test_titles_and_examples(films: Store, demo: Store) -> None:
    assert title_of(films.name) == "films"
    assert title_of("demo") == "demo"
    assert title_of("neo4j://db.example:7687/movies") == "movies"
    assert title_of("neo4j://db.example:7687") == "neo4j"
    assert all(text.startswith("What is the ") for text in examples(demo))
    assert len(examples(demo)) == 3
    assert examples(open_graph([("a", "r", "b")])) == ()


def test_sockets_of_both_families() -> None:
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with run.bound("::1", 0) as listening:
        assert run.address(listening).startswith("http://[::1]:")


def test_markup_in_names_stays_text() -> None:
    bad = "<script>alert(1)</script>"
    graph = open_graph([("x<svg onload=alert(1)>", bad, f'"{bad}'), ("Heat", bad, bad)])
    with served(graph) as client:
        asked = {"question": "Heat", "plan": [bad], "entity": "Heat", "picture": "html"}
        answer = client.post("/v1/ask", json=asked).json()
        assert answer["text"] == bad
        assert "<script" not in answer["picture"]
        assert "onload" not in client.get("/docs").text
        around = client.get("/v1/entity", params={"entity": "x<svg onload=alert(1)>", "picture": True})
        assert around.headers["content-type"] == "application/json"
        assert "<script" not in around.json()["picture"]
        assert "<svg onload" not in around.json()["picture"]
