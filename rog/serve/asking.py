"""A question from its request to its documents, stage by stage."""

from __future__ import annotations

import threading
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TypeVar

import anyio.to_thread
from fastapi import Request
from pydantic import BaseModel

from kg.graph import Graph
from kg.types import Question
from planner.base import Plan
from reasoner.base import Evidence, Trace
from reasoner.pipeline import linked
from rog.serve import documents
from rog.serve.engine import Engine, Stage, given_plan
from rog.serve.messages import Answered, Ask
from rog.serve.watch import Watch

T = TypeVar("T")


async def read(graph: Graph, work: Callable[[Graph], T]) -> T:
    """The result of reading the graph in another thread, which stops at its next look at it if nobody waits."""
    watch, unwanted = Watch(), threading.Event()
    watch.wanted = lambda: not unwanted.is_set()
    try:
        return await anyio.to_thread.run_sync(work, watch.graph(graph), abandon_on_cancel=True)
    finally:
        unwanted.set()


async def left(request: Request) -> None:
    """Returns when the client has left; to be awaited once the body is read."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


class Asking:
    """A question in progress. `link` first, then `stages`; `document` makes an API document of each."""

    def __init__(self, engine: Engine, asked: Ask) -> None:
        self.engine, self.asked = engine, asked
        self._loaded = engine.loaded  # to the end, whatever is loaded meanwhile
        self.graph = self._loaded.rog.graph
        self.question = Question(asked.question)
        self._began = time.perf_counter()
        self._late = engine.deadline()
        self._plan: Plan | None = None

    async def link(self) -> None:
        """Find what it is about, and check the plan if one is given."""
        async with self.engine.until(self._late):
            text, entity, plan = self.asked.question, self.asked.entity or None, self.asked.plan
            self.question = await read(self.graph, lambda graph: linked(graph, text, entity))
            if plan:
                self._plan = await read(self.graph, lambda graph: given_plan(graph, self.question, plan))

    def stages(self, gone: Awaitable[object] | None = None) -> AsyncGenerator[Stage]:
        """What the engine says, as it says it."""
        rog = self._loaded.rog
        k, max_hops = self.asked.k or rog.k, self.asked.max_hops or rog.max_hops
        return self.engine.stages(self._loaded, self.question, k, max_hops, self._plan, gone, self._late)

    async def trace(self, gone: Awaitable[object] | None = None) -> Trace:
        """The last stage."""
        async for stage in self.stages(gone):
            if isinstance(stage, Trace):
                return stage
        raise AssertionError("the stages end with a trace")

    async def document(self, stage: Stage) -> tuple[str, BaseModel]:
        """The name of a stage and its document."""
        match stage:
            case Plan():
                return "plan", await read(self.graph, lambda graph: documents.planned(stage, graph))
            case Evidence():
                return "paths", await read(self.graph, lambda graph: documents.walked(stage, graph, self.asked.paths))
            case Trace():
                return "answer", await self.answered(stage)

    async def answered(self, trace: Trace) -> Answered:
        """The answer with all that led to it."""
        kind, shown, partial = self.asked.picture, self.asked.paths, self.asked.partial
        picture = await read(self.graph, lambda graph: documents.picture(trace, graph, kind)) if kind else None
        seconds = time.perf_counter() - self._began
        return await read(self.graph, lambda graph: documents.answered(trace, graph, shown, seconds, picture, partial))
