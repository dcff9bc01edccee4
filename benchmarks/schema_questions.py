"""Questions over schemas of public databases that a relation path from one named entity answers (text2cypher, CC0).

The databases themselves are not needed: of each schema a small graph is made, three entities of every label with every
relationship and property, so that a question's topic has the neighbourhood that it has in the database. The gold
relation path is read off the question's Cypher where that is a plain chain from one node with a name.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.common import Row
from kg.build import Sources, build
from kg.graph import Graph
from kg.store import Store
from kg.types import Question, RelationPath, Topic, base, inverse

HELD_OUT = frozenset({"movies", "companies"})  # never fitted on
COPIES = 3  # entities of a label, so that a walk need not come back to its start
NAMES = frozenset("name title screen_name label caption id text displayname".split())  # properties that name a node
LEAST = 20  # questions that a database must have

_NODE = re.compile(
    r"\(\s*(?P<variable>\w*)\s*(?::\s*`?(?P<label>\w+)`?)?\s*"
    r"(?:\{\s*`?\w+`?\s*:\s*(?:'(?P<single>(?:[^'\\]|\\.)*)'|\"(?P<double>[^\"]*)\")\s*\})?\s*\)"
)
_STEP = re.compile(r"(?P<left><?-)\[\s*\w*\s*:\s*`?(?P<type>\w+)`?\s*\](?P<right>->?)")
_QUERY = re.compile(r"MATCH (?:\w+ ?= ?)?(?P<chain>.*?)(?: WHERE (?P<where>.*?))? RETURN (?P<returned>[^,]*)")
_EQUALS = re.compile(r"(?P<variable>\w+)\.`?\w+`? ?(?:=|CONTAINS) ?['\"](?P<value>.*)['\"]")
_RETURNED = re.compile(r"(?:DISTINCT )?(?P<variable>\w+)(?:\.`?(?P<property>\w+)`?)?(?: AS \w+)?.*")
_MORE = re.compile(
    r"\b(?:WITH|ORDER|count|sum|avg|min|max|collect|UNWIND|OPTIONAL|NOT|EXISTS|UNION|CASE|size|SKIP|CALL|AND|OR)\b"
    r"|[<>]=?\s*\d|=~",
    re.IGNORECASE,
)


class Chain(NamedTuple):
    """What a query says: the label and the name of the node it begins at, and the signed steps to what it returns."""

    label: str
    name: str
    steps: RelationPath


def chain_of(cypher: str) -> Chain | None:
    """The relation path that a query is, or None where it says more than one."""
    text = re.sub(r"\bLIMIT \d+\s*;?$", "", " ".join(cypher.split())).strip().rstrip(";")
    query = _QUERY.fullmatch(text)
    if query is None or _MORE.search(query["returned"] + " " + (query["where"] or "")):
        return None
    found = _walked(query["chain"])
    returned = _RETURNED.fullmatch(query["returned"])
    if found is None or returned is None:
        return None
    nodes, steps = found
    where = _EQUALS.fullmatch(query["where"]) if query["where"] else None
    names = [node["single"] or node["double"] or "" for node in nodes]
    if where:
        name, holder = where["value"], where["variable"]
        names = [name if node["variable"] == holder else own for node, own in zip(nodes, names, strict=True)]
    starts = [place for place, name in enumerate(names) if name]
    ends = [place for place, node in enumerate(nodes) if node["variable"] == returned["variable"]]
    if (
        len(starts) != 1
        or len(ends) != 1
        or {starts[0], ends[0]} != {0, len(nodes) - 1}
        or (query["where"] and not where)
    ):
        return None
    path = steps if starts[0] <= ends[0] else tuple(inverse(step) for step in reversed(steps))
    if returned["property"] and returned["property"].lower() not in NAMES:
        path = (*path, property_key(returned["property"]))
    label = nodes[starts[0]]["label"]
    return Chain(label, names[starts[0]], path) if label and 1 <= len(path) <= 3 else None


def _walked(chain: str) -> tuple[list[re.Match[str]], RelationPath] | None:
    """The nodes of a chain and the signed steps between them; None where it is none."""
    nodes: list[re.Match[str]] = []
    steps: list[str] = []
    place = 0
    while True:
        node = _NODE.match(chain, place)
        if node is None:
            return None
        nodes.append(node)
        if node.end() == len(chain):
            return nodes, tuple(steps)
        step = _STEP.match(chain, node.end())
        if step is None:
            return None
        steps.append(inverse(step["type"]) if step["left"] == "<-" else step["type"])
        place = step.end()


def property_key(name: str) -> str:
    """The relation that a property is read as."""
    return f"p:{name}"


def relation_label(key: str) -> str:
    """The words of a relationship type or a property."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", key.removeprefix("p:").replace("_", " "))
    return " ".join(spaced.lower().split())


