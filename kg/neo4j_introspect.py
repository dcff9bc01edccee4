"""What somebody's database holds, found by reading it: its own catalogue, counts, and samples.

Nothing is assumed but Neo4j 5 or newer: no APOC, no plugin, no particular schema. What takes long is done without.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from kg.errors import GraphError
from kg.names import RelationNames, named_relation
from kg.neo4j_client import Client, is_quotable, quoted
from kg.neo4j_config import check_names, checked_config, column
from kg.neo4j_labels import SAMPLE, Label, read_label
from kg.neo4j_schema import META, Schema, has_label, label_expression
from kg.types import INVERSE, Relation

COUNTED = 1_000_000  # nodes or facts that are read to count values or to find out whether a relation is symmetric
SHOWN = 10  # names in a note


def introspect(client: Client, config: Mapping[str, Any] | None = None) -> Schema:
    """The schema of a database, by its own catalogue, its counts, and samples. Reads only."""
    config = checked_config(config or {})
    every = column(client, "CALL db.labels() YIELD label RETURN label ORDER BY label")
    check_names(config, client, every)
    meta = client.read(f"MATCH (m:{META}) RETURN m.relations, m.state, m.returning LIMIT 1") if META in every else []
    notes = []
    if meta and meta[0][1] != "done":
        notes.append("a `rog kg push` into this database was interrupted: run it again to complete it")
    excluded = tuple(label for label in every if label.startswith("_") or label in config.get("exclude_labels", ()))
    strange = [label for label in every if label not in excluded and not is_quotable(label)]
    for label in strange:
        notes.append(f"the label {label!r} cannot be written safely in Cypher: its nodes go by other labels or ids")
    total = count_included(client, excluded, notes)
    unique = unique_properties(client)
    read = [label for label in every if label not in excluded and label not in strange]
    labels = read_labels(client, read, unique, bool(meta), config)
    common = next((x for x in labels if x.nodes == total and x.key and x.key in unique.get(x.name, ())), None)
    notes += notes_on_keys(labels, common)
    types = relationship_types(client, config, notes)
    values = sorted({name for label in labels for name in label.values})
    properties = {name if name not in types else f"property:{name}": name for name in values}
    returning = config.get("returning", bool(meta and meta[0][2]))
    schema = Schema(total, 0, labels, types, properties, {}, common, excluded, bool(meta), returning, tuple(notes))
    stored = {row["key"]: Relation(**row) for row in json.loads(meta[0][0])} if meta and meta[0][0] else {}
    return with_relations(client, schema, stored, config.get("relations", {}))


def count_included(client: Client, excluded: tuple[str, ...], notes: list[str]) -> int:
    """The number of nodes without an excluded label: of all, from the count store, less those that have one."""
    total = int(client.read("MATCH (n) RETURN count(n)")[0][0])
    if not excluded:
        return total
    if all(map(is_quotable, excluded)):
        query = f"MATCH (n:{label_expression(excluded, ())}) RETURN count(n)"
    else:
        query = f"MATCH (n) WHERE {' OR '.join(has_label('n', label) for label in excluded)} RETURN count(n)"
    rows = client.read_quickly(query)
    if rows is None:
        notes.append("too many nodes have an excluded label to be counted: the number of nodes is that of all")
    return total - int(rows[0][0]) if rows else total


def read_labels(
    client: Client, names: list[str], unique: Mapping[str, set[str]], pushed: bool, config: Mapping[str, Any]
) -> tuple[Label, ...]:
    """The labels that nodes have. First those that a node of several labels is called by: configured, then unique."""
    counts = [(name, count_nodes(client, name)) for name in names]
    found = [read_label(client, name, nodes, unique, config) for name, nodes in counts if nodes]
    configured = {*config.get("key", {}), *config.get("name", {})}
    found.sort(key=lambda x: (x.name not in configured, x.key not in unique.get(x.name, ()), x.name))
    taken = {"types"} if pushed else set()
    return tuple(replace(x, values=values_of(client, x, found, taken)) for x in found)


def values_of(client: Client, label: Label, labels: Iterable[Label], taken: set[str]) -> tuple[str, ...]:
    """The values of a label's nodes: not those that all of them have as the key or the name of another label."""
    values = []
    for prop in label.values:
        others = [other.name for other in labels if prop in other.own]
        having = f"MATCH (n:{label_expression([label.name], others)}) WHERE n.{quoted(prop)} IS NOT NULL"
        if prop not in taken and (not others or client.read_quickly(f"{having} RETURN 1 LIMIT 1") != []):
            values.append(prop)
    return tuple(values)


def notes_on_keys(labels: Iterable[Label], common: Label | None) -> list[str]:
    """What is to be said about nodes that go by their element ids."""
    ids = "element ids, which do not survive a dump and load"
    without = [label.name for label in labels if not label.key]
    notes = [f"no unique property for {', '.join(without)}: keys are {ids}"] if without and not common else []
    for label in labels:
        if label.keyless:
            notes.append(f"nodes of {label.name} without {label.key}: {label.keyless:,}; their keys are {ids}")
    return notes


def relationship_types(client: Client, config: Mapping[str, Any], notes: list[str]) -> dict[str, str]:
    """The relationship types that are read, by their relation keys; `notes` says which are left out."""
    types = {}
    for name in column(client, "CALL db.relationshipTypes() YIELD relationshipType AS t RETURN t ORDER BY t"):
        if name in config.get("exclude_types", ()):
            continue
        if name.startswith(INVERSE):
            notes.append(f"relationship type {name!r} is left out: {INVERSE!r} stands for an inverse step")
        elif not is_quotable(name):
            notes.append(f"relationship type {name!r} is left out: it cannot be written safely in Cypher")
        elif count_facts(client, name):
            types[name] = name
    return types


