"""Which words of a question may be a misspelt name, and of which name: numbers, dates and known words never are.

A name is misspelt word by word: each of its words is right or has one wrong letter (two in a long word), numbers and
numerals are right, and only initials and words like "of" may be missing. So "North Korea" is not South Korea,
"Apollo 11" not Apollo 12, and "Henry VIII" not Henry VII.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

from rapidfuzz.distance.OSA import distance, normalized_similarity

from kg.graph import Graph, Name
from kg.names import camel_split, normal, relation_words
from kg.words import COMMON_WORDS, DATE_WORDS, STOP_WORDS

LONG = 9  # letters from which a word may have two wrong ones
SHORT = 4  # letters up to which a letter is left out, doubled or swapped, not replaced: Iraq is not Iran
LEAST = 4  # letters of a word that may be misspelt
CODE = 5  # letters of a name in capitals up to which it is a code, each a letter from the next: JFK, LEMD
SEARCHED = 50  # names that full-text search may give for one word
DIGITS = re.compile(r"\d+")
DOUBLED = re.compile(r"(.)\1+")
ROMAN = re.compile(r"(?=[ivx])(x{0,3})(ix|iv|v?i{0,3})")
ROMAN_PARTS = {"": 0, "i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6, "vii": 7, "viii": 8, "ix": 9}
NUMBER_WORDS = {
    word: number
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "zeroth first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth",
    )
    for number, word in enumerate(words.split())
}
OPTIONAL = frozenset("jr sr junior senior".split()) | STOP_WORDS  # words of a name that people leave out
OPPOSITES = ({"jr", "sr"}, {"mr", "mrs"})
SUFFIXES = (("ies", "y"), ("es", ""), ("s", ""), ("ed", ""), ("ed", "e"), ("ing", ""), ("ing", "e"), ("ly", ""))


class Match(NamedTuple):
    """A name that may be meant, and how like it the words are: 0 to 1."""

    name: Name
    score: float


def likeness(wanted: str, name: str) -> float:
    """How like a name (a normal form, as both are) words are that may be a misspelling of it: 0 (cannot be) to 1."""
    if wanted.replace(" ", "") == name.replace(" ", ""):
        return normalized_similarity(wanted, name) if DIGITS.findall(wanted) == DIGITS.findall(name) else 0.0
    asked, given = wanted.split(), name.split()
    if numerals(asked) != numerals(given):
        return 0.0
    alone = not numerals(asked)
    asked, given = ([word for word in words if numeral(word) is None] for words in (asked, given))
    pairs = paired(asked, given)
    if pairs is None:
        joined = "".join(asked), "".join(given)
        pairs = [joined] if abs(len(asked) - len(given)) == 1 and min(map(len, joined)) > SHORT + 1 else None
    alone = alone and pairs is not None and len(pairs) == 1
    if not pairs or not all(one == other or near(one, other, alone) for one, other in pairs):
        return 0.0
    return normalized_similarity(wanted, name)


def near(one: str, other: str, alone: bool) -> bool:
    """Whether a word may be a misspelling of another: one wrong letter, two in a long word, none in an initial.

    `alone`: it is all that the name has, so that more has to be right of a short one.
    """
    size = min(len(one), len(other))
    if any(map(str.isdigit, one + other)) or max(len(one), len(other)) == 1 or {one, other} in OPPOSITES:
        return False
    if alone and (size < LEAST - 1 or (size <= SHORT and (one[0] != other[0] or is_replaced(one, other)))):
        return False
    return distance(one, other) <= (2 if size >= LONG else 1) or (size > SHORT and once(one) == once(other))


def once(word: str) -> str:
    """The word with every letter once where it is doubled: "appolo" and "apollo" are both "apolo"."""
    return DOUBLED.sub(r"\1", word)


def is_replaced(one: str, other: str) -> bool:
    """Whether two words have other letters in the same number: not only swapped."""
    return len(one) == len(other) and sorted(one) != sorted(other)


def paired(asked: Sequence[str], given: Sequence[str]) -> list[tuple[str, str]] | None:
    """The words side by side, initials and small words left out where only one side has them; None if they differ."""
    if len(asked) != len(given):
        both = set(asked) & set(given)
        asked, given = ([word for word in words if word in both or not may_miss(word)] for words in (asked, given))
    return list(zip(asked, given, strict=True)) if len(asked) == len(given) else None


def may_miss(word: str) -> bool:
    """Whether people leave a word of a name out: an initial, "of", "Jr"."""
    return len(word) == 1 or word in OPTIONAL


def numerals(words: Sequence[str]) -> list[int | str]:
    """The numbers among the words of a normal form; a single letter at the end counts as one ("Model S")."""
    found: list[int | str] = [number for word in words if (number := numeral(word)) is not None]
    last = words[-1] if len(words) > 1 else ""
    return [*found, last] if len(last) == 1 and numeral(last) is None else found


def numeral(word: str) -> int | str | None:
    """The number that a word is, in digits, Roman or in words; a word with digits in it is itself; else None."""
    if word.isdecimal():
        return int(word)
    if any(map(str.isdigit, word)):
        return word
    if roman := ROMAN.fullmatch(word):
        return 10 * len(roman[1]) + ROMAN_PARTS[roman[2]]
    return NUMBER_WORDS.get(word)


def goes_on(word: str) -> bool:
    """Whether a word belongs to the name before it, which means another without: a number, a numeral, Jr."""
    return numeral(word) is not None or any(word in pair for pair in OPPOSITES)


def is_worded(form: str) -> bool:
    """Whether a normal form has letters enough to be a name: no number, no date."""
    words = [word for word in form.split() if numeral(word) is None and word not in DATE_WORDS]
    return any(len(word) >= LEAST - 1 for word in words)


def is_code(name: Name) -> bool:
    """Whether a name is an abbreviation or code, each of which is a letter away from others."""
    return len(name.text) <= CODE and name.text.isupper()


class Vocabulary:
    """The words that are spelt right: common ones, those of the graph's relations and types, those in its names."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._plain: dict[str, bool] = {}
        self._named: dict[str, bool] = {}

    @cached_property
    def _schema(self) -> frozenset[str]:
        return schema_words(self._graph)

    def is_plain(self, word: str) -> bool:
        """Whether it is a word and no name: a small or common one, a date's, or of a relation or type."""
        if word not in self._plain:
            self._plain[word] = is_common(word) or word in DATE_WORDS or self.is_schema(word)
        return self._plain[word]

    def is_schema(self, word: str) -> bool:
        """Whether it is a word of a relation or type, in the singular or plural."""
        return not self._schema.isdisjoint(bases(word))

    def is_known(self, word: str) -> bool:
        """Whether it is a word of some name in the graph."""
        if word not in self._named:
            names = self._graph.search(word, SEARCHED)
            self._named[word] = any(word in normal(name.text).split() for name in names)
        return self._named[word]

    def is_misspelt(self, word: str) -> bool:
        """Whether nothing says that the word is spelt right: it is not plain, no number, and in no name."""
        return len(word) >= LEAST and numeral(word) is None and not self.is_plain(word) and not self.is_known(word)


def schema_words(graph: Graph) -> frozenset[str]:
    """The words of a graph's relations and of the types at their ends, also without their endings."""
    texts = chain.from_iterable(
        (r.label, r.inverse_label, relation_words(r.key), camel_split(r.head_type), camel_split(r.tail_type))
        for r in graph.relations.values()
    )
    return frozenset(base for text in texts for word in normal(text.replace("_", " ")).split() for base in bases(word))


def is_common(word: str) -> bool:
    """Whether a word in small letters is a common English one, whatever its ending."""
    return word in STOP_WORDS or not COMMON_WORDS.isdisjoint(bases(word))


def bases(word: str) -> list[str]:
    """The word, and what it may be without its ending."""
    return [word, *(word[: -len(end)] + new for end, new in SUFFIXES if word.endswith(end) and len(word) > LEAST)]
