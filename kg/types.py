"""The nouns of a graph: facts, steps, paths, entities, relations, questions. Frozen, never dicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

INVERSE = "~"
ARROW = " -> "

Progress = Callable[[str, int, int], None]
"""Told while something long goes on: what is being done, how much so far, and of how much (0: not known)."""

RelationPath = tuple[str, ...]
"""Relation keys in walking order; a leading `~` walks the relation from tail to head."""


class Triple(NamedTuple):
    """A fact as it is stored: keys, never labels."""

    head: str
    relation: str
    tail: str


class Step(NamedTuple):
    """One hop of a walk. `~r` walks the fact `(target, r, source)` backwards."""

    source: str
    relation: str
    target: str

    @property
    def triple(self) -> Triple:
        """The stored fact that this hop uses."""
        if self.relation.startswith(INVERSE):
            return Triple(self.target, self.relation[len(INVERSE) :], self.source)
        return Triple(self.source, self.relation, self.target)


@dataclass(frozen=True, slots=True)
class ReasoningPath:
    """A walk through stored facts: an instance of a relation path (Luo et al., ICLR 2024, arXiv:2310.01061)."""

    start: str
    steps: tuple[Step, ...]

    @property
    def end(self) -> str:
        """The entity that the walk arrives at."""
        return self.steps[-1].target if self.steps else self.start

    @property
    def entities(self) -> tuple[str, ...]:
        """Every entity on the walk, in order, with the start."""
        return (self.start, *(step.target for step in self.steps))

    @property
    def relations(self) -> RelationPath:
        """The relation path that this walk is an instance of."""
        return tuple(step.relation for step in self.steps)

    @property
    def triples(self) -> tuple[Triple, ...]:
        """The stored facts that the walk uses, in order."""
        return tuple(step.triple for step in self.steps)

    def __str__(self) -> str:
        return self.start + "".join(f"{ARROW}{step.relation}{ARROW}{step.target}" for step in self.steps)


class Walks(NamedTuple):
    """The first walks of a relation path, in the order of their keys, and how many there are in all."""

    paths: tuple[ReasoningPath, ...]
    total: int


@dataclass(frozen=True, slots=True)
class Entity:
    """What the graph says about the name of an entity. `degree` counts its facts in both directions."""

    key: str
    label: str
    types: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    degree: int = 0


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation type: its key, how it reads both ways, its number of facts, the commonest types at its ends.

    `symmetric` says that every fact is stored in both directions, so that walking it backwards adds nothing.
    `hidden` relations are stored and can be walked, but no plan uses them: they say nothing that is ever asked.
    """

    key: str
    label: str
    inverse_label: str
    facts: int = 0
    head_type: str = ""
    tail_type: str = ""
    symmetric: bool = False
    hidden: bool = False

    def read(self, signed: str) -> str:
        """How a step along `signed` (this key, or `~` and this key) reads in words."""
        return self.inverse_label if signed.startswith(INVERSE) else self.label

    def target_type(self, signed: str) -> str:
        """The commonest type of what a step along `signed` arrives at, or ''."""
        return self.head_type if signed.startswith(INVERSE) else self.tail_type


@dataclass(frozen=True, slots=True)
class Topic:
    """An entity that a question may be about, how sure the link is (0 to 1), and the words it stands on."""

    entity: Entity
    score: float
    mention: str

    @property
    def key(self) -> str:
        """The entity's key."""
        return self.entity.key


@dataclass(frozen=True, slots=True)
class Question:
    """A question in words with its topics, best first; gold answers (keys) only where they are known."""

    text: str
    topics: tuple[Topic, ...] = ()
    id: str = ""
    answers: tuple[str, ...] = ()


def inverse(relation: str) -> str:
    """The same relation walked the other way."""
    return relation[len(INVERSE) :] if relation.startswith(INVERSE) else INVERSE + relation


def base(relation: str) -> str:
    """The stored relation under a possibly inverse step."""
    return relation[len(INVERSE) :] if relation.startswith(INVERSE) else relation


def format_relation_path(path: RelationPath) -> str:
    """The text `r1 -> ~r2`, which `parse_relation_path` reads back."""
    return ARROW.join(path)


def parse_relation_path(text: str) -> RelationPath:
    """The relation path written as `r1 -> ~r2`; blanks around the arrows do not matter."""
    return tuple(part.strip() for part in text.split(ARROW.strip()) if part.strip())
