"""One graph and its models behind one thread: questions wait in line and go through the models side by side."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from math import log
from typing import Literal

from kg.errors import QuestionError, RogError, UnknownKeyError
from kg.graph import Graph
from kg.types import Question, RelationPath, base, format_relation_path, parse_relation_path
from planner.base import Plan, ScoredPath
from planner.neural import BATCH, LmPlanner
from planner.trained import TrainedPlanner
from reasoner.base import Evidence, Trace
from reasoner.pipeline import RoG
from reasoner.retrieve import retrieve
from rog.serve.metrics import Metrics
from rog.serve.watch import StoppedError, Watch

CLOSING = "the server is being stopped"
LONGEST = 6  # steps of a relation path that is given
Stage = Plan | Evidence | Trace
logger = logging.getLogger("rog")


class BusyError(RogError):
    """More questions than may wait."""


class LateError(RogError):
    """A question that took longer than it may."""


class NoWalkError(RogError):
    """A plan that leads nowhere in this graph."""


class GoneError(RogError):
    """Nobody waits for the answer any more."""


class BrokenError(RogError):
    """A fault of ours; the log has its traceback."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Questions in progress at most, and the seconds that each may take."""

    questions: int = 32
    seconds: float = 60.0


@dataclass(frozen=True, eq=False)
class Loaded:
    """A graph with its models, and what these and the search ask whether to go on."""

    rog: RoG
    watch: Watch = field(default_factory=Watch)


@dataclass(eq=False)
class Job:
    """A question that was linked to a loaded graph, in line to be answered from it.

    `emit` is told each stage once, or the error, from the engine's thread.
    """

    loaded: Loaded
    question: Question
    k: int
    max_hops: int
    plan: Plan | None
    emit: Callable[[Stage | RogError], None]
    gone: threading.Event = field(default_factory=threading.Event)
    told: set[type] = field(default_factory=set)

    def tell(self, stage: Stage) -> None:
        """Emit a stage, unless it was emitted before what came after it failed."""
        if type(stage) not in self.told:
            self.told.add(type(stage))
            self.emit(stage)


