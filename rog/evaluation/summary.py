"""From records to figures: means with intervals, paired comparisons, strata."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from kg.types import RelationPath
from planner.data.rows import Row
from rog.evaluation.arms import gold_paths
from rog.evaluation.metrics import Scores
from rog.evaluation.results import Arm, Comparison, Cost, Measure, Record, Stratum, Summary
from rog.evaluation.stats import Values, holm, intervals, mcnemar, paired

F1, HITS = Scores._fields.index("f1"), Scores._fields.index("hits_at_1")


class Table:
    """The scores of all arms, question by question: `seeds` (seeds, rows, scores) of each, and their means."""

    def __init__(self, records: Sequence[Record], rows: Sequence[Row]) -> None:
        by_arm: dict[Arm, dict[int, list[Record]]] = {}
        for record in records:
            by_arm.setdefault(record.arm, {}).setdefault(record.seed, []).append(record)
        self.rows = rows
        self.records = {arm: [r for run in runs.values() for r in run] for arm, runs in by_arm.items()}
        self.seeds = {arm: np.array([[r.scores for r in run] for run in runs.values()]) for arm, runs in by_arm.items()}
        self.means = {arm: mean(scores, 0) for arm, scores in self.seeds.items()}


def mean(values: Values, axis: int) -> Values:
    """The mean along an axis of what is not NaN; NaN where all is."""
    known = ~np.isnan(values)
    with np.errstate(invalid="ignore"):
        result: Values = np.where(known, values, 0).sum(axis) / known.sum(axis)
    return result


def summarise(table: Table) -> tuple[Summary, ...]:
    """The means of every arm."""
    return tuple(summary_of(table, arm) for arm in table.means)


def summary_of(table: Table, arm: Arm) -> Summary:
    """The means of one arm: intervals over questions (their seeds together), and the spread of its seeds."""
    by_seed = mean(table.seeds[arm], 1)  # (seeds, scores)
    known = (~np.isnan(table.means[arm])).sum(0).tolist()
    found = zip(intervals(table.means[arm]), by_seed.min(0).tolist(), by_seed.max(0).tolist(), known, strict=True)
    records = table.records[arm]
    p50, p95 = np.percentile([record.ms for record in records], [50, 95]).tolist()
    read = np.array([(record.forwards, record.tokens) for record in records]).mean(0).tolist()
    return Summary(arm, len(by_seed), tuple(Measure(*row) for row in found), Cost(p50, p95, read[0], read[1]))


def compare(table: Table) -> tuple[Comparison, ...]:
    """Every system with the first of its setting, and every system with itself in the settings beside its own.

    Each of these families is corrected by Holm's method.
    """
    arms = list(table.means)
    families: list[list[tuple[Arm, Arm]]] = []
    for setting in dict.fromkeys(arm[1:] for arm in arms):
        first, *others = [arm for arm in arms if arm[1:] == setting]
        families.append([(first, other) for other in others])
    linked = [(arm._replace(topics="linked"), arm) for arm in arms if arm.topics == "gold"]
    named = [(arm._replace(anonymous=False), arm) for arm in arms if arm.anonymous]
    families += [[pair for pair in family if pair[0] in table.means] for family in (linked, named)]
    return tuple(found for family in families for found in compared(table, family))


def compared(table: Table, family: Sequence[tuple[Arm, Arm]]) -> list[Comparison]:
    """The comparisons of one family, each over the questions that both are measured on; without those, none."""
    found = []
    for first, second in family:
        one, two = table.means[first], table.means[second]
        both = ~np.isnan(one[:, F1] + two[:, F1])  # what has gold answers, and for an oracle a gold path
        if both.any():
            f1, hits = (paired(one[both, column], two[both, column]) for column in (F1, HITS))
            found.append(Comparison(first, second, f1, hits, mcnemar(one[both, HITS] > 0.5, two[both, HITS] > 0.5)))
    by_f1, by_hits = holm([c.f1.p for c in found]), holm([c.mcnemar for c in found])
    return [
        replace(comparison, family=len(found), f1_holm=f1, mcnemar_holm=hits)
        for comparison, f1, hits in zip(found, by_f1, by_hits, strict=True)
    ]


def stratify(table: Table, trained: Collection[RelationPath] | None = None) -> tuple[Stratum, ...]:
    """Every arm over the answerable questions by hops, number of answers, and whether training saw the gold path."""
    found = []
    kinds = {"Hops": hops_of, "Right answers": answers_of}
    members: dict[tuple[str, str], list[int]] = {}
    for kind, name_of in kinds.items():
        named = [(name_of(row), number) for number, row in enumerate(table.rows) if row.answers]
        for name, number in sorted(named):
            members.setdefault((kind, name), []).append(number)
    if trained is not None:
        for number, row in enumerate(table.rows):
            if row.answers and (gold := gold_paths(row)):
                name = "in the training data" if set(gold) & set(trained) else "not in the training data"
                members.setdefault(("Relation path", name), []).append(number)
    kept = {key: numbers for key, numbers in members.items() if key[1]}
    several = {kind for kind, _ in kept if sum(kind == other for other, _ in kept) > 1}
    for (kind, name), numbers in kept.items():
        for arm, scores in table.means.items() if kind in several else ():
            f1, hits = intervals(scores[numbers][:, [F1, HITS]])
            found.append(Stratum(arm, kind, name, len(numbers), f1, hits))
    return tuple(found)


def hops_of(row: Row) -> str:
    """The steps of the gold path in words, '' if it is not known."""
    return f"{row.hops} hop{'s' * (row.hops != 1)}" if row.hops else ""


def answers_of(row: Row) -> str:
    """How many right answers there are, in words."""
    count = len(set(row.answers))
    return "1 answer" if count == 1 else "2 to 5 answers" if count <= 5 else "6 or more answers"
