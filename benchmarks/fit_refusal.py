"""Fit when an untrained planner says that no plan fits, over many graphs, and write it into planner/coefficients.py.

    python -m benchmarks.fit_refusal --data ../shared/data --work runs/refusal

Questions of the demo graph's training split and over schemas of public databases (benchmarks/schema_questions.py), each
asked four times: in its whole neighbourhood, where it is so small that nearly nothing but the gold relations is left,
without the gold relations, and beside a few others alone. The best plan is right where it leads to the gold answers.
A logit of `FEATURES` and of how far the plans agree (`planner.lexical.agreement`); every graph counts alike, right and
wrong alike within a graph. Printed for graphs that are not fitted on: of what is right the share that is kept, and of
what is wrong the share that is shown, beside the coefficients there are. Nothing is tuned on dev or test.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit
from scipy.stats import rankdata

from benchmarks.common import Row, demo_rows
from benchmarks.fit_planner import write_coefficients
from benchmarks.schema_questions import HELD_OUT, schema_rows
from kg.graph import Graph
from kg.open import open_graph
from kg.types import Question, RelationPath, base
from planner.base import ScoredPath
from planner.coefficients import COEFFICIENTS
from planner.combined import CombinedPlanner
from planner.encoder import Encoder
from planner.features import Table
from planner.lexical import FIT, RIVALS, LexicalPlanner, agreement, log_softmax, vector
from planner.lm import LanguageModel
from planner.space import PlanSpace

FEATURES = {
    "lexical": ("coverage",),
    "semantic": ("explained",),
    "combined": ("explained",),
}
MAX_HOPS = 3
SETTINGS = ("whole", "small", "without", "others")
Compare = Callable[[Question, PlanSpace], tuple[Sequence[RelationPath], Table]]


@dataclass(frozen=True)
class Case:
    """A question in one of the SETTINGS: the best plan's features, its agreement, whether it leads to the answers."""

    graph: str
    setting: str
    values: tuple[float, ...]
    is_right: bool


def restricted(graph: Graph, question: Question, dropped: Iterable[str]) -> PlanSpace:
    """The plans of a question that use none of some relations."""
    return PlanSpace(graph, (topic.key for topic in question.topics), MAX_HOPS, dropped)


class Remembering(CombinedPlanner):
    """The combined planner; what the model says of a plan is the same in every setting, and is asked once."""

    def likelihoods(self, question: Question, plans: Sequence[RelationPath]) -> NDArray[np.float64]:
        """The log-probability of the question given each plan."""
        if self._asked != question:
            self._asked, self._known = question, {}
        if new := [plan for plan in plans if plan not in self._known]:
            self._known |= zip(new, super().likelihoods(question, new).tolist(), strict=True)
        return np.array([self._known[plan] for plan in plans])

    _asked: Question | None = None
    _known: dict[RelationPath, float]


def spaces(row: Row, graph: Graph) -> Iterator[tuple[str, PlanSpace]]:
    """The settings that a question is asked in; one without a gold path in those that hold none."""
    draw = random.Random(row.question.text)
    gold = {base(key) for key in row.path}
    here = {base(key) for key in PlanSpace(graph, [topic.key for topic in row.question.topics], 1).options(())}
    others = sorted(here - gold)
    few = set(draw.sample(others, min(draw.choice([0, 0, 1, 3]), len(others))))
    some = set(draw.sample(others, min(draw.choice([1, 1, 2, 4]), len(others))))
    known = set(graph.relations)
    if gold:
        yield "whole", restricted(graph, row.question, ())
        yield "small", restricted(graph, row.question, known - gold - few)
    yield "without", restricted(graph, row.question, gold)
    yield "others", restricted(graph, row.question, known - some)


def cases_of(
    name: str, graph: Graph, rows: Sequence[Row], compare: Compare, planner: str, names: Sequence[str]
) -> Iterator[Case]:
    """Every question in every setting in which there is a plan."""
    weights = vector(COEFFICIENTS[planner], names)
    columns = [names.index(feature) for feature in FEATURES[planner]]
    for row in rows:
        for setting, space in spaces(row, graph) if row.question.topics else ():
            plans, table = compare(row.question, space)
            if not len(plans):
                continue
            logp = log_softmax(table @ weights)
            order = np.argsort(-logp, kind="stable")
            ranked = [ScoredPath(plans[place], float(logp[place])) for place in order[:RIVALS]]
            ends = space.frontier(ranked[0].relations).entities
            right = setting in ("whole", "small") and ends == row.question.answers
            values = (*table[order[0], columns].tolist(), agreement(ranked, space))
            yield Case(name, setting, values, right)


def fitted(cases: Sequence[Case]) -> NDArray[np.float64]:
    """Coefficients of the features, of the agreement, and the constant."""
    table = np.array([case.values for case in cases])
    right = np.array([case.is_right for case in cases])
    groups = [f"{case.graph} {case.is_right}" for case in cases]
    shares = {group: groups.count(group) ** -0.5 for group in set(groups)}
    weights = np.array([shares[group] for group in groups])
    mean, spread = table.mean(0), table.std(0)
    found = fit_binary((table - mean) / spread, right, weights / weights.mean(), 0.5 / len(table))
    slope = found[:-1] / spread
    return np.append(slope, found[-1] - slope @ mean)


