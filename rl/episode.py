"""What is rewarded, one question from plan to answer, whoever wrote it; and the executor that runs plans on the graph.

executor = Executor(graph)
episode = executor.run(question, ("directed_by", "born_in"))
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from kg.errors import UnknownKeyError
from kg.graph import Graph
from kg.link import link
from kg.types import Question, ReasoningPath, RelationPath
from planner.data.rows import Row
from reasoner.retrieve import named_ends
from reasoner.verify import fault

MOST = 10_000  # ends of a walk that are looked at
REMEMBERED = 2_000_000  # ends of walks that are kept


class Walk(NamedTuple):
    """All walks along a relation path from an entity (a key): what one retrieval fetches and an answer may rest on."""

    start: str
    relations: RelationPath


@dataclass(frozen=True, slots=True)
class Episode:
    """One question, what a policy planned, what the graph gave it, and what it answered.

    `question` has gold answers (keys); none means that the graph does not know. `plans` are the relation paths that
    were chosen, best first. `retrieved` is what was really fetched, as the executor saw it and not as a text says it.
    `answer` are entity keys, empty for a refusal; it claims to rest on the `cited` walks and on the `stated` paths,
    which a text spells out entity by entity. `text` is all that the policy wrote. `without` is what it answers when
    the cited walks are taken away, where that was tried.
    """

    question: Question
    plans: tuple[RelationPath, ...] = ()
    retrieved: tuple[Walk, ...] = ()
    answer: tuple[str, ...] = ()
    cited: tuple[Walk, ...] = ()
    stated: tuple[ReasoningPath, ...] = ()
    text: str = ""
    without: tuple[str, ...] | None = None

    @property
    def gold(self) -> tuple[str, ...]:
        """The gold answers."""
        return self.question.answers

    @property
    def topics(self) -> tuple[str, ...]:
        """The keys of the question's topics, best first."""
        return tuple(topic.key for topic in self.question.topics)


class Executor:
    """Runs relation paths on a graph, in microseconds, and remembers where they lead."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self._known: dict[Walk, tuple[str, ...]] = {}
        self._held = 0

    def ends(self, walk: Walk) -> tuple[str, ...]:
        """The named entities (keys, sorted, at most `MOST`) that a walk reaches; none for one that cannot be walked."""
        if walk not in self._known:
            if self._held > REMEMBERED:
                self._known, self._held = {}, 0
            self._known[walk] = self._ends(walk)
            self._held += 1 + len(self._known[walk])
        return self._known[walk]

    def _ends(self, walk: Walk) -> tuple[str, ...]:
        try:
            frontier = self.graph.frontier([walk.start])
            for relation in walk.relations:
                frontier = frontier.follow(relation)
        except UnknownKeyError:
            return ()
        return named_ends(self.graph, frontier.entities, MOST)[0] if walk.relations else ()

    def run(self, question: Question, path: RelationPath, text: str = "") -> Episode:
        """What comes of one relation path: the ends of its walk from the best topic where it leads anywhere.

        The empty path is a refusal.
        """
        if not path:
            return Episode(question, text=text)
        led = [walk for topic in question.topics if self.ends(walk := Walk(topic.key, path))]
        answer = self.ends(led[0]) if led else ()
        return Episode(question, (path,), tuple(led), answer, tuple(led[:1]), text=text)

    def holds(self, path: ReasoningPath, topics: Collection[str]) -> bool:
        """Whether a path starts at a topic and goes on through stored facts only, as walks of this graph do."""
        return not fault(self.graph, topics, (path.relations,), path.end, path) and bool(path.steps)


def asked(row: Row, graph: Graph) -> Question:
    """A row as a question about its gold topics; linked where none are known."""
    if row.topics:
        return row.asked(graph)
    return Question(row.question, link(graph, row.question), row.id, row.answers)
