"""Databases that nobody would draw: properties that are names here and values there, nodes without keys, odd names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kg import neo4j_introspect
from kg.errors import GraphError, UnknownKeyError
from kg.link import resolve_entity
from kg.neo4j_client import Client, is_quotable
from kg.neo4j_copy import pull, push
from kg.neo4j_graph import Neo4jGraph
from kg.neo4j_introspect import introspect
from kg.neo4j_schema import Schema
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance

pytestmark = pytest.mark.neo4j


def unique(label: str, prop: str) -> tuple[str, dict[str, Any]]:
    return f"CREATE CONSTRAINT FOR (n:{label}) REQUIRE n.{prop} IS UNIQUE", {}


def opened(client: Client, *statements: str, config: dict[str, Any] | None = None) -> Neo4jGraph:
    """The graph that these statements make."""
    for statement in statements:
        client.write((statement, {}))
    return Neo4jGraph(client, config)


def labels(schema: Schema) -> dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]]:
    return {label.name: (label.key, label.names, label.values) for label in schema.labels}


def same_when_pulled(graph: Neo4jGraph, folder: Path) -> Store:
    """The pulled graph, which says of every entity and relation what the database says."""
    store = Store(pull(graph, folder / "pulled.kg"))
    keys = [store.key_of(number) for number in range(store.size.entities)]
    for key in keys:
        one, other = store.frontier([key]), graph.frontier([key])
        assert one.relations() == other.relations(), key
        assert store.entity(key) == graph.entity(key)
        for relation in one.relations():
            assert one.follow(relation).entities == other.follow(relation).entities, (key, relation)
    assert {key for key, _ in graph.all_names()} >= set(keys)
    return store


OFFICES = """
CREATE (c:Company {ticker: 'ACM', legalName: 'Acme', city: 'Berlin'})
CREATE (p:Person {ssn: 1, name: 'Ann', city: 'Rome'})-[:WORKS_FOR]->(c)
CREATE (:Office {city: 'Hamburg', floor: 3})<-[:HAS]-(c)
CREATE (:Movie {name: 'Heat', year: 1995})-[:IN]->(:Year {year: 1996})
"""


def test_a_name_of_one_label_is_a_value_of_another(database: Client, tmp_path: Path) -> None:
    database.write(unique("Year", "year"), unique("Company", "ticker"), unique("Person", "ssn"))
    graph = opened(database, OFFICES)
    assert labels(graph.schema) == {
        "Company": ("ticker", ("legalName",), ("city",)),
        "Movie": ("", ("name",), ("year",)),
        "Office": ("", ("city",), ("floor",)),
        "Person": ("ssn", ("name",), ("city",)),
        "Year": ("year", (), ()),
    }
    assert graph.frontier(["Company:ACM"]).follow("city").entities == ('"Berlin"',)
    assert graph.frontier(["Person:1"]).follow("city").entities == ('"Rome"',)
    heat, hamburg = resolve_entity(graph, "Heat").key, resolve_entity(graph, "Hamburg").key
    assert graph.frontier([heat]).follow("year").entities == ('"1995"',)
    assert set(graph.frontier([hamburg]).relations()) == {"floor", "~HAS"}
    assert list(graph.frontier(["Year:1996"]).relations()) == ["~IN"]
    assert (graph.relations["year"].facts, graph.relations["city"].facts) == (1, 2)
    with pytest.raises(UnknownKeyError):
        graph.frontier(['"Hamburg"'])
    same_when_pulled(graph, tmp_path)


def test_nodes_of_both_labels(database: Client, tmp_path: Path) -> None:
    """What is a node's name under one of its labels is no value under another."""
    bob = "MATCH (c:Company) CREATE (:Person:Office {ssn: 2, name: 'Bob', city: 'Bonn'})-[:WORKS_FOR]->(c)"
    graph = opened(database, OFFICES, bob, config={"name": {"Office": "city"}})
    assert set(graph.frontier([resolve_entity(graph, "Bonn").key]).relations()) == {"WORKS_FOR", "ssn"}
    assert "city" in graph.frontier([resolve_entity(graph, "Ann").key]).relations()
    same_when_pulled(graph, tmp_path)


def test_the_key_of_one_label_is_no_value_under_another_of_the_same_nodes(database: Client) -> None:
    database.write(unique("Person", "ssn"))
    graph = opened(database, "CREATE (a:Person:Actor {ssn: 1, name: 'Ann'})-[:KNOWS]->(:Person {ssn: 2, name: 'Bo'})")
    assert labels(graph.schema)["Actor"] == ("", ("name",), ())
    assert list(graph.relations) == ["KNOWS"]


