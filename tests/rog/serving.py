"""What the tests of the server share: a server over the three films, and planners that wait or fail."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from fastapi.testclient import TestClient

from kg.graph import Graph
from kg.types import Question
from planner.base import Plan, Planner
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.serve.app import make_app
from rog.serve.connections import Room
from rog.serve.engine import Engine, Limits
from rog.serve.run import address, bound, server_of
from rog.serve.watch import StoppedError, Watch

HEAT = "Who directed Heat?"
LIMITS = Limits()
HERE = "http://127.0.0.1:8000"


@contextmanager
def served(
    graph: Graph, planner: Planner | None = None, limits: Limits = LIMITS, key: str = "", watch: Watch | None = None
) -> Iterator[TestClient]:
    """A client of a server over a graph."""
    engine = Engine(RoG(graph, planner or LexicalPlanner(graph)), limits, watch=watch)
    with TestClient(make_app(engine, "films", key=key), base_url=HERE, raise_server_exceptions=False) as client:
        yield client


def events(text: str) -> list[tuple[str, dict[str, object]]]:
    """The events of a stream, as (name, document)."""
    found = []
    for block in text.strip().split("\n\n"):
        name, data = block.split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


class Waiting:
    """A planner that says when it has begun, and goes on when it is told to; it asks its watch meanwhile."""

    def __init__(self, graph: Graph, watch: Watch | None = None) -> None:
        self._planner, self._watch = LexicalPlanner(graph), watch or Watch()
        self.begun, self.go, self.stopped = threading.Event(), threading.Event(), threading.Event()

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """The lexical planner's, after a while."""
        self.begun.set()
        try:
            while not self.go.wait(0.005):
                self._watch.check()
        except StoppedError:
            self.stopped.set()
            raise
        return self._planner.plan(questions, k, max_hops)


class Failing:
    """A planner with a fault."""

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """Nothing: it fails."""
        raise ZeroDivisionError("/home/someone/secret.kg")


@contextmanager
def live(app: Any, places: Room | None = None) -> Iterator[str]:
    """The address of a real server, for clients that bring their own transport."""
    with bound("127.0.0.1", 0) as listening:
        server = server_of(app, places)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield address(listening)
        finally:
            server.should_exit = True
            thread.join(10)
