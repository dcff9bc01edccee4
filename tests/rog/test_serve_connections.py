"""Connections that say nothing, too little or not HTTP, and those who do not read: nobody else waits for them."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.types import Message, Receive, Scope, Send

from kg.store import Store
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.serve import connections
from rog.serve.app import make_app
from rog.serve.connections import FilesError, Room, room
from rog.serve.engine import Engine
from tests.rog.serving import HEAT, Waiting, live

HEAD = b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n"
BEGUN = (b"", b"POST /v1/ask HTTP/1.1\r\nHost: 127", HEAD + b'{"question": ')


@contextmanager
def serving(films: Store, places: Room | None = None, planner: Any = None) -> Iterator[str]:
    engine = Engine(RoG(films, planner or LexicalPlanner(films)))
    with live(make_app(engine, "films"), places) as url:
        yield url


def ask(url: str) -> str:
    """The answer to a plain question, within five seconds."""
    body = json.dumps({"question": HEAT}).encode()
    asked = urllib.request.Request(f"{url}/v1/ask", body, {"content-type": "application/json"})
    with urllib.request.urlopen(asked, timeout=5) as response:
        text: str = json.load(response)["text"]
        return text


def connected(url: str, said: bytes = b"") -> socket.socket:
    """A connection that has said so much."""
    parts = urlsplit(url)
    found = socket.create_connection((parts.hostname, parts.port), timeout=5)
    found.sendall(said)
    return found


def heard(connection: socket.socket) -> bytes:
    """Everything that comes until the server closes."""
    found = b""
    try:
        while part := connection.recv(65_536):
            found += part
    except ConnectionResetError:
        pass
    return found


def document(response: bytes) -> tuple[int, str]:
    """Status and type of an error."""
    head, _, body = response.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body)["error"]["type"]


@pytest.mark.parametrize("said", BEGUN)
def test_half_open_connections_keep_nobody_out(films: Store, said: bytes) -> None:
    with ExitStack() as stack, serving(films, Room(10, 5)) as url:
        opened = [stack.enter_context(connected(url, said)) for _ in range(40)]
        assert [ask(url) for _ in range(3)] == ["Michael Mann"] * 3
        gone = 0
        for connection in opened:
            connection.setblocking(False)
            try:
                gone += connection.recv(1) == b""
            except BlockingIOError:
                pass
            except ConnectionResetError:
                gone += 1
        assert gone >= 30  # those that waited longest made room


def test_a_request_has_a_time_to_arrive(films: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.3)
    with serving(films) as url:
        for said in BEGUN:
            with connected(url, said) as connection:
                began = time.monotonic()
                response = heard(connection)
                assert time.monotonic() - began < 3
                if said:
                    assert document(response) == (408, "too_slow")
                else:
                    assert response == b""  # nothing was asked
        with connected(url, BEGUN[1]) as connection:
            for _ in range(20):  # a letter now and then does not buy time
                try:
                    connection.sendall(b"a")
                except OSError:
                    break
                time.sleep(0.05)
            else:
                pytest.fail("the connection is still open after a second")
        with connected(url) as connection:  # a whole request is not hurried, nor is the next one
            for _ in range(2):
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
                time.sleep(0.4)
                assert connection.recv(65_536).startswith(b"HTTP/1.1 200")


def test_a_slow_answer_is_not_a_slow_request(films: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "REQUEST_S", 0.2)
    planner = Waiting(films)
    with serving(films, planner=planner) as url:
        body = json.dumps({"question": HEAT}).encode()
        head = HEAD.replace(b"Content-Length: 40", f"Connection: close\r\nContent-Length: {len(body)}".encode())
        with connected(url, head + body) as connection:
            assert planner.begun.wait(5)
            time.sleep(0.4)
            planner.go.set()
            assert b"Michael Mann" in heard(connection)


def test_when_every_place_is_taken_by_a_question_one_more_is_told_so(films: Store) -> None:
    planner = Waiting(films)
    body = json.dumps({"question": HEAT}).encode()
    asked = HEAD.replace(b"Content-Length: 40", f"Connection: close\r\nContent-Length: {len(body)}".encode()) + body
    with serving(films, Room(2, 5), planner) as url:
        with connected(url, asked) as first, connected(url, asked) as second:
            assert planner.begun.wait(5)
            time.sleep(0.2)
            with connected(url) as third:
                assert document(heard(third)) == (503, "busy")
            planner.go.set()
            assert b"Michael Mann" in heard(first)
            assert b"Michael Mann" in heard(second)
        assert ask(url) == "Michael Mann"


def test_who_does_not_read_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "RESPONSE_S", 0.3)
    ended: list[float] = []

    async def much(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (message := await receive())["type"] != "lifespan.shutdown":
                await send({"type": f"{message['type']}.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(50):
            part: Message = {"type": "http.response.body", "body": b"x" * 1_000_000, "more_body": True}
            await send(part)
        ended.append(time.monotonic())

    with live(much) as url, connected(url, b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n") as connection:
        began = time.monotonic()
        while not ended and time.monotonic() - began < 5:
            time.sleep(0.05)
        assert ended, "the application still waits for its client"
        assert len(heard(connection)) < 50_000_000


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 40, 400),  # TLS
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST /v1/ask HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400),
        (HEAD.replace(b"40", b"99999999999999999999"), 413),
        (HEAD.replace(b"Content-Length: 40", b"Transfer-Encoding: chunked") + b"20000\r\n" + b" " * 0x20000, 413),
    ],
)
def test_what_is_no_request_is_refused_in_the_same_form(films: Store, said: bytes, status: int) -> None:
    with serving(films) as url, connected(url, said) as connection:
        assert document(heard(connection)) == (status, "invalid_request")


def test_nobody_is_upgraded(films: Store) -> None:
    said = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n"
    with serving(films) as url, connected(url, said) as connection:
        assert heard(connection).startswith(b"HTTP/1.1 200")


def test_room_is_what_the_files_of_the_process_leave() -> None:
    assert room(None) == room(1_000_000) == Room(1_000, 128)
    for files in (64, 100, 256, 1_024, 4_096):
        found = room(files)
        assert found.connections >= 8
        assert found.connections + found.queue <= files * 3 / 4  # the rest is the graph's and the models'
    with pytest.raises(FilesError, match="may open 32 files only; a server needs 64"):
        room(32)


@pytest.mark.slow
@pytest.mark.parametrize("said", BEGUN)
def test_300_half_open_connections_at_256_files(films: Store, said: bytes, tmp_path: Path) -> None:
    """The whole server: it answers, sleeps, and its log does not grow."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = f"ulimit -n 256; exec {sys.executable} -m rog serve --kg {films.name} --planner lexical --port {port}"
    log, url = tmp_path / "log", f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        process = subprocess.Popen(["bash", "-c", command], stderr=stack.enter_context(log.open("wb")))
        stack.callback(process.wait, 10)
        stack.callback(process.terminate)
        for _ in range(120):
            try:
                assert ask(url) == "Michael Mann"
                break
            except OSError:
                time.sleep(0.5)
        _opened = [stack.enter_context(connected(url, said)) for _ in range(300)]
        assert [ask(url) for _ in range(5)] == ["Michael Mann"] * 5
        time.sleep(2)
        assert log.stat().st_size < 1_000
