"""A path recited from memory, step by step with what it leads to, and its check against the graph.

Heat -> directed by: Michael Mann -> born in: Chicago

What the last step names is the answer. A step holds if the graph stores a fact that leads there from what the step
before named.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from kg.graph import Graph
from kg.names import normal
from kg.types import ReasoningPath, RelationPath, Step
from planner.prompts import SEPARATOR, parse_plan
from reasoner.prompts import NAME, shortened

ARROW, COLON, AND = f"{SEPARATOR} ", ": ", "; "


class Recital(NamedTuple):
    """What a recited path says: its relations, the names after the last step, and the walks that prove them.

    `walks` holds the first walk through stored facts to each entity of the last step. `stated` counts the names after
    all steps, `held` those that a stored fact leads to.
    """

    relations: RelationPath
    names: tuple[str, ...]
    walks: dict[str, ReasoningPath]
    stated: int
    held: int

    @property
    def holds(self) -> bool:
        """Whether every step is a stored fact."""
        return self.held == self.stated > 0


def last_names(text: str) -> tuple[str, str]:
    """A recital up to where its last step leads, and the names there; names may hold a colon themselves."""
    before, arrow, hop = text.rpartition(ARROW)
    said, colon, names = hop.partition(COLON)
    return f"{before}{arrow}{said}{colon}", names


def first_names(text: str) -> tuple[str, str]:
    """A recital up to its first step, and the names that this leads to with all that follows."""
    start, arrow, hops = text.partition(ARROW)
    said, colon, names = hops.partition(COLON)
    return f"{start}{arrow}{said}{colon}", names


def recite(graph: Graph, topic: str, path: RelationPath, words: Mapping[str, str], most: int) -> str:
    """A relation path from a topic as it is recited; "" where a step leads nowhere or to more than `most` entities."""
    frontier = graph.frontier([topic])
    text = shortened(graph.entity(topic).label)
    for relation in path:
        frontier = frontier.follow(relation)
        if not 0 < len(frontier) <= most:
            return ""
        names = AND.join(shortened(graph.entity(key).label) for key in frontier.entities)
        text += f"{ARROW}{words[relation]}{COLON}{names}"
    return text


def parse_recital(graph: Graph, words: Mapping[str, str], text: str) -> Recital | None:
    """The recited path with what the graph says of each step, or None if it is none."""
    start, *hops = text.strip().split(ARROW)
    walks = {key: ReasoningPath(key, ()) for key in keys_of(graph, start)}
    relations: RelationPath = ()
    names: tuple[str, ...] = ()
    stated = held = 0
    for hop in hops:
        said, colon, listed = hop.partition(COLON)
        path = parse_plan(said, words)
        if path is None or not colon:
            return None
        relations += path
        names = tuple(name for name in map(str.strip, listed.split(AND.strip())) if name)
        reached = [step_to(graph, walks, path[0], name) for name in names]
        stated += len(names)
        held += sum(walk is not None for walk in reached)
        walks = {}
        for walk in filter(None, reached):
            walks.setdefault(walk.end, walk)
    return Recital(relations, names, walks, stated, held) if names else None


def step_to(graph: Graph, walks: Mapping[str, ReasoningPath], relation: str, name: str) -> ReasoningPath | None:
    """The first of some walks with a stored fact that leads on to an entity of this name, or None."""
    for key in keys_of(graph, name):
        for walk in walks.values():
            step = Step(walk.end, relation, key)
            if (graph.returning or key != walk.start) and graph.contains(step.triple):
                return ReasoningPath(walk.start, (*walk.steps, step))
    return None


def keys_of(graph: Graph, name: str) -> list[str]:
    """The keys of the entities of a name, also of one that was cut where it is long."""
    if len(name) == NAME and name.endswith("…"):
        found = [hit for hit in graph.search(name[:-1], 20) if shortened(hit.text) == name]
    else:
        found = graph.named([normal(name)]) if name.strip() else []
    return sorted({hit.key for hit in found})
