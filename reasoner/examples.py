"""Training examples for the reasoner: the paths that answer among paths that do not (RAFT).

(Zhang et al., COLM 2024, arXiv:2403.10131.) RoG trained its reasoner on gold paths only and tested it on predicted
ones; here a share of the evidence is what a planner really predicts. In another share what answers is taken away, and
the right answer is "not in this graph".
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kg.graph import Graph
from kg.link import link
from kg.types import Question, RelationPath
from planner.base import Plan, Planner, ScoredPath
from planner.data.rows import Row
from planner.prompts import END, relation_words
from planner.space import PlanSpace
from planner.training.sequences import Sample
from reasoner.base import Retrieved
from reasoner.prompts import NOT_HERE, evidence_answer, evidence_question
from reasoner.quoting import SHOWN, Line, lines_of
from reasoner.retrieve import retrieve

CHUNK = 16  # questions planned at a time
PLANS = 5  # predicted for each, as when questions are asked
NEAR = 0.5  # F1 of a line's ends with the answers from which the line answers


@dataclass(frozen=True)
class Raft:
    """How examples are composed.

    `oracle` is RAFT's P: the share of examples that keep what answers. `predicted` is the share whose evidence is what
    the planner predicts rather than the mined paths. `distractors` are real paths beside it: `foreign` of them, as a
    share, start from another question's topic. Each question makes `views` examples, of other evidence each time.
    """

    oracle: float = 0.55
    predicted: float = 0.9
    distractors: int = 2
    foreign: float = 0.25
    max_hops: int = 3
    seed: int = 0
    views: int = 1


def reasoning_samples(
    rows: Sequence[Row], graph: Graph, planner: Planner, raft: Raft, progress: Callable[[int], None] | None = None
) -> list[Sample]:
    """The examples of each row with a topic that leads anywhere."""
    words = relation_words(graph)
    samples: list[Sample] = []
    for start in range(0, len(rows), CHUNK):
        some = [row for row in rows[start : start + CHUNK] if row.topics]
        questions = [linked(row, graph) for row in some]
        for row, question, plan in zip(some, questions, planner.plan(questions, PLANS, raft.max_hops), strict=True):
            for view in range(raft.views):
                draw = random.Random(f"{raft.seed} {view} {row.id}")
                if lines := compose(row, question, plan, rows, graph, words, raft, draw):
                    samples.append(sample(row, lines))
        if progress:
            progress(start + len(some))
    return samples


def linked(row: Row, graph: Graph) -> Question:
    """A row as it will be asked: with the linker's topics, or the gold ones where it does not find any of these."""
    topics = link(graph, row.question)
    found = {topic.key for topic in topics}
    return Question(row.question, topics, row.id, row.answers) if found & set(row.topics) else row.asked(graph)


def compose(
    row: Row,
    question: Question,
    plan: Plan,
    rows: Sequence[Row],
    graph: Graph,
    words: Mapping[str, str],
    raft: Raft,
    draw: random.Random,
) -> list[Line]:
    """The lines of evidence of one example, shuffled."""
    is_predicted = draw.random() < raft.predicted
    if is_predicted:
        found = list(retrieve(graph, question, plan).found[:SHOWN])
    else:
        found = evidence(graph, question, mined(row, draw))
    keep = draw.random() < raft.oracle
    if keep and not any(answers(line.retrieved, row) for line in lines_of(graph, found, words)):
        found += evidence(graph, question, mined(row, draw))
    for _ in range(raft.distractors):
        found += distractor(question, rows, graph, raft, draw)
    lines = [line for line in lines_of(graph, found, words) if keep or not answers(line.retrieved, row)]
    draw.shuffle(lines)
    lines = sorted(lines, key=lambda line: not answers(line.retrieved, row))[:SHOWN]  # what answers is not cut
    draw.shuffle(lines)
    return lines


def mined(row: Row, draw: random.Random) -> list[RelationPath]:
    """One of the row's gold or mined plans, drawn by weight."""
    if not row.targets:
        return []
    return [draw.choices([plan.path for plan in row.targets], [plan.weight for plan in row.targets])[0]]


def evidence(graph: Graph, question: Question, paths: Sequence[RelationPath]) -> list[Retrieved]:
    """What relation paths lead to from a question's topics."""
    return list(retrieve(graph, question, Plan(tuple(ScoredPath(path, 0.0) for path in paths))).found)


def distractor(
    question: Question, rows: Sequence[Row], graph: Graph, raft: Raft, draw: random.Random
) -> list[Retrieved]:
    """A real path that was not asked for: of other relations, or from the topic of another question."""
    topics = question.topics
    if draw.random() < raft.foreign:
        other = rows[draw.randrange(len(rows))]
        topics = other.asked(graph).topics or topics
    space = PlanSpace(graph, [topic.key for topic in topics], raft.max_hops)
    path: RelationPath = ()
    for _ in range(draw.randint(1, raft.max_hops)):
        options = list(space.options(path))
        if not options:
            break
        path = (*path, draw.choice(options))
    return evidence(graph, Question(question.text, topics), [path] if path else [])


def answers(retrieved: Retrieved, row: Row) -> bool:
    """Whether what was retrieved answers the row: its ends are mostly the gold answers, and these mostly them."""
    common = len(set(retrieved.ends) & set(row.answers))
    return 2 * common >= NEAR * (retrieved.ends_total + len(row.answers)) and common > 0


def sample(row: Row, lines: Sequence[Line]) -> Sample:
    """An example in words: the lines that answer best are the targets, equally; else "not in this graph"."""
    prompt = evidence_question([(line.name, line.ends) for line in lines], row.question)
    best = list(best_lines(row, lines))
    targets = tuple((evidence_answer(line.name, line.ends), 1 / len(best)) for line in best)
    return Sample(prompt, targets or (((NOT_HERE + END,), 1.0),))


def best_lines(row: Row, lines: Sequence[Line]) -> Iterator[Line]:
    """The lines whose ends come closest to the answers; of equally close ones those that a heavy plan says."""
    weight = {plan.path: plan.weight for plan in row.targets}

    def closeness(line: Line) -> tuple[float, float]:
        ends = set(line.retrieved.ends)
        common = len(ends & set(row.answers))
        return 2 * common / (line.retrieved.ends_total + len(row.answers)), weight.get(line.retrieved.relations, 0.0)

    right = [line for line in lines if answers(line.retrieved, row)]
    top = max(map(closeness, right), default=(0.0, 0.0))
    return (line for line in right if closeness(line) == top)
