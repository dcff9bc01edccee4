"""A `Graph` over `networkx.MultiDiGraph`: interop, notebooks, and the oracle that the store is tested against.

An edge's attribute `relation`, `label` or `type` (else its key) is its relation; a node's `label` or `name`, `types`
or `type`, and `aliases` are its names.
Plain Python throughout: right by inspection, and good up to about a million facts.
"""

from __future__ import annotations

import shutil
import tempfile
import weakref
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kg.errors import GraphError, UnknownKeyError
from kg.graph import Name, Size, near_keys
from kg.names import (
    TYPED,
    EntityNames,
    NameRow,
    Names,
    RelationNames,
    checked_relation,
    named_relation,
    readable,
    write_names,
)
from kg.types import Entity, ReasoningPath, Relation, RelationPath, Step, Triple, Walks, base, inverse

EDGE_RELATION = ("relation", "label", "type")
UNRELATED = "related to"  # where an edge says nothing of its relation


class NetworkXGraph:
    """A networkx graph seen as a `Graph`. Later changes to the networkx graph are not seen."""

    def __init__(
        self, graph: Any, relation_names: Mapping[str, RelationNames] | None = None, returning: bool = False
    ) -> None:
        if not graph.is_directed():
            raise GraphError("an undirected networkx graph has lost the direction of its facts: pass a MultiDiGraph")
        facts = {
            Triple(str(head), checked_relation(edge_relation(data, key)), str(tail))
            for head, tail, key, data in edges_with_keys(graph)
        }
        if not facts:
            raise GraphError("no facts: the networkx graph has no edges")
        self._steps: dict[str, dict[str, list[str]]] = {str(node): {} for node in graph}
        for head, relation, tail in sorted(facts):
            self._steps[head].setdefault(relation, []).append(tail)
            self._steps[tail].setdefault(inverse(relation), []).append(head)
        self._facts = facts
        self.returning = returning
        self._keys = sorted(self._steps)
        self._data = {str(node): data for node, data in graph.nodes(data=True)}
        self._relations = self._describe(relation_names or {})
        self._names: Names | None = None

    @classmethod
    def from_triples(cls, triples: Iterable[tuple[str, str, str]], returning: bool = False) -> NetworkXGraph:
        """The graph of these facts; `returning`: walks may come back to where they start."""
        import networkx as nx

        graph: Any = nx.MultiDiGraph()
        for head, relation, tail in triples:
            graph.add_edge(head, tail, key=str(relation))
        return cls(graph, returning=returning)

    def _describe(self, names: Mapping[str, RelationNames]) -> dict[str, Relation]:
        relations = {}
        for key in sorted({relation for _, relation, _ in self._facts}):
            facts = sorted(fact for fact in self._facts if fact.relation == key)
            described = named_relation(key, names)
            head, tail = (commonest_type(self._types(fact[place]) for fact in facts[:TYPED]) for place in (0, 2))
            both = all(Triple(fact.tail, key, fact.head) in self._facts for fact in facts)
            relations[key] = replace(described, facts=len(facts), head_type=head, tail_type=tail, symmetric=both)
        return relations

    def _types(self, key: str) -> tuple[str, ...]:
        return node_names(self._data.get(key, {})).types

    @property
    def name(self) -> str:
        """What to call it in messages."""
        return "networkx graph"

    @property
    def size(self) -> Size:
        """Numbers of entities, relations and facts."""
        return Size(len(self._keys), len(self._relations), len(self._facts))

    @property
    def relations(self) -> Mapping[str, Relation]:
        """Every relation by its key, in key order."""
        return self._relations

    def frontier(self, topics: Iterable[str]) -> NetworkXFrontier:
        """The frontier before the first step."""
        starts = dict.fromkeys(topics)
        for key in starts:
            self._check(key)
        return NetworkXFrontier(self, {key: frozenset([key]) for key in starts})

    def barred(self, start: str) -> str | None:
        """The entity that walks from `start` never come to: itself, or none where the graph is `returning`."""
        return None if self.returning else start

    def targets(self, source: str, relation: str) -> Sequence[str]:
        """The sorted ends of one step."""
        return self._steps[source].get(relation, ())

    def signed_relations(self, source: str) -> Mapping[str, Sequence[str]]:
        """Signed relation → the ends of its steps from `source`."""
        return self._steps[source]

    def paths(self, start: str, relation_path: RelationPath, limit: int, end: str | None = None) -> Walks:
        """The first `limit` walks along `relation_path` in key order, and how many there are in all."""
        for key in (start, end or start):
            self._check(key)
        for relation in relation_path:
            self.check_relation(relation)
        if not relation_path or limit < 0:
            raise GraphError(f"a relation path of at least one step and a limit of 0 or more, not {limit=}")
        walks: list[tuple[Step, ...]] = [()]
        for relation in relation_path:
            walks = [
                (*walk, Step(source, relation, target))
                for walk in walks
                for source in [walk[-1].target if walk else start]
                for target in self.targets(source, relation)
                if target != self.barred(start)
            ]
        if end is not None:
            walks = [walk for walk in walks if walk[-1].target == end][:limit]
        return Walks(tuple(ReasoningPath(start, walk) for walk in walks[:limit]), len(walks))

    def has(self, key: str) -> bool:
        """Whether `key` is an entity's key."""
        return key in self._steps

    def contains(self, triple: Triple) -> bool:
        """Whether exactly this fact is stored."""
        return triple in self._facts

    def entity(self, key: str) -> Entity:
        """The names, types and degree of an entity."""
        self._check(key)
        names = self._names_of(key)
        degree = sum(map(len, self._steps[key].values()))
        return Entity(key, names.label, names.types, names.aliases, degree)

    def _names_of(self, key: str) -> EntityNames:
        names = node_names(self._data.get(key, {}))
        return names if names.label else names._replace(label=readable(key))

    def named(self, normal_forms: Sequence[str]) -> list[Name]:
        """Every name with one of these normal forms."""
        return [self._name(row) for row in self._index().named(normal_forms)]

    def search(self, text: str, limit: int) -> list[Name]:
        """Names that share a word with `text`, the closest first."""
        return [self._name(row) for row in self._index().search(text, limit)]

    def scan(self, text: str, limit: int, cutoff: float) -> list[tuple[Name, float]]:
        """The names most similar to `text`, out of all of them."""
        return [(self._name(row), score) for row, score in self._index().scan(text, limit, cutoff)]

    def _index(self) -> Names:
        if self._names is None:
            folder = tempfile.mkdtemp(prefix="rog-names-")
            weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
            path = Path(folder) / "names.sqlite"
            write_names(path, ((i, self._names_of(key)) for i, key in enumerate(self._keys)))
            self._names = Names(path)
        return self._names

    def _name(self, row: NameRow) -> Name:
        return Name(self._keys[row.id], row.text, row.alias)

    def _check(self, key: str) -> None:
        if key not in self._steps:
            raise UnknownKeyError("entity", key, near_keys(key, len(self._keys), self._keys.__getitem__))

    def check_relation(self, relation: str) -> None:
        """UnknownKeyError unless the graph has this relation."""
        if base(relation) not in self._relations:
            raise UnknownKeyError("relation", base(relation), self._relations)


