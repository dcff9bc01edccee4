"""Questions as users write them → rows with entity keys, and a list of all that could not be found in the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from kg.graph import Graph
from kg.link import link
from kg.mine import MineSettings, mine
from kg.names import normal
from kg.questions import RawQuestion
from kg.types import Progress, Topic, base
from planner.data.rows import Row
from planner.mentions import mention_at


class Reject(NamedTuple):
    """Something left out: where it stood, of which question, what it was (`question` = all of it), and why."""

    where: str
    id: str
    what: str
    value: str
    reason: str


class Resolved(NamedTuple):
    """The rows that can be used, and what was left out."""

    rows: list[Row]
    rejects: list[Reject]


def resolve(
    graph: Graph, questions: Sequence[RawQuestion], settings: MineSettings, progress: Progress | None = None
) -> Resolved:
    """Rows with keys for answers and topics, given ones by key or unique name, others by the linker.

    A row keeps the answers that the graph has, and is left out if it has none of those given.
    """
    rows: list[Row] = []
    rejects: list[Reject] = []
    names = Keys(graph)
    for number, question in enumerate(questions):
        if progress:
            progress("finding answers and topics", number, len(questions))
        row = resolved(graph, question, names, settings, rejects)
        if row is not None:
            rows.append(row)
    return Resolved(rows, rejects)


class Keys:
    """Entity keys by key, label or alias, each looked up once."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, tuple[str, str]] = {}

    def find(self, text: str) -> tuple[str, str]:
        """The key, or "" and why there is none."""
        if text not in self._known:
            self._known[text] = self._find(text)
        return self._known[text]

    def _find(self, text: str) -> tuple[str, str]:
        if self._graph.has(text):
            return text, ""
        found = self._graph.named([normal(text)])
        exact = {name.key for name in found if name.text == text and not name.alias}
        keys = sorted({name.key for name in found})
        if len(keys) == 1 or len(exact) == 1:
            return (exact.pop() if len(exact) == 1 else keys[0]), ""
        if not keys:
            return "", "not in the graph, neither as a key nor as a name"
        return "", f"names {len(keys)} entities, say which by its key: {', '.join(keys[:5])}"


def resolved(
    graph: Graph, question: RawQuestion, names: Keys, settings: MineSettings, rejects: list[Reject]
) -> Row | None:
    """The row of one question, or None; what is left out is added to `rejects`."""

    def reject(what: str, value: str, reason: str) -> None:
        rejects.append(Reject(question.where, question.id, what, value, reason))

    def keys(what: str, values: tuple[str, ...]) -> tuple[str, ...]:
        found = [(value, *names.find(value)) for value in values]
        for value, key, reason in found:
            if not key:
                reject(what, value, reason)
        return tuple(dict.fromkeys(key for _, key, _ in found if key))

    answers, topics = tuple(sorted(keys("answer", question.answers))), keys("topic", question.topics)
    if question.answers and not answers:
        reject("question", question.text, "none of its answers is in the graph")
        return None
    if question.topics and not topics:
        reject("question", question.text, "none of its topics is in the graph")
        return None
    linked = link(graph, question.text)
    if not topics and linked:
        topics = (best_topic(graph, linked, answers, settings),)
    if answers and not topics:
        reject("question", question.text, "nothing in it is the name of an entity; give its topics")
        return None
    paths = []
    for path in question.paths:
        unknown = [relation for relation in path if base(relation) not in graph.relations]
        if unknown:
            reject("path", " -> ".join(path), f"the graph has no relation {base(unknown[0])!r}")
        else:
            paths.append(path)
    mention = mention_of(graph, question.text, topics[0], linked) if topics else ""
    return Row(question.id, question.text, answers, topics, mention, tuple(paths))


def best_topic(graph: Graph, linked: Sequence[Topic], answers: tuple[str, ...], settings: MineSettings) -> str:
    """The linked entity from which the answers are reached best, the surer link among equals."""
    if len(linked) == 1 or not answers:
        return linked[0].key
    found = [mine(graph, [topic.key], answers, settings).paths for topic in linked]
    scores = [paths[0].f1 if paths else 0.0 for paths in found]
    return linked[scores.index(max(scores))].key


def mention_of(graph: Graph, text: str, topic: str, linked: Sequence[Topic]) -> str:
    """The words of the question that the topic stands on: the linker's, else its label (as the question writes it)."""
    for found in linked:
        if found.key == topic:
            return found.mention
    label = graph.entity(topic).label
    place = mention_at(text, label)
    return text[slice(*place)] if place else label
