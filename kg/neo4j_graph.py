"""A `Graph` over somebody's Neo4j database, unchanged: one short query a hop, nothing written, nothing installed.

Keys are the common label's unique property (`bare`), else `Label:value`, else the element id; a property's value is an
entity `"value"`. Parallel relationships of one type between the same nodes are one fact. Each hop is a MATCH of its
own, because within one MATCH Cypher walks trails (no relationship twice), not walks.
"""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from platformdirs import user_cache_path

from kg.errors import GraphError, UnknownKeyError
from kg.graph import BESIDE, Name, Size
from kg.names import EntityNames, NameRow, Names, readable, write_names
from kg.neo4j_client import TIMEOUT_S, Client, connect, literal, quoted
from kg.neo4j_introspect import introspect
from kg.neo4j_schema import ELEMENT, Schema
from kg.types import (
    INVERSE,
    Entity,
    Progress,
    ReasoningPath,
    Relation,
    RelationPath,
    Step,
    Triple,
    Walks,
    base,
    inverse,
)
from kg.write import written_beside

FRESH_S = 3600.0  # how long a copy of the names is used before it is made again
CHECKED = 300  # of the copied names, how many are compared with the database before the copy is trusted
MANY_TYPES = 300
NEAR_LABELS = 10  # labels in which keys like an unknown one are looked up, where its own does not say which


class Node(NamedTuple):
    """An entity as the database knows it: its key, and its element id ('' for a property's value)."""

    key: str
    id: str = ""

    @property
    def text(self) -> str:
        """What stands between the quotes of a value."""
        return self.key[1:-1]