def test_prose_of_one_label_is_no_fact(database: Client, tmp_path: Path) -> None:
    """Forwards as backwards: what is not found as an entity is not reached either."""
    graph = opened(
        database,
        "CREATE (:E {id: 1, name: 'E', bio: 'short'})-[:R]->(f:F {name: 'Eff', nick: 'F'}) "
        "SET f.bio = reduce(s = '', i IN range(1, 60) | s + 'word ')",
    )
    eff = resolve_entity(graph, "Eff").key
    assert set(graph.frontier([eff]).relations()) == {"nick", "~R"}
    assert graph.frontier([eff]).follow("bio").entities == ()
    assert graph.paths(eff, ("bio",), 9).total == 0
    assert graph.frontier(["E:1"]).follow("bio").follow("~bio").entities == ()
    same_when_pulled(graph, tmp_path)


def test_nodes_without_their_key(database: Client, tmp_path: Path) -> None:
    database.write(unique("E", "id"))
    graph = opened(
        database, "CREATE (:E {id: 'a', n: 1})-[:R]->(:E {id: 'b'})-[:R]->(:E {name: 'nokey'})-[:R]->(:E {id: '-7'})"
    )
    assert graph.schema.common is not None
    assert any("nodes of E without id: 1; their keys are element ids" in note for note in graph.schema.notes)
    (odd,) = graph.frontier(["a"]).follow("R").follow("R").entities
    assert graph.frontier([odd]).follow("R").entities == ("-7",)
    assert graph.frontier(["-7"]).follow("~R").entities == (odd,)
    assert resolve_entity(graph, odd).key == odd
    same_when_pulled(graph, tmp_path)


def test_keys_that_are_whole_numbers_and_texts(database: Client, tmp_path: Path) -> None:
    database.write(unique("E", "id"))
    graph = opened(database, "CREATE (:E {id: -5})-[:R]->(:E {id: 'x'})-[:R]->(:E {id: 12})-[:R]->(:E {id: '0012'})")
    assert graph.frontier(["-5"]).follow("R").follow("R").follow("R").entities == ("0012",)
    assert graph.frontier(["12", "x"]).entities == ("12", "x")
    with pytest.raises(UnknownKeyError):
        graph.frontier(["9" * 19])
    same_when_pulled(graph, tmp_path)


def test_names_and_keys_of_another_type_here_and_there(database: Client, tmp_path: Path) -> None:
    """Beyond the sample from which the schema is guessed."""
    graph = opened(
        database,
        "UNWIND range(1, 400) AS i CREATE (:E {id: i, name: 'e' + i})",
        "MATCH (a:E {id: 1}), (b:E {id: 400}) CREATE (a)-[:R]->(b) SET b.name = ['x', 'y']",
        "MATCH (a:E {id: 1}) CREATE (a)-[:R]->(:E {id: 401, name: 401})",
    )
    assert graph.frontier(["E:1"]).follow("R").entities == ("E:400", "E:401")
    assert (graph.entity("E:400").label, graph.entity("E:401").label) == ("E:400", "401")
    store = same_when_pulled(graph, tmp_path)
    assert store.notes == ("left out, because no fact is about them: 398 of the entities that have names",)


def test_names_that_most_have_win(database: Client) -> None:
    graph = opened(
        database,
        "UNWIND range(1, 20) AS i CREATE (p:P {id: i, first_name: 'F' + i}) "
        "SET p.title = CASE i WHEN 1 THEN 'Dr' END, p.last_name = CASE WHEN i > 1 THEN 'L' + i END",
        "CREATE (:Q {id: 1})-[:R]->(:Q {id: 2, name: 'only one of four'})-[:R]->(:Q {id: 3})-[:R]->(:Q {id: 4})",
    )
    assert {name: parts[1] for name, parts in labels(graph.schema).items()} == {
        "P": ("first_name", "last_name"),
        "Q": ("name",),
    }
    assert [graph.entity(key).label for key in ("P:1", "P:2", "Q:1")] == ["F1", "F2 L2", "Q:1"]
    assert graph.frontier(["P:1"]).follow("title").entities == ('"Dr"',)


ODD = "a\\u0041"


def test_names_that_cypher_cannot_hold(database: Client, tmp_path: Path) -> None:
    """A label, a type, a property with backslash and u, made through parameters and a map."""
    assert not is_quotable(ODD)
    make = f"CREATE (a:E:$($odd) {{id: 1}})-[:$($odd)]->(b:$($odd) {{n: 1}})-[:R]->(a) SET b += {{`{ODD}`: 1}}"
    try:
        database.write((make, {"odd": ODD}))
    except GraphError as error:  # before 5.26
        pytest.skip(str(error))
    graph = Neo4jGraph(database)
    assert any(f"the label {ODD!r} cannot be written safely in Cypher" in note for note in graph.schema.notes)
    assert any(f"relationship type {ODD!r} is left out" in note for note in graph.schema.notes)
    assert (graph.size.entities, list(graph.relations)) == (2, ["R"])
    assert len(graph.frontier(["E:1"]).follow("~R").entities) == 1
    same_when_pulled(graph, tmp_path)
    database.write(("CREATE (:E {id: 2})-[:R]->(:E {id: 3})", {}))
    without = Neo4jGraph(database, {"exclude_labels": [ODD]})
    assert without.size.entities == 2
    assert without.frontier(["E:2"]).relations() == {"R": 1}
    with pytest.raises(UnknownKeyError):
        without.frontier(["E:1"])


