"""How a database is read as a graph: which labels, types and properties it has, and the Cypher for keys and names."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cached_property

from kg.neo4j_client import is_quotable, literal, quoted
from kg.neo4j_labels import Label
from kg.types import Relation

META = "_RogGraph"  # the label of the node in which `rog kg push` keeps what Cypher has no place for
ELEMENT = re.compile(r"\d+:[0-9a-f-]+:\d+")


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
    returning: bool = False
    notes: tuple[str, ...] = ()

    def key(self, node: str) -> str:
        """The Cypher expression for the key of `node`, its element id where it has none of its own."""
        if self.common:
            cases = [f"toStringOrNull({node}.{quoted(self.common.key)})"]
        else:
            cases = [
                f"CASE WHEN {node}:{quoted(label.name)} THEN {literal(label.name + ':')} + "
                f"toStringOrNull({node}.{quoted(label.key)}) END"
                for label in self.labels
                if label.key
            ]
        return f"coalesce({', '.join([*cases, f'elementId({node})'])})"

    def label(self, node: str) -> str:
        """The Cypher expression for the name of `node`, null or empty where it has none. Parts may be missing."""
        cases = []
        for label in self.labels:
            parts = [f"toStringOrNull({node}.{quoted(name)})" for name in label.names]
            if len(parts) > 1:
                joined = " + ".join(f"coalesce({part} + ' ', '')" for part in parts)
                parts = [f"CASE WHEN coalesce({', '.join(parts)}) IS NOT NULL THEN trim({joined}) END"]
            cases += [f"CASE WHEN {node}:{quoted(label.name)} THEN {part} END" for part in parts]
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
        return "".join(f" AND NOT {has_label(node, label)}" for label in self.excluded)

    @cached_property
    def bearers(self) -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        """Property → the labels whose values it holds, and those that it is the key, the name or an alias of."""
        return {
            prop: (
                tuple(label.name for label in self.labels if prop in label.values),
                tuple(label.name for label in self.labels if prop in label.own),
            )
            for prop in self.properties.values()
        }

    def having(self, prop: str) -> str:
        """The label expression of the nodes of which a property is a value."""
        return label_expression(*self.bearers[prop])


def label_expression(some: Iterable[str], none: Iterable[str]) -> str:
    """The Cypher label expression for one of the labels `some` and none of `none`."""
    some, none = "|".join(map(quoted, some)), "|".join(map(quoted, none))
    return f"({some})&!({none})" if none else some


def has_label(node: str, label: str) -> str:
    """The Cypher condition that `node` has a label, whatever the label is called."""
    return f"{node}:{quoted(label)}" if is_quotable(label) else f"({literal(label)} IN labels({node}))"


def relations_of(relations: Iterable[Relation]) -> str:
    """The relations as the JSON text that `rog kg push` keeps in the database."""
    return json.dumps([asdict(relation) for relation in relations], ensure_ascii=False)
