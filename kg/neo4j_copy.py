"""Whole graphs to and from Neo4j: `push` fills an empty database from a store, `pull` makes a store of a database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from kg.errors import GraphError
from kg.names import RelationNames
from kg.neo4j_client import Client, is_quotable, quoted
from kg.neo4j_graph import Neo4jGraph
from kg.neo4j_schema import META, relations_of
from kg.store import Store
from kg.types import Progress, Triple
from kg.write import Builder, Provenance

BATCH = 10_000


def push(store: Store, client: Client, progress: Progress | None = None) -> None:
    """Load a store into an empty database: nodes `:Entity {id, name, aliases, types}`, facts by relationship type.

    Batches of 10,000, each in one transaction with the count of what is done, so that a push that was interrupted
    goes on where it stopped. Raises GraphError for a database that holds anything else, and for a relation that cannot
    be a relationship type.
    """
    for relation in store.relations:
        if not is_quotable(relation):
            raise GraphError(f"the relation {relation!r} cannot be written safely in Cypher: nothing was written")
    sha = store.manifest["sha256"]
    meta = client.read(f"MATCH (m:{META}) RETURN m.sha256, m.state, m.nodes, m.facts")
    if meta and meta[0][0] != sha:
        raise GraphError(f"{client.address} holds another graph that `rog kg push` put there; choose an empty database")
    if meta and meta[0][1] == "done":
        raise GraphError(f"{client.address} holds this graph already")
    if not meta:
        if client.read("MATCH (n) RETURN 1 LIMIT 1"):
            raise GraphError(f"{client.address} is not empty: nothing was written; choose an empty database")
        client.write(("CREATE CONSTRAINT rog_entity IF NOT EXISTS FOR (e:Entity) REQUIRE e.id IS UNIQUE", {}))
        said = {"relations": relations_of(store.relations.values()), "returning": store.returning}
        start = f"CREATE (m:{META} {{sha256: $sha, state: 'loading', nodes: 0, facts: 0}}) SET m += $said"
        client.write((start, {"sha": sha, "said": said}))
    _, _, nodes, facts = meta[0] if meta else (sha, "", 0, 0)
    size = store.size
    for done in range(nodes, size.entities, BATCH):
        stop = min(done + BATCH, size.entities)
        client.write(*_node_statements(store, done, stop), (f"MATCH (m:{META}) SET m.nodes = $done", {"done": stop}))
        if progress:
            progress("writing nodes", stop, size.entities)
    for relation, rows, stop in _fact_batches(store, facts):
        query = (
            "UNWIND $rows AS row MATCH (a:Entity {id: row[0]}) MATCH (b:Entity {id: row[1]}) "
            f"CREATE (a)-[:{quoted(relation)}]->(b)"
        )
        client.write((query, {"rows": rows}), (f"MATCH (m:{META}) SET m.facts = $done", {"done": stop}))
        if progress:
            progress("writing facts", stop, size.triples)
    client.write((f"MATCH (m:{META}) SET m.state = 'done'", {}))


def _node_statements(store: Store, start: int, stop: int) -> Iterator[tuple[str, dict[str, object]]]:
    """One statement per set of labels among these entities."""
    groups: dict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
    for number in range(start, stop):
        names = store.names_of(number)
        row = {"id": store.key_of(number), "name": names.label, "aliases": names.aliases, "types": names.types}
        labels = [name for name in names.types if not name.startswith("_") and is_quotable(name)]
        groups[tuple(labels)].append({key: list(v) if isinstance(v, tuple) else v for key, v in row.items()})
    for types, rows in sorted(groups.items()):
        every = ":".join(map(quoted, ("Entity", *types)))
        yield f"UNWIND $rows AS row CREATE (n:{every}) SET n = row", {"rows": rows}


def _fact_batches(store: Store, done: int) -> Iterator[tuple[str, list[list[str]], int]]:
    """Relation, (head, tail) keys and how many facts are done with them, from the `done`-th fact on."""
    heads, rels, tails = store.facts()
    keys = list(store.relations)
    bounds = np.searchsorted(rels, np.arange(len(keys) + 1))
    for number, key in enumerate(keys):
        for start in range(max(int(bounds[number]), done), int(bounds[number + 1]), BATCH):
            stop = min(start + BATCH, int(bounds[number + 1]))
            pairs = zip(heads[start:stop].tolist(), tails[start:stop].tolist(), strict=True)
            yield key, [[store.key_of(head), store.key_of(tail)] for head, tail in pairs], stop


def pull(graph: Neo4jGraph, out: Path, overwrite: bool = False, progress: Progress | None = None) -> Path:
    """Copy a database into a `.kg` directory: its facts, the values of its properties, and its names.

    Nodes without a fact cannot be stored: the manifest counts them (`without_facts`).
    """
    builder = Builder()
    done = 0
    for batch in _pulled(graph):
        builder.add(batch)
        done += len(batch)
        if progress:
            progress("reading facts", done, graph.size.triples)
    builder.names.update(graph.all_names())
    builder.relation_names.update(
        {key: RelationNames(r.label, r.inverse_label, r.hidden) for key, r in graph.relations.items()}
    )
    builder.returning = graph.returning
    return builder.write(out, Provenance(graph.name), overwrite, progress)


def _pulled(graph: Neo4jGraph) -> Iterator[list[Triple]]:
    s, client = graph.schema, graph.client
    for key, kind in s.types.items():
        query = (
            f"MATCH (a)-[:{quoted(kind)}]->(b) WHERE true{s.included('a')}{s.included('b')} "
            f"RETURN {s.key('a')}, {s.key('b')}"
        )
        yield from _batches(Triple(head, key, tail) for head, tail in client.stream(query))
    for key, prop in s.properties.items():
        query = (
            f"MATCH (n:{s.having(prop)}) WHERE true{s.included('n')} UNWIND n.{quoted(prop)} AS v "
            f"WITH n, toStringOrNull(v) AS t WHERE t <> '' RETURN {s.key('n')}, t"
        )
        yield from _batches(Triple(head, key, f'"{text}"') for head, text in client.stream(query))


def _batches(triples: Iterator[Triple]) -> Iterator[list[Triple]]:
    batch: list[Triple] = []
    for triple in triples:
        batch.append(triple)
        if len(batch) == BATCH:
            yield batch
            batch = []
    yield batch