class Engine:
    """Answers questions in one thread; planners that read questions side by side get what waits together.

    The graph is read from any thread. `watch` is what the models and the graph of `rog` ask whether to go on.
    `use` puts another graph in its place: questions that were linked before are answered from the one before.
    """

    def __init__(self, rog: RoG, limits: Limits = Limits(), metrics: Metrics | None = None, watch: Watch | None = None):
        self.loaded, self.limits = Loaded(rog, watch or Watch()), limits
        self.newer = ""  # the version of the graph that is there and not served
        self.batch = batch_of(rog)
        self.metrics = metrics or Metrics()
        self.closed = threading.Event()
        self._line: deque[Job] = deque()
        self._changed = threading.Condition()
        self._closing = False
        self._asked = 0
        self._thread = threading.Thread(target=self._work, name="rog-engine", daemon=True)
        self._thread.start()

    @property
    def rog(self) -> RoG:
        """The graph with its models, as it is now."""
        return self.loaded.rog

    @property
    def graph(self) -> Graph:
        """The graph, as it is now."""
        return self.loaded.rog.graph

    def use(self, loaded: Loaded) -> None:
        """Answer questions that are linked from now on with another graph and its models."""
        self.loaded, self.newer = loaded, ""
        self.batch = batch_of(loaded.rog)

    def close(self) -> None:
        """Stop what is going on and end the thread."""
        self.closed.set()
        with self._changed:
            self._closing = True
            for job in self._line:
                job.emit(BusyError(CLOSING))
            self._changed.notify_all()
        self._thread.join(5)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place among the questions in progress. Raises BusyError if none is free."""
        if self._asked >= self.limits.questions:
            self.metrics.refused.labels("busy").inc()
            raise BusyError(f"{self.limits.questions} questions are being answered; try again in a moment")
        self._asked += 1
        self.metrics.asked.set(self._asked)
        try:
            yield
        finally:
            self._asked -= 1
            self.metrics.asked.set(self._asked)

    def deadline(self) -> float:
        """When a question that comes now has taken too long, by the running loop's clock."""
        return asyncio.get_running_loop().time() + self.limits.seconds

    @asynccontextmanager
    async def until(self, late: float) -> AsyncIterator[None]:
        """Raises LateError where what is awaited within it is not there at `late`."""
        try:
            async with asyncio.timeout_at(late):
                yield
        except TimeoutError:
            self.metrics.refused.labels("late").inc()
            raise LateError(f"it took longer than {self.limits.seconds:g} seconds") from None

    async def stages(
        self,
        loaded: Loaded,
        question: Question,
        k: int,
        max_hops: int,
        plan: Plan | None = None,
        gone: Awaitable[object] | None = None,
        late: float | None = None,
    ) -> AsyncGenerator[Stage]:
        """The plan, the evidence and the trace of a question that was linked to `loaded`, each when it is known.

        Raises LateError at `late` by the loop's clock (`limits.seconds` from now), GoneError when `gone` is done;
        either way the work stops.
        """
        loop = asyncio.get_running_loop()
        late = self.deadline() if late is None else late
        arrived: asyncio.Queue[Stage | RogError] = asyncio.Queue()

        def emit(stage: Stage | RogError) -> None:
            with suppress(RuntimeError):  # the loop has ended: so has who asked
                loop.call_soon_threadsafe(arrived.put_nowait, stage)

        job = Job(loaded, question, k, max_hops, plan, emit)
        leaving = asyncio.ensure_future(gone) if gone else None
        if leaving:
            leaving.add_done_callback(lambda _: arrived.put_nowait(GoneError("the client left")))
        try:
            self._queue(job)
            while True:
                async with self.until(late):
                    stage = await arrived.get()
                if isinstance(stage, RogError):
                    raise stage
                yield stage
                if isinstance(stage, Trace):
                    return
        finally:
            job.gone.set()
            if leaving:
                leaving.cancel()

    def _queue(self, job: Job) -> None:
        with self._changed:
            if self._closing:
                raise BusyError(CLOSING)
            self._line.append(job)
            self._changed.notify()

    def _work(self) -> None:
        while batch := self._next():
            self.metrics.batch.observe(len(batch))
            self._answer_safely(batch)

    def _next(self) -> list[Job]:
        """The first job in line, with those that can be planned with it; empty when the engine closes."""
        with self._changed:
            while True:
                self._line = deque(job for job in self._line if not job.gone.is_set())
                if self._closing:
                    return []
                if self._line:
                    break
                self._changed.wait()
            first = self._line[0]
            alike = (first.loaded, first.k, first.max_hops)
            batch = [job for job in self._line if (job.loaded, job.k, job.max_hops) == alike][: self.batch]
            self._line = deque(job for job in self._line if job not in batch)
            return batch

    def _answer_safely(self, batch: Sequence[Job]) -> None:
        batch[0].loaded.watch.wanted = lambda: not self._closing and any(not job.gone.is_set() for job in batch)
        try:
            self._answer(batch)
        except StoppedError:  # nobody waits, or the engine closes
            for job in batch:
                job.emit(BusyError(CLOSING))
        except Exception as error:
            if len(batch) > 1:  # one of them failed; the others have done nothing wrong
                for job in batch:
                    self._answer_safely([job])
            elif isinstance(error, RogError):
                batch[0].emit(error)
            else:  # a fault of ours ends this question, not the server
                logger.exception("a question failed")
                batch[0].emit(BrokenError("internal error; the server's log says more"))

    def _answer(self, batch: Sequence[Job]) -> None:
        """Plan, retrieve, answer: the four lines of `RoG.traces`, each stage told as soon as it is known."""
        rog, watch = batch[0].loaded.rog, batch[0].loaded.watch
        with self._timed("plan"):
            unplanned = [job for job in batch if job.plan is None]
            if unplanned:
                plans = rog.planner.plan([job.question for job in unplanned], unplanned[0].k, unplanned[0].max_hops)
                for job, plan in zip(unplanned, plans, strict=True):
                    job.plan = plan
        planned = [(job, job.plan) for job in batch if job.plan is not None and not job.gone.is_set()]
        for job, plan in planned:
            job.tell(plan)
        with self._timed("retrieve"):
            graph = watch.graph(rog.graph)
            found = [(job, plan, retrieve(graph, job.question, plan, rog.limit)) for job, plan in planned]
        for job, _, evidence in found:
            job.tell(evidence)
        with self._timed("answer"):
            questions = [job.question for job, _, _ in found]
            answers = rog.reasoner.answer(questions, [plan for _, plan, _ in found], [each for _, _, each in found])
        for (job, plan, evidence), answer in zip(found, answers, strict=True):
            trace = rog.verified(Trace(job.question, plan, evidence, answer))
            self.metrics.answers.labels(trace.answer.verdict).inc()
            job.tell(trace)

    @contextmanager
    def _timed(self, stage: Literal["plan", "retrieve", "answer"]) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.metrics.stages.labels(stage).observe(time.perf_counter() - began)


def batch_of(rog: RoG) -> int:
    """How many questions the planner reads side by side."""
    return BATCH if isinstance(rog.planner, LmPlanner | TrainedPlanner) else 1


def given_plan(graph: Graph, question: Question, texts: Sequence[str]) -> Plan:
    """The plan that consists of these relation paths, all as probable, each checked to lead somewhere.

    Raises UnknownKeyError for a relation that the graph lacks, NoWalkError for a path that cannot be walked.
    """
    if not question.topics:
        raise NoWalkError("a plan starts at an entity, and the question names none: say which with `entity`")
    paths = list(dict.fromkeys(parse_relation_path(text) for text in texts))
    for path in paths:
        check_path(graph, path)
        reached = [walked(graph, topic.key, path) for topic in question.topics]
        if max(reached) < len(path):
            names = " or ".join(topic.entity.label for topic in question.topics)
            stuck = f"no walk from {names} follows {format_relation_path(path)}"
            raise NoWalkError(f"{stuck}: none gets past step {max(reached)}" if max(reached) else stuck)
    return Plan(tuple(ScoredPath(path, -log(len(paths))) for path in paths), note="the plan was given")


def check_path(graph: Graph, path: RelationPath) -> None:
    """Raise QuestionError for a path of no or too many steps, UnknownKeyError for a relation the graph lacks."""
    if not 1 <= len(path) <= LONGEST:
        raise QuestionError(f"a relation path has 1 to {LONGEST} steps, as in 'r1 -> ~r2', not {len(path)}")
    for relation in path:
        if base(relation) not in graph.relations:
            raise UnknownKeyError("relation", base(relation), graph.relations)


def walked(graph: Graph, start: str, path: RelationPath) -> int:
    """How many steps of a path can be walked from an entity."""
    frontier = graph.frontier([start])
    for steps, relation in enumerate(path):
        frontier = frontier.follow(relation)
        if not len(frontier):
            return steps
    return len(path)
