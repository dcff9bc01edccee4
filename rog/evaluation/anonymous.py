"""A graph whose entities have lost their names: what a system still gets right then, it owes to the graph."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kg.graph import Frontier, Graph, Name, Size
from kg.names import normal
from kg.types import Entity, Question, Relation, RelationPath, Topic, Triple, Walks

DIGITS = 7  # of an opaque name; entities whose digits collide get more


def spaced(text: str) -> str:
    """A text in lower case with a space for whatever stands between its words."""
    return re.sub(r"\W+", " ", text).casefold()


class Anonymous:
    """A `Graph` in which every entity is called something like E1730245, and nothing else; the rest is another graph's.

    Keys, types, relations and facts stay: only labels and aliases go. A name depends on the entity's key alone,
    but where two entities met so far would share one.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._labels: dict[str, str] = {}
        self._keys: dict[str, str] = {}

    def label(self, key: str) -> str:
        """The opaque name of an entity."""
        if key not in self._labels:
            digits = str(int(hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest(), 16))
            size = DIGITS
            while f"E{digits[:size]}" in self._keys:
                size += 1
            self._labels[key] = f"E{digits[:size]}"
            self._keys[self._labels[key]] = key
        return self._labels[key]

    def question(self, question: Question) -> Question:
        """A linked question with the words of its topics replaced by opaque names, and the topics renamed."""
        names: dict[str, str] = {}  # mention → the name of its best topic
        for topic in question.topics:
            names.setdefault(topic.mention, self.label(topic.key))
        text = question.text
        if mentions := sorted(filter(None, names), key=lambda mention: -len(mention)):
            lowered = {spaced(mention): name for mention, name in names.items()}
            # The linker leaves out what stands between words; the question may have commas there.
            written = "|".join(r"\W+".join(map(re.escape, mention.split())) for mention in mentions)
            pattern = re.compile(rf"(?<!\w)(?:{written})(?!\w)", re.IGNORECASE)
            text = pattern.sub(lambda match: lowered.get(spaced(match[0]), match[0]), text)
        topics = (
            Topic(self.entity(topic.key), topic.score, names[topic.mention] if topic.mention else "")
            for topic in question.topics
        )
        return replace(question, text=text, topics=tuple(topics))

    @property
    def name(self) -> str:
        """The other graph's name."""
        return f"{self._graph.name} (anonymous)"

    @property
    def manifest(self) -> Mapping[str, Any]:
        """The other graph's, where it has one: what was trained on that graph plans here too."""
        manifest: Mapping[str, Any] = getattr(self._graph, "manifest", {})
        return manifest

    @property
    def size(self) -> Size:
        """Numbers of entities, relations and facts."""
        return self._graph.size

    @property
    def relations(self) -> Mapping[str, Relation]:
        """Every relation by its key, with its name."""
        return self._graph.relations

    @property
    def returning(self) -> bool:
        """Whether walks may come back to where they start."""
        return self._graph.returning

    def frontier(self, topics: Iterable[str]) -> Frontier:
        """The frontier before the first step."""
        return self._graph.frontier(topics)

    def paths(self, start: str, relation_path: RelationPath, limit: int, end: str | None = None) -> Walks:
        """The first walks along a relation path."""
        return self._graph.paths(start, relation_path, limit, end)

    def has(self, key: str) -> bool:
        """Whether `key` is an entity's key."""
        return self._graph.has(key)

    def contains(self, triple: Triple) -> bool:
        """Whether this fact is stored."""
        return self._graph.contains(triple)

    def entity(self, key: str) -> Entity:
        """The types and degree of an entity under its opaque name. Raises UnknownKeyError."""
        return replace(self._graph.entity(key), label=self.label(key), aliases=())

    def named(self, normal_forms: Sequence[str]) -> list[Name]:
        """The entities met so far whose opaque name is one of these."""
        wanted = set(normal_forms)
        found = [Name(key, label, False) for key, label in self._labels.items() if normal(label) in wanted]
        return sorted(found)

    def search(self, text: str, limit: int) -> list[Name]:
        """The entity of that opaque name, if there is one: such names have no words to share."""
        return self.named([normal(text)])[:limit]

    def scan(self, text: str, limit: int, cutoff: float) -> list[tuple[Name, float]]:
        """As `search`: opaque names that look alike mean nothing."""
        return [(name, 1.0) for name in self.search(text, limit)]
