"""An independent check of an answer's proof: it asks the graph for single facts only, and searches nothing."""

from __future__ import annotations

from collections.abc import Collection

from kg.graph import Graph
from kg.types import Question, ReasoningPath, RelationPath
from planner.base import Plan
from reasoner.base import Answer


def problems(graph: Graph, question: Question, plan: Plan, answer: Answer) -> list[str]:
    """What is wrong with the support of an answer, a line each; empty if every entity is proven.

    An entity is proven by a path that starts at a topic of the question, follows one of the planned relation paths
    through stored facts, never comes back to its start (unless the graph is `returning`), and ends at the entity.
    """
    found = []
    if answer.verdict == "grounded" and not answer.entities:
        found.append("a grounded answer without an entity")
    if len(answer.support) != len(answer.entities):
        found.append(f"{len(answer.entities)} entities but {len(answer.support)} supporting paths")
    topics = {topic.key for topic in question.topics}
    planned = {path.relations for path in plan.paths}
    for entity, path in zip(answer.entities, answer.support, strict=False):
        wrong = fault(graph, topics, planned, entity, path)
        if wrong:
            found.append(f"{entity}: {wrong} ({path})")
    return found


def fault(
    graph: Graph, topics: Collection[str], planned: Collection[RelationPath], entity: str, path: ReasoningPath
) -> str:
    """Why a path does not prove an entity, or ''."""
    if path.start not in topics:
        return "the path does not start at a topic of the question"
    if path.relations not in planned:
        return "the path follows no planned relation path"
    here = path.start
    for step in path.steps:
        if step.source != here:
            return f"the path jumps from {here} to {step.source}"
        if not graph.contains(step.triple):
            return f"{' '.join(step.triple)} is not a fact of the graph"
        if step.target == path.start and not graph.returning:
            return "the path comes back to its start"
        here = step.target
    return "" if here == entity else f"the path ends at {here}"
