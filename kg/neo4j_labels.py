"""What the nodes of a label are called by: which of their properties are key, name, aliases and values, from a sample.

Nothing is assumed of a schema. Every guess can be overridden (`kg.neo4j_config`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kg.errors import GraphError
from kg.neo4j_client import Client, is_quotable, quoted
from kg.neo4j_config import EVERY
from kg.types import INVERSE

SAMPLE = 300  # nodes of a label, and facts of a type, that guesses are made from
VERIFIED = 100_000  # nodes up to which a property without a constraint is checked for being a key
LONG_TEXT = 120  # median characters from which a property is prose, not a value
MOST = 0.9  # of the nodes have what they are called by

KEYS = ("id", "uri", "iri", "key", "qid", "mid", "code", "uuid")
NAMES = (r"name", r"title", r"(rdfs__|skos__pref)?label", r".*(full|display|preferred)_?name")
TWO_PARTS = (("firstname", "lastname"), ("givenname", "familyname"), ("forename", "surname"))
OTHER_NAMES = (r".*name", r".*title")
ALIASES = re.compile(r"(aliases|alias|aka|also_?known_?as|(skos__)?alt_?labels?)", re.IGNORECASE)

Sample = Mapping[str, list[Any]]


@dataclass(frozen=True)
class Label:
    """A node label: how many nodes, which property is their key ('' for the element id), which make their name.

    `keyless` counts those without their key, which go by their element id (all that are known of).
    """

    name: str
    nodes: int
    key: str = ""
    names: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    left_out: Mapping[str, str] = field(default_factory=dict)
    keyless: int = 0

    @property
    def own(self) -> set[str]:
        """The properties that are no values of its nodes, because they say what the nodes are called."""
        return {self.key, *self.names, *self.aliases}


def read_label(
    client: Client, name: str, nodes: int, unique: Mapping[str, set[str]], config: Mapping[str, Any]
) -> Label:
    """A label with the parts that its properties play, guessed from a sample."""
    rows = client.read(f"MATCH (n:{quoted(name)}) RETURN properties(n) LIMIT {SAMPLE}")
    sample: dict[str, list[Any]] = {}
    for (properties,) in rows:
        for key, value in properties.items():
            sample.setdefault(key, []).append(value)
    left_out = {prop: "its name cannot be written safely in Cypher" for prop in sample if not is_quotable(prop)}
    for prop in left_out:
        del sample[prop]
    wanted, named = config.get("key", {}), config.get("name", {})
    key = wanted.get(name) or guess_key(client, name, nodes, sample, unique.get(name, set()))
    every = [prop for prop in named.get(EVERY, ()) if prop in sample]
    names = tuple(named.get(name) or every or guess_names(sample, key, len(rows)))
    for prop in (key, *names):
        if prop and prop not in sample:
            raise GraphError(f"label {name} has no property {prop!r}; it has: {', '.join(sorted(sample)) or 'none'}")
    if key and not isinstance(sample[key][0], str | int):
        raise GraphError(f"label {name}: {key!r} cannot be its key: {sample[key][0]!r} is no text and no whole number")
    aliases = tuple(sorted(p for p in sample if ALIASES.fullmatch(p) and isinstance(sample[p][0], list)))
    values = []
    for prop in sorted(set(sample) - {key, *names, *aliases}):
        if prop in config.get("exclude_properties", ()):
            reason = "excluded"
        elif prop.startswith(INVERSE):
            reason = f"{INVERSE!r} stands for an inverse step"
        else:
            reason = why_no_value(sample[prop])
        if reason:
            left_out[prop] = reason
        elif config.get("literals", True):
            values.append(prop)
    keyless = count_keyless(client, name, nodes, key, len(rows) - len(sample[key])) if key else 0
    return Label(name, nodes, key, names, aliases, tuple(values), left_out, keyless)


def guess_key(client: Client, label: str, nodes: int, sample: Sample, unique: set[str]) -> str:
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


def count_keyless(client: Client, label: str, nodes: int, key: str, in_sample: int) -> int:
    """The number of nodes of a label without the key; of a label too large to count, those in the sample."""
    if not SAMPLE < nodes <= VERIFIED:
        return in_sample
    rows = client.read_quickly(f"MATCH (n:{quoted(label)}) WHERE n.{quoted(key)} IS NULL RETURN count(n)")
    return int(rows[0][0]) if rows else in_sample


def guess_names(sample: Sample, key: str, nodes: int) -> tuple[str, ...]:
    """The properties that people call `nodes` sampled nodes by: a name, a title, first and last name, a telling text.

    What most of them have wins, then what half of them have, then a text that tells them apart; then any name at all.
    """
    texts = {p: [v for v in values if isinstance(v, str)] for p, values in sample.items()}
    texts = {p: texts[p] for p, values in sorted(sample.items()) if len(texts[p]) >= MOST * len(values)}
    shares = {p: len(values) / nodes for p, values in texts.items()}
    telling = [
        p
        for p, values in texts.items()
        if p != key and shares[p] >= MOST and len(set(values)) >= MOST * len(values) and why_no_value(values) == ""
    ]
    usual = (usual_names([p for p in texts if shares[p] >= least]) for least in (MOST, 0.5))
    return next(filter(None, usual), ()) or tuple(telling[:1]) or usual_names(list(texts))


def usual_names(properties: list[str]) -> tuple[str, ...]:
    """Of these properties (sorted) those that names usually stand in, or none."""

    def first(patterns: tuple[str, ...]) -> tuple[str, ...]:
        found = [p for pattern in patterns for p in properties if re.fullmatch(pattern, p, re.IGNORECASE)]
        return tuple(found[:1])

    folded = {re.sub(r"[_\W]", "", p.casefold()): p for p in properties}
    parts = ((folded[one], folded[other]) for one, other in TWO_PARTS if one in folded and other in folded)
    return first(NAMES) or next(parts, ()) or first(OTHER_NAMES)


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