def schema_rows(data: Path, work: Path) -> Iterator[tuple[str, Graph, list[Row]]]:
    """Each database with LEAST questions at least: its name, a graph of its schema built in `work`, its questions."""
    with gzip.open(data / "text2cypher" / "schemas.jsonl.gz", "rt", encoding="utf-8") as stream:
        schemas = {row["database"]: row["schema"] for row in map(json.loads, stream)}
    with gzip.open(data / "text2cypher" / "questions.csv.gz", "rt", encoding="utf-8") as stream:
        asked = {(row["database"], row["question"]): row["cypher"] for row in csv.DictReader(stream)}
    for name, schema in schemas.items():
        graph = _schema_graph(name, schema, work)
        rows = [
            row
            for (database, text), cypher in asked.items()
            if database == name and (row := _row(text, chain_of(cypher), graph)) is not None
        ]
        if len(rows) >= LEAST:
            yield name, graph, rows


def _row(text: str, chain: Chain | None, graph: Graph) -> Row | None:
    """A question with its topic, where its text holds the name and the graph has the path."""
    if chain is None or len(chain.name) < 2 or any(base(step) not in graph.relations for step in chain.steps):
        return None
    place = text.lower().find(chain.name.lower())
    topic = f"{chain.label}:0"
    frontier = graph.frontier([topic])
    for step in chain.steps:
        frontier = frontier.follow(step)
    if place < 0 or not len(frontier):
        return None
    mention = text[place : place + len(chain.name)]
    question = Question(text, (Topic(graph.entity(topic), 1.0, mention),), answers=frontier.entities)
    return Row(question, topic, chain.steps)


def _schema_graph(name: str, schema: dict[str, Any], work: Path) -> Store:
    """COPIES entities of every label, with every relationship and property of it."""
    folder = work / f"{name}.kg"
    if not folder.exists():
        labels = schema["node_props"]
        facts = {
            (f"{label}:{copy}", property_key(known["property"]), f"{label}.{known['property']}:{copy}")
            for label, properties in labels.items()
            for known in properties
            if known["property"].lower() not in NAMES
            for copy in range(COPIES)
        } | {
            (f"{known['start']}:{copy}", known["type"], f"{known['end']}:{(copy + 1) % COPIES}")
            for known in schema["relationships"]
            if known["start"] in labels and known["end"] in labels
            for copy in range(COPIES)
        }
        tables = {
            "facts": ["head\trelation\ttail", *map("\t".join, sorted(facts))],
            "names": ["key\tlabel\ttypes\taliases"]
            + [f"{lab}:{copy}\t{lab} {copy}\t{relation_label(lab)}\t" for lab in labels for copy in range(COPIES)],
            "relations": ["key\tlabel"]
            + [f"{key}\t{relation_label(key)}" for key in sorted({key for _, key, _ in facts})],
        }
        work.mkdir(parents=True, exist_ok=True)
        files = {part: work / f"{name}-{part}.tsv" for part in tables}
        for part, lines in tables.items():
            files[part].write_text("\n".join(lines) + "\n", "utf-8")
        build(Sources((files["facts"],), (files["names"],), files["relations"]), folder)
    return Store(folder)
