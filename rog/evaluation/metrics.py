"""How good the answer to one question is: set measures over entities, RoG's own over strings, proof and refusals."""

from __future__ import annotations

import re
import string
from collections.abc import Collection, Sequence
from math import nan
from typing import NamedTuple

from kg.errors import UnknownKeyError
from kg.graph import Graph
from kg.types import Question
from planner.base import Plan

PUNCTUATION = str.maketrans("", "", string.punctuation)


class Scores(NamedTuple):
    """The measures of one answer, 0 to 1; NaN where one does not apply to the question.

    `hit`, `legacy_f1` compare strings as RoG does; `hits_at_1` to `exact` compare entities; these need gold answers.
    `executable` is the share of the planned paths that lead anywhere, `proven` whether every entity of the answer is.
    `right_refusal` is measured where there is no gold answer, `wrong_refusal` where there is one.
    """

    hit: float
    hits_at_1: float
    f1: float
    precision: float
    recall: float
    exact: float
    legacy_f1: float
    executable: float
    proven: float
    right_refusal: float
    wrong_refusal: float


class Match(NamedTuple):
    """How a set of answers compares with the gold set: 0 to 1."""

    precision: float
    recall: float
    f1: float


TITLES = {
    "hit": "Hit (RoG)",
    "hits_at_1": "Hits@1",
    "f1": "F1",
    "precision": "Precision",
    "recall": "Recall",
    "exact": "Exact set",
    "legacy_f1": "F1 (RoG)",
    "executable": "Plans executable",
    "proven": "Answers proven",
    "right_refusal": "Refused, rightly",
    "wrong_refusal": "Refused, wrongly",
}

MEANINGS = {
    "hit": "some gold name occurs in the names of all answers put together; RoG prints this as “Hits@1”",
    "hits_at_1": "the first answer is right",
    "f1": "harmonic mean of precision and recall of the set of entities",
    "precision": "share of the answers that are right",
    "recall": "share of the right answers that are given",
    "exact": "exactly the right set of entities",
    "legacy_f1": "F1 as RoG's evaluation computes it, from substrings",
    "executable": "share of the planned relation paths that lead anywhere in the graph",
    "proven": "every entity of the answer has a path of stored facts; over questions that were answered",
    "right_refusal": "no answer to a question that the graph cannot answer",
    "wrong_refusal": "no answer to a question that the graph can answer",
}


def hits_at_1(predicted: Sequence[str], gold: Collection[str]) -> float:
    """1 if the first answer is right, else 0 (not RoG's "Hit", which looks at all answers)."""
    return float(bool(predicted) and predicted[0] in gold)


def set_match(predicted: Collection[str], gold: Collection[str]) -> Match:
    """Precision, recall and F1 of a set of answers; all 1 where both sets are empty, 0 where one is."""
    found, wanted = set(predicted), set(gold)
    if not found and not wanted:
        return Match(1.0, 1.0, 1.0)
    common = len(found & wanted)
    if not common:
        return Match(0.0, 0.0, 0.0)
    return Match(common / len(found), common / len(wanted), 2 * common / (len(found) + len(wanted)))


def set_f1(predicted: Collection[str], gold: Collection[str]) -> float:
    """The harmonic mean of the precision and recall of a set of answers; 1 where both sets are empty."""
    return set_match(predicted, gold).f1


def legacy_normal(text: str) -> str:
    """Text as RoG compares it: lower case, no punctuation, no articles, single blanks.

    RoG also drops the token `<pad>`, but only after its brackets have gone as punctuation: that never happens, and
    is left out (RoG's src/qa_prediction/evaluate_results.py, Luo et al., ICLR 2024, arXiv:2310.01061).
    """
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", text.lower().translate(PUNCTUATION)).split())


def legacy_match(predicted: Sequence[str], gold: Sequence[str]) -> Match:
    """RoG's precision, recall ("accuracy") and F1 of answer lines: a gold answer counts if it is a substring of all.

    Repeated lines count once, as there. Precision is matched gold answers by lines, so it can exceed 1.
    """
    lines = list(dict.fromkeys(predicted))
    everything = legacy_normal(" ".join(lines))
    matched = sum(legacy_normal(answer) in everything for answer in gold)
    if not lines or not matched:
        return Match(0.0, 0.0, 0.0)
    precision, recall = matched / len(lines), matched / len(gold)
    return Match(precision, recall, 2 * precision * recall / (precision + recall))


def legacy_hit(predicted: Sequence[str], gold: Sequence[str]) -> float:
    """RoG's Hit: 1 if any gold answer is a substring of the concatenated predictions, else 0."""
    everything = legacy_normal(" ".join(predicted))
    return float(any(legacy_normal(answer) in everything for answer in gold))


def executable(graph: Graph, question: Question, plan: Plan) -> float:
    """The share of the planned relation paths that lead somewhere from the topics; NaN without a plan."""
    if not plan.paths:
        return nan
    led = 0
    for path in plan.paths:
        frontier = graph.frontier(topic.key for topic in question.topics)
        try:
            for relation in path.relations:
                frontier = frontier.follow(relation)
        except UnknownKeyError:
            continue
        led += bool(len(frontier))
    return led / len(plan.paths)
