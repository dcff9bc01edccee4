"""What a graph can be asked by: its relations and types, with their words. Facts change daily, a vocabulary seldom."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from kg.graph import Graph, content_hash
from kg.types import inverse

LEAST_KEPT = 0.5  # share of the relations that must still be there for a vocabulary to be the same one, grown or shrunk


class Change(NamedTuple):
    """What became of a vocabulary: keys of relations in order, and types. One that reads otherwise is gone and added.

    `kept` are relations with the same words; `added` and `gone` those of only the new and only the old vocabulary.
    """

    kept: tuple[str, ...]
    added: tuple[str, ...]
    gone: tuple[str, ...]
    types_gone: tuple[str, ...]

    @property
    def is_another(self) -> bool:
        """Whether so little is left that what was learned of the old vocabulary says nothing of the new one."""
        return len(self.kept) < LEAST_KEPT * (len(self.kept) + len(self.gone))


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The relations that plans may use, by key, with how they read forwards and backwards; the types at their ends."""

    relations: Mapping[str, tuple[str, str]]
    types: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """The SHA-256 of all of it, in hexadecimal."""
        return hashlib.sha256(self.as_json().encode("utf-8", "surrogatepass")).hexdigest()

    def as_json(self) -> str:
        """All of it as JSON, a relation a line, in key order; the same vocabulary gives the same text."""
        lines = ",\n".join(f" {_json(key)}: {_json(list(words))}" for key, words in sorted(self.relations.items()))
        return f'{{"relations": {{\n{lines}\n}},\n"types": {_json(sorted(self.types))}}}\n'

    def change(self, to: Vocabulary) -> Change:
        """What is kept, added and gone on the way from this vocabulary to another."""
        kept = {key for key, words in self.relations.items() if to.relations.get(key) == words}
        return Change(
            tuple(sorted(kept)),
            tuple(sorted(to.relations.keys() - kept)),
            tuple(sorted(self.relations.keys() - kept)),
            tuple(sorted(set(self.types) - set(to.types))),
        )


def vocabulary_of(graph: Graph) -> Vocabulary:
    """The vocabulary of a graph; hidden relations, which no plan uses, are not part of it."""
    known = {key: relation for key, relation in graph.relations.items() if not relation.hidden}
    words = {key: (_line(r.read(key)), _line(r.read(inverse(key)))) for key, r in known.items()}
    types = {kind for relation in known.values() for kind in (relation.head_type, relation.tail_type) if kind}
    return Vocabulary(words, tuple(sorted(types)))


def parse_vocabulary(text: str) -> Vocabulary:
    """The vocabulary that `as_json` wrote; ValueError if it is none."""
    found = json.loads(text)
    if not isinstance(found, dict) or not isinstance(found.get("relations"), dict):
        raise ValueError("it lists no relations")
    for key, words in found["relations"].items():
        if not (isinstance(words, list) and len(words) == 2 and all(isinstance(word, str) for word in words)):
            raise ValueError(f"relation {key!r} is {words!r:.60}, expected how it reads forwards and backwards")
    types = found.get("types")
    if not isinstance(types, list) or not all(isinstance(kind, str) for kind in types):
        raise ValueError(f"types are {types!r:.60}, expected a list of texts")
    return Vocabulary({key: (words[0], words[1]) for key, words in found["relations"].items()}, tuple(types))


def _line(text: str) -> str:
    return " ".join(text.split())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def identity(graph: Graph) -> dict[str, str | bool]:
    """By what a run knows the graph that it was trained on: its hash, whether walks may come back, its vocabulary.

    The vocabulary is a text; a run keeps it in a file of its own, and its hash in its config.
    """
    return {
        "graph_sha256": content_hash(graph),
        "returning": graph.returning,
        "vocabulary": vocabulary_of(graph).as_json(),
    }
