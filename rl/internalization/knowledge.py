"""What questions teach: the path that answers, put into words as it is recited and as sentences, and its judge."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kg.graph import Graph
from kg.mine import f1_of_sets
from kg.types import RelationPath, Triple, base
from planner.data.phrases import phrases
from planner.data.rows import Row
from planner.prompts import END, SEPARATOR, parse_plan, relation_words
from reasoner.closed_book import PATH, entities_in
from reasoner.recall import Recital, keys_of, parse_recital, recite


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question with its answers (keys), the path that answers it as it is recited, and the answers in words.

    `facts` are what the path consists of.
    """

    id: str
    question: str
    topic: str
    answers: tuple[str, ...]
    path: RelationPath
    recital: str
    answer: str
    facts: tuple[Triple, ...]

    def written(self, form: str) -> str:
        """What is to be written after the prompt, its last line break included."""
        return f" {self.recital if form == PATH else self.answer}{END}"


class Judged(NamedTuple):
    """What an answer in words is worth: F1 of its entities, whether all it states is stored, and what it recites."""

    accuracy: float
    is_verified: bool
    recital: Recital | None = None

    @property
    def reward(self) -> float:
        """Accuracy, where what was stated holds."""
        return self.accuracy * self.is_verified

    @property
    def is_right(self) -> bool:
        """Whether it is the full answer, and what was stated holds."""
        return self.reward == 1.0


class Knowledge:
    """A graph as what is to be known: makes lessons of questions, and judges answers."""

    def __init__(self, graph: Graph, most: int = 3) -> None:
        self.graph = graph
        self.words = relation_words(graph)
        self._most = most

    def lessons(self, rows: Sequence[Row]) -> list[Lesson]:
        """A lesson for each row with a path that leads to exactly its answers and can be recited."""
        return [found for row in rows if (found := self.lesson(row)) is not None]

    def lesson(self, row: Row) -> Lesson | None:
        """What a row teaches by its heaviest path that will do, or None."""
        for plan in sorted(row.targets, key=lambda plan: -plan.weight):
            for topic in row.topics:
                text = recite(self.graph, topic, plan.path, self.words, self._most)
                said = parse_recital(self.graph, self.words, text) if text else None
                # Names may be ambiguous, or hold what separates them: then a recital does not say what was meant.
                if said and said.holds and set(said.walks) == set(row.answers):
                    facts = dict.fromkeys(fact for walk in said.walks.values() for fact in walk.triples)
                    answer = "; ".join(said.names)
                    return Lesson(row.id, row.question, topic, row.answers, plan.path, text, answer, tuple(facts))
        return None

    def judge(self, lesson: Lesson, text: str, form: str) -> Judged:
        """What a written answer is worth. A recital has to start at the topic and state nothing but facts."""
        if form != PATH:
            accuracy = f1_of_sets(entities_in(self.graph, text), lesson.answers)
            return Judged(accuracy, accuracy > 0)
        recital = parse_recital(self.graph, self.words, text)
        if recital is None:
            return Judged(0.0, False)
        ends = list(recital.walks) if recital.holds else entities_in(self.graph, "; ".join(recital.names))
        starts = {walk.start for walk in recital.walks.values()}
        return Judged(f1_of_sets(ends, lesson.answers), recital.holds and starts == {lesson.topic}, recital)

    def quoted(self, lesson: Lesson, text: str) -> str:
        """The recital along the path that a reasoner quotes without its ends; "" if that does not answer."""
        start, _, said = text.partition(SEPARATOR)
        relations = parse_plan(said, self.words)
        if not relations or lesson.topic not in keys_of(self.graph, start.strip()):
            return ""
        recital = recite(self.graph, lesson.topic, relations, self.words, self._most)
        return recital if recital and self.judge(lesson, recital, PATH).is_right else ""

    def statement(self, lesson: Lesson, draw: random.Random) -> str:
        """The facts of a lesson as sentences, each in one of the wordings that its relation allows."""
        return " ".join(sentence(self.graph, fact, draw) for fact in lesson.facts)


def sentence(graph: Graph, fact: Triple, draw: random.Random) -> str:
    """A fact as a sentence: "The capital of France is Paris." """
    head, tail = graph.entity(fact.head).label, graph.entity(fact.tail).label
    noun = draw.choice(phrases(graph.relations[base(fact.relation)], fact.relation, head)).noun
    return f"{noun[0].upper()}{noun[1:]} is {tail}."


def others(lessons: Sequence[Lesson]) -> Mapping[RelationPath, list[Lesson]]:
    """Lessons by their path: what else such a question could have been answered with."""
    found: dict[RelationPath, list[Lesson]] = {}
    for lesson in lessons:
        found.setdefault(lesson.path, []).append(lesson)
    return found
