"""The surroundings of an entity as a scene: a lane for every relation, and for two hops what leads on from there."""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

from kg.graph import Graph, not_planned
from kg.types import Entity, RelationPath
from rog.cypher import cypher
from rog.picture.group import Edge
from rog.picture.scene import LISTED, Hop, Lane, Node, Row, Scene, hop_of

LANES, ROWS = 12, 5  # relations drawn, and boxes in a column of each
READ = 500  # entities and walks read of a relation


class Reached(NamedTuple):
    """What lies beyond one relation: the entities read, and how many there are in all."""

    entities: tuple[Entity, ...]
    total: int


def neighbourhood(graph: Graph, entity: Entity, hops: int, lanes: int = LANES, rows: int = ROWS) -> Scene:
    """The scene of an entity: relations with few entities first, as they say the most; what is left out, in words."""
    unused = not_planned(graph)
    counts = graph.frontier([entity.key]).relations()
    leaving = sorted((r for r in counts if r not in unused), key=lambda r: (counts[r], r.lstrip("~"), r))
    drawn = tuple(lane(graph, entity, r, n, hops, rows) for n, r in enumerate(leaving[:lanes], 1))
    said = [f"{len(leaving) - lanes} further relations are not drawn"] if len(leaving) > lanes else []
    aliases = f"also called {', '.join(entity.aliases)}" if entity.aliases else ""
    about = " · ".join(part for part in (", ".join(entity.types), aliases) if part)
    details = f"{entity.key} · {entity.degree:,} facts · {len(leaving)} relation{'s' * (len(leaving) != 1)}"
    return Scene(entity.label, about or entity.key, details, None, (), drawn, tuple(said))


def lane(graph: Graph, start: Entity, relation: str, number: int, hops: int, rows: int) -> Lane:
    """The lane of one relation: the entities with the most facts one by one, the others as a group."""
    reached = reach(graph, start.key, (relation,))
    ranked = sorted(reached.entities, key=lambda each: -each.degree)
    most = rows if len(ranked) > rows + 1 else len(ranked)
    boxes = [(each,) for each in ranked[:most]] + ([tuple(ranked[most:])] if ranked[most:] else [])
    nodes = [Node(0, start.label, ", ".join(start.types), (start.key,), "topic", False)]
    more = reached.total - most
    nodes += [box(1, entities, more, hops == 1) for entities in boxes]
    step = hop_of(relation, graph)
    edges = [Edge(0, n, len(entities), False, step.back) for n, entities in enumerate(boxes, 1)]
    said = []
    if hops > 1:
        at = {each.key: n for n, (each, *_) in enumerate(boxes[:most], 1)}
        said += second(graph, start, relation, at, nodes, edges, rows)
    if reached.total > len(ranked):
        said.append(f"{len(ranked):,} of {reached.total:,} entities were read to choose these, the others only counted")
    if len(boxes) > most:
        said.append(f"{more:,} entities are drawn as one group")
    label = graph.relations[relation.lstrip("~")].read(relation)
    listed = tuple(Row((start.label, each.label), (step,), (n,), False) for n, each in listing(boxes))
    many = f"{reached.total:,} entit{'ies' if reached.total != 1 else 'y'}"
    query = (f"{start.label} [{start.key}]", cypher(graph, start.key, (relation,)))
    ways = (step, Hop("", False))[:hops]
    return Lane(number, label, None, many, ways, tuple(nodes), tuple(edges), listed, False, "", tuple(said), (query,))


def listing(boxes: list[tuple[Entity, ...]]) -> list[tuple[int, Entity]]:
    """Every entity with the number of the edge that leads to its box."""
    return [(number, entity) for number, entities in enumerate(boxes) for entity in entities]


def reach(graph: Graph, start: str, relations: RelationPath) -> Reached:
    """The entities at the end of a relation path."""
    frontier = graph.frontier([start])
    for relation in relations:
        frontier = frontier.follow(relation)
    keys = frontier.entities
    return Reached(tuple(graph.entity(key) for key in keys[:READ]), len(keys))


def box(hop: int, entities: tuple[Entity, ...], more: int, last: bool) -> Node:
    """The box of an entity, or of several that stand for `more`."""
    role: Literal["end", "between"] = "end" if last else "between"
    keys = tuple(entity.key for entity in entities)
    if len(entities) == 1:
        return Node(hop, entities[0].label, ", ".join(entities[0].types), keys, role, False)
    return Node(hop, f"{more:,} more", first(entities), keys, role, False)


def first(entities: tuple[Entity, ...]) -> str:
    """The first few names."""
    return ", ".join(entity.label for entity in entities[:LISTED]) + ("…" if len(entities) > LISTED else "")


def second(
    graph: Graph, start: Entity, relation: str, at: dict[str, int], nodes: list[Node], edges: list[Edge], rows: int
) -> list[str]:
    """Add a box for every relation that leads on, with what it leads to; what is left out, in words."""
    unused, group = not_planned(graph), len(nodes) - 1
    counts = graph.frontier([start.key]).follow(relation).relations()
    leaving = sorted((r for r in counts if r not in unused), key=lambda r: (-counts[r], r.lstrip("~"), r))
    for onward in leaving[:rows]:
        walks = graph.paths(start.key, (relation, onward), READ)
        through = Counter(at.get(path.entities[1], group) for path in walks.paths)
        found = reach(graph, start.key, (relation, onward))
        hop = hop_of(onward, graph)
        name = f"← {hop.label}" if hop.back else f"→ {hop.label}"
        single = found.total == 1
        note = found.entities[0].label if single else f"{found.total:,}: {first(found.entities)}"
        edges += [Edge(n, len(nodes), count, False, hop.back) for n, count in sorted(through.items())]
        nodes.append(Node(2, name, note, (f"{relation} {onward}",), "end", False))
    left = len(leaving) - rows
    return [f"{left} further relations lead on from there"] if left > 0 else []
