"""Plan → evidence: every walk along the planned relation paths, up to a limit that is never silent."""

from __future__ import annotations

from collections.abc import Iterable

from kg.graph import Graph
from kg.names import UNNAMED, is_unnamed
from kg.types import Question, ReasoningPath, RelationPath, Topic
from planner.base import Plan
from reasoner.base import Evidence, Retrieved

LIMIT = 200  # paths, and ends, kept for each relation path and topic


def retrieve(graph: Graph, question: Question, plan: Plan, limit: int = LIMIT) -> Evidence:
    """What each relation path of the plan leads to from each topic; empty where it leads nowhere."""
    found = []
    for path in plan.paths:
        for topic in question.topics:
            retrieved = walk(graph, topic, path.relations, path.probability * topic.score, limit)
            if retrieved is not None:
                found.append(retrieved)
    found.sort(key=lambda entry: -entry.weight)  # stable: equal weights stay in the order of plan and topic
    return Evidence(tuple(found), sum(entry.paths_total - len(entry.paths) for entry in found))


def walk(graph: Graph, topic: Topic, relations: RelationPath, weight: float, limit: int) -> Retrieved | None:
    """What one relation path leads to from one topic, or None if nothing that has a name.

    Unnamed nodes may stand inside a path, but an identifier answers nothing, so none is an end.
    """
    frontier = graph.frontier([topic.key])
    for relation in relations:
        frontier = frontier.follow(relation)
    if not len(frontier):
        return None
    ends, unnamed = named_ends(graph, frontier.entities, limit)
    if not ends:
        return None
    walks = graph.paths(topic.key, relations, limit)
    kept = tuple(path for path in walks.paths if path.end not in unnamed and has_name(graph, path.end))
    paths = [*kept, *missing(graph, topic.key, relations, ends, kept)]
    total = max(walks.total - (len(walks.paths) - len(kept)), len(paths))
    return Retrieved(topic, relations, weight, ends, len(frontier) - len(unnamed), tuple(paths), total)


def named_ends(graph: Graph, keys: Iterable[str], limit: int) -> tuple[tuple[str, ...], set[str]]:
    """The first `limit` entities that have a name, and the unnamed ones met on the way (those after are not read)."""
    ends: list[str] = []
    unnamed: set[str] = set()
    for key in keys:
        if len(ends) == limit:
            break
        if has_name(graph, key):
            ends.append(key)
        else:
            unnamed.add(key)
    return tuple(ends), unnamed


def has_name(graph: Graph, key: str) -> bool:
    """Whether an entity has a name; the graph is asked only for keys that look like identifiers."""
    return UNNAMED.fullmatch(key) is None or not is_unnamed(graph.entity(key))


def missing(
    graph: Graph, start: str, relations: RelationPath, ends: tuple[str, ...], known: tuple[ReasoningPath, ...]
) -> list[ReasoningPath]:
    """One path for each end that the first walks do not reach."""
    reached = {path.end for path in known}
    return [graph.paths(start, relations, 1, end).paths[0] for end in ends if end not in reached]
