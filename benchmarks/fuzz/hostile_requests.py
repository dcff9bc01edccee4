"""Hostile requests to a running server: each has a documented answer, and plain questions are answered between them.

    python -m benchmarks.fuzz.hostile_requests --count 3000 --seed 0
    python -m benchmarks.fuzz.hostile_requests --seed 0 --only 4711

Requests go to `rog serve`'s and `rog mcp --http`'s applications in turn, over sockets. After every batch a plain
question must be answered within the limit. Exits with 1 if anything came out wrong.
"""

from __future__ import annotations

import argparse
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.types import ASGIApp

from benchmarks.fuzz.requests import BODIES, RPC, hostile_request, post
from kg.graph import Graph
from kg.open import open_graph
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.serve.agents import make_mcp
from rog.serve.app import make_app
from rog.serve.engine import Engine
from rog.serve.errors import DOCUMENTED
from rog.serve.guard import Guard
from rog.serve.jsonrpc import http_app
from rog.serve.run import address, bound, server_of

FILMS = (
    ("heat", "directed_by", "mann"), ("heat", "actor", "pacino"), ("insider", "directed_by", "mann"),
    ("insider", "actor", "pacino"), ("mann", "born_in", "chicago"), ("chicago", "country", "usa"),
)  # fmt: skip
QUESTION = b'{"question": "Who directed Heat?"}'
PAGES = tuple(path for path in BODIES if path != "/mcp")
ALLOWED = frozenset({200, 202, 307, 406, *DOCUMENTED}) - {500}  # 406: MCP to whoever does not accept JSON
BATCH = 25  # hostile requests between two plain questions
SECONDS = 10.0  # that an answer may take


class Fault(NamedTuple):
    """What was wrong with the answer to a request."""

    number: int
    kind: str
    what: str


class Report(NamedTuple):
    """Everything that came out."""

    faults: list[Fault]
    statuses: Counter[str]
    slowest: float  # seconds that a plain question took


@contextmanager
def running(app: ASGIApp) -> Iterator[str]:
    """The address of a server of an application in another thread."""
    with bound("127.0.0.1", 0) as listening:
        server = server_of(app)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield address(listening)
        finally:
            server.should_exit = True
            thread.join(10)


def exchanged(url: str, data: bytes, is_whole: bool = True) -> bytes:
    """What comes back until the server closes; after a request that is not whole the client says that it has ended."""
    parts, found = urlsplit(url), b""
    with socket.create_connection((parts.hostname, parts.port), timeout=SECONDS) as connection:
        with suppress(ConnectionError):  # it may be answered, and closed, before it was sent
            connection.sendall(data)
            if not is_whole:
                connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                found += part
    return found


def wrong_answer(response: bytes, is_whole: bool) -> tuple[str, str]:
    """The status of a response, or "none", and what is wrong with it, "" for nothing."""
    if not response:
        return "none", "no answer" if is_whole else ""
    first, _, _ = response.partition(b"\r\n")
    status = first.split(b" ")[1].decode() if first.startswith(b"HTTP/1.1 ") else first.decode("latin-1")[:40]
    if status == "100":  # the answer follows
        return wrong_answer(response.partition(b"\r\n\r\n")[2], False)
    if not status.isdecimal() or int(status) not in ALLOWED:
        return status, f"the status {status} is not documented"
    body = response.partition(b"\r\n\r\n")[2]
    if int(status) >= 400 and body:
        try:
            error = json.loads(body)["error"]
            message = error["message"]
        except (ValueError, KeyError, TypeError):
            return status, f"not in the documented form: {body[:80]!r}"
        if not isinstance(message, str) or "\n" in message or len(message) > 4_000:
            return status, f"a message that is no line: {message[:80]!r}"
    if b"Traceback" in body:
        return status, "a traceback"
    return status, ""


def attack(graph: Graph, count: int, seed: int, only: int | None = None) -> Report:
    """Send that many requests, or one of them."""
    faults: list[Fault] = []
    statuses: Counter[str] = Counter()
    slowest = 0.0
    engines = [Engine(RoG(graph, LexicalPlanner(graph))) for _ in range(2)]
    apps: list[ASGIApp] = [
        make_app(engines[0], "films"),
        Guard(http_app(make_mcp(engines[1], "films")), engines[1].metrics),
    ]
    with ExitStack() as stack:
        page, mcp = [stack.enter_context(running(app)) for app in apps]
        for number in [only] if only is not None else range(count):
            paths: Sequence[str] = ("/mcp",) if number % 5 == 4 else PAGES
            sent = hostile_request(number, seed, paths)
            try:
                status, wrong = wrong_answer(
                    exchanged(mcp if paths == ("/mcp",) else page, sent.data, sent.is_whole), sent.is_whole
                )
            except TimeoutError:
                status, wrong = "late", f"no answer after {SECONDS:g} seconds"
            statuses[status] += 1
            if wrong:
                faults.append(Fault(number, sent.kind, wrong))
            if number % BATCH == BATCH - 1 or number == count - 1 or only is not None:
                slowest = max(slowest, *(plain(number, url, data, faults) for url, data in plain_requests(page, mcp)))
    for engine in engines:
        engine.close()
    return Report(faults, statuses, slowest)


def plain_requests(page: str, mcp: str) -> Iterator[tuple[str, bytes]]:
    """A question to each server."""
    call = {**RPC, "params": {"name": "ask", "arguments": json.loads(QUESTION)}}
    yield page, post("/v1/ask", QUESTION)
    yield mcp, post("/mcp", json.dumps(call).encode())


def plain(number: int, url: str, data: bytes, faults: list[Fault]) -> float:
    """The seconds that a plain question takes; a fault is added if it is not answered."""
    began = time.monotonic()
    try:
        answer = exchanged(url, data)
    except TimeoutError:
        answer = b""
    if b"mann" not in answer:
        faults.append(Fault(number, "plain question", f"not answered after this request: {answer[:80]!r}"))
    return time.monotonic() - began


def main() -> None:
    """Attack, and say what came out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the number of one request")
    parser.add_argument("--kg", default="", help="a graph; without it six facts about films")
    options = parser.parse_args()
    graph = open_graph(options.kg or list(FILMS))
    report = attack(graph, options.count, options.seed, options.only)
    for fault in report.faults:
        print(f"request {fault.number} ({fault.kind}): {fault.what}")
    statuses = ", ".join(f"{status}: {number:,}" for status, number in sorted(report.statuses.items()))
    print(f"{sum(report.statuses.values()):,} requests, {len(report.faults)} faults; {statuses}")
    print(f"the slowest plain question took {report.slowest:.2f} s")
    raise SystemExit(bool(report.faults))


if __name__ == "__main__":
    main()
