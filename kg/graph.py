"""What a graph must answer, whatever it is stored in: the Protocols `Graph` and `Frontier`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from kg.types import Entity, Relation, RelationPath, Triple, Walks, inverse

BESIDE = 5  # keys before and after the place of an unknown one that may have been meant


class Size(NamedTuple):
    """How big a graph is; `triples` counts distinct facts."""

    entities: int
    relations: int
    triples: int


class Name(NamedTuple):
    """One name of an entity: the entity's key, the text, and whether it is an alias rather than the label."""

    key: str
    text: str
    alias: bool


class Frontier(Protocol):
    """The entities reached so far from some topics: the one idea under search, decoding and mining.

    Each topic keeps its own walks, so a walk from A may pass through B even when both are topics; only A's walks
    never come back to A, unless the graph is `returning`.
    """

    @property
    def entities(self) -> tuple[str, ...]:
        """The keys of the entities reached, sorted, without duplicates."""

    def __len__(self) -> int:
        """The number of entities reached."""

    def relations(self) -> dict[str, int]:
        """Signed relation → number of steps that leave for where a walk may go.

        Exactly the relations whose `follow` is not empty: forwards in key order, then backwards in key order.
        """

    def follow(self, relation: str) -> Frontier:
        """The frontier one step along `relation` (`~r` walks backwards); empty if there is no such step.

        Raises UnknownKeyError for a relation that the graph does not have.
        """


class Graph(Protocol):
    """A knowledge graph that can be walked and whose names can be looked up. Read-only."""

    @property
    def name(self) -> str:
        """What to call this graph in messages: its path or address."""

    @property
    def size(self) -> Size:
        """Numbers of entities, relations and facts."""

    @property
    def relations(self) -> Mapping[str, Relation]:
        """Every relation by its key, in key order."""

    @property
    def returning(self) -> bool:
        """Whether walks may come back to the entity that they start from; by default they never do."""

    def frontier(self, topics: Iterable[str]) -> Frontier:
        """The frontier before the first step. Raises UnknownKeyError for an entity the graph does not have."""

    def paths(self, start: str, relation_path: RelationPath, limit: int, end: str | None = None) -> Walks:
        """The first `limit` walks along `relation_path` in key order, and how many there are in all.

        With `end`, only walks that arrive there; `total` then counts no further than `limit`.
        """

    def has(self, key: str) -> bool:
        """Whether `key` is an entity's key: never an error, and quick whether it is or not."""

    def contains(self, triple: Triple) -> bool:
        """Whether exactly this fact is stored; False, not an error, for keys that the graph does not have."""

    def entity(self, key: str) -> Entity:
        """The names, types and degree of an entity. Raises UnknownKeyError."""

    def named(self, normal_forms: Sequence[str]) -> list[Name]:
        """Every name whose normal form (`kg.names.normal`) is one of these, in key order."""

    def search(self, text: str, limit: int) -> list[Name]:
        """Names that share a word with `text`, the closest first (full-text search, BM25)."""

    def scan(self, text: str, limit: int, cutoff: float) -> list[tuple[Name, float]]:
        """Names within a string similarity of `cutoff` (0 to 1) of `text`, the closest first. Slow: reads all."""


def near_keys(wanted: str, size: int, key_of: Callable[[int], str]) -> list[str]:
    """The keys beside `wanted` among the `size` sorted ones, for a "did you mean": read by bisection, not all.

    Looked up in a few spellings (capitals, `_` for a blank), five keys before and after each place.
    """
    spelt = {wanted, wanted.casefold(), wanted.title(), wanted.capitalize(), wanted.upper()}
    found: dict[str, None] = {}
    for text in sorted(spelt | {text.replace(" ", "_") for text in spelt}):
        place = bisect_left(range(size), text, key=key_of)
        found |= dict.fromkeys(map(key_of, range(max(0, place - BESIDE), min(size, place + BESIDE))))
    return list(found)


def content_hash(graph: Graph) -> str:
    """The hash of what a graph says, or "" for one that has none (a database may change at any time)."""
    manifest: Mapping[str, object] = getattr(graph, "manifest", {})
    return str(manifest.get("sha256", ""))


def not_planned(graph: Graph) -> set[str]:
    """Signed relations that no plan uses: hidden ones, and symmetric ones backwards."""
    unused = {inverse(r.key) for r in graph.relations.values() if r.symmetric or r.hidden}
    return unused | {r.key for r in graph.relations.values() if r.hidden}
