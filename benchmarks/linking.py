"""How often a question's words lead to the right entity: as written, misspelt, in small letters; and false links.

    python -m benchmarks.linking [--set MetaQA kb.kg metaqa qa_1hop.txt qa_2hop.txt] [--graph other.kg]

Recall@1 and @5 over questions whose topic is given: the demo's test questions, and a sample of each published set that
is given as its name, graph, kind (metaqa or pathquestion) and files. "misspelt" has one random edit in the topic's
name: a letter left out, doubled, replaced or swapped with its neighbour. False links: questions of common words and
numbers, none of them misspelt, that are linked to an entity that has no name like what is written.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import string
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import machine, write_report
from kg.build import demo_folder
from kg.graph import Graph
from kg.link import link
from kg.names import normal
from kg.open import open_graph
from kg.published import read_metaqa, read_pathquestion
from kg.questions import RawQuestion

COMMON = Path(__file__).parent / "common_questions.txt"


Reader = Callable[[Path], Iterator[RawQuestion]]


class Row(NamedTuple):
    """A question, the key of the entity that it is about, and how the question writes that entity's name."""

    text: str
    topic: str
    mention: str


class QuestionSet(NamedTuple):
    """A graph and the questions about it, drawn with a seed."""

    name: str
    graph: Graph
    rows: Callable[[int], list[Row]]


def misspelt(row: Row, rng: random.Random) -> Row:
    """The question with one edit in a letter of the name, never its first."""
    places = [i for i, c in enumerate(row.mention) if i and c.isalpha()]
    if len(normal(row.mention)) < 4 or not places:
        return row
    place = rng.choice(places)
    letter, before, after = row.mention[place], row.mention[:place], row.mention[place + 1 :]
    edited = rng.choice(
        [
            before + after,
            before + letter + letter + after,
            before + rng.choice(string.ascii_lowercase.replace(letter.lower(), "")) + after,
            before + (after[:1] + letter + after[1:] if after[:1].isalpha() else after),
        ]
    )
    return Row(row.text.replace(row.mention, edited), row.topic, edited)


def small(row: Row, _: random.Random) -> Row:
    """The question in small letters."""
    return Row(row.text.lower(), row.topic, row.mention.lower())


CONDITIONS: dict[str, Callable[[Row, random.Random], Row]] = {
    "as written": lambda row, _: row,
    "small letters": small,
    "misspelt": misspelt,
    "misspelt, small": lambda row, rng: small(misspelt(row, rng), rng),
}


def mentioned(graph: Graph, text: str, topic: str) -> str:
    """How the question writes one of the names of its topic, or ''."""
    entity = graph.entity(topic)
    names = sorted({entity.label, *entity.aliases, topic}, key=len, reverse=True)
    found = (re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) for name in names if name)
    return next((match[0] for match in found if match), "")


def demo_questions(graph: Graph) -> Iterator[Row]:
    """The demo's test questions."""
    for line in (demo_folder() / "questions" / "test.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        yield Row(row["question"], row["topics"][0], mentioned(graph, row["question"], row["topics"][0]))


def published(graph: Graph, files: Sequence[Path], read: Reader, wanted: int, seed: int) -> list[Row]:
    """A sample of published questions whose topic the graph has."""
    rows = [row for file in files for row in read(file) if graph.has(row.topics[0])]
    sample = random.Random(seed).sample(rows, min(wanted, len(rows)))
    return [Row(row.text, row.topics[0], mentioned(graph, row.text, row.topics[0])) for row in sample]


def recalls(graph: Graph, rows: Sequence[Row], change: Callable[[Row, random.Random], Row], seed: int) -> list[float]:
    """Recall@1, recall@5, and milliseconds a question."""
    rng = random.Random(seed)
    first = five = 0
    began = time.perf_counter()
    for row in rows:
        found = [topic.key for topic in link(graph, change(row, rng).text)]
        first += found[:1] == [row.topic]
        five += row.topic in found[:5]
    return [first / len(rows), five / len(rows), 1000 * (time.perf_counter() - began) / len(rows)]


def false_links(graph: Graph, texts: Sequence[str]) -> list[str]:
    """The questions, each with the entity that is linked though no name of it is written."""
    found = []
    for text in texts:
        for topic in link(graph, text):
            names = {normal(name) for name in (topic.entity.label, *topic.entity.aliases)}
            if normal(topic.mention) not in names:
                found.append(f"{text} [{topic.mention} -> {topic.entity.label}]")
    return found


def question_sets(options: argparse.Namespace) -> Iterator[QuestionSet]:
    """The sets to measure, each with its graph."""
    demo = open_graph("demo")
    yield QuestionSet("demo", demo, lambda _: list(demo_questions(demo)))
    reads: dict[str, Reader] = {"metaqa": read_metaqa, "pathquestion": read_pathquestion}
    for name, path, *questions in options.set:
        graph = open_graph(path)
        read, *files = reads[questions[0]], *sorted(map(Path, questions[1:]))
        yield QuestionSet(name, graph, partial(published, graph, files, read, options.questions))
    for path in options.graph:
        yield QuestionSet(Path(path).stem, open_graph(path), lambda _: [])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--set", nargs="+", action="append", default=[], metavar=("NAME GRAPH KIND", "FILE"))
    parser.add_argument("--graph", nargs="*", default=[], help="more graphs to look for false links in")
    parser.add_argument("--questions", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--out", type=Path, default=Path("benchmarks/results/linking.txt"))
    options = parser.parse_args()
    lines = [machine(), f"at most {options.questions} questions of a set, {options.seeds} seeds", ""]
    lines.append(f"{'set':<12}{'questions':<18}{'recall@1':>9}{'recall@5':>9}{'ms':>8}")
    texts = COMMON.read_text("utf-8").splitlines()
    wrong = []
    for name, graph, rows in question_sets(options):
        for condition, change in CONDITIONS.items():
            runs = [recalls(graph, rows(seed), change, seed) for seed in range(options.seeds) if rows(seed)]
            if runs:
                first, five, ms = (sum(figures) / len(runs) for figures in zip(*runs, strict=True))
                lines.append(f"{name:<12}{condition:<18}{first:>9.3f}{five:>9.3f}{ms:>8.1f}")
        found = false_links(graph, texts)
        wrong += ["", f"{name}: {len(found)} false links in {len(texts)} questions of common words and numbers", *found]
    write_report(options.out, [*lines, *wrong])
    print("\n".join([*lines, *wrong]))


if __name__ == "__main__":
    main()
