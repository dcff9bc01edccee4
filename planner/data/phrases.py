"""Relation labels as English: the ways to speak of what a step leads to, and to ask for what a path leads to.

Rules of thumb over the form of a label; what comes out is plain and varied rather than always idiomatic.
"""

from __future__ import annotations

import random
from typing import NamedTuple

from kg.graph import Graph
from kg.types import Relation, RelationPath, base, inverse

PREPOSITIONS = frozenset("of by in at on to with from for after before as into under over near".split())
VERBS = frozenset(
    "has serves owns uses includes contains plays makes produces borders speaks leads follows causes treats affects "
    "interacts inhibits shares lives works belongs".split()
)
BE = frozenset("is are was were".split())
ARTICLES = frozenset("the a an".split())
THING = "thing"


class Phrase(NamedTuple):
    """Words for what a step leads to: as a noun phrase, and as a question ("" where the label gives none)."""

    noun: str
    question: str


def shape(label: str) -> str:
    """What kind of words a label is.

    `of` ("capital of"), `done` ("directed by"), `be` ("is led by"), `verb` ("serves city"), `noun`.
    """
    words = label.split()
    first, last = words[0].casefold(), words[-1].casefold()
    if first in BE and len(words) > 1:
        return "be"
    if len(words) > 1 and words[1].casefold() in PREPOSITIONS and first.endswith(("ed", "en", "born", "wn")):
        return "done"
    is_third_person = first.endswith("s") and not first.endswith("ss")
    if first in VERBS or (is_third_person and (last in PREPOSITIONS - {"of"} or (words[1:2] and words[1] in ARTICLES))):
        return "verb"
    return "of" if len(words) > 1 and last in PREPOSITIONS else "noun"


def bare(label: str) -> str:
    """A label without what is no part of a name: `in language`, `has the client` → `language`, `client`."""
    words = label.split()
    if len(words) == 1 or words[0].casefold() not in ("has", "in") or words[-1].casefold() in PREPOSITIONS:
        return label
    return " ".join(words[2:] if len(words) > 2 and words[1].casefold() in ARTICLES else words[1:])


def open_ended(label: str) -> str:
    """A label without the kind of thing that it ends with: `is a member of the team` → `is a member of`."""
    words = label.split()
    place = next((place for place in range(len(words) - 1, 0, -1) if words[place].casefold() in ARTICLES), 0)
    ends = place and len(words) - place <= 3 and words[-1].casefold() not in PREPOSITIONS
    return " ".join(words[:place]) if ends else label


def phrases(relation: Relation, signed: str, source: str) -> list[Phrase]:
    """The ways to speak of what a step along `signed` from `source` (words) leads to."""
    kind = relation.target_type(signed).replace("_", " ") or THING
    guessed = relation.inverse_label == f"{relation.label} of"
    found: list[Phrase] = []
    forth, back = relation.read(signed), relation.read(inverse(signed))
    if not (guessed and signed != relation.key):
        found += forwards(bare(forth), kind, source)
    if not (guessed and signed == relation.key):
        found += backwards(bare(back), kind, source)
    return found


def forwards(label: str, kind: str, source: str) -> list[Phrase]:
    """The same from the label that reads from the source."""
    ask = "What" if kind == THING else f"Which {kind}"
    match shape(label):
        case "noun":
            return [Phrase(f"the {label} of {source}", f"{ask} is the {label} of {source}?"),
                    Phrase(f"{source}'s {label}", f"What is {source}'s {label}?")]  # fmt: skip
        case "of":
            return [Phrase(f"the {kind} that {source} is the {label}", f"{ask} is {source} the {label}?")]
        case "done":
            return [Phrase(f"the {kind} that {source} was {label}", f"{ask} was {source} {label}?")]
        case "be":
            be, rest = open_ended(label).split(" ", 1)
            return [Phrase(f"the {kind} that {source} {be} {rest}", f"{ask} {be} {source} {rest}?")]
        case _:
            return [Phrase(f"the {kind} that {source} {open_ended(label)}", "")]


def backwards(label: str, kind: str, source: str) -> list[Phrase]:
    """The same from the label that reads from what is asked for back to the source."""
    ask = "What" if kind == THING else f"Which {kind}"
    form = shape(label)
    if form in ("be", "verb") and source.startswith("the "):  # "knows the skill welding", but "knows the skill that …"
        label = open_ended(label)
    match form:
        case "noun":
            return [Phrase(f"the {kind} whose {label} is {source}", f"{ask} has {source} as its {label}?")]
        case "of":
            return [Phrase(f"the {kind} that is the {label} {source}", f"{ask} is the {label} {source}?")]
        case "done":
            return [Phrase(f"the {kind} {label} {source}", f"{ask} was {label} {source}?")]
        case _:
            return [Phrase(f"the {kind} that {label} {source}", f"{ask} {label} {source}?")]


def ask(graph: Graph, topic: str, path: RelationPath, chance: random.Random) -> str:
    """A question in words for what `path` leads to from the entity that is called `topic`."""
    words = topic
    for signed in path[:-1]:
        words = chance.choice(phrases(graph.relations[base(signed)], signed, words)).noun
    last = chance.choice(phrases(graph.relations[base(path[-1])], path[-1], words))
    forms = [f"What is {last.noun}?", f"Name {last.noun}.", last.noun, f"Find {last.noun}."]
    if last.question:
        forms += [last.question] * 4
    text = chance.choice(forms)
    return text if chance.random() < 0.5 else text[0].upper() + text[1:]
