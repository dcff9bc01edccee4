"""On which graphs a run may be used: facts come and go, relations are said, another vocabulary is refused."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kg.build import Sources, build
from kg.errors import ModelError
from kg.graph import Graph
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.vocabulary import identity
from planner.registry import bundled_run
from planner.training.run import Run
from rog.cli import app

FACTS = [("heat", "directed_by", "mann"), ("heat", "actor", "pacino"), ("mann", "born_in", "chicago")]
SCORED = [*FACTS, ("heat", "scored_by", "goldenthal")]
Begin = Callable[..., Run]


def graph_of(*facts: tuple[str, str, str]) -> NetworkXGraph:
    return NetworkXGraph.from_triples(facts)


@pytest.fixture
def begin(tmp_path: Path) -> Begin:
    def begun(graph: Graph, **more: object) -> Run:
        run = Run(tmp_path / "run")
        run.begin({"role": "planner", "model": "m", "kg": "g", **identity(graph), **more}, [], False, force=True)
        return run

    return begun


def test_a_run_keeps_its_vocabulary_beside_its_config(begin: Begin) -> None:
    run = begin(graph_of(*FACTS))
    assert "vocabulary" not in run.config
    assert len(run.config["vocabulary_sha256"]) == 64
    assert '"born_in"' in (run.folder / "vocabulary.json").read_text("utf-8")
    assert not run.differences({**run.config})
    assert run.differences(identity(graph_of(*SCORED))) == ["vocabulary_sha256"]


def test_facts_come_and_go(begin: Begin, caplog: pytest.LogCaptureFixture) -> None:
    run = begin(graph_of(*FACTS))
    for facts in (FACTS, [*FACTS, ("insider", "actor", "pacino")], [*FACTS, ("usa", "actor", "x")][1:][::-1] + FACTS):
        assert run.check("planner", graph_of(*facts)) == ()
    assert not caplog.records


@pytest.mark.parametrize(
    ("role", "facts", "added", "said"),
    [
        ("planner", SCORED, ("scored_by",), "1 relation (scored_by) added since it was trained: planned by the unt"),
        ("planner", FACTS[1:], (), "1 relation (directed_by) gone since it was trained: planned without"),
        ("reasoner", SCORED, ("scored_by",), "1 relation (scored_by) added since it was trained: it never read of"),
        ("closed-book", FACTS[:2], (), "1 relation (born_in) gone since it was trained"),
    ],
)
def test_relations_that_come_and_go_are_said_once(
    begin: Begin,
    caplog: pytest.LogCaptureFixture,
    role: str,
    facts: list[tuple[str, str, str]],
    added: tuple[str, ...],
    said: str,
) -> None:
    run = begin(graph_of(*FACTS), role=role)
    for _ in range(3):
        assert run.check(role, graph_of(*facts)) == added
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{run.folder}: {said}")
    assert (record.levelno, "\n" in record.getMessage()) == (logging.WARNING, False)


def test_another_vocabulary_is_refused_or_taken_anyway(begin: Begin) -> None:
    run = begin(graph_of(*FACTS))
    other = graph_of(("heat", "actor", "pacino"), ("a", "b", "c"))
    with pytest.raises(ModelError, match="has 1 of its 3 relations in the same words, and not born_in, ") as it:
        run.check("planner", other)
    assert "\n" not in str(it.value)
    assert run.check("planner", other, anyway=True) == ("b",)


def test_relations_in_other_words_are_not_what_was_learned(
    begin: Begin, films: Store, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    run = begin(films)
    folder = Path(films.name).parent
    words = (folder / "relations.tsv").read_text().replace("actor\tactor\tactor in", "actor\tstars\tstars in")
    (tmp_path / "relations.tsv").write_text(words)
    build(Sources((folder / "facts.tsv",), (folder / "names.tsv",), tmp_path / "relations.tsv"), tmp_path / "g.kg")
    assert run.check("planner", Store(tmp_path / "g.kg")) == ("actor",)
    assert "1 relation (actor) in other words than when it was trained" in caplog.text


def test_a_run_without_vocabulary_belongs_to_one_graph(
    begin: Begin, films: Store, demo: Store, caplog: pytest.LogCaptureFixture
) -> None:
    run = begin(films)
    config = (run.folder / "config.yaml").read_text()
    (run.folder / "config.yaml").write_text("\n".join(x for x in config.splitlines() if "vocabulary" not in x) + "\n")
    assert run.check("planner", films) == ()
    with pytest.raises(ModelError, match="trained on another graph"):
        run.check("planner", demo)
    assert run.check("planner", demo, anyway=True) == ()
    assert run.differences(identity(films)) == []


def test_a_damaged_vocabulary_is_one_line(begin: Begin) -> None:
    graph = graph_of(*FACTS)
    run = begin(graph)
    (run.folder / "vocabulary.json").write_text("{}")
    with pytest.raises(
        ModelError, match=r"vocabulary\.json is damaged \(its SHA-256 is not .*copy the whole run again"
    ):
        run.check("planner", graph)
    (run.folder / "vocabulary.json").unlink()
    with pytest.raises(ModelError, match=r"vocabulary\.json: no such file or directory; copy the whole run again"):
        run.check("planner", graph)


def grown_demo(folder: Path, fact: str, relation: str = "") -> Store:
    """The demo graph with one more fact, and one more relation if it has none of that name."""
    from kg.build import demo_folder

    for name, more in (("facts", fact), ("entities", ""), ("relations", relation)):
        text = (demo_folder() / f"{name}.tsv").read_text("utf-8")
        (folder / f"{name}.tsv").write_text(text + more, "utf-8")
    sources = Sources((folder / "facts.tsv",), (folder / "entities.tsv",), folder / "relations.tsv")
    build(sources, folder / "demo.kg")
    return Store(folder / "demo.kg")


def test_the_demo_graph_and_one_fact_has_the_bundled_run(demo: Store, films: Store, tmp_path: Path) -> None:
    ours = bundled_run("planner", demo)
    assert ours.endswith("planner")
    assert Run(Path(ours)).check("planner", demo) == ()
    more = grown_demo(tmp_path, "country:PE\tborders\tcountry:FR\n")
    assert more.manifest["sha256"] != demo.manifest["sha256"]
    assert bundled_run("planner", more) == ours
    assert bundled_run("planner", films) == ""


def test_the_command_line_says_what_is_otherwise(tiny_folder: Path, films: Store, tmp_path: Path, begin: Begin) -> None:
    run = begin(films, model=str(tiny_folder))
    shutil.copytree(tiny_folder, run.folder / "model")
    run.finish("card")

    def asked(kg: str, *options: str) -> Result:
        args = ("ask", "Who directed Heat?", "--kg", kg, "--planner", f"lm:{run.folder}", "--max-hops", "1")
        return CliRunner().invoke(app, [*args, *options])

    other = tmp_path / "facts.tsv"
    other.write_text("head\trelation\ttail\nHeat\tscored_by\tGoldenthal\n")
    same = asked(films.name)
    assert (same.exit_code in (0, 3), "note:" in same.stderr) == (True, False)
    refused = asked(str(other))
    assert (refused.exit_code, type(refused.exception)) == (1, ModelError)
    assert "(asking with --anyway uses it all the same)" in str(refused.exception)
    taken = asked(str(other), "--anyway")
    assert taken.exit_code in (0, 3)
    notes = [line for line in taken.stderr.splitlines() if line.startswith("note: ")]
    assert any("1 relation (scored_by) added since it was trained" in note for note in notes)
    assert len(notes) == len(set(notes))
