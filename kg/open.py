"""The one way in: whatever a user calls a graph → a `Graph`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kg.build import cached_store
from kg.errors import GraphError
from kg.frames import frame_triples
from kg.graph import Graph
from kg.neo4j_client import is_address
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import Progress


def open_graph(source: Any, progress: Progress | None = None, config: Path | None = None) -> Graph:
    """The graph behind `source`, read-only.

    `source` is a `.kg` directory, a facts file (built once and cached), `pykeen:nations|umls|kinships`, `demo`,
    a Neo4j address (`neo4j://host`, `bolt+s://…`, or `neo4j` for what NEO4J_URI says), a `networkx.MultiDiGraph`,
    a pandas data frame with columns head, relation, tail, or an iterable of `(head, relation, tail)`.
    `config` overrides what is guessed of a database's schema.
    Raises GraphError if there is nothing usable there.
    """
    if not isinstance(source, str | Path):
        if hasattr(source, "edges"):
            return NetworkXGraph(source)
        return NetworkXGraph.from_triples(frame_triples(source) if hasattr(source, "columns") else source)
    if is_address(str(source)):
        from kg.neo4j_config import read_config
        from kg.neo4j_graph import open_neo4j

        return open_neo4j(str(source), read_config(config) if config else None, progress)
    path = Path(source)
    if path.is_dir():
        return Store(path)
    cached = cached_store(str(source), progress)
    try:
        return Store(cached)
    except GraphError:  # the cache is ours to mend: its user cannot be told to build what nobody asked for
        return Store(cached_store(str(source), progress, again=True))
