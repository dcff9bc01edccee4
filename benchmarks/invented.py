"""A graph of people, companies and towns that do not exist, and questions about it: nothing of it can be known before.

Every relation has exactly one answer. Names are words of the demo graph's labels, those first that are one token of
the model's vocabulary, so that a fact is a few tokens for every method.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from kg.build import Sources, build, demo_folder
from kg.errors import QuestionError
from kg.store import Store
from kg.types import RelationPath
from planner.data.rows import PlanLabel, Row

FIRST = "Anna Emma Clara Julia Laura Maria Sarah Helen Alan Peter Paul Adam Simon Henry Frank Robert Thomas".split()
TRADES = "Works Foods Motors Mills Press Textiles".split()
SHARES = {"person": 0.62, "town": 0.22, "company": 0.16}
ENDS = {
    "birthplace": ("person", "town"), "employer": ("person", "company"), "mentor": ("person", "person"),
    "headquarters": ("company", "town"), "founder": ("company", "person"), "rival": ("company", "company"),
    "mayor": ("town", "person"), "twin_town": ("town", "town"), "brewery": ("town", "company"),
}  # fmt: skip
# The first three are trained on, the last two only asked afterwards.
WORDINGS = {
    "birthplace": ("Where was {} born?", "What is the birthplace of {}?", "In which town was {} born?",
                   "Which town does {} come from?", "Name the place where {} came into the world."),
    "employer": ("Who does {} work for?", "What is the employer of {}?", "At which company does {} work?",
                 "Which company pays the salary of {}?", "Name the firm that {} has a job with."),
    "mentor": ("Who is the mentor of {}?", "Who mentors {}?", "By whom is {} mentored?",
               "Who guides {} as a mentor?", "Name the person that {} learns from."),
    "headquarters": ("Where is {} based?", "Where are the headquarters of {}?", "In which town does {} have its seat?",
                     "Which town is home to {}?", "Name the town that {} is run from."),
    "founder": ("Who founded {}?", "Who is the founder of {}?", "By whom was {} founded?",
                "Who set up {}?", "Name the person that started {}."),
    "rival": ("What is the rival of {}?", "Which company competes with {}?", "Who is the rival of {}?",
              "Against which firm does {} compete?", "Name the competitor of {}."),
    "mayor": ("Who is the mayor of {}?", "Who governs {} as mayor?", "Which person is mayor of {}?",
              "Who runs {} as its mayor?", "Name the head of the town hall of {}."),
    "twin_town": ("What is the twin town of {}?", "Which town is twinned with {}?", "With which town is {} twinned?",
                  "Which town is the partner of {}?", "Name the sister town of {}."),
    "brewery": ("Which company brews beer in {}?", "What is the brewery of {}?", "Who brews the beer of {}?",
                "Which firm makes the beer of {}?", "Name the company whose beer is from {}."),
}  # fmt: skip
NOUNS = {
    "birthplace": "the birthplace of {}", "employer": "the employer of {}", "mentor": "the mentor of {}",
    "headquarters": "the town where {} is based", "founder": "the founder of {}", "rival": "the rival of {}",
    "mayor": "the mayor of {}", "twin_town": "the twin town of {}", "brewery": "the brewery of {}",
}  # fmt: skip
TRAINED = 3  # wordings


class Fact(NamedTuple):
    """A fact by its keys."""

    head: str
    relation: str
    tail: str


@dataclass(frozen=True)
class Invented:
    """The graph, the rows to train on, and those to ask: (a) reworded, (b) composed, (c) never trained."""

    graph: Store
    train: list[Row]
    asked: dict[str, list[Row]]
    trained: int


def words(tokenizer: Any) -> list[str]:
    """Words of the demo graph's labels that begin with a capital, those of the fewest tokens first."""
    lines = (demo_folder() / "entities.tsv").read_text("utf-8").splitlines()[1:]
    found = {word for line in lines for word in line.split("\t")[1].split() if re.fullmatch("[A-Z][a-z]{3,}", word)}
    known = {*FIRST, *TRADES, "Negro"}
    mixed = random.Random(0).sample(sorted(found - known), len(found - known))
    return sorted(mixed, key=lambda word: len(tokenizer(f" {word}", add_special_tokens=False)["input_ids"]))


