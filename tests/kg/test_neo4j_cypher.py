"""The Cypher that a picture offers, on a real server: as many rows as there are walks."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.neo4j_client import Client
from kg.neo4j_copy import pull, push
from kg.neo4j_graph import Neo4jGraph
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance
from rog.cypher import cypher

pytestmark = pytest.mark.neo4j


def test_as_many_rows_as_walks_in_a_pushed_graph(database: Client, films: Store) -> None:
    push(films, database)
    there = Neo4jGraph(database)
    paths = [("~actor", "directed_by"), ("~actor", "actor"), ("~actor", "~actor"), ("~actor", "directed_by", "born_in")]
    for start, path in [*(("crowe", path) for path in paths), ("heat", ("actor",)), ("usa", ("~country",) * 2)]:
        walks = films.paths(start, path, 200).total
        for graph in (films, there):
            rows = database.read(cypher(graph, start, path))
            assert len(rows) == walks, cypher(graph, start, path)


def test_a_returning_graph_is_pushed_and_pulled_as_one(database: Client, tmp_path: Path) -> None:
    builder = Builder()
    builder.returning = True
    builder.add([Triple("a", "spouse", "b"), Triple("b", "spouse", "a"), Triple("a", "child", "c")])
    store = Store(builder.write(tmp_path / "g.kg", Provenance("test"), False))
    push(store, database)
    there = Neo4jGraph(database)
    for graph in (store, there, Store(pull(there, tmp_path / "pulled.kg"))):
        assert graph.frontier(["a"]).follow("spouse").follow("spouse").follow("child").entities == ("c",)
        assert len(database.read(cypher(graph, "a", ("spouse", "spouse")))) == 1
    never = Neo4jGraph(database, {"returning": False})
    assert never.frontier(["a"]).follow("spouse").follow("spouse").entities == ()


def test_values_of_properties_in_somebodys_own_database(database: Client) -> None:
    for label in ("Film", "Person"):
        database.write((f"CREATE CONSTRAINT FOR (n:{label}) REQUIRE n.id IS UNIQUE", {}))
    facts = "(:Person {id: 1, name: \"O'Neil\"})-[:ACTED_IN]->(:Film {id: 1, title: 'Heat', year: 1995})"
    database.write((f"CREATE {facts}, (:Film {{id: 2, title: 'Seven', year: 1995}})", {}))
    graph = Neo4jGraph(database)
    year = next(key for key in graph.relations if "year" in key)
    for start, path in (("Person:1", ("ACTED_IN", year)), ('"1995"', ("~" + year,)), ("Film:1", (year, "~" + year))):
        walks = graph.paths(start, path, 10).total
        assert walks > 0
        assert len(database.read(cypher(graph, start, path))) == walks, (start, path)


def test_a_walk_from_a_value_does_not_come_back_to_it(database: Client) -> None:
    database.write(("CREATE CONSTRAINT FOR (n:Film) REQUIRE n.id IS UNIQUE", {}))
    films = (
        "(:Film {id: 1, title: 'Heat', genres: ['Crime', 'Drama']}), (:Film {id: 2, title: 'Ran', genres: ['Drama']})"
    )
    database.write((f"CREATE {films}", {}))
    graph = Neo4jGraph(database)
    genre = next(key for key in graph.relations if "genre" in key)
    path = ("~" + genre, genre)
    walks = graph.paths('"Drama"', path, 10)
    rows = database.read(cypher(graph, '"Drama"', path))
    assert len(rows) == walks.total == 1
    assert [walk.end for walk in walks.paths] == ['"Crime"']
