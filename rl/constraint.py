"""The texts of a question's legal plans as an automaton over tokens: what may come next, and what was said.

It is the language that `planner.decode` searches, for whoever draws from it or needs log-probabilities under its mask.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from kg.errors import ModelError
from kg.types import RelationPath
from planner.decode import Spelling, Trie, trie_of
from planner.lm import Tokens
from planner.space import Legal


@dataclass(frozen=True, slots=True)
class Place:
    """Where a text stands: the relations it has named, in the name of which next one, what it owes of a separator.

    Without a `trie` it has ended.
    """

    path: RelationPath
    trie: Trie | None
    owed: Tokens = ()


class Texts(Protocol):
    """Texts as an automaton."""

    @property
    def begin(self) -> Place:
        """Where a text begins."""

    def next(self, place: Place) -> dict[int, Place]:
        """Each token that may come next, and where it leads; none after the end."""


class Listed:
    """Some texts, none of which begins another; a text's `path` is its number."""

    def __init__(self, texts: Iterable[Tokens]) -> None:
        self.begin = Place((), trie_of((str(number), tokens) for number, tokens in enumerate(texts)))

    def next(self, place: Place) -> dict[int, Place]:
        """Each token that may come next, and where it leads; none after the end."""
        below = place.trie.children if place.trie is not None else {}
        return {
            token: Place((), child) if child.ends is None else Place((child.ends,), None)
            for token, child in below.items()
        }


class PlanTexts:
    """All texts of legal plans, each with its end."""

    def __init__(self, space: Legal, spelling: Spelling) -> None:
        self._space, self._spelling = space, spelling
        self._tries: dict[RelationPath, Trie] = {}

    @property
    def begin(self) -> Place:
        """Where a text begins."""
        return Place((), self._names(()))

    def next(self, place: Place) -> dict[int, Place]:
        """Each token that may come next, and where it leads; none after the end."""
        if place.trie is None:
            return {}
        if place.owed:
            return {place.owed[0]: Place(place.path, place.trie, place.owed[1:])}
        found = {token: Place(place.path, child) for token, child in place.trie.children.items()}
        if place.trie.ends is not None:
            path, separator = (*place.path, place.trie.ends), self._spelling.separator
            after = {self._spelling.end: Place(path, None)}
            if self._space.options(path):
                after[separator[0]] = Place(path, self._names(path), separator[1:])
            if found.keys() & after.keys():
                raise ModelError(f"the model's tokens do not tell where the relation {place.trie.ends!r} ends")
            found |= after
        return found

    def _names(self, path: RelationPath) -> Trie:
        if path not in self._tries:
            options = self._space.options(path)
            self._tries[path] = trie_of((relation, self._spelling.relation(relation)) for relation in options)
        return self._tries[path]


def allowed(texts: Texts, tokens: Tokens) -> tuple[list[Tokens], RelationPath | None]:
    """What was possible before each token of a text; and the path that it says, or None if it is not one of them."""
    place, found = texts.begin, []
    for token in tokens:
        options = texts.next(place)
        found.append(tuple(options))
        if token not in options:
            return found, None
        place = options[token]
    return found, place.path if place.trie is None else None