def test_settings_that_the_database_lacks(database: Client) -> None:
    client = opened(database, OFFICES).client
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"exclude_labels": "Offise"}, "exclude_labels: unknown label 'Offise'; did you mean 'Office'"),
        ({"exclude_types": ["WORKS"]}, "exclude_types: unknown relationship type 'WORKS'; did you mean 'WORKS_FOR'"),
        ({"exclude_properties": "citi"}, "exclude_properties: unknown property 'citi'; did you mean 'city'"),
        ({"key": {"Persn": "ssn"}}, "key: unknown label 'Persn'; did you mean 'Person'"),
        ({"name": {"Persn": ["name"]}}, "name: unknown label 'Persn'"),
        ({"exclude_labels": 3}, "exclude_labels: 3 is no list of texts"),
    ]
    for config, message in wrong:
        with pytest.raises(GraphError, match=message):
            introspect(client, config)
    lists = {"exclude_labels": "Office", "exclude_types": "IN", "exclude_properties": "city"}
    schema = introspect(client, {**lists, "name": {"*": "name"}})
    assert "Office" not in labels(schema)
    assert (set(schema.types), set(schema.properties)) == ({"HAS", "WORKS_FOR"}, {"ssn", "ticker", "year"})
    assert schema.nodes == 4


def test_properties_of_relationships_are_not_passed_over_in_silence(database: Client) -> None:
    graph = opened(
        database, "CREATE (:A {id: 1})-[:WORKS_FOR {role: 'boss', since: 3}]->(:A {id: 2})-[:R]->(:A {id: 3})"
    )
    note = "properties of relationships are not read: WORKS_FOR.role, WORKS_FOR.since"
    assert note in graph.schema.notes


def test_values_are_counted_as_facts(database: Client, tmp_path: Path) -> None:
    graph = opened(database, "CREATE (:A {id: 1, g: ['x', 'y', 'x', '']})-[:R]->(:A {id: 2, g: ['x']})")
    assert graph.relations["g"].facts == 3
    assert graph.size.triples == same_when_pulled(graph, tmp_path).size.triples == 4


def test_what_takes_long_is_done_without(database: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    make = "CREATE (a:A {id: 1, n: 5})-[:R]->(b:A {id: 2, n: 6})-[:R]->(a), (:_X)-[:R]->(:_Y)"
    graph = opened(database, make)
    assert (graph.relations["R"].symmetric, graph.size.entities) == (False, 2)
    database.write(("MATCH (n:_X|_Y) DETACH DELETE n", {}))
    assert Neo4jGraph(database).relations["R"].symmetric
    monkeypatch.setattr(Client, "read_quickly", lambda self, query, **_: None)
    slow = opened(database, "CREATE (:_X)")
    assert not slow.relations["R"].symmetric
    assert slow.relations["n"].facts == 2
    assert "too many nodes to count the values of n: the number of nodes stands for it" in slow.schema.notes
    assert any("the number of nodes is that of all" in note for note in slow.schema.notes)
    assert slow.frontier(["A:1"]).relations() == {"R": 1, "n": 1, "~R": 1}


def test_a_large_database_is_not_read_to_describe_it(database: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(neo4j_introspect, "COUNTED", 1)
    graph = opened(database, "CREATE (a:A {id: 1, n: 5})-[:R]->(b:A {id: 2})-[:R]->(a)")
    assert (graph.relations["R"].symmetric, graph.relations["n"].facts) == (False, 2)


def test_a_slow_query_is_none_or_an_error_that_can_be_heeded(database: Client) -> None:
    slow = Client(database._driver, database.address, timeout=0.5)
    query = "UNWIND range(1, 100000) AS a UNWIND range(1, 100000) AS b WITH a, b WHERE a * b = -1 RETURN count(*)"
    assert slow.read_quickly(query) is None
    with pytest.raises(GraphError, match=r"raise `timeout` in the file given with --config"):
        slow.read(query)


def test_a_push_that_cannot_be_finished_is_not_begun(database: Client, tmp_path: Path) -> None:
    builder = Builder()
    builder.add([Triple("a", "good", "b"), Triple("a", "p\\u0041q", "b")])
    store = Store(builder.write(tmp_path / "g.kg", Provenance(), False))
    with pytest.raises(GraphError, match="cannot be written safely in Cypher: nothing was written"):
        push(store, database)
    assert database.read("MATCH (n) RETURN count(n)") == [(0,)]
