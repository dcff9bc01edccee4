"""A question whose operator or second topic a plan leaves out is not answered; words that only look so are let pass."""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from kg.build import Sources, build
from kg.graph import Graph
from kg.link import link
from kg.open import open_graph
from kg.store import Store
from kg.types import Question, RelationPath, parse_relation_path
from planner.base import Plan, ScoredPath
from reasoner.guard import unapplied
from reasoner.pipeline import RoG

HERE = Path(__file__).parent / "guard"


class Case(NamedTuple):
    """A question, the plan that answers it or half of it, and the words that this plan leaves out."""

    graph: str
    plan: RelationPath
    left_out: tuple[str, ...]
    question: str


def cases(name: str) -> Iterator[Case]:
    with (HERE / name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            left_out = tuple(filter(None, row["unapplied"].split("|")))
            yield Case(row["graph"], parse_relation_path(row["plan"]), left_out, row["question"])


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Graph]:
    folder = tmp_path_factory.mktemp("graphs")
    found: dict[str, Graph] = {"demo": open_graph("demo")}
    for name in ("films", "hospital"):
        files = [HERE / f"{name}.tsv", HERE / f"{name}.names.tsv", HERE / f"{name}.relations.tsv"]
        build(Sources((files[0],), (files[1],), files[2]), folder / f"{name}.kg")
        found[name] = Store(folder / f"{name}.kg")
    return found


def judged(graph: Graph, case: Case) -> tuple[str, ...]:
    """What the guard says of a question that is answered along the plan from the first topic that has an answer."""
    question = Question(case.question, link(graph, case.question))
    for topic in question.topics:
        walks = graph.paths(topic.key, case.plan, 50)
        if walks.total:
            return unapplied(question, case.plan, graph, walks.paths, len({path.end for path in walks.paths}))
    raise AssertionError(f"{case.question}: the plan leads nowhere")


@pytest.mark.parametrize("table", ["questions.tsv", "held_out.tsv"])
def test_tables(graphs: dict[str, Graph], table: str) -> None:
    asked = list(cases(table))
    said = [judged(graphs[case.graph], case) for case in asked]
    let_pass = [case for case, found in zip(asked, said, strict=True) if case.left_out and not found]
    refused = [(case.question, found) for case, found in zip(asked, said, strict=True) if found and not case.left_out]
    assert len(let_pass) <= 0.02 * sum(bool(case.left_out) for case in asked), let_pass
    assert len(refused) <= 0.03 * sum(not case.left_out for case in asked), refused


class Planned:
    """A planner that knows one plan."""

    def __init__(self, path: RelationPath) -> None:
        self._path = path

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        return [Plan((ScoredPath(self._path, 0.0),)) for _ in questions]


def test_half_an_answer_is_refused_and_kept_as_related(graphs: dict[str, Graph]) -> None:
    rog = RoG(graphs["demo"], Planned(("currency",)))
    whole = rog.ask("Which currency is used in Peru?")
    assert (whole.verdict, whole.refusal, whole.related) == ("grounded", "", None)
    half = rog.ask("Which currency is not used in Peru?")
    assert (half.verdict, half.refusal, half.entities, half.support) == ("no grounded answer", "not applied", (), ())
    assert half.reasons == ("'not' was not applied",)
    assert half.related == whole
    assert half.text.startswith("'not' was not applied: a plan cannot say that yet; --partial")
    assert half.confidence == 0


def test_a_refusal_without_a_plan_is_absent(graphs: dict[str, Graph]) -> None:
    rog = RoG(graphs["demo"], Planned(("named_after",)))
    assert rog.ask("Which currency is not used in Peru?").refusal == "absent"


def test_reasons_about_words_stand_by_no_plan(graphs: dict[str, Graph]) -> None:
    trace = RoG(graphs["demo"], Planned(("currency",))).trace("Which currency is not used in Peru?")
    assert len(trace.answer.reasons) == len(trace.plan.paths) == 1
    assert trace.plan_reasons == ()


def test_hostile_questions_are_judged_quickly(graphs: dict[str, Graph]) -> None:
    rog = RoG(graphs["demo"], Planned(("currency",)))
    for piece in ("who is ", "more ", "I ", "a and ", "'", "every ", "? ", "9,", "you can ", "so "):
        began = time.perf_counter()
        rog.ask(("Peru " + piece * 2000)[:2000])
        assert time.perf_counter() - began < 2, piece


@pytest.mark.parametrize(
    ("text", "plan", "left_out"),
    [
        ("In what year was helium discovered?", ("discovered_in",), ("'what year' was not applied",)),
        ("How old is Lima?", ("~capital",), ("'How old' was not applied",)),
        ("Where was helium discovered?", ("discovered_in",), ()),
        ("How heavy is helium?", ("element_series",), ("'How heavy' was not applied",)),
        ("Which time zone does Lima have?", ("time_zone",), ()),
    ],
)
def test_a_time_or_a_measure_is_no_name(
    graphs: dict[str, Graph], text: str, plan: RelationPath, left_out: tuple[str, ...]
) -> None:
    demo = graphs["demo"]
    walks = [demo.paths(topic.key, plan, 5) for topic in link(demo, text)]
    paths = [path for found in walks for path in found.paths]
    assert unapplied(Question(text, link(demo, text)), plan, demo, paths) == left_out
