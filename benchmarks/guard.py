"""What the guard against unapplied operators refuses: of questions that a plan answers, and of those that it cannot.

    python -m benchmarks.guard [--data FOLDER] [--first 1000] [--show 20]

No model is used: each question is judged with its gold plan and linked topics. The demo's questions are bundled. FOLDER
may hold metaqa/, pathquestion/ and webqsp_plans/ (questions with gold plans: every refusal is a false alarm) and
text2cypher/ and geoquery/ (questions with Cypher or SQL: what filters, counts, sorts or negates should be refused).
None of them is distributed with rog. English only.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice, pairwise
from pathlib import Path
from typing import NamedTuple

from kg.build import demo_folder
from kg.graph import Graph
from kg.link import link
from kg.open import open_graph
from kg.types import Question, RelationPath, Topic, base, inverse
from reasoner.guard import unapplied

TELLS = re.compile(
    r"\b(count|sum|avg|min|max)\s*\(|order by|\bnot\b|<>|"
    r"(?<!-)[<>]=?(?!-)\s*[\d'\"d(]|\bnot exists|\blimit\s+\d|\bcontains\b|starts with|\bor\b|duration",
    re.IGNORECASE,
)


class Asked(NamedTuple):
    """A question, the key of its topic and its gold plan."""

    text: str
    topic: str
    path: RelationPath


def demo(split: str) -> Iterator[Asked]:
    """The bundled questions of a split."""
    with (demo_folder() / "questions" / f"{split}.jsonl").open(encoding="utf-8") as file:
        for row in map(json.loads, file):
            yield Asked(row["question"], row["topics"][0], tuple(row["path"]))


def metaqa(folder: Path, name: str) -> Iterator[Asked]:
    """MetaQA's questions of so many hops, their plan read from the type of question."""
    steps = {
        "movie_to_director": "directed_by",
        "movie_to_writer": "written_by",
        "movie_to_actor": "starred_actors",
        "movie_to_genre": "has_genre",
        "movie_to_language": "in_language",
        "movie_to_year": "release_year",
        "movie_to_tags": "has_tags",
        "movie_to_imdbrating": "has_imdb_rating",
        "movie_to_imdbvotes": "has_imdb_votes",
    }
    steps |= {"_to_".join(reversed(key.split("_to_"))): inverse(value) for key, value in steps.items()}
    steps["tag_to_movie"] = "~has_tags"
    kinds = (folder / f"qtype_{name}.txt").read_text("utf-8").split("\n")
    for line, kind in zip((folder / f"qa_{name}.txt").read_text("utf-8").split("\n"), kinds, strict=False):
        found = re.search(r"\[(.*?)\]", line)
        hops = kind.split("_to_")
        if found:
            path = tuple(steps[f"{one}_to_{other}"] for one, other in pairwise(hops))
            yield Asked(line.split("\t")[0].replace("[", "").replace("]", ""), found[1], path)


def pathquestion(file: Path) -> Iterator[Asked]:
    """PathQuestion's questions."""
    for line in file.read_text("utf-8").splitlines():
        text, _, path = line.split("\t")
        hops = path.split("#<end>")[0].split("#")
        yield Asked(text.replace(hops[0], hops[0].replace("_", " ")), hops[0], tuple(hops[1::2]))


def webqsp(folder: Path) -> Iterator[Asked]:
    """WebQSP's questions with the first gold plan; there is no graph and no topic."""
    for name in ("train", "dev"):
        with (folder / f"webqsp_{name}_paths.jsonl").open(encoding="utf-8") as file:
            for row in map(json.loads, file):
                if row["ground_paths"]:
                    yield Asked(row["question"], "", tuple(row["ground_paths"][0]))


def judged(graph: Graph, asked: Asked) -> tuple[str, ...]:
    """What the guard says of a question that is answered along its gold plan."""
    topics = link(graph, asked.text) if asked.topic else ()
    own = [topic for topic in topics if topic.key == asked.topic]
    if asked.topic and not own:
        own = [Topic(graph.entity(asked.topic), 1.0, graph.entity(asked.topic).label)]
    walks = graph.paths(asked.topic, asked.path, 200) if asked.topic else None
    others = [topic for topic in topics if topic.key != asked.topic]
    paths = walks.paths if walks else ()
    total = len({path.end for path in paths})
    return unapplied(Question(asked.text, (*own, *others)), asked.path, graph, paths, total)