class Neo4jGraph:
    """A Neo4j database (5 or newer) seen as a `Graph`. The driver is borrowed: whoever made it closes it."""

    def __init__(
        self, client: Client, config: Mapping[str, Any] | None = None, progress: Progress | None = None
    ) -> None:
        self.client = client
        self.schema: Schema = introspect(client, config)
        if not self.schema.relations:
            raise GraphError(f"{client.address} holds no facts: the database is empty (`rog kg push` fills one)")
        self._progress = progress

    def __repr__(self) -> str:
        return f"Neo4jGraph({self.name!r}, {self.size.entities:,} nodes, {self.size.triples:,} facts)"

    @property
    def name(self) -> str:
        """The address."""
        return str(self.client.address)

    @property
    def size(self) -> Size:
        """Numbers of nodes (values of properties are not counted), relations, and relationships with values."""
        return Size(self.schema.nodes, len(self.schema.relations), self.schema.facts)

    @property
    def relations(self) -> Mapping[str, Relation]:
        """Every relationship type, and every property that is read as values, by its key, in key order."""
        return self.schema.relations

    @property
    def returning(self) -> bool:
        """Whether walks may come back to where they start: as configured, or as the graph that was pushed has it."""
        return self.schema.returning

    def frontier(self, topics: Iterable[str]) -> Neo4jFrontier:
        """The frontier before the first step."""
        found = self.nodes(tuple(dict.fromkeys(topics)))
        return Neo4jFrontier(self, {node: (node,) for node in found})

    def paths(self, start: str, relation_path: RelationPath, limit: int, end: str | None = None) -> Walks:
        """The first `limit` walks along `relation_path` in key order, and how many there are in all.

        Reads the facts of each hop once, one query a hop, and puts the walks together here.
        """
        (origin,) = self.nodes((start,))
        goal = self.nodes((end,))[0] if end is not None else None
        for relation in relation_path:
            self.check_relation(relation)
        if not relation_path or limit < 0:
            raise GraphError(f"a relation path of at least one step and a limit of 0 or more, not {limit=}")
        layers: list[dict[Node, list[Node]]] = []
        reached: Iterable[Node] = [origin]
        for relation in relation_path:
            layer: dict[Node, list[Node]] = defaultdict(list)
            for source, target in self.step_facts(reached, relation):
                if target != self.barred(origin):
                    layer[source].append(target)
            layers.append(layer)
            reached = sorted({target for targets in layer.values() for target in targets})
        ways: dict[Node, int] = {node: 1 for node in reached if goal in (None, node)}
        for layer in reversed(layers):  # how many walks lead on from each node; dead ends fall away
            for source, targets in layer.items():
                layer[source] = sorted(target for target in targets if target in ways)
            ways = {source: sum(map(ways.__getitem__, targets)) for source, targets in layer.items() if targets}
        total = ways.get(origin, 0)
        found = tuple(_first_walks(origin, relation_path, layers, limit))
        return Walks(found, min(total, limit) if goal is not None else total)

    def has(self, key: str) -> bool:
        """Whether `key` is an entity's key."""
        return any(self._found((key,)))

    def contains(self, triple: Triple) -> bool:
        """Whether exactly this fact is stored."""
        if triple.relation not in self.schema.relations:
            return False
        found = {node.key: node for node in self._found((triple.head, triple.tail))}
        if triple.head not in found or triple.tail not in found:
            return False
        head, tail = found[triple.head], found[triple.tail]
        if triple.relation in self.schema.properties:
            return bool(head.id) and any(target == tail for _, target in self.step_facts([head], triple.relation))
        query = (
            "MATCH (a) WHERE elementId(a) = $head MATCH (b) WHERE elementId(b) = $tail "
            f"RETURN EXISTS {{ (a)-[:{quoted(self.schema.types[triple.relation])}]->(b) }}"
        )
        rows = self.client.read(query, head=head.id, tail=tail.id) if head.id and tail.id else []
        return bool(rows and rows[0][0])

    def entity(self, key: str) -> Entity:
        """The names, types and degree of an entity."""
        (node,) = self.nodes((key,))
        degree = sum(self.leaving([node], None).values())
        if not node.id:
            return Entity(key, readable(key), (), (), degree)
        s = self.schema
        query = f"MATCH (n) WHERE elementId(n) = $id RETURN {s.label('n')}, {s.types_of('n')}, {s.aliases('n')}"
        ((label, types, aliases),) = self.client.read(query, id=node.id)
        names = named(key, label, s.shown_types(types), aliases)
        return Entity(key, names.label, names.types, names.aliases, degree)

    def named(self, normal_forms: Sequence[str]) -> list[Name]:
        """Every name with one of these normal forms."""
        return [self._name(row) for row in self._names[1].named(normal_forms)]

    def search(self, text: str, limit: int) -> list[Name]:
        """Names that share a word with `text`, the closest first."""
        return [self._name(row) for row in self._names[1].search(text, limit)]

    def scan(self, text: str, limit: int, cutoff: float) -> list[tuple[Name, float]]:
        """The names most similar to `text`, out of all of them."""
        return [(self._name(row), score) for row, score in self._names[1].scan(text, limit, cutoff)]

    def _name(self, row: NameRow) -> Name:
        return Name(self._names[0][row.id], row.text, row.alias)

    @cached_property
    def _names(self) -> tuple[list[str], Names]:
        """The keys in order and their names, copied once into the user's cache (Neo4j cannot fold case and accents)."""
        shape = json.dumps([str(self.client.address), repr(self.schema)])
        folder = user_cache_path("rog") / "neo4j-names" / hashlib.sha256(shape.encode()).hexdigest()[:24]
        done = folder / "keys.json"
        if done.exists() and time.time() - done.stat().st_mtime < FRESH_S:
            keys, names = json.loads(done.read_text("utf-8")), Names(folder / "names.sqlite")
            if self._still_true(keys, names):
                return keys, names
            names.close()
        every = dict(sorted(self.all_names()))
        with written_beside(folder) as new:
            write_names(new / "names.sqlite", enumerate(every.values()))
            (new / "keys.json").write_text(json.dumps(list(every)), "utf-8")
        return list(every), Names(folder / "names.sqlite")

    def _still_true(self, keys: Sequence[str], names: Names) -> bool:
        """Whether a sample of the copied names is what the database says now."""
        numbers = range(0, len(keys), max(1, len(keys) // CHECKED))
        s = self.schema
        found = {node.key: node.id for node in self._found([keys[number] for number in numbers])}
        query = f"MATCH (n) WHERE elementId(n) IN $ids RETURN {s.key('n')}, {s.label('n')}"
        labels: dict[str, Any] = dict(self.client.read(query, ids=[element for element in found.values() if element]))
        return all(
            keys[i] in found and names.of(i).label == named(keys[i], labels.get(keys[i]), (), ()).label for i in numbers
        )

    def all_names(self) -> Iterator[tuple[str, EntityNames]]:
        """Every entity's key and names, values included, in no order."""
        s = self.schema
        columns = f"{s.key('n')}, {s.label('n')}, {s.types_of('n')}, {s.aliases('n')}"
        query = f"MATCH (n) WHERE true{s.included('n')} RETURN {columns}"
        for done, (key, label, types, aliases) in enumerate(self.client.stream(query)):
            yield key, named(key, label, s.shown_types(types), aliases)
            if self._progress and done % 10_000 == 0:
                self._progress("reading names", done, s.nodes)
        for prop in s.properties.values():
            query = f"MATCH (n:{s.having(prop)}) WHERE true{s.included('n')} {_values(prop)} RETURN DISTINCT t"
            for (text,) in self.client.stream(query):
                yield f'"{text}"', EntityNames(readable(f'"{text}"'))

    def nodes(self, keys: Sequence[str]) -> list[Node]:
        """The entities with these keys, in this order, or UnknownKeyError with the nearest."""
        found = {node.key: node for node in self._found(keys)}
        for key in keys:
            if key not in found:
                raise UnknownKeyError("entity", key, self._near(key))
        return [found[key] for key in keys]

    def _near(self, key: str) -> list[str]:
        """The keys beside one that there is not, as `kg.graph.near_keys`: from the index of a key property, or none."""
        s = self.schema
        kept = [s.common] if s.common else [label for label in s.labels if label.key]
        meant = [label for label in kept if key.startswith(f"{label.name}:")] or kept[:NEAR_LABELS]
        parts = []
        for label in meant:
            of = f"n.{quoted(label.key)}"
            for compare, order in ((">=", ""), ("<", " DESC")):
                parts.append(
                    f"MATCH (n:{quoted(label.name)}) WHERE {of} {compare} $key{s.included('n')} "
                    f"RETURN {s.key('n')} AS key ORDER BY {of}{order} LIMIT {BESIDE}"
                )
        text = key if s.common or ":" not in key else key.split(":", 1)[1]
        rows = self.client.read_quickly(" UNION ".join(parts), key=text) if parts and is_unicode(key) else None
        return [row[0] for row in rows or ()]

    def _found(self, keys: Sequence[str]) -> Iterator[Node]:
        """The entities that there are among these keys."""
        s = self.schema
        wanted: dict[str, list[Any]] = defaultdict(list)
        queries = {}
        keys = [key for key in keys if is_unicode(key)]
        for key in keys:
            label = s.common or next((x for x in s.labels if x.key and key.startswith(f"{x.name}:")), None)
            if label is not None:
                text = key if s.common else key.removeprefix(f"{label.name}:")
                wanted[label.name] += as_stored(text)
                queries[label.name] = f"MATCH (n:{quoted(label.name)}) WHERE n.{quoted(label.key)} IN $keys"
            if ELEMENT.fullmatch(key):
                wanted[""].append(key)
                queries[""] = "MATCH (n) WHERE elementId(n) IN $keys"
        seen = set()
        for name, query in queries.items():
            rows = self.client.read(f"{query}{s.included('n')} RETURN {s.key('n')}, elementId(n)", keys=wanted[name])
            for key, element in rows:
                seen.add(key)
                yield Node(key, element)
        values = [key for key in keys if key not in seen and len(key) > 2 and key[0] == key[-1] == '"']
        for prop in s.properties.values() if values else ():
            query = (
                f"MATCH (n:{s.having(prop)}) WHERE true{s.included('n')} {_values(prop)} "
                "WITH t WHERE t IN $texts RETURN DISTINCT t"
            )
            for (text,) in self.client.read(query, texts=[key[1:-1] for key in values]):
                if f'"{text}"' not in seen:
                    seen.add(f'"{text}"')
                    yield Node(f'"{text}"')

    def check_relation(self, relation: str) -> None:
        """UnknownKeyError unless the graph has this relation."""
        if base(relation) not in self.schema.relations:
            raise UnknownKeyError("relation", base(relation), self.schema.relations)

    def step_facts(self, sources: Iterable[Node], relation: str) -> list[tuple[Node, Node]]:
        """The distinct (source, target) of one step along `relation` from the sources, in one round trip."""
        s, key, back = self.schema, base(relation), relation.startswith(INVERSE)
        sources = list(sources)
        by_id = {node.id: node for node in sources if node.id}
        texts = [node.text for node in sources if not node.id]
        if key in s.properties:
            prop = s.properties[key]
            if back:
                query = (
                    f"MATCH (n:{s.having(prop)}) WHERE true{s.included('n')} {_values(prop)} "
                    f"WITH n, t WHERE t IN $texts RETURN DISTINCT t, {s.key('n')}, elementId(n)"
                )
                rows = self.client.read(query, texts=texts) if texts else []
                return [(Node(f'"{text}"'), Node(target, element)) for text, target, element in rows]
            query = (
                f"MATCH (n) WHERE elementId(n) IN $ids AND n:{s.having(prop)} {_values(prop)} "
                "RETURN DISTINCT elementId(n), t"
            )
            rows = self.client.read(query, ids=list(by_id)) if by_id else []
            return [(by_id[element], Node(f'"{text}"')) for element, text in rows]
        query = f"{self._hop(relation)}{s.included('m')} RETURN DISTINCT elementId(n), {s.key('m')}, elementId(m)"
        rows = self.client.read(query, ids=list(by_id), type=s.types[key], start="") if by_id else []
        return [(by_id[source], Node(target, element)) for source, target, element in rows]

    def barred(self, start: Node) -> Node | None:
        """The node that walks from `start` never come to: itself, or none where the graph is `returning`."""
        return None if self.returning else start

    def targets(self, sources: Iterable[Node], relation: str, barred: Node | None) -> tuple[Node, ...]:
        """The distinct ends, sorted, of one step along `relation`, without `barred`."""
        s, key = self.schema, base(relation)
        if key in s.properties:
            return tuple(sorted({target for _, target in self.step_facts(sources, relation)} - {barred}))
        query = f"{self._hop(relation)}{s.included('m')} RETURN DISTINCT {s.key('m')}, elementId(m)"
        ids = [node.id for node in sources if node.id]
        start = barred.id if barred else ""
        rows = self.client.read(query, ids=ids, type=s.types[key], start=start) if ids else []
        return tuple(sorted(Node(*row) for row in rows))

    def _hop(self, relation: str) -> str:
        """The beginning of a query that steps from the nodes `$ids` along a type to nodes `m` other than `$start`.

        Every type is a query text that Neo4j plans anew (tens of milliseconds) and its cache holds a thousand, so
        where there are many types one text serves all, which reads a node's other relationships too.
        """
        kind = self.schema.types[base(relation)]
        many = len(self.schema.types) > MANY_TYPES
        inside, condition = ("r", "type(r) = $type AND ") if many else (f":{quoted(kind)}", "")
        arrow = f"<-[{inside}]-" if relation.startswith(INVERSE) else f"-[{inside}]->"
        return f"MATCH (n) WHERE elementId(n) IN $ids MATCH (n){arrow}(m) WHERE {condition}elementId(m) <> $start"

    def leaving(self, sources: Sequence[Node], barred: Node | None) -> Counter[str]:
        """Signed relation → number of distinct steps on, those to `barred` apart: one round trip."""
        s = self.schema
        ids = [node.id for node in sources if node.id]
        texts = [node.text for node in sources if not node.id]
        parts = []
        for arrow, back in (("-[r]->", "false"), ("<-[r]-", "true")) if ids and s.types else ():
            parts.append(
                f"MATCH (n) WHERE elementId(n) IN $ids MATCH (n){arrow}(m) "
                f"WHERE elementId(m) <> $start{s.included('m')} "
                f"RETURN type(r) AS name, {back} AS back, false AS value, "
                "count(DISTINCT [elementId(n), elementId(m)]) AS steps"
            )
        if ids and s.properties:
            parts.append(
                "MATCH (n) WHERE elementId(n) IN $ids UNWIND keys(n) AS name WITH n, name, $bearers[name] AS of "
                "WHERE any(label IN labels(n) WHERE label IN of[0]) AND none(label IN labels(n) WHERE label IN of[1]) "
                "UNWIND n[name] AS v WITH n, name, toStringOrNull(v) AS t WHERE t <> '' AND t <> $text "
                "RETURN name, false AS back, true AS value, count(DISTINCT [elementId(n), t]) AS steps"
            )
        for prop in s.properties.values() if texts else ():
            parts.append(
                f"MATCH (n:{s.having(prop)}) WHERE elementId(n) <> $start{s.included('n')} {_values(prop)} "
                f"WITH n, t WHERE t IN $texts RETURN {literal(prop)} AS name, true AS back, true AS value, "
                "count(DISTINCT [elementId(n), t]) AS steps"
            )
        if not parts:
            return Counter()
        rows = self.client.read(
            " UNION ALL ".join(parts),
            ids=ids,
            texts=texts,
            start=barred.id if barred else "",
            text=barred.text if barred and not barred.id else "",
            bearers=s.bearers,
        )
        key_of = {(False, name): key for key, name in s.types.items()}
        key_of |= {(True, name): key for key, name in s.properties.items()}
        known = [(key_of[value, name], back, steps) for name, back, value, steps in rows if (value, name) in key_of]
        return Counter({(inverse(key) if back else key): steps for key, back, steps in known if steps})


class Neo4jFrontier:
    """A `Frontier` of nodes, kept apart by topic."""

    def __init__(self, graph: Neo4jGraph, parts: Mapping[Node, tuple[Node, ...]]) -> None:
        self._graph = graph
        self._parts = parts

    @property
    def entities(self) -> tuple[str, ...]:
        """The keys of the entities reached, sorted."""
        return tuple(sorted({node.key for nodes in self._parts.values() for node in nodes}))

    def __len__(self) -> int:
        return len({node for nodes in self._parts.values() for node in nodes})

    def relations(self) -> dict[str, int]:
        """Signed relation → number of steps that leave for where a walk may go."""
        counts: Counter[str] = Counter()
        for start, nodes in self._parts.items():
            counts += self._graph.leaving(nodes, self._graph.barred(start))
        order = [*self._graph.relations, *map(inverse, self._graph.relations)]
        return {relation: counts[relation] for relation in order if counts[relation]}

    def follow(self, relation: str) -> Neo4jFrontier:
        """The frontier one step along `relation`."""
        self._graph.check_relation(relation)
        graph = self._graph
        reached = {start: graph.targets(nodes, relation, graph.barred(start)) for start, nodes in self._parts.items()}
        return Neo4jFrontier(graph, {start: nodes for start, nodes in reached.items() if nodes})


def open_neo4j(source: str, config: Mapping[str, Any] | None = None, progress: Progress | None = None) -> Neo4jGraph:
    """The database at an address (see `kg.neo4j_client.parse_address`), read-only."""
    return Neo4jGraph(connect(source, (config or {}).get("timeout", TIMEOUT_S)), config, progress)


def as_stored(text: str) -> list[str | int]:
    """What a key may be in the database: the text, and the whole number that it says (of 64 bits, as Neo4j's are)."""
    number = int(text) if re.fullmatch(r"-?[0-9]{1,19}", text) else 2**63
    return [text, number] if -(2**63) <= number < 2**63 else [text]


def is_unicode(text: str) -> bool:
    """Whether a database can hold the text: it has no half of a surrogate pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def named(key: str, label: Any, types: Sequence[str], aliases: Sequence[Any]) -> EntityNames:
    """An entity's names as the database gives them; the readable key where it has no name."""
    label = str(label) if label not in (None, "") else readable(key)
    return EntityNames(label, tuple(types), tuple(str(alias) for alias in aliases))


def _values(prop: str) -> str:
    """The Cypher that makes each value of a property a row `n, t`, lists taken apart."""
    return f"UNWIND n.{quoted(prop)} AS v WITH n, toStringOrNull(v) AS t WHERE t <> ''"


def _first_walks(
    origin: Node, relation_path: RelationPath, layers: Sequence[Mapping[Node, Sequence[Node]]], limit: int
) -> Iterator[ReasoningPath]:
    """The first walks in key order through layers without dead ends."""
    stack = [iter(layers[0].get(origin, ()))]
    walk = [origin]
    while stack and limit:
        node = next(stack[-1], None)
        if node is None:
            stack.pop()
            walk.pop()
            continue
        if len(stack) == len(layers):
            keys = [entity.key for entity in (*walk, node)]
            yield ReasoningPath(origin.key, tuple(map(Step, keys, relation_path, keys[1:])))
            limit -= 1
        else:
            walk.append(node)
            stack.append(iter(layers[len(stack)].get(node, ())))
