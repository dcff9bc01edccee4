"""Graphs of as many relations as wanted, of things that do not exist, and questions in words about them.

    python -m benchmarks.generated --relations 400 --questions 1000 --out runs/generated-400

Writes facts.tsv, names.tsv, relations.tsv and qa.jsonl (questions with answers only, as a user has them) for
`rog kg build` and `rog data make`. Relations are noun phrases that read alike ("regional supplier", "former supplier");
questions take one to three steps in five wordings, so that with hundreds of relations most paths of a test question
were never trained on: what is learned has to compose.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

MODIFIERS = (
    "main regional former current local senior deputy founding official technical legal northern southern honorary "
    "assistant external internal joint leading second"
).split()
NOUNS = (
    "supplier owner partner sponsor director auditor trainer landlord tenant insurer customer distributor producer "
    "editor architect designer adviser inspector translator archivist carrier broker chairman treasurer patron rival "
    "mentor successor guarantor keeper"
).split()
SYLLABLES = "ba ke lo mi nu ra so ti vu zo da fe gi ho ju".split()
TYPES = ("company", "person", "institute", "town")
WORDINGS = (
    "Who or what is {}?",
    "Name {}.",
    "Tell me {}.",
    "Do you know {}?",
    "What can you say about {}: which one is it?",
)
ENTITIES = 600
DEGREE = 12  # relations of an entity


class Fact(NamedTuple):
    """A fact by its keys."""

    head: str
    relation: str
    tail: str


def relations(count: int) -> list[str]:
    """So many labels, those that share a noun beside one another."""
    return [f"{modifier} {noun}" for noun in NOUNS for modifier in MODIFIERS][:count]


def entity_names(count: int, draw: random.Random) -> list[str]:
    """So many different names of two or three syllables and a second word."""
    found: dict[str, None] = {}
    while len(found) < count:
        first, last = ("".join(draw.choices(SYLLABLES, k=draw.randint(2, 3))).capitalize() for _ in range(2))
        found[f"{first} {last}"] = None
    return list(found)


def facts_of(keys: list[str], labels: list[str], draw: random.Random) -> list[Fact]:
    """DEGREE facts of every entity, of different relations, to others."""
    found = []
    for key in keys:
        for label in draw.sample(labels, min(DEGREE, len(labels))):
            found.append(Fact(key, label.replace(" ", "_"), draw.choice([other for other in keys if other != key])))
    return found


def questions(facts: list[Fact], names: dict[str, str], count: int, draw: random.Random) -> Iterator[dict[str, object]]:
    """Questions of one to three steps, with the names of what walks along their relations lead to."""
    by_head: dict[str, dict[str, list[str]]] = {}
    for fact in facts:
        by_head.setdefault(fact.head, {}).setdefault(fact.relation, []).append(fact.tail)
    for number in range(count):
        topic = draw.choice(list(by_head))
        phrase, reached = names[topic], {topic}
        for _ in range(1 + number % 3):
            relation = draw.choice(sorted({one for key in reached for one in by_head[key]}))
            phrase = f"the {relation.replace('_', ' ')} of {phrase}"
            reached = {tail for key in reached for tail in by_head[key].get(relation, ())}
        if answers := sorted(reached - {topic}):
            text = draw.choice(WORDINGS).format(phrase)
            yield {"question": text, "answers": [names[key] for key in answers], "topics": [topic]}


def write(folder: Path, count: int, asked: int, seed: int = 0) -> None:
    """The files of a graph with `count` relations, and about `asked` questions; the same for the same seed."""
    draw = random.Random(seed)
    labels = relations(count)
    keys = [f"e{number}" for number in range(ENTITIES)]
    names = dict(zip(keys, entity_names(ENTITIES, draw), strict=True))
    kinds = {key: draw.choice(TYPES) for key in keys}
    facts = facts_of(keys, labels, draw)
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "facts": ["head\trelation\ttail", *sorted({"\t".join(fact) for fact in facts})],
        "names": ["key\tlabel\ttypes\taliases", *(f"{key}\t{names[key]}\t{kinds[key]}\t" for key in keys)],
        "relations": ["key\tlabel", *(f"{label.replace(' ', '_')}\t{label}" for label in labels)],
    }
    for name, lines in tables.items():
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    rows = "".join(json.dumps(row) + "\n" for row in questions(facts, names, asked, draw))
    (folder / "qa.jsonl").write_text(rows, "utf-8")


def main() -> None:
    """Write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--relations", type=int, default=400)
    parser.add_argument("--questions", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    write(options.out, options.relations, options.questions, options.seed)


if __name__ == "__main__":
    main()
