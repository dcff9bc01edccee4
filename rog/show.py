"""A trace as people read it in a terminal, and as programs read it in JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text
from rich.tree import Tree

from kg.graph import Graph
from kg.neo4j_schema import Schema
from kg.types import INVERSE, Entity, ReasoningPath, Relation, RelationPath, base, format_relation_path
from kg.visible import visible
from reasoner.base import Answer, Retrieved, Trace
from rog.traces import Named

PATHS = 3  # paths drawn under each plan
SETTLE = "--entity KEY"


def shown(
    trace: Trace, graph: Named, seconds: float | None = None, settle: str = SETTLE, partial: bool = False
) -> RenderableType:
    """The answer, and under the question its plans with the paths that carry them.

    `partial` also shows what a refused question's plan leads to, as related to it and not as the answer.
    """
    related = [Text(related_text(trace.answer), style="yellow")] if partial and trace.answer.related else []
    return Group(headline(trace, seconds), *related, tree(trace, graph, settle))


def related_text(answer: Answer) -> str:
    """What a refused question's plan leads to, in words that do not call it the answer; '' if there is nothing."""
    return f"related, not the answer: {visible(answer.related.text)}" if answer.related else ""


def headline(trace: Trace, seconds: float | None) -> RenderableType:
    """The answer in a box, or the refusal."""
    answer = trace.answer
    took = "" if seconds is None else f" · {seconds:.2f} s"
    if answer.verdict != "grounded":
        text = Text.assemble(("No grounded answer", "bold yellow"), f": {visible(answer.text)}.")
        return Panel(text, border_style="yellow", expand=False)
    proven = f"{len(answer.support)}/{len(answer.entities)}"
    count = f"{answer.total:,} answer{'s' * (answer.total != 1)}"
    details = f"{count} · proven {proven} · confidence {answer.confidence:.2f}{took}"
    body = Text.assemble((visible(answer.text), "bold green"), "\n", (details, "dim"))
    return Panel(body, title="Answer", title_align="left", border_style="green", expand=False)


def tree(trace: Trace, graph: Named, settle: str = SETTLE) -> Tree:
    """The question, its topics, and its plans with what each leads to; `settle` says who is meant by a shared name."""
    root = Tree(Text(visible(trace.question.text), style="bold"), guide_style="dim")
    topics = [f"{topic.entity.label} [{topic.key}] {topic.score:.2f}" for topic in trace.question.topics]
    if topics:
        root.add(Text(visible("about " + ", ".join(topics)), style="dim"))
    used = {path.relations for path in trace.answer.support}
    for number, plan in enumerate(trace.plan.paths, 1):
        found = [entry for entry in trace.evidence.found if entry.relations == plan.relations]
        strong = "bold" if plan.relations in used else ""
        title = Text.assemble(
            (f"plan {number}  p={plan.probability:.2f}  ", "cyan"),
            (plan_label(plan.relations, graph), strong),
        )
        title.append(f"  {counts(found)}", style="dim")
        branch = root.add(title)
        if trace.plan_reasons:
            branch.add(Text(visible(trace.plan_reasons[number - 1]), style="yellow"))
        for entry in found:
            add_paths(branch, entry, graph, trace)
    if trace.plan.note and trace.plan.paths:
        root.add(Text(visible(trace.plan.note), style="dim"))
    if also := namesakes(trace):
        root.add(Text(visible(f"{also} ({settle})"), style="yellow"))
    return root


def namesakes(trace: Trace) -> str:
    """Which other topics of the name that the answer is about its plan leads somewhere from too; empty without one."""
    if not trace.answer.support:
        return ""
    start, relations = trace.answer.support[0].start, trace.answer.support[0].relations
    mentions = {topic.key: topic.mention for topic in trace.question.topics}
    led = {entry.topic.key for entry in trace.evidence.found if entry.relations == relations}
    others = [key for key, mention in mentions.items() if mention == mentions.get(start) and key in led - {start}]
    return f"this is about {start}; {', '.join(others)} of the same name could be meant" if others else ""


def counts(found: list[Retrieved]) -> str:
    """How many paths and ends a plan has."""
    paths, ends = sum(entry.paths_total for entry in found), sum(entry.ends_total for entry in found)
    if not paths:
        return "no path"
    return f"{paths:,} path{'s' * (paths != 1)} to {ends:,} entit{'ies' if ends != 1 else 'y'}"


def add_paths(branch: Tree, entry: Retrieved, graph: Named, trace: Trace) -> None:
    """The first few paths of a plan from one topic, the ones that carry the answer marked."""
    support = set(trace.answer.support)
    paths = sorted(entry.paths, key=lambda path: path not in support)[: PATHS if support & set(entry.paths) else 1]
    for path in paths:
        mark = (" ✓", "green") if path in support else ("", "")
        branch.add(Text.assemble((path_label(path, graph), "" if path in support else "dim"), mark))
    left = entry.paths_total - len(paths)
    if left > 0:
        branch.add(Text(f"and {left:,} more", style="dim"))


def plan_label(relations: RelationPath, graph: Named) -> str:
    """A relation path in words, on one line."""
    return visible(" → ".join(graph.relations[base(signed)].read(signed) for signed in relations))


