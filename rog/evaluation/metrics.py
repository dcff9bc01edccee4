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
    `right`, `partly`, `wrong_shown` and `refused` say which of the four an answer is: exactly one is 1.
    `false_grounded` needs several gold topics, `link_1` and `link_5` one, and that the system links; `fit` a plan.
    """

    hit: float = nan
    hits_at_1: float = nan
    f1: float = nan
    precision: float = nan
    recall: float = nan
    exact: float = nan
    legacy_f1: float = nan
    executable: float = nan
    proven: float = nan
    right_refusal: float = nan
    wrong_refusal: float = nan
    right: float = nan
    partly: float = nan
    wrong_shown: float = nan
    refused: float = nan
    wrong_of_shown: float = nan
    false_grounded: float = nan
    link_1: float = nan
    link_5: float = nan
    fit: float = nan


class Outcome(NamedTuple):
    """Which of four an answer is, as 0 or 1 each; the last is NaN where nothing was shown."""

    right: float
    partly: float
    wrong_shown: float
    refused: float
    wrong_of_shown: float


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
    "right": "Right",
    "partly": "Partly right",
    "wrong_shown": "Wrong but shown",
    "refused": "Refused",
    "wrong_of_shown": "Wrong of shown",
    "false_grounded": "False-grounded",
    "link_1": "Linked @1",
    "link_5": "Linked @5",
    "fit": "Fit",
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
    "right": "an answer is shown, and its F1 is .99 or more; share of all questions, with answers or without",
    "partly": "an answer is shown, and its F1 is between .5 and .99; share of all questions",
    "wrong_shown": "an answer is shown, and its F1 is below .5, or there is none to give; share of all questions",
    "refused": "no answer is shown, rightly or wrongly; share of all questions",
    "wrong_of_shown": "wrong but shown, as a share of the questions with an answer shown",
    "false_grounded": "shown as proven though the proof leaves out one of the question's topics; over questions with "
    "several gold topics",
    "link_1": "share of the gold topics that the linker puts first; over questions with gold topics",
    "link_5": "share of the gold topics among the linker's first five",
    "fit": "how probable the system thinks it that its plan says what is asked (0 to 1), whatever the answer is",
}
RIGHT, WRONG = 0.99, 0.5  # F1 from which a shown answer is right, and below which it is wrong


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


def outcome_of(f1: float, is_shown: bool) -> Outcome:
    """Which of four an answer is, by its F1 against the gold set: right, partly, wrong but shown, or refused."""
    right, wrong = is_shown and f1 >= RIGHT, is_shown and f1 < WRONG
    partly = is_shown and not right and not wrong
    return Outcome(float(right), float(partly), float(wrong), float(not is_shown), float(wrong) if is_shown else nan)


def linked_share(gold: Collection[str], linked: Sequence[str], k: int) -> float:
    """The share of the gold topics that are among the first `k` linked ones (recall@k); NaN without gold topics."""
    wanted = set(gold)
    return len(wanted & set(linked[:k])) / len(wanted) if wanted else nan


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
