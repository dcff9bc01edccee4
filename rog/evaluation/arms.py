"""The systems that an evaluation compares: planners and reasoners by name, and the controls that bound them.

closed-book[=LM]        a language model answers without the graph      random          some legal plan
oracle-plan             the gold plan: what planning can reach          lexical, …      a planner, symbolic reasoner
oracle-paths=REASONER   all gold plans: what reasoning can reach        name=planner,reasoner, or a joint run
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from random import Random
from typing import Protocol

from kg.errors import QuestionError
from kg.graph import Graph
from kg.types import Progress, Question, RelationPath
from planner.base import Plan, Planner, ScoredPath
from planner.data.rows import Row
from planner.space import AUTO, HOPS, plan_space
from reasoner.base import Trace
from reasoner.pipeline import RoG
from reasoner.retrieve import LIMIT

CLOSED_BOOK, RANDOM, ORACLE_PLAN, ORACLE_PATHS = "closed-book", "random", "oracle-plan", "oracle-paths"


@dataclass(frozen=True)
class Setup:
    """What a system is made for: the graph that it sees, the questions (only oracles look), and how far it searches."""

    graph: Graph
    rows: Sequence[Row] = ()
    k: int = 3
    max_hops: int = AUTO
    limit: int = LIMIT
    progress: Progress | None = None
    anyway: bool = False


class Answering(Protocol):
    """What is evaluated; `RoG` is one."""

    def traces(self, questions: Sequence[Question]) -> list[Trace]:
        """A trace for each linked question."""


@dataclass(frozen=True)
class System:
    """A system by name and how it is made; `seed` (from 1) tells apart the seeds of one system, 0 is the only one.

    An oracle `needs_gold`: to questions without a gold path it is not applicable.
    """

    name: str
    make: Callable[[Setup], Answering]
    seed: int = 0
    needs_gold: bool = False

    @property
    def title(self) -> str:
        """The name with the seed, as it is given on the command line."""
        return f"{self.name}@{self.seed}" if self.seed else self.name


def parse_system(text: str) -> System:
    """The system written as `planner`, `name=planner,reasoner` or `name@seed=…`; QuestionError if it is not one."""
    title, equals, made_of = text.partition("=")
    name, at, number = title.strip().partition("@")
    if not name or (equals and not made_of.strip()) or (at and not (number.isdecimal() and int(number))):
        raise QuestionError(f"--system {text}: expected planner, name=planner,reasoner or name@1=planner,reasoner")
    seed = int(number) if at else 0
    parts = [part.strip() for part in (made_of if equals else name).split(",")]
    if name in (CLOSED_BOOK, ORACLE_PATHS) and equals:  # closed-book=LM, oracle-paths=REASONER
        parts = [f"{name}:{parts[0]}", *parts[1:]]
    if parts[1:] == [CLOSED_BOOK]:  # NAME=RUN,closed-book
        parts = [f"{CLOSED_BOOK}:{parts[0]}"]
    if len(parts) > 2 or not all(parts):
        raise QuestionError(f"--system {text}: expected one planner and at most one reasoner after the =")
    needs_gold = parts[0].partition(":")[0] in (ORACLE_PLAN, ORACLE_PATHS)
    reasoner = parts[1] if parts[1:] else "symbolic"
    return System(name, lambda setup: made(setup, parts[0], reasoner, seed), seed, needs_gold)


def made(setup: Setup, planner: str, reasoner: str, seed: int) -> Answering:
    """The system of this planner and reasoner, each by name or as the folder of a run."""
    from reasoner.registry import make_reasoner

    planner, reasoner = parts_of(planner, reasoner)
    kind, _, which = planner.partition(":")
    if kind == CLOSED_BOOK:
        return closed_book(setup, which)
    if kind == ORACLE_PATHS:
        reasoner = which or reasoner
    planning = make(setup, planner, kind, seed)
    answering = make_reasoner(reasoner, setup.graph, setup.progress, setup.anyway)
    return RoG(setup.graph, planning, answering, setup.k, setup.max_hops, setup.limit)


def parts_of(planner: str, reasoner: str) -> tuple[str, str]:
    """The planner and the reasoner of a run of `rog rl joint`; else those given. `lm:RUN` stays the model alone."""
    from planner.training.run import run_of

    alone = "lm:" * planner.startswith("lm:")
    run = run_of(planner.removeprefix("lm:"))
    if run is None or run.config["role"] != "joint":
        return planner, reasoner
    return f"{alone}{run.folder / 'planner'}", str(run.folder / "reasoner") if reasoner == "symbolic" else reasoner


def make(setup: Setup, name: str, kind: str, seed: int) -> Planner:
    """The planner of this name, controls included."""
    from planner.registry import make_planner

    if kind == RANDOM:
        return RandomPlanner(setup.graph, seed)
    if kind in (ORACLE_PLAN, ORACLE_PATHS):
        gold = {row.id: gold_paths(row) for row in setup.rows}
        return OraclePlanner({key: paths if kind == ORACLE_PATHS else paths[:1] for key, paths in gold.items()})
    return make_planner(name, setup.graph, setup.progress, setup.anyway)


def closed_book(setup: Setup, name: str) -> Answering:
    """A language model that answers without the graph."""
    from planner.base import DEFAULT_LM
    from planner.lm import LanguageModel
    from planner.training.run import run_of
    from reasoner.closed_book import ClosedBook

    run = run_of(name) if name else None
    if run is not None and run.config["role"] == CLOSED_BOOK:  # what another run was trained for is nothing to this arm
        run.check(CLOSED_BOOK, setup.graph, setup.anyway)
    return ClosedBook(setup.graph, LanguageModel(name or DEFAULT_LM, setup.progress))


def gold_paths(row: Row) -> tuple[RelationPath, ...]:
    """The gold relation paths of a question, the best first: those given, else the mined plans of the best F1."""
    if row.paths or not row.plans:
        return row.paths
    best = max(plan.f1 for plan in row.plans)
    return tuple(plan.path for plan in sorted(row.plans, key=lambda plan: -plan.weight) if plan.f1 == best)


class OraclePlanner:
    """A `Planner` that knows the gold relation paths of each question (by its id), all equally probable."""

    def __init__(self, gold: Mapping[str, Sequence[RelationPath]]) -> None:
        self._gold = gold

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """The gold paths, however long and many; none where none is known."""
        return [self._plan(self._gold.get(question.id, ())) for question in questions]

    def _plan(self, paths: Sequence[RelationPath]) -> Plan:
        if not paths:
            return Plan((), fits=0.0, note="no gold plan is known")
        return Plan(tuple(ScoredPath(path, -log(len(paths))) for path in paths))


class RandomPlanner:
    """A `Planner` that draws one legal plan: how many steps, then each relation, all equally probable."""

    def __init__(self, graph: Graph, seed: int = 0) -> None:
        self._graph = graph
        self._seed = seed

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A random plan for each question, the same again for the same seed."""
        return [self._plan(question, max_hops) for question in questions]

    def _plan(self, question: Question, max_hops: int) -> Plan:
        random = Random(f"{self._seed} {question.id or question.text}")
        space = plan_space(self._graph, question, random.randint(1, max_hops or HOPS))
        path: RelationPath = ()
        while options := list(space.options(path)):
            path = (*path, random.choice(options))
        return Plan((ScoredPath(path, 0.0),)) if path else Plan((), fits=0.0, note="no legal plan")
