"""What somebody's database holds, found by reading it: labels, types, and which properties are keys, names and values.

Nothing is assumed but Neo4j 5 or newer: no APOC, no plugin, no particular schema. Every guess can be overridden.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from kg.errors import GraphError
from kg.load import read_relations
from kg.names import RelationNames, named_relation
from kg.neo4j_client import Client, quoted
from kg.types import INVERSE, Relation

SAMPLE = 300  # nodes of a label, and facts of a type, that guesses are made from
VERIFIED = 100_000  # nodes up to which a property without a constraint is checked for being a key
LONG_TEXT = 120  # median characters from which a property is prose, not a value
META = "_RogGraph"  # the label of the node in which `rog kg push` keeps what Cypher has no place for
ELEMENT = re.compile(r"\d+:[0-9a-f-]+:\d+")

KEYS = ("id", "uri", "iri", "key", "qid", "mid", "code", "uuid")
NAMES = (r"name", r"title", r"(rdfs__|skos__pref)?label", r".*(full|display|preferred)_?name", r".*name", r".*title")
ALIASES = re.compile(r"(aliases|alias|aka|also_?known_?as|(skos__)?alt_?labels?)", re.IGNORECASE)
SETTINGS = ("key", "name", "exclude_labels", "exclude_types", "exclude_properties", "literals", "relations")


@dataclass(frozen=True)
class Label:
    """A node label: how many nodes, which property is their key ('' for the element id), which make their name."""

    name: str
    nodes: int
    key: str = ""
    key_is_number: bool = False
    names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Schema:
    """How a database is read as a graph.

    `common` is the label whose unique key names every node, if there is one: keys are then bare, else `Label:value`.
    `properties` maps the relation key of a literal property to the property, `types` that of a type to the type.
    """

    nodes: int
    facts: int
    labels: tuple[Label, ...]
    types: Mapping[str, str]
    properties: Mapping[str, str]
    relations: Mapping[str, Relation]
    common: Label | None = None
    excluded: tuple[str, ...] = ()
    pushed: bool = False
    notes: tuple[str, ...] = ()

    def key(self, node: str) -> str:
        """The Cypher expression for the key of `node`."""
        if self.common:
            return f"toString({node}.{quoted(self.common.key)})"
        cases = [
            f"CASE WHEN {node}:{quoted(label.name)} THEN {literal(label.name + ':')} + "
            f"toString({node}.{quoted(label.key)}) END"
            for label in self.labels
            if label.key
        ]
        return f"coalesce({', '.join([*cases, f'elementId({node})'])})" if cases else f"elementId({node})"

    def label(self, node: str) -> str:
        """The Cypher expression for the name of `node`, null where it has none."""
        cases = []
        for label in self.labels:
            if label.names:
                parts = [f"{node}.{quoted(name)}" for name in label.names]
                text = " + ' ' + ".join(f"toString({part})" for part in parts)
                cases.append(f"CASE WHEN {node}:{quoted(label.name)} THEN {text} END")
        return f"coalesce({', '.join([*cases, 'null'])})"

    def aliases(self, node: str) -> str:
        """The Cypher expression for the list of other names of `node`."""
        names = sorted({name for label in self.labels for name in label.aliases})
        return " + ".join(["[]", *(f"coalesce({node}.{quoted(name)}, [])" for name in names)])

    def types_of(self, node: str) -> str:
        """The Cypher expression for the types of `node`."""
        return f"coalesce({node}.`types`, [])" if self.pushed else f"labels({node})"

    def shown_types(self, found: Iterable[str]) -> tuple[str, ...]:
        """Types as they are shown: labels in order, without the one that all nodes have."""
        if self.pushed:
            return tuple(found)
        common = self.common.name if self.common and len(self.labels) > 1 else None
        return tuple(sorted(set(found) - {common} - set(self.excluded)))

    def included(self, node: str) -> str:
        """The Cypher condition that `node` is part of the graph, as ' AND …' or nothing."""
        return "".join(f" AND NOT {node}:{quoted(label)}" for label in self.excluded)

    def having(self, name: str) -> str:
        """The label expression of the nodes that may have a property."""
        return "|".join(quoted(label.name) for label in self.labels if name in label.values)


def literal(text: str) -> str:
    """A Cypher string literal of a label read from the database (checked like any quoted name)."""
    quoted(text)
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def read_config(path: Path) -> dict[str, Any]:
    """The overrides in a YAML file; GraphError for one that cannot be read or a key that is not known."""
    import yaml

    try:
        found = yaml.safe_load(path.read_text("utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise GraphError(f"{path}: cannot be read as YAML ({str(error).splitlines()[0]})") from None
    if not isinstance(found, dict):
        raise GraphError(f"{path}: expected settings such as `name: {{Person: fullName}}`")
    unknown = [name for name in found if name not in SETTINGS]
    if unknown:
        raise GraphError(f"{path}: unknown setting {unknown[0]!r}; known are {', '.join(SETTINGS)}")
    for name in ("key", "name"):
        if not isinstance(found.get(name, {}), dict):
            raise GraphError(f"{path}: {name} maps labels to properties, as in `{name}: {{Person: fullName}}`")
    if "relations" in found:
        found["relations"] = read_relations(path.parent / str(found["relations"]))
    return found


def introspect(client: Client, config: Mapping[str, Any] | None = None) -> Schema:
    """The schema of a database, by its own catalogue, its counts, and samples. Reads only."""
    config = config or {}
    labels = [row[0] for row in client.read("CALL db.labels() YIELD label RETURN label ORDER BY label")]
    meta = client.read(f"MATCH (m:{META}) RETURN m.relations, m.state LIMIT 1") if META in labels else []
    excluded = {name for name in labels if name.startswith("_")} | set(config.get("exclude_labels", ()))
    notes = []
    if meta and meta[0][1] != "done":
        notes.append("a `rog kg push` into this database was interrupted: run it again to complete it")
    unique = unique_properties(client)
    counts = [
        (name, nodes) for name in labels if name not in excluded for nodes in [count_nodes(client, name)] if nodes
    ]
    found = [read_label(client, name, nodes, unique, config) for name, nodes in counts]
    overridden = {*config.get("key", {}), *config.get("name", {})}  # what a node of several labels is called by
    found.sort(
        key=lambda label: (label.name not in overridden, label.key not in unique.get(label.name, ()), label.name)
    )
    nodes = client.read(
        f"MATCH (n) WHERE true{''.join(f' AND NOT n:{quoted(x)}' for x in sorted(excluded))} RETURN count(n)"
    )
    total = int(nodes[0][0])
    common = next(
        (label for label in found if label.nodes == total and label.key and label.key in unique.get(label.name, ())),
        None,
    )
    taken = {name for label in found for name in (label.key, *label.names, *label.aliases)}
    if meta:
        taken |= {"types"}
    taken |= set(config.get("exclude_properties", ()))
    wanted = config.get("literals", True)
    found = [replace(label, values=tuple(v for v in label.values if wanted and v not in taken)) for label in found]
    if common:
        common = next(label for label in found if label.name == common.name)
    elif any(not label.key for label in found):
        names = ", ".join(label.name for label in found if not label.key)
        notes.append(f"no unique property for {names}: keys are element ids, which do not survive a dump and load")
    types = {}
    for (name,) in client.read("CALL db.relationshipTypes() YIELD relationshipType AS t RETURN t ORDER BY t"):
        if name in config.get("exclude_types", ()) or not count_facts(client, name):
            continue
        if name.startswith(INVERSE) or not name:
            notes.append(f"relationship type {name!r} is left out: {INVERSE!r} stands for an inverse step")
            continue
        try:
            quoted(name)
        except GraphError as error:
            notes.append(f"left out: {error}")
            continue
        types[name] = name
    properties = {}
    for name in sorted({name for label in found for name in label.values}):
        key = name if name not in types else f"property:{name}"
        if not key.startswith(INVERSE):
            properties[key] = name
    schema = Schema(
        total,
        0,
        tuple(found),
        types,
        properties,
        {},
        common,
        tuple(sorted(excluded & set(labels))),
        bool(meta),
        tuple(notes),
    )
    stored = {row["key"]: Relation(**row) for row in json.loads(meta[0][0])} if meta and meta[0][0] else {}
    given = config.get("relations", {})
    relations = {
        key: stored.get(key) or described(client, schema, key, given) for key in sorted({**types, **properties})
    }
    return replace(schema, relations=relations, facts=sum(relation.facts for relation in relations.values()))


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


def read_label(
    client: Client, name: str, nodes: int, unique: Mapping[str, set[str]], config: Mapping[str, Any]
) -> Label:
    """A label with the parts that its properties play, guessed from a sample."""
    rows = client.read(f"MATCH (n:{quoted(name)}) RETURN properties(n) LIMIT {SAMPLE}")
    sample: dict[str, list[Any]] = {}
    for (properties,) in rows:
        for key, value in properties.items():
            sample.setdefault(key, []).append(value)
    key = config.get("key", {}).get(name) or guess_key(client, name, nodes, sample, unique.get(name, set()))
    named = config.get("name", {}).get(name, config.get("name", {}).get("*"))
    if isinstance(named, str):
        named = [named]
    names = tuple(named) if named else guess_names(sample, key)
    for wanted in (key, *names):
        if wanted and wanted not in sample:
            raise GraphError(f"label {name} has no property {wanted!r}; it has: {', '.join(sorted(sample)) or 'none'}")
    aliases = tuple(sorted(p for p in sample if ALIASES.fullmatch(p) and isinstance(sample[p][0], list)))
    values, left_out = [], {}
    for prop in sorted(set(sample) - {key, *names, *aliases}):
        reason = why_no_value(sample[prop])
        if reason:
            left_out[prop] = reason
        else:
            values.append(prop)
    number = bool(key) and isinstance(sample[key][0], int)
    return Label(name, nodes, key, number, names, aliases, tuple(values), left_out)


def guess_key(client: Client, label: str, nodes: int, sample: Mapping[str, list[Any]], unique: set[str]) -> str:
    """The property that names the nodes of a label for good: a unique one, or one that turns out to be; else ''."""
    kept = [p for p in sample if isinstance(sample[p][0], str | int) and not isinstance(sample[p][0], bool)]
    constrained = sorted(unique & set(kept), key=lambda p: (rank_of(p.casefold(), KEYS), p))
    if constrained:
        return constrained[0]
    likely = sorted((p for p in kept if p.casefold() in KEYS), key=lambda p: KEYS.index(p.casefold()))
    for prop in likely if nodes <= VERIFIED else ():
        of = f"n.{quoted(prop)}"
        ((total, different),) = client.read(f"MATCH (n:{quoted(label)}) RETURN count({of}), count(DISTINCT {of})")
        if total == different == nodes:
            return prop
    return ""


def rank_of(name: str, order: tuple[str, ...]) -> int:
    """Where a name stands in an order of preference."""
    return order.index(name) if name in order else len(order)


def guess_names(sample: Mapping[str, list[Any]], key: str) -> tuple[str, ...]:
    """The properties that people call the nodes by: a name, a title, first and last name, else a telling text."""
    texts = {p: [v for v in values if isinstance(v, str)] for p, values in sample.items()}
    texts = {p: values for p, values in texts.items() if len(values) == len(sample[p])}
    folded = {re.sub(r"[_\W]", "", p.casefold()): p for p in sorted(texts)}
    for pattern in NAMES[:4]:
        for prop in sorted(texts):
            if re.fullmatch(pattern, prop, re.IGNORECASE):
                return (prop,)
    for first, last in (("firstname", "lastname"), ("givenname", "familyname"), ("forename", "surname")):
        if first in folded and last in folded:
            return folded[first], folded[last]
    for pattern in NAMES[4:]:
        for prop in sorted(texts):
            if re.fullmatch(pattern, prop, re.IGNORECASE):
                return (prop,)
    most = max((len(values) for values in sample.values()), default=0)
    telling = [
        p
        for p, values in texts.items()
        if p != key
        and len(values) >= 0.9 * most
        and len(set(values)) >= 0.9 * len(values)
        and why_no_value(values) == ""
    ]
    return (sorted(telling)[0],) if telling else ()


def why_no_value(values: list[Any]) -> str:
    """Why a property is not read as facts, or ''."""
    from neo4j.time import Date, DateTime, Duration, Time

    flat = [item for value in values for item in (value if isinstance(value, list) else [value])]
    scalar = (str, int, float, bool, Date, DateTime, Time, Duration)
    if not all(isinstance(item, scalar) for item in flat):
        return "not a text, number, truth value or date"
    if any(isinstance(value, list) and len(value) > 20 and isinstance(value[0], float) for value in values):
        return "a vector"
    lengths = sorted(len(item) for item in flat if isinstance(item, str))
    if lengths and lengths[len(lengths) // 2] > LONG_TEXT:
        return "prose"
    return ""


def described(client: Client, schema: Schema, key: str, given: Mapping[str, RelationNames]) -> Relation:
    """A relation with its labels, its number of facts, the commonest types at its ends, and whether it is symmetric."""
    relation = named_relation(key.removeprefix("property:") if key in schema.properties else key, given)
    relation = replace(relation, key=key)
    if key in schema.properties:
        prop = quoted(schema.properties[key])
        of = schema.having(schema.properties[key])
        ((facts,),) = client.read(f"MATCH (n:{of}) WHERE n.{prop} IS NOT NULL RETURN count(n)")
        rows = client.read(f"MATCH (n:{of}) WHERE n.{prop} IS NOT NULL RETURN labels(n), [] LIMIT {SAMPLE}")
        head, _ = ends(schema, rows)
        inverse_label = given.get(key, ("", ""))[1] or f"{relation.label} of"
        return replace(relation, facts=facts, head_type=head, tail_type="", inverse_label=inverse_label)
    kind = quoted(schema.types[key])
    label = relation.label if key in given else relation.label.casefold() if key.isupper() else relation.label
    inverse_label = relation.inverse_label if key in given and given[key][1] else f"{label} of"
    rows = client.read(f"MATCH (a)-[:{kind}]->(b) RETURN labels(a), labels(b) LIMIT {SAMPLE}")
    head, tail = ends(schema, rows)
    one_way = f"MATCH (a)-[:{kind}]->(b) WHERE NOT (b)-[:{kind}]->(a) RETURN 1 LIMIT 1"
    facts = count_facts(client, schema.types[key])
    both = head == tail and not client.read(one_way)
    return replace(
        relation, label=label, inverse_label=inverse_label, facts=facts, head_type=head, tail_type=tail, symmetric=both
    )


def ends(schema: Schema, rows: list[tuple[Any, ...]]) -> tuple[str, str]:
    """The commonest first types of heads and tails, ties to the first by name."""

    def commonest(labels: Iterable[list[str]]) -> str:
        counts = Counter((*schema.shown_types(of), "")[0] for of in labels)
        return min(counts, key=lambda name: (-counts[name], name), default="")

    return commonest(row[0] for row in rows), commonest(row[1] for row in rows)


def relations_of(relations: Iterable[Relation]) -> str:
    """The relations as the JSON text that `rog kg push` keeps in the database."""
    return json.dumps([asdict(relation) for relation in relations], ensure_ascii=False)
