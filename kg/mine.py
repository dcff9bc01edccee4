"""From (topic, answer) pairs to relation paths: RoG's weak supervision for plans, all shortest paths and not just one.

(Luo et al., ICLR 2024, arXiv:2310.01061, mine shortest paths with networkx on an undirected graph.)
"""

from __future__ import annotations

from collections.abc import Iterable

from kg.graph import Frontier, Graph
from kg.store import Store
from kg.types import RelationPath


def shortest_relation_paths(graph: Graph, start: str, end: str, hops: int = 3) -> tuple[RelationPath, ...]:
    """All shortest relation paths from one entity to another, of at most `hops` (1 to 3) steps; () if there is none.

    The store meets in the middle, in microseconds; other graphs are walked forwards, a frontier at a time.
    """
    if isinstance(graph, Store):
        return graph.shortest_relation_paths(start, end, hops)
    layer: list[tuple[RelationPath, Frontier]] = [((), graph.frontier([start]))]
    for _ in range(hops):
        layer = [((*path, r), frontier.follow(r)) for path, frontier in layer for r in frontier.relations()]
        found = sorted(in_relation_order(graph, (path for path, frontier in layer if end in frontier.entities)))
        if found:
            return tuple(path for _, path in found)
    return ()


def in_relation_order(graph: Graph, paths: Iterable[RelationPath]) -> Iterable[tuple[tuple[int, ...], RelationPath]]:
    """Paths with what they are sorted by: forward relations in key order before backward ones."""
    signed = [*graph.relations, *(f"~{key}" for key in graph.relations)]
    number = {relation: place for place, relation in enumerate(signed)}
    return ((tuple(number[relation] for relation in path), path) for path in paths)
