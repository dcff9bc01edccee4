"""The same contract on a real Neo4j, and 1,000 random queries that must come out alike on every backend."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kg import neo4j_graph
from kg.graph import Graph
from kg.neo4j_client import Client
from kg.neo4j_copy import push
from kg.neo4j_graph import Neo4jGraph
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance
from tests.kg.conftest import clear
from tests.kg.graph_contract import GraphContract

pytestmark = pytest.mark.neo4j
ODD = [
    "a`]->() DETACH DELETE n //",
    'it\'s "odd"',
    "emoji 🙂\nnew line",
    "שלום",
    "\uffff",
    "tab\there",
    "back\\slash",
    "$p",
    "{x}",
]


def stored(facts: list[tuple[str, str, str]], out: Path, returning: bool = False) -> Store:
    builder = Builder()
    builder.returning = returning
    builder.add(Triple(*fact) for fact in facts)
    return Store(builder.write(out, Provenance("test"), False))


class TestNeo4jGraph(GraphContract):
    @pytest.fixture(autouse=True)
    def _database(self, database: Client, tmp_path: Path) -> None:
        self.client, self.folder = database, tmp_path

    def make(self, facts: list[tuple[str, str, str]], returning: bool = False) -> Graph:
        clear(self.client)
        push(stored(facts, self.folder / f"{returning}.kg", returning), self.client)
        return Neo4jGraph(self.client)


def random_facts(rng: random.Random) -> list[tuple[str, str, str]]:
    entities = [*ODD, *(f"e{i}" for i in range(rng.randint(3, 20)))]
    relations = [*rng.sample(ODD, 3), "r", "s", "t"]
    facts = []
    for _ in range(rng.randint(20, 120)):
        head = rng.choice(entities)
        tail = head if rng.random() < 0.1 else rng.choice(entities)
        facts += [(head, relation, tail) for relation in rng.sample(relations, rng.choice((1, 1, 2)))]
    return facts


@pytest.mark.parametrize("many_types", [300, 0])  # 0: one query text for all types
def test_the_same_thousand_queries_everywhere(
    database: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many_types: int
) -> None:
    """Sets, paths, relations, limits, inverse steps, parallel facts, loops, odd names: 5 graphs, 200 queries each."""
    monkeypatch.setattr(neo4j_graph, "MANY_TYPES", many_types)
    rng = random.Random(3)
    asked = 0
    for number in range(5):
        clear(database)
        facts = random_facts(rng)
        returning = number % 2 == 1
        store = stored(facts, tmp_path / f"{number}.kg", returning)
        push(store, database)
        graphs: list[Graph] = [store, NetworkXGraph.from_triples(facts, returning), Neo4jGraph(database)]
        keys = sorted({key for head, _, tail in facts for key in (head, tail)})
        for _ in range(200):
            topics = rng.sample(keys, rng.choice((1, 1, 2)))
            frontiers = [graph.frontier(topics) for graph in graphs]
            path: tuple[str, ...] = ()
            for _ in range(rng.randint(1, 4)):
                leaving = [list(frontier.relations().items()) for frontier in frontiers]
                assert leaving[0] == leaving[1] == leaving[2], (facts, topics, path)
                if not leaving[0]:
                    break
                path += (rng.choice(leaving[0])[0],)
                frontiers = [frontier.follow(path[-1]) for frontier in frontiers]
                reached = [frontier.entities for frontier in frontiers]
                assert reached[0] == reached[1] == reached[2], (facts, topics, path)
            if path:
                limit = rng.choice((0, 1, 3, 100))
                end = rng.choice((None, None, rng.choice(keys)))
                walks = [graph.paths(topics[0], path, limit, end) for graph in graphs]
                assert walks[0] == walks[1] == walks[2], (facts, topics, path, limit, end)
            fact = Triple(rng.choice(keys), rng.choice([*store.relations, "no"]), rng.choice(keys))
            assert len({graph.contains(fact) for graph in graphs}) == 1
            assert len({graph.entity(topics[0]) for graph in graphs}) == 1
            asked += 1
    assert asked == 1000