def path_label(path: ReasoningPath, graph: Named) -> str:
    """A reasoning path with each arrow in the direction of its fact, on one line."""
    text = graph.entity(path.start).label
    for step in path.steps:
        label = graph.relations[base(step.relation)].label
        arrow = f"←{label}─" if step.relation.startswith(INVERSE) else f"─{label}→"
        text += f" {arrow} {graph.entity(step.target).label}"
    return visible(text)


def as_json(trace: Trace, graph: Named, partial: bool = False) -> dict[str, Any]:
    """A trace as JSON types: keys and labels, plans with probabilities, evidence, and the answer with its proof.

    It stands for itself: `rog.traces` reads it back without the graph. `related` (null without `partial`) is an answer
    to something else than the whole question. Keys and labels are as they are stored; `text`
    and `reasons` are sentences, and show what would be obeyed unseen in a name (`kg.visible`).
    """
    from rog.cypher import cypher

    answer = trace.answer
    entities, relations = mentioned(trace, graph)
    return {
        "question": trace.question.text,
        "answers": [{"key": key, "label": graph.entity(key).label} for key in answer.entities],
        "text": visible(answer.text),
        "verdict": answer.verdict,
        "confidence": round(answer.confidence, 4),
        "total": answer.total,
        "reasons": list(map(visible, answer.reasons)),
        "refusal": answer.refusal,
        "related": related_json(answer.related, graph) if partial and answer.related else None,
        "topics": [
            {
                "key": topic.key,
                "label": topic.entity.label,
                "score": round(topic.score, 4),
                "mention": topic.mention,
            }
            for topic in trace.question.topics
        ],
        "plans": [
            {"path": format_relation_path(plan.relations), "probability": round(plan.probability, 6)}
            for plan in trace.plan.paths
        ],
        "exact": trace.plan.exact,
        "fits": round(trace.plan.fits, 4),
        "note": trace.plan.note,
        "support": [path_json(path) for path in answer.support],
        "evidence": [
            {
                "topic": entry.topic.key,
                "path": format_relation_path(entry.relations),
                "weight": round(entry.weight, 6),
                "ends": list(entry.ends),
                "paths": [path_json(path) for path in entry.paths],
                "paths_total": entry.paths_total,
                "ends_total": entry.ends_total,
                "cypher": cypher(graph, entry.topic.key, entry.relations),
            }
            for entry in trace.evidence.found
        ],
        "cut": trace.evidence.cut,
        "entities": {e.key: {"label": e.label, "types": list(e.types)} for e in entities},
        "relations": {r.key: {"label": r.label, "inverse_label": r.inverse_label} for r in relations},
    }


def related_json(related: Answer, graph: Named) -> dict[str, Any]:
    """An answer that is only related to the question, with its proof."""
    return {
        "answers": [{"key": key, "label": graph.entity(key).label} for key in related.entities],
        "text": visible(related.text),
        "confidence": round(related.confidence, 4),
        "total": related.total,
        "support": [path_json(path) for path in related.support],
    }


def mentioned(trace: Trace, graph: Named) -> tuple[list[Entity], list[Relation]]:
    """The entities and the relations that a trace holds keys of, each once, sorted."""
    paths = [*trace.answer.support, *(path for entry in trace.evidence.found for path in entry.paths)]
    keys = {key for path in paths for key in path.entities} | {topic.key for topic in trace.question.topics}
    signed = {relation for plan in trace.plan.paths for relation in plan.relations}
    keys |= {end for entry in trace.evidence.found for end in entry.ends} | set(trace.answer.entities)
    signed |= {relation for path in paths for relation in path.relations}
    return [graph.entity(key) for key in sorted(keys)], [graph.relations[key] for key in sorted(set(map(base, signed)))]


def path_json(path: ReasoningPath) -> list[list[str]]:
    """A path as its steps `[source, signed relation, target]`."""
    return [list(step) for step in path.steps]


def relation_table(graph: Graph, limit: int) -> RenderableType:
    """The relations with their numbers of facts and the commonest types at their ends."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("relation", "facts", "reads", "backwards", "from → to"):
        table.add_column(title, justify="right" if title == "facts" else "left", overflow="fold")
    ranked = sorted(graph.relations.values(), key=lambda relation: (-relation.facts, relation.key))
    for relation in ranked[:limit]:
        ends = f"{relation.head_type or '·'} → {relation.tail_type or '·'}"
        row = (relation.key, f"{relation.facts:,}", relation.label, relation.inverse_label, ends)
        table.add_row(*map(Text, map(visible, row)))
    return table


def label_table(schema: Schema) -> RenderableType:
    """The node labels of a database, with the parts that their properties were found to play."""
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("label", "nodes", "key", "name", "values", "left out"):
        table.add_column(title, justify="right" if title == "nodes" else "left", overflow="fold")
    for label in schema.labels:
        left = ", ".join(f"{name} ({why})" for name, why in label.left_out.items())
        names = " ".join(label.names) or "(the key)"
        row = (label.name, f"{label.nodes:,}", label.key or "(element id)", names, ", ".join(label.values), left)
        table.add_row(*map(Text, map(visible, row)))
    return table


def relations_json(graph: Graph) -> list[dict[str, Any]]:
    """The relations as JSON types."""
    return [asdict(relation) for relation in graph.relations.values()]
