"""Questions to begin with, made of what the graph holds."""

from __future__ import annotations

from kg.graph import Graph, not_planned
from kg.names import is_unnamed
from kg.types import Entity
from planner.data.phrases import bare, shape

LETTERS = "aeimsct"  # where well-connected entities are looked for
LEAST = 2  # facts of an entity worth a question


def examples(graph: Graph, count: int = 3) -> tuple[str, ...]:
    """Up to `count` questions of one step, each about another entity and along another relation."""
    unused, made = not_planned(graph), dict[str, str]()
    for entity in well_connected(graph):
        leaving = graph.frontier([entity.key]).relations()
        nouns = [r for r in leaving if r not in unused and r in graph.relations and r not in made]
        nouns = [r for r in nouns if shape(graph.relations[r].label) == "noun"]
        if nouns and len(made) < count:
            relation = min(nouns, key=lambda r: (leaving[r], r))  # few answers make a clear question
            made[relation] = f"What is the {bare(graph.relations[relation].label)} of {entity.label}?"
    return tuple(made.values())


def well_connected(graph: Graph) -> list[Entity]:
    """The entity with the most facts among the first few names for each of some letters."""
    found = {}
    for letter in LETTERS:
        entities = [graph.entity(name.key) for name in graph.search(letter, 8)]
        named = [entity for entity in entities if entity.degree >= LEAST and not is_unnamed(entity)]
        if named:
            best = max(named, key=lambda entity: (entity.degree, entity.key))
            found[best.key] = best
    return list(found.values())
