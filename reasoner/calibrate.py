"""How much a trained reasoner's own word, the planner's and a leaning to refuse count: fitted on a run's dev questions.

A conditional logit over the lines of evidence and the refusal, once with all evidence and once without whatever
answers, so that refusing weighs as much as answering. It follows the planner whose plans the evidence was made of.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kg.graph import Graph
from kg.link import link
from kg.types import Question
from planner.base import Plan, Planner
from planner.choice import conditional_logit
from planner.data.rows import Row
from reasoner.base import Evidence
from reasoner.examples import CHUNK, PLANS, Raft, answers, distractor
from reasoner.quoting import QuotingReasoner, Weights
from reasoner.retrieve import retrieve

PENALTY = 1e-3  # on the squared distance from the model's own word alone, for runs with few dev questions


@dataclass(frozen=True)
class Case:
    """A row as it is asked, its plan, and the evidence; nothing of this answers where `is_removed`."""

    row: Row
    question: Question
    plan: Plan
    evidence: Evidence
    is_removed: bool


def cases(
    rows: Sequence[Row], graph: Graph, planner: Planner, raft: Raft, progress: Callable[[int], None] | None = None
) -> list[Case]:
    """Each row with what its plan leads to and `raft.distractors` beside it, then without whatever answers it.

    A row without answers comes once: nothing answers it as it is.
    """
    found = []
    for start in range(0, len(rows), CHUNK):
        part = rows[start : start + CHUNK]
        questions = [Question(row.question, link(graph, row.question), row.id, row.answers) for row in part]
        plans = planner.plan(questions, PLANS, raft.max_hops)
        for row, question, plan in zip(part, questions, plans, strict=True):
            whole = with_distractors(graph, row, question, plan, rows, raft)
            rest = Evidence(tuple(one for one in whole.found if not answers(one, row)))
            found += [Case(row, question, plan, whole, False)] if row.answers else []
            found.append(Case(row, question, plan, rest, True))
        if progress:
            progress(start + len(part))
    return found


def with_distractors(
    graph: Graph, row: Row, question: Question, plan: Plan, rows: Sequence[Row], raft: Raft
) -> Evidence:
    """What a plan leads to, and beside it real paths that nobody asked for, of less weight than any plan."""
    draw = random.Random(f"evaluation {row.id}")
    found = retrieve(graph, question, plan).found
    least = min((retrieved.weight for retrieved in found), default=1.0)
    known = {(retrieved.topic.key, retrieved.relations) for retrieved in found}
    beside = [more for _ in range(raft.distractors) for more in distractor(question, rows, graph, raft, draw)]
    extra = [replace(more, weight=least / 2) for more in beside if (more.topic.key, more.relations) not in known]
    return Evidence((*found, *extra))


def calibrated(
    reasoner: QuotingReasoner, some: Sequence[Case], progress: Callable[[int], None] | None = None
) -> Weights:
    """The weights that make the right option of each case most probable; the unfitted ones if none can be read."""
    tables, rights = [], []
    for start in range(0, len(some), CHUNK):
        part = some[start : start + CHUNK]
        reads = reasoner.read([c.question for c in part], [c.plan for c in part], [c.evidence for c in part])
        for case, read in zip(part, reads, strict=True):
            if read:
                right = [answers(line.retrieved, case.row) for line in read.lines]
                tables.append(read.features)
                rights.append(np.array([*right, not any(right)]))
        if progress:
            progress(start + len(part))
    return fitted(tables, rights) if tables else Weights()


def fitted(tables: Sequence[NDArray[np.float64]], rights: Sequence[NDArray[np.bool_]]) -> Weights:
    """The conditional logit's weights: tables (options, 4) of each case, and which options are right (options,)."""
    own = np.array(Weights(trust=0.0, doubt=0.0))
    return Weights(*conditional_logit(tables, rights, own, PENALTY).tolist())
