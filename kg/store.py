"""The embedded graph: a version of a `.kg` directory over memory-mapped arrays and a names database.

manifest.json     format, counts, the files' sizes and SHA-256, content hash, source, licence (see kg.manifest)
relations.json    every relation, in key order
rows, adj .npy                         every entity's steps, both directions (see kg.kernels)
keys.bin, key_ends.npy                 entity keys, UTF-8, sorted: an entity's number is its key's rank
names.sqlite                           labels, aliases, types, full-text search (see kg.names)
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kg import kernels, mine_kernels
from kg.errors import GraphError, UnknownKeyError
from kg.graph import Name, Size, near_keys
from kg.manifest import read_relations
from kg.names import EntityNames, NameRow
from kg.opened import open_current
from kg.types import INVERSE, Entity, ReasoningPath, Relation, RelationPath, Step, Triple, Walks, base
from kg.versions import FLAT, current_folder

DFS_BUDGET = 20_000  # steps before enumeration prunes dead ends first

Ids = NDArray[np.int32]
EVERYWHERE = (np.empty(0, np.int32), np.empty(0, np.int64))  # no pruning: a walk may pass through any node


class Store:
    """A `.kg` directory opened for reading: `Graph` over memory-mapped arrays. Safe to share between threads."""

    def __init__(self, path: Path) -> None:
        found = open_current(path)
        self._path, self.folder, self.manifest = path, found.folder, found.manifest
        self.returning = bool(self.manifest.get("returning"))  # graphs built before there was a choice do not say
        self.index = found.rows, found.adj
        self._ends, self._keys, self._names, self._described = found.key_ends, found.keys, found.names, found.relations
        self._scratch = threading.local()

    @cached_property
    def _relations(self) -> dict[str, Relation]:  # read when first used: a thousand take longer than opening the files
        return read_relations(self.folder, self._described, self.size.relations)

    @cached_property
    def _signed(self) -> list[str]:
        return [*self._relations, *(INVERSE + key for key in self._relations)]

    @cached_property
    def _number(self) -> dict[str, int]:
        return {key: number for number, key in enumerate(self._signed)}

    @property
    def notes(self) -> tuple[str, ...]:
        """What whoever looks at the graph should know about it."""
        left = self.manifest.get("without_facts", 0)
        return (f"left out, because no fact is about them: {left:,} of the entities that have names",) if left else ()

    def __repr__(self) -> str:
        return f"Store({self.name!r}, {self.size.entities:,} entities, {self.size.triples:,} facts)"

    @property
    def name(self) -> str:
        """The directory."""
        return str(self._path)

    @property
    def version(self) -> str:
        """The name of the version that is open, as in `7-0f3ab91c22d4e870`; '' for a graph of an earlier rog."""
        return self.folder.name if self.folder != self._path else FLAT

    def newer(self) -> str | None:
        """The name of the version that a build has put in place of this one; None if this one is current.

        Raises GraphError if the graph is gone or its pointer is damaged.
        """
        current = current_folder(self._path)
        return None if current == self.folder else current.name

    @property
    def size(self) -> Size:
        """Numbers of entities, relations and facts."""
        return Size(*self.manifest["size"])

    @property
    def relations(self) -> Mapping[str, Relation]:
        """Every relation by its key, in key order."""
        return self._relations

    def frontier(self, topics: Iterable[str]) -> StoreFrontier:
        """The frontier before the first step."""
        starts = [self.id_of(key) for key in dict.fromkeys(topics)]
        return StoreFrontier(self, tuple((start, np.array([start], np.int32)) for start in starts))

    def paths(self, start: str, relation_path: RelationPath, limit: int, end: str | None = None) -> Walks:
        """The first `limit` walks along `relation_path` in key order, and how many there are in all."""
        origin = self.id_of(start)
        rels = np.array([self.relation_id(relation) for relation in relation_path], np.int64)
        if not len(rels) or limit < 0:
            raise GraphError(f"a relation path of at least one step and a limit of 0 or more, not {limit=}")
        if end is not None:
            found, _ = self._walks(origin, rels, limit, *self._alive(origin, rels, self.id_of(end)))
            return Walks(tuple(self._path_of(row, relation_path) for row in found), len(found))
        barred = self.barred(origin)
        found, status = kernels.walks(*self.index, origin, barred, rels, limit, DFS_BUDGET, *EVERYWHERE)
        if status == kernels.BUDGET:
            found, status = self._walks(origin, rels, limit, *self._alive(origin, rels))
        total = len(found)
        if status == kernels.LIMIT:
            total = int(kernels.count_walks(*self.index, origin, barred, rels, self.seen, self._ways))
        return Walks(tuple(self._path_of(row, relation_path) for row in found), total)

    def _walks(
        self, origin: int, rels: NDArray[np.int64], limit: int, alive: Ids, bounds: NDArray[np.int64]
    ) -> tuple[Ids, int]:
        """The first walks through the `alive` nodes only, which lead to no dead end."""
        found, status = kernels.walks(*self.index, origin, self.barred(origin), rels, limit, 2**62, alive, bounds)
        return found, status

    def _alive(self, origin: int, rels: NDArray[np.int64], end: int | None = None) -> tuple[Ids, NDArray[np.int64]]:
        """The nodes of each hop that lie on a whole walk (to `end`), concatenated, with the bounds of each hop."""
        layers: list[Ids] = [np.array([origin], np.int32)]
        for rel in rels:
            layers.append(kernels.follow(*self.index, layers[-1], rel, self.barred(origin), self.seen))
        if end is not None:
            layers[-1] = layers[-1][layers[-1] == end]
        for hop in range(len(rels) - 1, 0, -1):
            layers[hop] = kernels.step_back(*self.index, layers[hop], rels[hop], layers[hop + 1])
        return np.concatenate(layers), np.cumsum([0, *map(len, layers)])

    def _path_of(self, row: Ids, relation_path: RelationPath) -> ReasoningPath:
        keys = [self.key_of(number) for number in row.tolist()]
        steps = map(Step, keys, relation_path, keys[1:])
        return ReasoningPath(keys[0], tuple(steps))

    def ends(self, start: str, relation_path: RelationPath) -> tuple[str, ...]:
        """The keys of the entities that walks along `relation_path` reach, sorted: a frontier's, in one call."""
        rels = np.array([self.relation_id(relation) for relation in relation_path], np.int64)
        origin = self.id_of(start)
        reached = kernels.ends(*self.index, origin, self.barred(origin), rels, self.seen)
        return tuple(map(self.key_of, reached.tolist()))

    def ends_of_each(self, queries: Sequence[tuple[str, RelationPath]]) -> list[Ids]:
        """The numbers of the entities that each (start, relation path) reaches, sorted; many queries in one call."""
        starts = np.array([self.id_of(start) for start, _ in queries], np.int32)
        rels = np.array([self.relation_id(relation) for _, path in queries for relation in path], np.int64)
        bounds = np.cumsum([0, *(len(path) for _, path in queries)])
        found, stops = kernels.ends_of_each(*self.index, starts, self.returning, rels, bounds, self.seen)
        return [found[low:high] for low, high in pairwise(stops.tolist())]

    def shortest_relation_paths(self, start: str, end: str, hops: int = 3) -> tuple[RelationPath, ...]:
        """All shortest relation paths of at most `hops` (1 to 3) steps between two entities, in order of their keys."""
        if not 1 <= hops <= 3 or start == end:
            raise GraphError(f"shortest relation paths join two different entities in 1 to 3 hops, not {hops=}")
        relations = len(self._relations)
        ids = (self.id_of(start), self.id_of(end))
        length, codes = mine_kernels.shortest(*self.index, *ids, relations, hops, self.seen)
        places = [codes // (2 * relations) ** (length - 1 - hop) % (2 * relations) for hop in range(length)]
        return tuple(tuple(map(self.signed, row)) for row in np.stack(places, axis=1).tolist()) if length else ()

    def contains(self, triple: Triple) -> bool:
        """Whether exactly this fact is stored."""
        head, tail = self._find(triple.head), self._find(triple.tail)
        relation = self._number.get(triple.relation, -1)
        if head < 0 or tail < 0 or not 0 <= relation < len(self._relations):
            return False
        return bool(kernels.has_fact(*self.index, head, relation, tail))

    def entity(self, key: str) -> Entity:
        """The names, types and degree of an entity."""
        number = self.id_of(key)
        names = self._names.of(number)
        degree = int(kernels.degree(*self.index, number))
        return Entity(key, names.label, names.types, names.aliases, degree)

    def has(self, key: str) -> bool:
        """Whether `key` is an entity's key."""
        return self._find(key) >= 0

    def names_of(self, number: int) -> EntityNames:
        """The names of an entity by its number."""
        return self._names.of(number)

    def facts(self) -> tuple[Ids, Ids, Ids]:
        """Every fact as numbers: heads, relations, tails, sorted by relation, then head, then tail."""
        heads, rels, tails = kernels.forwards(*self.index, len(self._relations))
        order = np.argsort(rels, kind="stable")
        return heads[order], rels[order], tails[order]

    def named(self, normal_forms: Sequence[str]) -> list[Name]:
        """Every name with one of these normal forms."""
        return [self._name(row) for row in self._names.named(normal_forms)]

    def search(self, text: str, limit: int) -> list[Name]:
        """Names that share a word with `text`, the closest first."""
        return [self._name(row) for row in self._names.search(text, limit)]

    def scan(self, text: str, limit: int, cutoff: float) -> list[tuple[Name, float]]:
        """The names most similar to `text`, out of all of them."""
        return [(self._name(row), score) for row, score in self._names.scan(text, limit, cutoff)]

    def _name(self, row: NameRow) -> Name:
        return Name(self.key_of(row.id), row.text, row.alias)

    def key_of(self, number: int) -> str:
        """The key of an entity's number."""
        key: bytes = self._keys[self._ends[number] : self._ends[number + 1]].tobytes()
        return key.decode()

    def id_of(self, key: str) -> int:
        """The number of an entity, or UnknownKeyError with the nearest keys and names."""
        number = self._find(key)
        if number < 0:
            raise UnknownKeyError("entity", key, near_keys(key, self.size.entities, self.key_of))
        return number

    def _find(self, key: str) -> int:
        wanted = np.frombuffer(key.encode("utf-8", "surrogatepass"), np.uint8)
        return int(kernels.find_key(self._ends, self._keys, wanted))

    def relation_id(self, relation: str) -> int:
        """The signed number of a relation, or UnknownKeyError with the nearest ones."""
        if relation not in self._number:
            raise UnknownKeyError("relation", base(relation), self._relations)
        return self._number[relation]

    @property
    def seen(self) -> NDArray[np.uint64]:
        """This thread's zeroed bitmap over all entities, for the kernels."""
        if not hasattr(self._scratch, "seen"):
            self._scratch.seen = np.zeros(self.size.entities // 64 + 1, np.uint64)
        bitmap: NDArray[np.uint64] = self._scratch.seen
        return bitmap

    @property
    def _ways(self) -> NDArray[np.int64]:
        if not hasattr(self._scratch, "ways"):
            self._scratch.ways = np.zeros(self.size.entities, np.int64)
        ways: NDArray[np.int64] = self._scratch.ways
        return ways

    def barred(self, start: int) -> int:
        """The entity that walks from `start` never come to: itself, or none (-1) where the graph is `returning`."""
        return int(kernels.NOWHERE) if self.returning else start

    def step(self, start: int, nodes: Ids, relation: int) -> Ids:
        """The sorted ends of one step, of walks from `start`, from the sorted `nodes`."""
        reached: Ids = kernels.follow(*self.index, nodes, relation, self.barred(start), self.seen)
        return reached

    def leaving(self, start: int, nodes: Ids) -> NDArray[np.int64]:
        """How many steps of walks from `start` leave the sorted `nodes` per signed relation: (2R,)."""
        counts: NDArray[np.int64] = kernels.leaving(*self.index, nodes, self.barred(start), len(self._relations))
        return counts

    def signed(self, number: int) -> str:
        """The signed key of a signed relation number."""
        return self._signed[number]


class StoreFrontier:
    """A `Frontier` of sorted entity numbers, kept apart by topic."""

    def __init__(self, store: Store, parts: tuple[tuple[int, Ids], ...]) -> None:
        self._store = store
        self._parts = parts

    @property
    def ids(self) -> Ids:
        """The numbers of the entities reached, sorted, without duplicates."""
        if len(self._parts) == 1:
            return self._parts[0][1]
        reached = [nodes for _, nodes in self._parts]
        return np.unique(np.concatenate(reached)) if reached else np.empty(0, np.int32)

    @property
    def entities(self) -> tuple[str, ...]:
        """The keys of the entities reached, sorted."""
        return tuple(map(self._store.key_of, self.ids.tolist()))

    def __len__(self) -> int:
        return len(self.ids)

    def relations(self) -> dict[str, int]:
        """Signed relation → number of steps that leave for where a walk may go."""
        if not self._parts:
            return {}
        counts = np.sum([self._store.leaving(*part) for part in self._parts], axis=0)
        leaving = np.flatnonzero(counts)
        numbers: list[int] = leaving.tolist()
        return dict(zip(map(self._store.signed, numbers), counts[leaving].tolist(), strict=True))

    def follow(self, relation: str) -> StoreFrontier:
        """The frontier one step along `relation`."""
        number = self._store.relation_id(relation)
        parts = ((start, self._store.step(start, nodes, number)) for start, nodes in self._parts)
        return StoreFrontier(self._store, tuple(part for part in parts if len(part[1])))