class NetworkXFrontier:
    """A `Frontier` of plain sets, kept apart by topic."""

    def __init__(self, graph: NetworkXGraph, parts: Mapping[str, frozenset[str]]) -> None:
        self._graph = graph
        self._parts = parts

    @property
    def entities(self) -> tuple[str, ...]:
        """The keys of the entities reached, sorted."""
        return tuple(sorted(set().union(*self._parts.values())))

    def __len__(self) -> int:
        return len(self.entities)

    def relations(self) -> dict[str, int]:
        """Signed relation → number of steps that leave for where a walk may go."""
        counts: Counter[str] = Counter()
        for start, nodes in self._parts.items():
            barred = self._graph.barred(start)
            for node in nodes:
                for relation, targets in self._graph.signed_relations(node).items():
                    counts[relation] += sum(target != barred for target in targets)
        order = [*self._graph.relations, *map(inverse, self._graph.relations)]
        return {relation: counts[relation] for relation in order if counts[relation]}

    def follow(self, relation: str) -> NetworkXFrontier:
        """The frontier one step along `relation`."""
        self._graph.check_relation(relation)
        reached = {
            start: frozenset(t for node in nodes for t in self._graph.targets(node, relation))
            - {self._graph.barred(start)}
            for start, nodes in self._parts.items()
        }
        return NetworkXFrontier(self._graph, {start: nodes for start, nodes in reached.items() if nodes})


def edges_with_keys(graph: Any) -> Iterable[tuple[Any, Any, Any, Mapping[str, Any]]]:
    """The edges of a (multi) graph with a key; a plain DiGraph's edges have the key 'related to'."""
    if graph.is_multigraph():
        edges: Iterable[tuple[Any, Any, Any, Mapping[str, Any]]] = graph.edges(keys=True, data=True)
        return edges
    return ((head, tail, UNRELATED, data) for head, tail, data in graph.edges(data=True))


def edge_relation(data: Mapping[str, Any], key: object) -> str:
    """The relation of an edge: an attribute, else its key; one that has only a number is 'related to'."""
    for name in EDGE_RELATION:
        if data.get(name) not in (None, ""):
            return str(data[name])
    return UNRELATED if isinstance(key, int) else str(key)


def node_names(data: Mapping[str, Any]) -> EntityNames:
    """The names in a node's attributes; a text of several types or aliases is divided at `|`."""
    label = next((str(data[name]) for name in ("label", "name") if data.get(name) not in (None, "")), "")
    types = next((texts(data[name]) for name in ("types", "type") if data.get(name)), ())
    return EntityNames(label, types, texts(data.get("aliases") or ()))


def texts(value: object) -> tuple[str, ...]:
    """One text (divided at `|`) or several as a tuple."""
    parts = value if isinstance(value, list | tuple | set | frozenset) else str(value).split("|")
    ordered = sorted(map(str, parts)) if isinstance(value, set | frozenset) else map(str, parts)
    return tuple(part.strip() for part in ordered if part.strip())


def commonest_type(types: Iterable[tuple[str, ...]]) -> str:
    """The most frequent first type, or ''; ties go to the first by name."""
    counts = Counter(of[0] if of else "" for of in types)
    return min(counts, key=lambda name: (-counts[name], name))
