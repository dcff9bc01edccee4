"""The one way in: whatever a user calls a graph → a `Graph`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kg.build import cached_store
from kg.graph import Graph
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import Progress


def open_graph(source: Any, progress: Progress | None = None) -> Graph:
    """The graph behind `source`, read-only.

    `source` is a `.kg` directory, a facts file (built once and cached), `pykeen:nations|umls|kinships`, `demo`,
    a `networkx.MultiDiGraph`, or an iterable of `(head, relation, tail)`.
    Raises GraphError if there is nothing usable there.
    """
    if not isinstance(source, str | Path):
        return NetworkXGraph(source) if hasattr(source, "edges") else NetworkXGraph.from_triples(source)
    path = Path(source)
    if path.is_dir():
        return Store(path)
    return Store(cached_store(str(source), progress))
