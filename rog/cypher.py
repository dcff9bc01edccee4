"""A relation path from a topic as Cypher to paste: into one's own Neo4j, or one that `rog kg push` filled."""

from __future__ import annotations

from kg.errors import GraphError
from kg.types import INVERSE, RelationPath, base
from kg.visible import is_visible
from rog.traces import Named, Names

LIMIT = 200


def cypher(graph: Named, topic: str, relations: RelationPath, limit: int = LIMIT) -> str:
    """The query for all walks along a relation path, or '' where a name cannot be written safely in Cypher.

    Nor is one written with a name that holds what is obeyed unseen: it could not be shown and copied both.

    Each hop is a MATCH of its own, because within one MATCH Cypher walks trails; no walk comes back to its start,
    unless the graph is `returning`.
    """
    from kg.types import format_relation_path

    if isinstance(graph, Names):
        return graph.cypher.get((topic, format_relation_path(relations)), "")
    try:
        if not all(map(is_visible, (topic, *relations))):
            raise GraphError("a name holds control characters")
        lines, shown = [start_line(graph, topic)], ["n0"]
        starts_at_value = lines[0].startswith("WITH ")
        for number, relation in enumerate(relations, 1):
            lines.append(hop_line(graph, relation, number, starts_at_value))
            shown += [f"r{number}", f"n{number}"] if f"[r{number}:" in lines[-1] else [f"n{number}"]
    except GraphError:
        return ""
    return "\n".join([*lines, f"RETURN {', '.join(shown)} LIMIT {limit}"])


def start_line(graph: Named, topic: str) -> str:
    """The line that finds the topic."""
    from kg.neo4j_client import literal, quoted

    schema = getattr(graph, "schema", None)
    if schema is None:  # as `rog kg push` and the neo4j-csv export write it
        return f"MATCH (n0:Entity {{id: {literal(topic)}}})"
    from kg.neo4j_graph import as_stored
    from kg.neo4j_schema import ELEMENT

    if len(topic) > 2 and topic[0] == topic[-1] == '"':
        return f"WITH {literal(topic[1:-1])} AS n0"  # the value of a property
    label = schema.common or next((x for x in schema.labels if x.key and topic.startswith(f"{x.name}:")), None)
    if ELEMENT.fullmatch(topic):
        return f"MATCH (n0) WHERE elementId(n0) = {literal(topic)}"
    if label is not None:
        text = topic if schema.common else topic.removeprefix(f"{label.name}:")
        values = ", ".join(str(v) if isinstance(v, int) else literal(v) for v in as_stored(text))
        return f"MATCH (n0:{quoted(label.name)}) WHERE n0.{quoted(label.key)} IN [{values}]"
    raise GraphError(f"{topic!r} is no key of this database")


def hop_line(graph: Named, relation: str, number: int, starts_at_value: bool) -> str:
    """The line of one hop: along a relationship, or to and from the value of a property."""
    from kg.neo4j_client import quoted

    here, there, back = f"n{number - 1}", f"n{number}", relation.startswith(INVERSE)
    apart, is_barred = f"{there} <> n0", not getattr(graph, "returning", False)
    schema = getattr(graph, "schema", None)
    if schema is not None and base(relation) in schema.properties:
        prop = schema.properties[base(relation)]
        if back:
            return (
                f"MATCH ({there}:{schema.having(prop)}) UNWIND {there}.{quoted(prop)} AS v{number} "
                f"WITH * WHERE toString(v{number}) = toString({here})" + f" AND {apart}" * (is_barred and number > 1)
            )
        unwound = f"UNWIND {here}.{quoted(prop)} AS {there}"
        # Only a walk that starts at a value comes to one that it may not come back to; n0 is a node else.
        return unwound + f" WITH * WHERE toString({there}) <> toString(n0)" * (is_barred and starts_at_value)
    kind = quoted(schema.types[base(relation)] if schema is not None else base(relation))
    arrow = f"<-[r{number}:{kind}]-" if back else f"-[r{number}:{kind}]->"
    return f"MATCH ({here}){arrow}({there})" + f" WHERE {apart}" * is_barred
