"""WebQSP plans: a gold relation path among the top 3 of a planner trained on WebQSP's training questions.

    python -m benchmarks.webqsp --data ../shared/data/webqsp_plans --work runs/webqsp [--split dev]

There is no graph: plans are decoded over the relations of the training data, each after those that it followed there.
The model's log-probability and, CASES times, that of like training questions' plans are added, as the product does.
RoG-7B's own published top 3 are scored by the same rule. `--split held-out` keeps 250 training questions back, on which
settings are chosen.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from math import log
from pathlib import Path
from typing import NamedTuple

from benchmarks.common import machine, write_report
from kg.types import RelationPath
from planner.cases import Cases, read_cases, write_cases
from planner.data.weigh import Candidate, weigh, words_of
from planner.decode import Effort, decode
from planner.encoder import Encoder
from planner.lm import LanguageModel
from planner.neural import spelling_of
from planner.prompts import plan_pieces
from planner.training.finetune import finetune
from planner.training.run import Run
from planner.training.sequences import Sample
from planner.training.settings import Training
from rog.evaluation.evaluate import bootstrap
from rog.training import samples_hash

HELD_OUT, K, MAX_HOPS, BATCH = 250, 3, 3, 8
# Chosen on held-out training questions; these hold names, and so are never as alike as masked ones.
CASES, UNSEEN, FAR = 2.0, 0.01, 0.0
SHORTLIST = 10  # plans of each that are weighed


@dataclass(frozen=True)
class Asked:
    """A question with its gold relation paths, and RoG-7B's first three."""

    text: str
    gold: tuple[RelationPath, ...]
    rival: tuple[RelationPath, ...]


@dataclass
class Vocabulary:
    """Which relations may follow which, as the training data have it: what `PlanSpace` is to a graph."""

    after: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def options(self, path: RelationPath) -> dict[str, int]:
        """The relations that may come next."""
        return self.after[path[-1] if path else ""] if len(path) < MAX_HOPS else {}


def read(path: Path) -> list[Asked]:
    """The questions of a file."""
    rows = map(json.loads, path.read_text("utf-8").splitlines())
    return [Asked(row["question"], paths(row["ground_paths"]), paths(row["rog_paths"])) for row in rows]


def paths(written: Sequence[Sequence[str]]) -> tuple[RelationPath, ...]:
    """Relation paths, without empty ones."""
    return tuple(tuple(path) for path in written if path)


def vocabulary(questions: Sequence[Asked]) -> Vocabulary:
    """The relations of these questions' gold paths."""
    found = Vocabulary()
    for path in sorted({path for question in questions for path in question.gold}):
        for before, relation in zip(("", *path), path, strict=False):
            found.after[before][relation] = 1
    return found


def named(relations: set[str]) -> dict[str, str]:
    """Freebase's names in few words, all different: the property, with type or whole key where that is needed."""
    words: dict[str, str] = {}
    for depth in (1, 2, 9):
        texts = {r: " ".join(reversed([part.replace("_", " ") for part in r.split(".")[-depth:]])) for r in relations}
        taken = defaultdict(list)
        for relation, text in texts.items():
            taken[text].append(relation)
        used = set(words.values())
        words |= {same[0]: text for text, same in taken.items() if len(same) == 1 and text not in used}
        relations = relations - words.keys()
    return words


def samples(questions: Sequence[Asked], words: dict[str, str]) -> list[Sample]:
    """What is learned: each question's gold paths, those that similar questions share the more."""
    known = [question for question in questions if question.gold]
    candidates = [[Candidate(path, 1.0) for path in question.gold] for question in known]
    shares = weigh([words_of(question.text, "") for question in known], candidates, words)
    return [
        Sample(
            prompt(question),
            tuple((plan_pieces(p, words), w) for p, w in zip(question.gold, row, strict=True)),
        )
        for question, row in zip(known, shares, strict=True)
    ]


def prompt(question: Asked) -> str:
    """A question as the planner reads it."""
    return f"{question.text}\nPath:"


def hits(questions: Sequence[Asked], plans: Sequence[Sequence[RelationPath]]) -> list[float]:
    """1 for each question that has a gold path among its plans; questions without gold paths count 0."""
    return [float(any(path in q.gold for path in row[:K])) for q, row in zip(questions, plans, strict=True)]


class Planned(NamedTuple):
    """Plans, best first: the model's own, and with those of like questions; whether its search did not stop early."""

    own: list[RelationPath]
    both: list[RelationPath]
    exact: bool


