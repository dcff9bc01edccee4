"""Pictures as files: the commands that write them, stored traces, Cypher, PNG, plots."""

from __future__ import annotations

import json
from math import isclose
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given, settings
from typer.testing import CliRunner, Result

import rog
from kg.errors import GraphError, QuestionError, RogError
from kg.neo4j_labels import Label
from kg.neo4j_schema import Schema
from kg.store import Store
from kg.types import Relation
from planner.lexical import LexicalPlanner
from reasoner.base import Trace
from rog.cli import app
from rog.cypher import cypher
from rog.files import check_file, write_file
from rog.picture.scene import scene
from rog.picture.svg import svg
from rog.show import as_json
from rog.traces import Names, from_json, read_traces
from tests.rog.pictures import traces

LEXICAL = ("--planner", "lexical")


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def fails(*words: object) -> str:
    """The one line that a command fails with."""
    ran = run(*words)
    assert isinstance(ran.exception, RogError), ran.output
    return str(ran.exception)


@pytest.fixture(scope="module")
def stored(demo: Store, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("stored") / "traces.jsonl"
    asked = rog.RoG(demo, LexicalPlanner(demo))
    questions = ("What is the capital of Peru?", "Who is the president of France?", "Which country is Lima in?")
    rows = [json.dumps(as_json(asked.trace(text), demo)) for text in questions]
    file.write_text("\n".join(rows) + "\n\n", "utf-8")
    return file


def test_ask_writes_what_it_is_told_to(tmp_path: Path) -> None:
    html, image, png = (tmp_path / f"why.{form}" for form in ("html", "svg", "png"))
    files = ("--html", html, "--svg", image, "--png", png)
    ran = run("ask", *LEXICAL, "What is the capital of Peru?", *files)
    assert ran.exit_code == 0, ran.output
    assert "Lima" in html.read_text("utf-8")
    assert image.read_text("utf-8").startswith("<svg")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert run("ask", *LEXICAL, "Who is the president of France?", "--html", html).exit_code == 3
    assert "No grounded answer" in html.read_text("utf-8")
    assert len(list(tmp_path.iterdir())) == 3


def test_ask_refuses_before_it_asks(tmp_path: Path) -> None:
    assert "there is no folder" in fails("ask", "Who?", "--html", tmp_path / "no" / "x.html")
    assert "is a folder" in fails("ask", "Who?", "--png", tmp_path)
    ran = CliRunner().invoke(app, ["ask", "-", "--svg", str(tmp_path / "x.svg")], input="one?\ntwo?\n")
    assert "2 questions are asked" in str(ran.exception)


def test_stored_traces_become_a_folder_and_are_not_overwritten(stored: Path, tmp_path: Path) -> None:
    to = tmp_path / "report"
    assert run("show", stored, "-o", to).exit_code == 0
    assert sorted(path.name for path in to.iterdir()) == ["0001.html", "0002.html", "0003.html", "index.html"]
    index = (to / "index.html").read_text("utf-8")
    assert "2 with a grounded answer, 1 without" in index
    assert 'href="0002.html"' in index
    assert "MATCH (n0:Entity" in (to / "0001.html").read_text("utf-8")
    assert "holds pictures already" in fails("show", stored, "--out", to)
    assert run("show", stored, "--out", to, "--force").exit_code == 0
    (to / "mine.txt").write_text("keep")
    assert "is not just pictures" in fails("show", stored, "--out", to, "--force")
    assert (to / "mine.txt").exists()


def test_stored_traces_are_printed_as_they_were(stored: Path) -> None:
    printed = run("show", stored).output
    assert "Peru ─capital→ Lima ✓" in printed
    assert "No grounded answer" in printed


def test_show_says_what_is_wrong_with_its_input(tmp_path: Path, stored: Path) -> None:
    assert fails("show", tmp_path / "nothing").endswith("no such file")
    assert "neither metrics.jsonl" in fails("show", tmp_path)
    for number, text in enumerate(('{"question": 1}', "[]", "{", '{"entities": {"a": 3}}', "3", "\xff")):
        file = tmp_path / f"{number}.jsonl"
        file.write_bytes(stored.read_bytes().rstrip() + b"\n" + text.encode("latin-1"))
        assert f"{number}.jsonl" in fails("show", file)
    (tmp_path / "empty.jsonl").write_text("")
    assert "no traces" in fails("show", tmp_path / "empty.jsonl", "--out", tmp_path / "report")


@settings(max_examples=20)
@given(traces(most=20))
def test_a_trace_is_read_back_as_it_was(made: tuple[Trace, Names]) -> None:
    trace, names = made
    written = as_json(trace, names)
    read, known = from_json(json.loads(json.dumps(written)))
    assert read.answer == trace.answer
    assert read.evidence == trace.evidence or not all(names.entity(t.key) == t.entity for t in trace.question.topics)
    assert [path.relations for path in read.plan.paths] == [path.relations for path in trace.plan.paths]
    assert all(
        isclose(a.probability, b.probability, abs_tol=1e-6)
        for a, b in zip(read.plan.paths, trace.plan.paths, strict=True)
    )
    assert as_json(read, known) == {**written, "topics": as_json(read, known)["topics"]}


def test_a_name_may_hold_a_sign_that_ends_lines(demo: Store, tmp_path: Path) -> None:
    trace = rog.RoG(demo, LexicalPlanner(demo)).trace("What is the capital of Peru?")
    file = tmp_path / "traces.jsonl"
    written = {**as_json(trace, demo), "question": "the capital\u2028of Peru"}
    file.write_text(json.dumps(written, ensure_ascii=False) + "\n", "utf-8")
    assert [read.question.text for read, _ in read_traces(file)] == ["the capital\u2028of Peru"]


def test_a_stored_trace_draws_the_same_picture(demo: Store, stored: Path) -> None:
    asked = rog.RoG(demo, LexicalPlanner(demo))
    for trace, names in read_traces(stored):
        assert svg(scene(trace, names)) == svg(asked.trace(trace.question.text).scene)


def test_traces_draw_themselves(demo: Store, tmp_path: Path) -> None:
    trace = rog.RoG(demo, LexicalPlanner(demo)).trace("What is the capital of Peru?")
    assert isinstance(trace, rog.Trace)
    assert trace.to_html(tmp_path / "a.html") == (tmp_path / "a.html").read_text("utf-8")
    assert trace.to_svg(str(tmp_path / "a.svg")) in trace._repr_html_()
    assert trace.to_png(tmp_path / "a.png") == (tmp_path / "a.png").read_bytes()
    with pytest.raises(GraphError, match="no folder"):
        trace.to_svg(tmp_path / "no" / "a.svg")


def test_kg_draw(tmp_path: Path) -> None:
    for form in ("svg", "png", "html"):
        assert run("kg", "draw", "demo", "--entity", "Peru", "--hops", 2, "-o", tmp_path / f"n.{form}").exit_code == 0
    assert "Peruvian sol" in (tmp_path / "n.svg").read_text("utf-8")
    assert "names 2 entities" in fails("kg", "draw", "demo", "--entity", "Lima", "-o", tmp_path / "n.svg")
    assert "ends in .svg or .png or .html" in fails("kg", "draw", "demo", "--entity", "Peru", "-o", tmp_path / "n.gif")


def test_a_picture_that_is_too_large_for_png(demo: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rog.picture.png.LARGEST", 100)
    trace = rog.RoG(demo, LexicalPlanner(demo)).trace("What is the capital of Peru?")
    with pytest.raises(QuestionError, match="--svg and --html have no limit"):
        trace.to_png()


def test_files_are_written_whole_or_not_at_all(tmp_path: Path) -> None:
    file = tmp_path / "x.svg"
    file.write_text("old")
    with pytest.raises(TypeError):
        write_file(file, "no bytes")  # type: ignore[arg-type]
    assert file.read_text() == "old"
    assert list(tmp_path.iterdir()) == [file]
    check_file(tmp_path / "X.SVG", ".svg")


def test_cypher_has_a_match_for_every_hop_and_comes_back_never(demo: Store) -> None:
    assert cypher(demo, "city:lima-pe", ("~capital", "currency")).splitlines() == [
        "MATCH (n0:Entity {id: ('city:lima-pe')})",
        "MATCH (n0)<-[r1:`capital`]-(n1) WHERE n1 <> n0",
        "MATCH (n1)-[r2:`currency`]->(n2) WHERE n2 <> n0",
        "RETURN n0, r1, n1, r2, n2 LIMIT 200",
    ]


def test_cypher_comes_back_where_the_graph_is_returning() -> None:
    graph: Any = SimpleNamespace(relations={}, returning=True)
    assert cypher(graph, "x", ("spouse", "~spouse")).splitlines()[1:3] == [
        "MATCH (n0)-[r1:`spouse`]->(n1)",
        "MATCH (n1)<-[r2:`spouse`]-(n2)",
    ]


def test_cypher_quotes_every_name() -> None:
    names: Any = SimpleNamespace(relations={})
    query = cypher(names, "it's \\ \\u0027", ("a`b", "~c d"))
    assert "{id: ('it\\'s \\\\ \\\\' + 'u0027')}" in query
    assert "[r1:`a``b`]" in query
    assert "<-[r2:`c d`]-" in query
    assert cypher(names, "x", ("bad\\u0060",)) == ""


def test_cypher_for_somebodys_own_database() -> None:
    film = Label("Film", 10, key="id", names=("title",), values=("year",))
    relations = {key: Relation(key, key, key) for key in ("ACTED_IN", "year")}
    schema = Schema(10, 10, (film,), {"ACTED_IN": "ACTED_IN"}, {"year": "year"}, relations)
    graph: Any = SimpleNamespace(schema=schema, relations=relations)
    assert cypher(graph, "Film:7", ("~ACTED_IN", "year")).splitlines() == [
        "MATCH (n0:`Film`) WHERE n0.`id` IN [('7'), 7]",
        "MATCH (n0)<-[r1:`ACTED_IN`]-(n1) WHERE n1 <> n0",
        "UNWIND n1.`year` AS n2",
        "RETURN n0, r1, n1, n2 LIMIT 200",
    ]
    assert cypher(graph, '"1999"', ("~year",)).splitlines() == [
        "WITH ('1999') AS n0",
        "MATCH (n1:`Film`) UNWIND n1.`year` AS v1 WITH * WHERE toString(v1) = toString(n0)",
        "RETURN n0, n1 LIMIT 200",
    ]
    assert "elementId(n0) = ('4:ab-1:7')" in cypher(graph, "4:ab-1:7", ("ACTED_IN",))


def metrics(folder: Path, *rows: dict[str, Any]) -> Path:
    folder.mkdir()
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return folder


def test_curves_of_runs(tmp_path: Path) -> None:
    rows = [{"step": n, "loss": 1 / n, "epoch": n, "train_runtime": 3.0} for n in (1, 2, 3)]
    one = metrics(tmp_path / "one", *rows, {"step": 3, "eval_loss": 0.2}, {"dev_loss": 0.2, "seconds": 4})
    two = metrics(tmp_path / "$two$", *rows)
    for form in ("png", "svg"):
        assert run("show", one, two, "-o", tmp_path / f"curves.{form}").exit_code == 0
    drawn = (tmp_path / "curves.svg").read_bytes()
    assert run("show", one, two, "-o", tmp_path / "curves.svg").exit_code == 0
    assert drawn == (tmp_path / "curves.svg").read_bytes()
    assert b"runtime" not in drawn
    assert "say where the plot goes" in fails("show", one)
    assert "ends in .png or .svg or .pdf" in fails("show", one, "-o", tmp_path / "x.html")
    short = metrics(tmp_path / "short", {"step": 1, "train_loss": 2})
    assert "nothing to plot" in fails("show", short, "-o", tmp_path / "x.png")
    (short / "metrics.jsonl").write_text("{}\n{oops\n")
    assert "metrics.jsonl:2" in fails("show", short, "-o", tmp_path / "x.png")


def test_scores_of_evaluations(tmp_path: Path) -> None:
    head = "system,topics,names,stratum,measure,mean,low,high,least_seed,most_seed,seeds,questions\n"
    row = "lexical,linked,as they are,,{},0.5,0.4,0.6,0.5,0.5,1,9\n"
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "results.csv").write_text(head + row.format("f1") + row.format("hits_at_1"))
    assert run("show", tmp_path / "a", tmp_path / "b", "-o", tmp_path / "s.png").exit_code == 0
    assert (tmp_path / "s.png").stat().st_size > 5000
    (tmp_path / "b" / "results.csv").write_text(head)
    assert "not a table that `rog eval` wrote" in fails("show", tmp_path / "b", "-o", tmp_path / "s.png")