def fit_binary(
    rows: Table, labels: NDArray[np.bool_], weights: NDArray[np.float64], penalty: float
) -> NDArray[np.float64]:
    """Coefficients of a logit, the last is the constant: the weighed mean loss and a penalty on the squared others."""
    inputs = np.column_stack([rows, np.ones(len(rows))])

    def loss(found: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """The loss and its gradient."""
        said = inputs @ found
        each = np.logaddexp(0.0, said) - labels * said
        slope = (weights * (expit(said) - labels)) @ inputs / len(rows)
        slope[:-1] += 2 * penalty * found[:-1]
        return float((weights * each).mean() + penalty * (found[:-1] ** 2).sum()), slope

    result: NDArray[np.float64] = minimize(loss, np.zeros(inputs.shape[1]), jac=True).x
    return result


def auc(right: NDArray[np.bool_], said: NDArray[np.float64]) -> float:
    """The probability that something right is given more than something wrong; not a number where one is missing."""
    ranks, count = rankdata(said), int(right.sum())
    others = len(right) - count
    return (
        float((ranks[right].sum() - count * (count + 1) / 2) / (count * others)) if count and others else float("nan")
    )


def report(title: str, cases: Sequence[Case], weights: NDArray[np.float64]) -> str:
    """A row of the table: how right and wrong are told apart."""
    said = np.array([case.values for case in cases]) @ weights[:-1] + weights[-1]
    right = np.array([case.is_right for case in cases])
    parts = [f"{title:<28}{len(cases):>6}  {auc(right, said):.3f}"]
    for setting in SETTINGS:
        own = np.array([case.setting == setting for case in cases])
        for wanted in (True, False):
            chosen = own & (right == wanted)
            if setting in ("whole", "small") or not wanted:
                parts.append(f"{(said[chosen] > 0).mean():.2f}" if chosen.any() else "  - ")
    return "  ".join(parts)


HEAD = f"{'':<28}{'cases':>6}  AUC    whole kept / shown, small kept / shown, without shown, others shown"


def main() -> None:
    """Fit, print and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Where text2cypher/ lies.")
    parser.add_argument("--work", type=Path, required=True, help="A folder for the schemas' graphs.")
    parser.add_argument("--questions", type=int, default=150, help="Of a graph at most; a third of it for combined.")
    parser.add_argument("--out", type=Path, default=Path("planner/coefficients.py"))
    parser.add_argument("--planner", action="append", choices=sorted(FEATURES), default=[])
    options = parser.parse_args()
    demo = open_graph("demo")
    train = [*demo_rows(demo, "train")[: options.questions], *demo_rows(demo, "unanswerable")[::2]]
    sets = [("demo", demo, train), ("demo dev", demo, demo_rows(demo, "dev"))]
    sets += [(name, graph, rows) for name, graph, rows in schema_rows(options.data, options.work)]
    encoder = Encoder()
    found = dict(COEFFICIENTS)
    for planner in options.planner or sorted(FEATURES):
        size = options.questions // 3 if planner == "combined" else options.questions
        lm = LanguageModel() if planner == "combined" else None
        cases: list[Case] = []
        for name, graph, rows in sets:
            labels = LexicalPlanner(graph, None if planner == "lexical" else encoder)
            compare, names = comparison(graph, labels, lm)
            drawn = random.Random(0).sample(rows, min(size, len(rows)))
            cases += cases_of(name, graph, drawn, compare, planner, names)
            print(f"{planner}: {name} read", flush=True)
        held = {name for name, _, _ in sets if name in HELD_OUT or name == "demo dev"}
        weights = fitted([case for case in cases if case.graph not in held])
        print(f"\n{planner}\n{HEAD}")
        for name, _, _ in sets:
            mark = " (not fitted on)" if name in held else ""
            print(report(name + mark, [case for case in cases if case.graph == name], weights))
        kept = {key: value for key, value in COEFFICIENTS[planner].items() if not key.startswith(FIT)}
        fit = zip((*FEATURES[planner], "agreement", "constant"), weights.tolist(), strict=True)
        found[planner] = kept | {FIT + key: value for key, value in fit}
    write_coefficients(found, options.out)


def comparison(graph: Graph, labels: LexicalPlanner, lm: LanguageModel | None) -> tuple[Compare, Sequence[str]]:
    """How a planner compares the plans of a space, and the names of its features; with a model, `combined`."""
    if lm is None:
        return lambda question, space: labels.compared(question, space)[:2], labels.names
    combined = Remembering(graph, labels, lm)

    def compare(question: Question, space: PlanSpace) -> tuple[Sequence[RelationPath], Table]:
        short = combined.shortlisted(question, space, 1)
        return short.plans, short.table

    return compare, combined.names


if __name__ == "__main__":
    main()
