"""From questions and a graph to training rows: resolved, mined, weighed, and split by topic."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from kg.errors import GraphError
from kg.graph import Graph
from kg.mine import MinedPath, MineSettings, mine
from kg.questions import RawQuestion
from kg.types import Progress
from planner.data.resolve import Reject, resolve
from planner.data.rows import PlanLabel, Row
from planner.data.weigh import Candidate, WeighSettings, weigh, words_of
from planner.prompts import relation_words

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class MakeSettings:
    """How rows are made: `keep` plans a question, the shares of dev and test, and a limit on train (0: none).

    `seed` decides which topic is in which split and which questions a limit leaves.
    """

    mine: MineSettings = field(default_factory=MineSettings)
    weigh: WeighSettings = field(default_factory=WeighSettings)
    keep: int = 8
    dev: float = 0.1
    test: float = 0.1
    limit_train: int = 0
    seed: int = 0


class Made(NamedTuple):
    """Rows by split, the settings as applied, what was left out, and for how many questions the search was cut."""

    rows: dict[str, list[Row]]
    settings: MakeSettings
    rejects: Sequence[Reject] = ()
    cut: int = 0


def make(
    graph: Graph,
    questions: Sequence[RawQuestion],
    settings: MakeSettings | None = None,
    progress: Progress | None = None,
) -> Made:
    """Rows with weighed plans in three splits; no first topic and no wording is in two of them."""
    settings = settings or MakeSettings()
    if not (0 <= settings.dev < 1 and 0 <= settings.test < 1 and settings.dev + settings.test < 1):
        raise GraphError(f"the shares of dev ({settings.dev}) and test ({settings.test}) have to leave some for train")
    rows, rejects = resolve(graph, questions, settings.mine, progress)
    places = {question.id: question.where for question in questions}
    splits, twins = split(rows, settings)
    rejects += [replace_where(twin, places) for twin in twins]
    cut = 0
    mined: dict[str, tuple[MinedPath, ...]] = {}
    chosen = [row for name in SPLITS for row in splits[name]]
    for number, row in enumerate(chosen):
        if progress:
            progress("mining paths", number, len(chosen))
        found = mine(graph, row.topics, row.answers, settings.mine)
        cut += found.cut > 0
        mined[row.id] = found.paths
    words = relation_words(graph)
    settings = replace(settings, weigh=settings.weigh.on(graph))
    made = {"train": labelled(splits["train"], mined, words, settings)}
    for name in SPLITS[1:]:  # judged by the training questions too, but without a say in how these are weighed
        together = labelled([*splits["train"], *splits[name]], mined, words, settings)
        made[name] = together[len(splits["train"]) :]
    return Made(made, settings, rejects, cut)


def replace_where(reject: Reject, places: Mapping[str, str]) -> Reject:
    """The reject with the place that its question stood at."""
    return reject._replace(where=places[reject.id])


def labelled(
    rows: Sequence[Row],
    mined: Mapping[str, tuple[MinedPath, ...]],
    words: Mapping[str, str],
    settings: MakeSettings,
) -> list[Row]:
    """The rows with their `keep` heaviest plans, heaviest first, whose weights sum to 1."""
    asked = [words_of(row.question, row.mention) for row in rows]
    candidates = [[Candidate(found.path, found.f1) for found in mined[row.id]] for row in rows]
    weights = weigh(asked, candidates, words, settings.weigh)
    made = []
    for row, weighed in zip(rows, weights, strict=True):
        pairs = sorted(zip(mined[row.id], weighed, strict=True), key=lambda pair: -pair[1])[: settings.keep]
        total = sum(weight for _, weight in pairs)
        plans = (PlanLabel(found.path, found.precision, found.recall, weight / total) for found, weight in pairs)
        made.append(replace(row, plans=tuple(plans)))
    return made


def split(rows: Sequence[Row], settings: MakeSettings) -> tuple[dict[str, list[Row]], list[Reject]]:
    """Rows by split, by a hash of the first topic (or of the text); and those whose wording another split has.

    A wording that is in two splits is kept in the one that is scarcer: test before dev before train.
    """
    splits: dict[str, list[Row]] = {name: [] for name in SPLITS}
    for row in rows:
        splits[split_of(row.topics[0] if row.topics else row.question, settings)].append(row)
    twins: list[Reject] = []
    taken: dict[str, Row] = {}
    for name in reversed(SPLITS):
        kept = []
        for row in splits[name]:
            other = taken.get(row.question.casefold())
            if other is not None:
                twins.append(
                    Reject("", row.id, "question", row.question, f"the same words as {other.id}, in another split")
                )
            else:
                kept.append(row)
        taken.update((row.question.casefold(), row) for row in kept)
        splits[name] = kept
    if 0 < settings.limit_train < len(splits["train"]):
        places = random.Random(settings.seed).sample(range(len(splits["train"])), settings.limit_train)
        splits["train"] = [splits["train"][place] for place in sorted(places)]
    return splits, twins


def split_of(key: str, settings: MakeSettings) -> str:
    """The split that all questions about an entity are in."""
    digest = hashlib.sha256(f"{settings.seed} {key}".encode("utf-8", "surrogatepass")).digest()
    place = int.from_bytes(digest[:8], "big") / 2**64
    if place < settings.test:
        return "test"
    return "dev" if place < settings.test + settings.dev else "train"
