"""Somebody's own database, unchanged; pushing and pulling; and everything that can go wrong with a server."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kg.errors import GraphError
from kg.link import resolve_entity
from kg.neo4j_client import Client, connect, load_env_file, parse_address, quoted
from kg.neo4j_copy import pull, push
from kg.neo4j_graph import Neo4jGraph
from kg.neo4j_introspect import introspect
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance
from tests.neo4j_server import Server

pytestmark = pytest.mark.neo4j
EVIL = "a`]->() DETACH DELETE n //"
PEOPLE = """
CREATE (ann:Person:Actor {ssn: 17, firstName: 'Ann', lastName: 'Lee', born: date('1964-05-01'), email: 'a@x.org'})
CREATE (bob:Person:Director {ssn: 18, firstName: 'Bob', lastName: 'Ray', born: date('1964-05-01')})
CREATE (cat:Person {ssn: 19, firstName: 'Cat', lastName: 'Poe'})
CREATE (heat:Movie {title: 'Heat', year: 1995, genres: ['crime', 'drama'], embedding: [x IN range(1, 99) | x * 0.5]})
CREATE (rain:Movie {title: 'The Rain', year: 1999, genres: ['drama']})
SET rain.plot = reduce(s = '', i IN range(1, 60) | s + 'word ')
CREATE (acme:Company {name: 'Acme', aka: ['ACME Inc']})
CREATE (chunk:_Chunk {text: 'internal'})
CREATE (ann)-[:ACTED_IN {role: 'Mia'}]->(heat), (ann)-[:ACTED_IN {role: 'Zoe'}]->(heat), (cat)-[:ACTED_IN]->(rain)
CREATE (bob)-[:DIRECTED]->(heat), (bob)-[:DIRECTED]->(rain), (bob)-[:WORKS_FOR]->(acme), (heat)-[:FROM]->(chunk)
CREATE (ann)-[:MARRIED_TO]->(bob), (bob)-[:MARRIED_TO]->(ann)
"""


@pytest.fixture
def people(database: Client) -> Neo4jGraph:
    """People, films and companies with dates, numbers, lists and several labels, made by Cypher."""
    database.write(("CREATE CONSTRAINT person FOR (p:Person) REQUIRE p.ssn IS UNIQUE", {}))
    database.write((PEOPLE, {}), (f"MATCH (a:Company), (b:Movie) CREATE (a)-[:{quoted(EVIL)}]->(b)", {}))
    return Neo4jGraph(database)


def test_a_schema_is_guessed(people: Neo4jGraph) -> None:
    labels = {label.name: label for label in people.schema.labels}
    assert (labels["Person"].key, labels["Person"].names) == ("ssn", ("firstName", "lastName"))
    assert (labels["Movie"].key, labels["Movie"].names) == ("", ("title",))
    assert labels["Movie"].left_out == {"embedding": "a vector", "plot": "prose"}
    assert labels["Company"].aliases == ("aka",)
    assert set(people.schema.properties) == {"born", "email", "genres", "year"}
    assert people.relations["MARRIED_TO"].symmetric
    assert people.relations["ACTED_IN"].label == "acted in"
    assert any("element ids" in note for note in people.schema.notes)


def test_walks_over_nodes_and_values(people: Neo4jGraph) -> None:
    heat = resolve_entity(people, "Heat").key
    assert people.frontier(["Person:17"]).follow("ACTED_IN").entities == (heat,)
    assert people.frontier(["Person:17"]).relations()["ACTED_IN"] == 1  # two roles, one fact
    assert people.frontier([heat]).follow("year").entities == ('"1995"',)
    assert people.frontier([heat]).follow("genres").follow("~genres").entities == (resolve_entity(people, "Rain").key,)
    assert people.frontier(['"1964-05-01"']).follow("~born").entities == ("Person:17", "Person:18")
    assert people.contains(Triple("Person:17", "born", '"1964-05-01"'))
    assert not people.contains(Triple("Person:19", "born", '"1964-05-01"'))
    assert people.entity("Person:17").label == "Ann Lee"
    assert people.entity("Person:17").types == ("Actor", "Person")
    assert resolve_entity(people, "acme inc").label == "Acme"
    assert "FROM" not in people.frontier([heat]).relations()  # leads to a label that is not part of the graph


def test_pulled_it_says_the_same(people: Neo4jGraph, tmp_path: Path) -> None:
    store = Store(pull(people, tmp_path / "people.kg"))
    keys = [store.key_of(number) for number in range(store.size.entities)]
    for key in keys:
        one, other = store.frontier([key]), people.frontier([key])
        assert one.relations() == other.relations()
        assert store.entity(key) == people.entity(key)
        for relation in one.relations():
            assert one.follow(relation).entities == other.follow(relation).entities
            assert store.paths(key, (relation, "~" + relation.removeprefix("~")), 9) == people.paths(
                key, (relation, "~" + relation.removeprefix("~")), 9
            )


def test_a_config_overrides_the_guesses(people: Neo4jGraph, tmp_path: Path) -> None:
    from kg.neo4j_config import read_config

    path = tmp_path / "rog.yaml"
    path.write_text("name: {Person: lastName}\nkey: {Movie: title}\nexclude_types: [WORKS_FOR]\nliterals: false\n")
    graph = Neo4jGraph(people.client, read_config(path))
    assert graph.entity("Movie:Heat").label == "Heat"
    assert graph.entity("Person:17").label == "Lee"
    assert "WORKS_FOR" not in graph.relations
    assert not graph.schema.properties
    path.write_text("names: {Person: lastName}")
    with pytest.raises(GraphError, match="unknown setting 'names'"):
        read_config(path)
    with pytest.raises(GraphError, match="Person has no property 'nick'"):
        introspect(people.client, {"name": {"Person": "nick"}})


def test_an_evil_type_does_no_harm(people: Neo4jGraph) -> None:
    before = people.client.read("MATCH (n) RETURN count(n)")
    reached = people.frontier([resolve_entity(people, "Acme").key]).follow(EVIL)
    assert len(reached) == 2
    assert people.paths(reached.entities[0], ("~" + EVIL,), 5).total == 1
    assert people.client.read("MATCH (n) RETURN count(n)") == before


def test_reading_cannot_write(database: Client) -> None:
    with pytest.raises(GraphError, match="does not allow that"):
        database.read("CREATE (n:X)")


def run_rog(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "rog", *arguments], capture_output=True, text=True, check=False)


def test_the_command_line(people: Neo4jGraph, neo4j_address: str, tmp_path: Path) -> None:
    people.client.write(("CREATE (:Company {name: 'Alone'})", {}))
    shown = run_rog("kg", "describe", neo4j_address)
    assert "firstName lastName" in shown.stdout
    assert "note: properties of relationships are not read: ACTED_IN.role" in shown.stderr
    asked = run_rog("ask", "--kg", neo4j_address, "--planner", "lexical", "--show-cypher", "Who directed Heat?")
    assert "Bob Ray" in asked.stdout, asked.stderr
    assert "MATCH (n) WHERE elementId(n) IN $ids" in asked.stderr
    born = run_rog("ask", "--kg", neo4j_address, "--planner", "lexical", "When was Ann Lee born?")
    assert "1964-05-01" in born.stdout
    assert "Neo4j Kernel" in run_rog("doctor", "--kg", neo4j_address).stdout
    pulled = run_rog("kg", "pull", neo4j_address, "--out", str(tmp_path / "p.kg"))
    assert "facts" in pulled.stdout, pulled.stderr
    for ran in (pulled, run_rog("kg", "describe", str(tmp_path / "p.kg"))):
        assert "note: left out, because no fact is about them: 1 of the entities that have names" in ran.stderr
    refused = run_rog("kg", "push", "demo", neo4j_address)
    assert (refused.returncode, "is not empty" in refused.stderr) == (1, True)


def some_store(folder: Path, facts: int = 25_000) -> Store:
    builder = Builder()
    builder.add(Triple(f"e{i % 997}", f"r{i % 3}", f"e{i}") for i in range(facts))
    return Store(builder.write(folder / "some.kg", Provenance("test"), False))


def test_push_goes_on_after_an_interruption(database: Client, tmp_path: Path) -> None:
    store = some_store(tmp_path)

    def stop(what: str, done: int, total: int) -> None:
        if what == "writing facts" and done > 5_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        push(store, database, stop)
    assert any("interrupted" in note for note in introspect(database).notes)
    push(store, database)
    assert database.read("MATCH ()-[r]->() RETURN count(r)") == [(store.size.triples,)]
    pulled = Store(pull(Neo4jGraph(database), tmp_path / "back.kg"))
    assert pulled.manifest["sha256"] == store.manifest["sha256"]
    with pytest.raises(GraphError, match="holds this graph already"):
        push(store, database)


def test_the_demo_answers_alike(database: Client, demo: Store) -> None:
    import json

    from kg.build import demo_folder
    from planner.registry import make_planner
    from reasoner.pipeline import RoG
    from reasoner.registry import make_reasoner

    push(demo, database)
    graph = Neo4jGraph(database)
    lines = (demo_folder() / "questions" / "test.jsonl").read_text("utf-8").splitlines()
    systems = [RoG(kg, make_planner("lexical", kg), make_reasoner("symbolic", kg)) for kg in (demo, graph)]
    for line in lines[::9]:
        text = json.loads(line)["question"]
        one, other = (system.trace(text) for system in systems)
        assert one.answer == other.answer, text
        assert one.plan.paths == other.plan.paths


def test_addresses_and_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NEO4J_URI", "NEO4J_USERNAME", "NEO4J_PASSWORD", "NEO4J_DATABASE"):
        monkeypatch.setenv(name, "before")
        monkeypatch.delenv(name)
    with pytest.raises(GraphError, match="NEO4J_URI is not set"):
        parse_address("neo4j")
    with pytest.raises(GraphError, match="does not belong in an address"):
        parse_address("neo4j://me:secret@here")
    file = tmp_path / "Neo4j-1.txt"
    file.write_text("# a comment\nNEO4J_URI=neo4j+s://x.databases.neo4j.io\nNEO4J_USERNAME=u\nNEO4J_PASSWORD=p=1\n")
    load_env_file(file)
    address = parse_address("neo4j")
    assert (address.uri, address.user, address.password) == ("neo4j+s://x.databases.neo4j.io:7687", "u", "p=1")
    assert "p=1" not in repr(address)
    assert parse_address("bolt://ann@[::1]:7/films").database == "films"


def test_what_goes_wrong_is_said_in_one_line(neo4j_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(GraphError, match="has no database 'films'; there are: neo4j"):
        connect(f"{neo4j_address}/films")
    with pytest.raises(GraphError, match=r"nothing answers at neo4j://127\.0\.0\.1:1"):
        connect("neo4j://127.0.0.1:1")
    monkeypatch.setenv("NEO4J_PASSWORD", "wrong")
    with pytest.raises(GraphError, match="refuses the user"):
        connect(neo4j_address)


def test_a_slow_query_is_stopped(database: Client) -> None:
    slow = Client(database._driver, database.address, timeout=0.5)
    with pytest.raises(GraphError, match=r"took longer than 0\.5 s"):
        slow.read(
            "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a * b = -1 RETURN count(*)"
        )
    assert slow.read("RETURN 1") == [(1,)]


def test_a_server_killed_in_mid_query(own_server: Server, database: Client, tmp_path: Path) -> None:
    store = some_store(tmp_path, 2_000)
    push(store, database)
    graph = Neo4jGraph(database)
    expected = graph.frontier(["e1"]).relations()
    threading.Timer(1.0, own_server.kill).start()
    with pytest.raises(GraphError, match=r"nothing answers at .*, or the connection was lost"):
        database.read("UNWIND range(1, 1000000) AS a UNWIND range(1, 1000000) AS b WITH a WHERE a < 0 RETURN count(*)")
    with pytest.raises(GraphError, match="nothing answers"):
        graph.frontier(["e1"])
    own_server.restart()  # writes again: what a crash left has to be put in order first
    assert graph.frontier(["e1"]).relations() == expected  # the same process, the same objects
    own_server.restart(read_only=True)
    try:
        assert graph.frontier(["e1"]).relations() == expected
        with pytest.raises(GraphError, match="does not allow that"):
            database.write(("CREATE (n:X)", {}))
        assert database.read("MATCH (n:X) RETURN count(n)") == [(0,)]
    finally:
        own_server.restart()
    time.sleep(0.1)
    assert graph.frontier(["e1"]).relations() == expected
