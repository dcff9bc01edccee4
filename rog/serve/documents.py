"""Graphs, plans and traces as the API's documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypedDict

from kg.graph import Graph, not_planned
from kg.types import Entity, Question, ReasoningPath, Topic, base, format_relation_path, parse_relation_path
from kg.visible import visible
from planner.base import Plan
from reasoner.base import Answer, Evidence, Trace
from rog.picture.html import section
from rog.picture.scene import scene
from rog.picture.svg import svg
from rog.serve import messages as m
from rog.show import plan_label

RELATIONS, EACH = 40, 8  # shown of a neighbourhood: relations, and neighbours of each


def entity_out(entity: Entity) -> m.EntityOut:
    """An entity."""
    return m.EntityOut(key=entity.key, label=entity.label, types=list(entity.types), degree=entity.degree)


def found_out(topic: Topic) -> m.Found:
    """An entity that a text may mean."""
    fields = entity_out(topic.entity).model_dump()
    return m.Found(**fields, score=round(topic.score, 4), mention=topic.mention)


def linked(question: Question) -> m.Linked:
    """What a question is about."""
    return m.Linked(question=question.text, topics=[found_out(topic) for topic in question.topics])


def planned(plan: Plan, graph: Graph) -> m.Planned:
    """The plans of a question."""
    plans = [
        m.PlanOut(
            path=format_relation_path(path.relations),
            words=plan_label(path.relations, graph),
            probability=round(path.probability, 6),
        )
        for path in plan.paths
    ]
    return m.Planned(plans=plans, exact=plan.exact, fits=round(plan.fits, 4), note=plan.note)


def walked(evidence: Evidence, graph: Graph, shown: int, support: Sequence[ReasoningPath] = ()) -> m.Walked:
    """What the plans lead to: of each at most `shown` paths, those that carry the answer first."""
    cited = set(support)
    rows, everything = [], list(support)
    for entry in evidence.found:
        kept = sorted(entry.paths, key=lambda path: path not in cited)[:shown]
        everything += kept
        rows.append(
            m.EvidenceOut(
                topic=entry.topic.key,
                path=format_relation_path(entry.relations),
                paths=[hops(path) for path in kept],
                paths_total=entry.paths_total,
                ends_total=entry.ends_total,
            )
        )
    return m.Walked(evidence=rows, cut=evidence.cut, **labels_of(everything, graph))


def answered(
    trace: Trace, graph: Graph, shown: int, seconds: float, picture: str | None = None, partial: bool = False
) -> m.Answered:
    """The answer with all that led to it; `partial` also has what is only related to the question."""
    answer = trace.answer
    related = answer.related if partial else None
    support = related.support if related else answer.support
    parts = (linked(trace.question), planned(trace.plan, graph), walked(trace.evidence, graph, shown, support))
    fields = {name: value for part in parts for name, value in part}
    return m.Answered(
        **fields,
        answers=named(answer.entities, graph),
        text=visible(answer.text),
        verdict=answer.verdict,
        confidence=round(answer.confidence, 4),
        total=answer.total,
        reasons=list(map(visible, answer.reasons)),
        refusal=answer.refusal,
        related=related_out(related, graph) if related else None,
        support=[hops(path) for path in answer.support],
        seconds=round(seconds, 4),
        picture=picture,
    )


def named(keys: Sequence[str], graph: Graph) -> list[m.Named]:
    """Entities by key and label."""
    return [m.Named(key=key, label=graph.entity(key).label) for key in keys]


def related_out(related: Answer, graph: Graph) -> m.Related:
    """What a plan leads to that does not say all of the question."""
    support = [hops(path) for path in related.support]
    return m.Related(
        answers=named(related.entities, graph), text=visible(related.text), total=related.total, support=support
    )


def hops(path: ReasoningPath) -> list[tuple[str, str, str]]:
    """A path as its steps."""
    return [(step.source, step.relation, step.target) for step in path.steps]


class Labels(TypedDict):
    """The names of what stands in some paths, by key."""

    labels: dict[str, str]
    relation_labels: dict[str, str]


def labels_of(paths: Sequence[ReasoningPath], graph: Graph) -> Labels:
    """The label of every entity and relation in some paths."""
    keys = dict.fromkeys(key for path in paths for key in path.entities)
    relations = dict.fromkeys(base(step.relation) for path in paths for step in path.steps)
    return {
        "labels": {key: graph.entity(key).label for key in keys},
        "relation_labels": {key: graph.relations[key].label for key in relations},
    }


def walks(graph: Graph, start: Entity, path: str, limit: int, end: str | None = None) -> m.Walks:
    """The first walks along a relation path."""
    found = graph.paths(start.key, parse_relation_path(path), limit, end)
    return m.Walks(
        start=m.Named(key=start.key, label=start.label),
        path=path,
        paths=[hops(each) for each in found.paths],
        total=found.total,
        **labels_of(found.paths, graph),
    )


def around(graph: Graph, entity: Entity, picture: str | None = None) -> m.Neighbourhood:
    """What is around an entity: its relations, those with few facts first as they say the most, and neighbours."""
    leaving = graph.frontier([entity.key]).relations()
    hidden = not_planned(graph)
    ranked = sorted((r for r in leaving if r not in hidden), key=lambda r: (leaving[r], r))
    rows = []
    for relation in ranked[:RELATIONS]:
        ends = [path.end for path in graph.paths(entity.key, (relation,), EACH).paths]
        rows.append(
            m.Neighbours(
                relation=relation,
                words=visible(graph.relations[base(relation)].read(relation)),
                facts=leaving[relation],
                entities=[entity_out(graph.entity(key)) for key in ends],
            )
        )
    return m.Neighbourhood(
        entity=entity_out(entity),
        aliases=list(entity.aliases),
        relations=rows,
        relations_total=len(ranked),
        picture=picture,
    )


def options(graph: Graph, starts: Sequence[str], path: str) -> m.Options:
    """The relations that may follow a relation path from some entities, those with the most steps first."""
    frontier = graph.frontier(starts)
    for relation in parse_relation_path(path):
        frontier = frontier.follow(relation)
    hidden = not_planned(graph)
    leaving = {relation: steps for relation, steps in frontier.relations().items() if relation not in hidden}
    rows = [
        m.Option(
            relation=relation,
            words=visible(graph.relations[base(relation)].read(relation)),
            steps=leaving[relation],
            to=graph.relations[base(relation)].target_type(relation),
        )
        for relation in sorted(leaving, key=lambda relation: (-leaving[relation], relation))
    ]
    return m.Options(reached=len(frontier), options=rows)


def picture(trace: Trace, graph: Graph, kind: Literal["svg", "html"]) -> str:
    """The picture of an answer: SVG, or HTML with that, and each plan's paths and Cypher."""
    seen = scene(trace, graph)
    drawn = svg(seen, heading=False)
    if kind == "svg":
        return drawn
    framed = f'<div class="scroll" tabindex="0" role="region" aria-label="Picture">{drawn}</div>'
    return "\n".join([framed, *map(section, seen.lanes)])