def planned(
    lm: LanguageModel, cases: Cases, space: Vocabulary, words: dict[str, str], questions: Sequence[Asked]
) -> Iterator[Planned]:
    """The plans of each question."""
    spelling = spelling_of(lm, words)
    for start in range(0, len(questions), BATCH):
        some = questions[start : start + BATCH]
        votes = [cases.vote(question.text, lambda path: len(path) <= MAX_HOPS).shares for question in some]
        drafts = [sorted(vote, key=lambda path: -vote[path])[:SHORTLIST] for vote in votes]
        tree = lm.tree("", [prompt(question) for question in some])
        for one, vote in zip(
            decode([space] * len(some), tree, spelling, SHORTLIST, Effort(budget=3000), drafts), votes, strict=True
        ):
            own = {found.path: found.logp for found in (*one.drafted, *one.best)}
            both = {path: logp + CASES * log(vote.get(path, 0.0) + UNSEEN) for path, logp in own.items()}
            yield Planned(
                sorted(own, key=lambda path: -own[path]), sorted(both, key=lambda path: -both[path]), one.exact
            )


def trained(
    some: Sequence[Sample], words: dict[str, str], split: str, settings: Training, run: Run
) -> dict[str, float]:
    """What training came to: of the run that is there if it was told the same, else of a new one in its place."""
    config = {"role": "planner", "data": f"WebQSP, {split}", "samples_sha256": samples_hash(some), **asdict(settings)}
    changed = run.folder.exists() and bool(run.differences(config))
    if run.is_done and not changed:
        return run.result
    run.begin(config, [], resume=True, force=changed)
    result = finetune(some, [], settings, run)
    write_cases(run, some, words, Encoder())
    run.log(result)
    run.finish("WebQSP plans")
    return result


def row(name: str, questions: Sequence[Asked], plans: Sequence[Sequence[RelationPath]]) -> str:
    """A line of the table."""
    first = [row[:1] for row in plans]
    return f"| {name} | {bootstrap(hits(questions, plans))} | {bootstrap(hits(questions, first))} |"


def main() -> None:
    """Train, plan, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--split", choices=("dev", "held-out"), default="held-out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--epochs", type=float, default=3.0)
    parser.add_argument("--rank", type=int, default=32)
    parser.add_argument("--learning-rate", type=float, default=6e-4)
    arguments = parser.parse_args()
    train, test = read(arguments.data / "webqsp_train_paths.jsonl"), read(arguments.data / "webqsp_dev_paths.jsonl")
    if arguments.split == "held-out":
        random.Random(0).shuffle(train)
        train, test = train[HELD_OUT:], train[:HELD_OUT]
    space = vocabulary(train)
    words = named({relation for question in train for path in question.gold for relation in path})
    settings = Training(
        epochs=arguments.epochs,
        rank=arguments.rank,
        alpha=2 * arguments.rank,
        seed=arguments.seed,
        learning_rate=arguments.learning_rate,
    )
    run = Run(arguments.work / f"planner-{arguments.split}-{arguments.seed}-{arguments.epochs:g}-{arguments.rank}")
    result = trained(samples(train, words), words, arguments.split, settings, run)
    began = time.perf_counter()
    cases = replace(read_cases(run, Encoder()), far=FAR)
    found = [*planned(LanguageModel(str(run.folder)), cases, space, words, test)]
    per_question = (time.perf_counter() - began) / len(test)
    own, both = [one.own for one in found], [one.both for one in found]
    exact = sum(one.exact for one in found) / len(found)
    ours, rival = hits(test, both), hits(test, [question.rival for question in test])
    lines = [
        f"# WebQSP plans, {arguments.split}, {len(test)} questions, seed {arguments.seed}\n",
        f"{machine()}. Trained in {result['seconds']:.0f} s; {per_question * 1e3:.0f} ms a question, {BATCH} at a "
        f"time; {exact:.1%} of the model's plans are proven exact.\n",
        "| planner | a gold path among the top 3 | the first is one |\n|---|---|---|",
        row(f"ours, {settings.epochs:g} epochs, rank {settings.rank}", test, both),
        row("its model alone", test, own),
        row("RoG-7B, published", test, [question.rival for question in test]),
        f"| ours minus RoG-7B | {bootstrap([a - b for a, b in zip(ours, rival, strict=True)])} | |",
    ]
    print("\n".join(lines))
    write_report(Path(__file__).parent / "results" / f"webqsp-{arguments.split}-{arguments.seed}.md", lines)


if __name__ == "__main__":
    main()