def false_alarms(name: str, graph: Graph, questions: Iterable[Asked], show: int) -> None:
    """Print how many questions with a gold plan would be refused, and the words that did it."""
    refused, asked = [], 0
    for each in questions:
        asked += 1
        if reasons := judged(graph, each):
            refused.append((each.text, reasons))
    print(f"| {name} | {asked:,} | {len(refused):,} | {len(refused) / asked:.4f} |", flush=True)
    words = Counter(reason for _, reasons in refused for reason in reasons)
    if show and refused:
        print(f"    {words.most_common(show)}")
        for text, reasons in refused[:show]:
            print(f"    {text}  {reasons}")


QUOTED = re.compile(r"'[^']{1,200}'(?!\w)|\"[^\"]{1,200}\"")


def detected(name: str, rows: Iterable[tuple[str, str]], graph: Graph, show: int) -> None:
    """Print the share of questions refused among those whose query filters, counts, sorts or negates, and of others."""
    seen: dict[bool, list[tuple[str, bool]]] = {True: [], False: []}
    for text, query in rows:
        question = Question(QUOTED.sub("Xyz", text))  # a quoted name would be the linked topic, and says no operator
        seen[bool(TELLS.search(query))].append((text, bool(unapplied(question, (), graph))))
    for tells, found in seen.items():
        share = sum(refused for _, refused in found) / max(1, len(found))
        print(f"| {name}, {'with' if tells else 'without'} an operator | {len(found):,} | {share:.3f} |", flush=True)
        for text, refused in [each for each in found if each[1] != tells][:show]:
            print(f"    {'refused' if refused else 'let pass'}: {text}")


def text2cypher(folder: Path) -> Iterator[tuple[str, str]]:
    """Questions with Cypher."""
    with gzip.open(folder / "questions.csv.gz", "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield row["question"], row["cypher"]


def geoquery(folder: Path) -> Iterator[tuple[str, str]]:
    """Questions with SQL, the names filled in."""
    for query in json.loads((folder / "geography.json").read_text("utf-8")):
        for sentence in query["sentences"]:
            text = sentence["text"]
            for name, value in sentence["variables"].items():
                text = text.replace(name, value)
            yield text, query["sql"][0]


def relations_only(questions: Iterable[Asked]) -> Graph:
    """A graph that has the relations of some plans and nothing else worth asking."""
    names = sorted({base(relation) for asked in questions for relation in asked.path})
    return open_graph([("a", name, f"b{number}") for number, name in enumerate(names)])


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="folder with the other question sets")
    parser.add_argument("--first", type=int, default=1000, help="questions of each set, evenly spread; 0: all")
    parser.add_argument("--show", type=int, default=0, help="refused and missed questions shown of each set")
    options = parser.parse_args()

    def some(rows: Iterable[Asked]) -> list[Asked]:
        every = list(rows)
        step = max(1, len(every) // options.first) if options.first else 1
        return list(islice(every, 0, None, step))

    print("| answerable questions, gold plan | questions | refused | share |\n|---|---|---|---|")
    graph = open_graph("demo")
    for split in ("train", "dev", "test"):
        false_alarms(f"demo {split}", graph, demo(split), options.show)
    if not options.data:
        return
    graph = open_graph(options.data / "metaqa/kb.txt")
    for name in ("1hop", "2hop", "3hop"):
        false_alarms(f"MetaQA {name}", graph, some(metaqa(options.data / "metaqa", name)), options.show)
    for hops in ("2H", "3H"):
        graph = open_graph(options.data / f"pathquestion/{hops}-kb.txt")
        rows = some(pathquestion(options.data / f"pathquestion/PQ-{hops}.txt"))
        false_alarms(f"PathQuestion {hops}", graph, rows, options.show)
    rows = list(webqsp(options.data / "webqsp_plans"))
    false_alarms("WebQSP (no graph)", relations_only(rows), rows, options.show)
    print("\n| no plan says it | questions | refused |\n|---|---|---|")
    graph = open_graph([("a", "r", "b")])
    detected("text2cypher", text2cypher(options.data / "text2cypher"), graph, options.show)
    detected("geoquery", geoquery(options.data / "geoquery"), graph, options.show)


if __name__ == "__main__":
    main()
