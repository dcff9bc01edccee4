"""Plan → evidence: every walk along the planned relation paths, up to a limit that is never silent."""

from __future__ import annotations

from kg.graph import Graph
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
    """What one relation path leads to from one topic, or None if nothing."""
    frontier = graph.frontier([topic.key])
    for relation in relations:
        frontier = frontier.follow(relation)
    if not len(frontier):
        return None
    walks = graph.paths(topic.key, relations, limit)
    ends = frontier.entities[:limit]
    paths = [*walks.paths, *missing(graph, topic.key, relations, ends, walks.paths)]
    return Retrieved(topic, relations, weight, ends, len(frontier), tuple(paths), walks.total)


def missing(
    graph: Graph, start: str, relations: RelationPath, ends: tuple[str, ...], known: tuple[ReasoningPath, ...]
) -> list[ReasoningPath]:
    """One path for each end that the first walks do not reach."""
    reached = {path.end for path in known}
    return [graph.paths(start, relations, 1, end).paths[0] for end in ends if end not in reached]
