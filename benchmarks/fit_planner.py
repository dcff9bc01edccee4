"""Fit the coefficients of the untrained planners on the demo graph's training questions and write them.

    python -m benchmarks.fit_planner            # about 8 minutes on 2 cores; writes planner/coefficients.py

Which plan: a conditional logit over the legal plans of each question (for `combined`: over its shortlist), where
right is every plan whose ends are the answers. L2 penalty; nothing is tuned on dev or test, and nothing of them is read
but to print the dev accuracy. Whether any plan fits at all is fitted by benchmarks/fit_refusal.py.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import Row, demo_rows
from kg.graph import Graph
from kg.open import open_graph
from kg.types import RelationPath
from planner.choice import conditional_logit
from planner.coefficients import COEFFICIENTS
from planner.combined import CombinedPlanner
from planner.encoder import Encoder
from planner.features import SEMANTIC, SHAPE, Table
from planner.lexical import FIT, LexicalPlanner, vector
from planner.lm import LanguageModel
from planner.space import plan_space

K, MAX_HOPS = 3, 3
USED = {
    "lexical": None,  # all that it has
    "semantic": (
        *SHAPE,
        *(name for name in SEMANTIC if name in {"cosine", "sense", "worst_sense", "token", "worst_token"}),
    ),
    "combined": (*SHAPE, "cosine", "sense", "worst_sense", "token", "worst_token", "channel"),
}


class Case(NamedTuple):
    """The compared plans of a question: their features (n, features), and which lead to the answers (n,)."""

    table: Table
    right: NDArray[np.bool_]


def rightness(graph: Graph, row: Row, plans: Sequence[RelationPath]) -> NDArray[np.bool_]:
    """Which plans lead to exactly the answers."""
    space = plan_space(graph, row.question, MAX_HOPS)
    size = len(row.question.answers)

    def leads(plan: RelationPath) -> bool:
        frontier = space.frontier(plan)
        return len(frontier) == size and frontier.entities == row.question.answers

    return np.array([leads(plan) for plan in plans], bool)


def fit_logit(cases: Sequence[Case], columns: Sequence[int], penalty: float = 1e-3) -> NDArray[np.float64]:
    """Coefficients of the conditional logit on some columns."""
    usable = [case for case in cases if case.right.any()]
    tables = [case.table[:, list(columns)] for case in usable]
    return conditional_logit(tables, [case.right for case in usable], np.zeros(len(columns)), penalty)


Compare = Callable[[Row], tuple[Sequence[RelationPath], Table]]


def fitted(
    name: str, names: Sequence[str], graph: Graph, compare: Compare, splits: dict[str, list[Row]]
) -> dict[str, float]:
    """The coefficients of one planner, with its accuracy printed."""
    cases = {split: cases_of(graph, rows, compare) for split, rows in splits.items()}
    used = USED[name] or names
    columns = [number for number, feature in enumerate(names) if feature in used]
    weights = fit_logit(cases["train"], columns)
    coefficients = {names[column]: float(weight) for column, weight in zip(columns, weights, strict=True)}
    scores = vector(coefficients, names)
    for split in ("train", "dev"):
        hits = [bool(case.right[np.argmax(case.table @ scores)]) for case in cases[split]]
        print(f"{name:<9} {split:<5} right plan first: {np.mean(hits):.3f} of {len(hits)}", flush=True)
    kept = {name_: value for name_, value in COEFFICIENTS[name].items() if name_.startswith(FIT)}
    return coefficients | kept


def cases_of(graph: Graph, rows: Sequence[Row], compare: Compare) -> list[Case]:
    """The compared plans of each question that has any."""
    cases = []
    for row in rows:
        plans, table = compare(row)
        if len(plans):
            cases.append(Case(table, rightness(graph, row, plans)))
    return cases


def write_coefficients(found: dict[str, dict[str, float]], out: Path) -> None:
    """Write these planners' coefficients, the others' as they are."""
    head = '"""Coefficients of the planners, written by the scripts benchmarks/fit_*.py; do not edit by hand."""\n'
    body = "\n".join(
        f'    "{name}": {{\n'
        + "".join(f'        "{feature}": {value:.4f},\n' for feature, value in values.items())
        + "    },"
        for name, values in {**COEFFICIENTS, **found}.items()
    )
    out.write_text(f"{head}\nCOEFFICIENTS: dict[str, dict[str, float]] = {{\n{body}\n}}\n")


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("planner/coefficients.py"))
    out: Path = parser.parse_args().out
    graph = open_graph("demo")
    splits = {split: demo_rows(graph, split) for split in ("train", "dev")}
    found: dict[str, dict[str, float]] = {}

    for labels in (LexicalPlanner(graph), LexicalPlanner(graph, Encoder())):

        def compare(row: Row, labels: LexicalPlanner = labels) -> tuple[Sequence[RelationPath], Table]:
            return labels.compared(row.question, plan_space(graph, row.question, MAX_HOPS))[:2]

        found[labels.name] = fitted(labels.name, labels.names, graph, compare, splits)
    # `combined` reads its shortlist off the semantic planner: give it the coefficients that were just fitted.
    COEFFICIENTS.update(found)
    combined = CombinedPlanner(graph, LexicalPlanner(graph, Encoder()), LanguageModel())

    def shortlisted(row: Row) -> tuple[Sequence[RelationPath], Table]:
        short = combined.shortlist(row.question, K, MAX_HOPS)
        return short.plans, short.table

    found["combined"] = fitted("combined", combined.names, graph, shortlisted, splits)
    write_coefficients(found, out)


if __name__ == "__main__":
    main()
