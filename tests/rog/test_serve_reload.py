"""A graph that is built anew while it is served: noticed, and with `reload` served from the next question on."""

from __future__ import annotations

import logging
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from kg.build import Sources, build
from kg.errors import ModelError
from kg.store import Store
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.serve.app import make_app
from rog.serve.engine import Engine, Limits, Loaded
from rog.serve.reload import Reloader
from rog.serve.run import make_engine
from tests.rog.serving import HEAT, HERE, Waiting


def films_by(director: str, folder: Path) -> Store:
    """A new version of a graph in which Heat has this director, and only that one has a name in it."""
    facts = folder / "facts.tsv"
    facts.write_text(f"Heat\tdirected_by\t{director}\n{director}\tborn_in\t{director}ville\n")
    build(Sources((facts,)), folder / "g.kg", overwrite=True)
    return Store(folder / "g.kg")


def load(graph: Store) -> Loaded:
    return Loaded(RoG(graph, LexicalPlanner(graph)))


def said(client: TestClient) -> object:
    return client.post("/v1/ask", json={"question": HEAT}).json()["text"]


def test_a_newer_version_is_said_and_the_old_one_served_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The table's case: the old answer is whole, with the old names, though the graph is another."""
    graph = films_by("Ann", tmp_path)
    engine = Engine(load(graph).rog)
    reloader = Reloader(engine)
    with TestClient(make_app(engine, "g"), base_url=HERE) as client, caplog.at_level(logging.WARNING, "rog"):
        reloader.look()
        about = client.get("/v1/graph").json()
        assert (about["version"], about["newer_version"], caplog.messages) == (graph.version, "", [])
        for director in ("Bob", "Cid", "Dan"):
            newer = films_by(director, tmp_path).version
            assert said(client) == "Ann"
            assert client.get("/v1/search", params={"q": director}).json()["entities"] == []
            reloader.look()
            reloader.look()
            assert client.get("/v1/graph").json()["newer_version"] == newer
            message = f"g.kg has a newer version, {newer}: start again to serve it (or with --reload)"
            assert caplog.messages == [message]
            caplog.clear()
        shutil.rmtree(tmp_path / "g.kg")
        reloader.look()
        reloader.look()
        assert len(caplog.messages) == 1
        assert "is not there any more" in caplog.messages[0]
        assert said(client) == "Ann"


def test_reload_switches_between_two_questions(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    graph = films_by("Ann", tmp_path)
    planner = Waiting(graph)
    engine = Engine(RoG(graph, planner))
    reloader = Reloader(engine, load)
    with (
        TestClient(make_app(engine, "g", examples=["What is Heat?"]), base_url=HERE) as client,
        ThreadPoolExecutor(1) as pool,
        caplog.at_level(logging.WARNING, "rog"),
    ):
        first = pool.submit(said, client)
        assert planner.begun.wait(5)
        newer = films_by("Bob", tmp_path)
        reloader.look()
        planner.go.set()
        assert first.result(10) == "Ann"  # linked to the old version, answered from it
        assert said(client) == "Bob"
        about = client.get("/v1/graph").json()
        assert (about["version"], about["newer_version"]) == (newer.version, "")
        assert about["examples"] != ["What is Heat?"]
        assert caplog.messages == [f"g.kg: serving version {newer.version} now"]
        assert client.get("/v1/search", params={"q": "Ann"}).json()["entities"] == []


def test_a_version_that_cannot_be_served_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    engine = Engine(load(films_by("Ann", tmp_path)).rog)

    def fail(graph: Store) -> Loaded:
        raise ModelError("made for another graph")

    reloader = Reloader(engine, fail)
    newer = films_by("Bob", tmp_path).version
    with caplog.at_level(logging.WARNING, "rog"):
        reloader.look()
        reloader.look()
    assert caplog.messages == [f"g.kg has a newer version, {newer}, that cannot be served: made for another graph"]
    assert engine.newer == newer
    engine.close()


def test_the_server_looks_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rog.serve.reload.SECONDS", 0.01)
    graph = films_by("Ann", tmp_path)
    engine = make_engine(graph, "lexical", "symbolic", 3, 3, Limits(), None, reload=True)
    with TestClient(make_app(engine, "g"), base_url=HERE) as client:
        assert said(client) == "Ann"
        newer = films_by("Bob", tmp_path).version
        while client.get("/v1/graph").json()["version"] != newer:
            pass
        assert said(client) == "Bob"