def invent(count: int, share: float, folder: Path, tokenizer: Any, asked: int, seed: int = 0) -> Invented:
    """A graph of about `count` facts, a share of them trained, and `asked` questions of each kind at most.

    The same for the same seed.
    """
    draw = random.Random(seed)
    per_kind = {kind: round(count / 3 * part) for kind, part in SHARES.items()}
    names = words(tokenizer)[: sum(per_kind.values())]
    if len(names) < count // 3 or count < 60:
        raise QuestionError(f"{count:,} facts: expected from 60 to {3 * len(names):,}")
    draw.shuffle(names)
    entities: dict[str, list[str]] = {}
    labels: dict[str, str] = {}
    for kind, size in per_kind.items():
        for word in names[:size]:
            key = f"{kind}:{word.lower()}"
            first = f"{draw.choice(FIRST)} " if kind == "person" else ""
            labels[key] = f"{first}{word}{f' {draw.choice(TRADES)}' if kind == 'company' else ''}"
            entities.setdefault(kind, []).append(key)
        names = names[size:]
    facts = [
        Fact(head, relation, draw.choice([key for key in entities[target] if key != head]))
        for relation, (source, target) in ENDS.items()
        for head in entities[source]
    ]
    draw.shuffle(facts)
    taught, kept = facts[: round(share * len(facts))], facts[round(share * len(facts)) :]
    rows = {
        "reworded": [one_hop(fact, labels, draw.randrange(TRAINED, 5)) for fact in draw.sample(taught, len(taught))],
        "never trained": [one_hop(fact, labels, draw.randrange(TRAINED)) for fact in kept],
    }
    train = [one_hop(fact, labels, wording) for fact in taught for wording in draw.sample(range(TRAINED), 2)]
    pairs = list(composed(taught, labels, draw))
    half = {key for keys in entities.values() for key in draw.sample(keys, len(keys) // 2)}
    taught_pairs = [row for row in pairs if row.topics[0] in half][: len(taught) // 2]
    rows["composed"] = [row for row in pairs if row.topics[0] not in half]
    order = ("reworded", "composed", "never trained")
    chosen = {name: rows[name][:asked] for name in order}
    return Invented(written(folder, facts, labels), [*train, *taught_pairs], chosen, len(taught))


def one_hop(fact: Fact, labels: dict[str, str], wording: int) -> Row:
    """A fact as a question."""
    text = WORDINGS[fact.relation][wording].format(labels[fact.head])
    return row(text, fact.head, (fact.relation,), fact.tail)


def composed(facts: list[Fact], labels: dict[str, str], draw: random.Random) -> Iterator[Row]:
    """Every question that two facts answer together, in random order, in wordings that are trained on."""
    by_head: dict[str, list[Fact]] = {}
    for fact in facts:
        by_head.setdefault(fact.head, []).append(fact)
    pairs = [(fact, then) for fact in facts for then in by_head.get(fact.tail, ()) if then.tail != fact.head]
    for fact, then in draw.sample(pairs, len(pairs)):
        inner = NOUNS[fact.relation].format(labels[fact.head])
        text = WORDINGS[then.relation][draw.randrange(TRAINED)].format(inner)
        yield row(text, fact.head, (fact.relation, then.relation), then.tail)


def row(text: str, topic: str, path: RelationPath, answer: str) -> Row:
    """A question with its only answer and the path to it."""
    return Row(f"{topic} {' '.join(path)} {text}", text, (answer,), (topic,), plans=(PlanLabel(path, 1.0, 1.0, 1.0),))


def written(folder: Path, facts: list[Fact], labels: dict[str, str]) -> Store:
    """The graph as a store in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    tables = {
        "facts": ["head\trelation\ttail", *("\t".join(fact) for fact in sorted(facts))],
        "names": ["key\tlabel\ttypes\taliases", *(f"{k}\t{v}\t{k.partition(':')[0]}\t" for k, v in labels.items())],
        "relations": [
            "key\tlabel\tinverse_label",
            *(f"{key}\t{key.replace('_', ' ')}\t{key.replace('_', ' ')} of" for key in ENDS),
        ],
    }
    for name, lines in tables.items():
        (folder / f"{name}.tsv").write_text("\n".join(lines) + "\n", "utf-8")
    sources = Sources((folder / "facts.tsv",), (folder / "names.tsv",), folder / "relations.tsv")
    store = folder / "invented.kg"
    if not store.exists():
        build(sources, store)
    return Store(store)