def unique_properties(client: Client) -> dict[str, set[str]]:
    """Label → the properties that a constraint makes unique; empty where the account may not see constraints."""
    try:
        rows = client.read("SHOW CONSTRAINTS YIELD type, entityType, labelsOrTypes, properties")
    except GraphError as error:
        if "does not allow" in str(error):
            return {}
        raise
    found: dict[str, set[str]] = {}
    for kind, entity, labels, properties in rows:
        if entity == "NODE" and ("UNIQUE" in kind or "KEY" in kind) and len(properties) == 1:
            found.setdefault(labels[0], set()).add(properties[0])
    return found


def count_nodes(client: Client, label: str) -> int:
    """The number of nodes with a label, from the count store."""
    return int(client.read(f"MATCH (n:{quoted(label)}) RETURN count(n)")[0][0])


def count_facts(client: Client, kind: str) -> int:
    """The number of relationships of a type, from the count store."""
    return int(client.read(f"MATCH ()-[r:{quoted(kind)}]->() RETURN count(r)")[0][0])


def with_relations(
    client: Client, schema: Schema, stored: Mapping[str, Relation], given: Mapping[str, RelationNames]
) -> Schema:
    """The schema with its relations described: as `stored` by a push, by `given` names, and by counts and samples."""
    relations, notes = {}, list(schema.notes)
    unread: set[str] = set()
    uncounted: list[str] = []
    for key in sorted({**schema.types, **schema.properties}):
        if key in stored:
            relations[key] = stored[key]
        elif key in schema.properties:
            relations[key] = described_property(client, schema, key, given, uncounted)
        else:
            relations[key], properties = described_type(client, schema, key, given)
            unread |= {f"{key}.{prop}" for prop in properties}
    if unread:
        notes.append(f"properties of relationships are not read: {first_few(unread)}")
    if uncounted:
        notes.append(f"too many nodes to count the values of {first_few(uncounted)}: the number of nodes stands for it")
    facts = sum(relation.facts for relation in relations.values())
    return replace(schema, relations=relations, facts=facts, notes=tuple(notes))


def described_property(
    client: Client, schema: Schema, key: str, given: Mapping[str, RelationNames], uncounted: list[str]
) -> Relation:
    """The relation of a property, with the commonest type of what has it and the number of its values.

    That is the number of nodes that may have it where there are too many to count (added to `uncounted`).
    """
    relation = named_relation(key.removeprefix("property:"), given)
    name = schema.properties[key]
    prop, nodes = f"n.{quoted(name)}", f"MATCH (n:{schema.having(name)})"
    texts = f"[v IN [] + {prop} WHERE toStringOrNull(v) <> '' | toStringOrNull(v)]"
    different = f"reduce(seen = [], t IN {texts} | CASE WHEN t IN seen THEN seen ELSE seen + t END)"
    most = sum(label.nodes for label in schema.labels if name in label.values)
    count = f"{nodes} WHERE {prop} IS NOT NULL RETURN sum(size({different}))"
    counted = client.read_quickly(count) if most <= COUNTED else None
    if counted is None:
        uncounted.append(name)
    rows = client.read_quickly(f"{nodes} WHERE {prop} IS NOT NULL RETURN labels(n), [] LIMIT {SAMPLE}")
    return replace(
        relation,
        key=key,
        facts=int(counted[0][0]) if counted else most,
        head_type=ends(schema, rows or [])[0],
        inverse_label=given.get(key, RelationNames()).inverse_label or f"{relation.label} of",
    )


def described_type(
    client: Client, schema: Schema, key: str, given: Mapping[str, RelationNames]
) -> tuple[Relation, set[str]]:
    """The relation of a relationship type, and the properties that its relationships have (and that are not read).

    One with too many facts to look at is taken not to be symmetric: plans then walk it both ways.
    """
    relation = named_relation(key, given)
    kind = quoted(schema.types[key])
    label = relation.label if key in given else relation.label.casefold() if key.isupper() else relation.label
    inverse_label = relation.inverse_label if key in given and given[key].inverse_label else f"{label} of"
    match = f"MATCH (a)-[r:{kind}]->(b)"
    rows = client.read(f"{match} RETURN labels(a), labels(b), keys(r) LIMIT {SAMPLE}")
    head, tail = ends(schema, rows)
    facts = count_facts(client, schema.types[key])
    one_way = f"{match} WHERE NOT (b)-[:{kind}]->(a) RETURN 1 LIMIT 1"
    both = head == tail and facts <= COUNTED and client.read_quickly(one_way) == []
    relation = replace(
        relation, label=label, inverse_label=inverse_label, facts=facts, head_type=head, tail_type=tail, symmetric=both
    )
    return relation, {prop for row in rows for prop in row[2]}


def first_few(names: Iterable[str]) -> str:
    """The first names in order, and how many more there are."""
    ordered = sorted(names)
    return ", ".join(ordered[:SHOWN]) + (f", and {len(ordered) - SHOWN:,} more" if len(ordered) > SHOWN else "")


def ends(schema: Schema, rows: list[tuple[Any, ...]]) -> tuple[str, str]:
    """The commonest first types of heads and tails, ties to the first by name."""

    def commonest(labels: Iterable[list[str]]) -> str:
        counts = Counter((*schema.shown_types(of), "")[0] for of in labels)
        return min(counts, key=lambda name: (-counts[name], name), default="")

    return commonest(row[0] for row in rows), commonest(row[1] for row in rows)
