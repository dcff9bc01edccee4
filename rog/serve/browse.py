"""The graph without a question: what it holds, its names, what is around an entity, walks, what may come next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, TypeVar

from fastapi import FastAPI, Query

from kg.graph import Graph, not_planned
from kg.link import resolve_entity, search
from kg.mine import MineSettings, mine, shortest_relation_paths
from kg.store import Store
from kg.types import format_relation_path, parse_relation_path
from rog.picture.neighbourhood import neighbourhood
from rog.picture.svg import svg
from rog.serve import documents
from rog.serve import messages as m
from rog.serve.asking import read
from rog.serve.engine import Engine, check_path
from rog.serve.examples import examples as make_examples
from rog.serve.watch import plain

T = TypeVar("T")
LANES = 8  # relations in the picture of an entity
CONNECTIONS, CONNECTION_HOPS = 10, 3  # shortest relation paths shown between two entities, and their steps at most
WAYS = MineSettings(hops=CONNECTION_HOPS, keep=1_000, share=0.0, least=0.0)
NAME = "A key, or a name that only one entity has."

EntityText = Annotated[str, Query(min_length=1, max_length=m.KEY, description=NAME)]
PathText = Annotated[str, Query(max_length=m.PATH, description="Relations, as in `r1 -> ~r2`; ~ walks one backwards.")]


def add_graph(app: FastAPI, engine: Engine, title: str, examples: list[str]) -> None:
    """`/v1/graph`, `/v1/search`, `/v1/paths`, `/v1/connections`, `/v1/next`."""
    first = engine.graph

    async def looked_up(work: Callable[[Graph], T]) -> T:
        """The result of reading the graph; LateError if it takes too long."""
        async with engine.until(engine.deadline()):
            return await read(engine.graph, work)

    @app.get("/v1/graph", tags=["graph"])
    async def about(limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> m.About:
        """What the graph holds: its size and its relations, those with the most facts first."""
        shown = examples if engine.graph is first else list(await looked_up(make_examples))
        return about_graph(engine, title, shown, limit)

    @app.get("/v1/entity", tags=["graph"])
    async def entity(entity: EntityText, picture: bool = False) -> m.Neighbourhood:
        """An entity and what is around it; with `picture` also drawn, as SVG."""
        return await looked_up(lambda graph: around(graph, entity, picture))

    @app.get("/v1/search", tags=["graph"])
    async def find(
        q: Annotated[str, Query(min_length=1, max_length=200, description="A name, part of one, or a key.")],
        limit: Annotated[int, Query(ge=1, le=m.MOST_FOUND)] = 10,
    ) -> m.SearchResult:
        """Entities by name; spelling need not be exact."""
        found = await looked_up(lambda graph: search(graph, q, limit))
        return m.SearchResult(entities=[documents.found_out(topic) for topic in found])

    @app.get("/v1/paths", tags=["graph"])
    async def paths(entity: EntityText, path: PathText, limit: Annotated[int, Query(ge=1, le=1_000)] = 100) -> m.Walks:
        """Walk a relation path; no model is used."""
        return await looked_up(lambda graph: walk(graph, entity, path, limit))

    @app.get("/v1/connections", tags=["graph"])
    async def connections(
        start: EntityText, end: EntityText, limit: Annotated[int, Query(ge=1, le=100)] = 10
    ) -> m.Connections:
        """The shortest relation paths from one entity to another, with the first walks along each."""
        return await looked_up(lambda graph: connect(graph, start, end, limit))

    @app.get("/v1/next", tags=["graph"])
    async def following(
        entity: Annotated[list[str], Query(min_length=1, max_length=10, description=NAME)], path: PathText = ""
    ) -> m.Options:
        """The relations that may come next after a relation path."""
        return await looked_up(lambda graph: after(graph, entity, path))


def about_graph(engine: Engine, title: str, examples: list[str], limit: int) -> m.About:
    """What the graph holds, and who answers."""
    graph, rog = engine.graph, engine.rog
    ranked = sorted(graph.relations.values(), key=lambda relation: (-relation.facts, relation.key))
    return m.About(
        name=title,
        entities=graph.size.entities,
        relations=graph.size.relations,
        facts=graph.size.triples,
        version=graph.version if isinstance(graph, Store) else "",
        newer_version=engine.newer,
        by_relation=[m.RelationOut(**asdict(relation)) for relation in ranked[:limit]],
        planner=getattr(rog.planner, "name", "given"),
        reasoner=getattr(rog.reasoner, "name", "given"),
        examples=examples,
    )


def around(graph: Graph, text: str, picture: bool) -> m.Neighbourhood:
    """What is around an entity."""
    entity = resolve_entity(graph, text)
    drawn = svg(neighbourhood(graph, entity, 1, LANES), heading=False) if picture else None
    return documents.around(graph, entity, drawn)


def walk(graph: Graph, text: str, path: str, limit: int) -> m.Walks:
    """Walks along a relation path from an entity."""
    start = resolve_entity(graph, text)
    check_path(graph, parse_relation_path(path))
    return documents.walks(graph, start, path, limit)


def connect(graph: Graph, start_text: str, end_text: str, limit: int) -> m.Connections:
    """How two entities are connected; no path of an entity to itself."""
    start, end = resolve_entity(graph, start_text), resolve_entity(graph, end_text)
    shortest = shortest_relation_paths(plain(graph), start.key, end.key, CONNECTION_HOPS) if start != end else ()
    unused = not_planned(graph)  # a symmetric relation backwards says the same again
    found = [path for path in shortest if unused.isdisjoint(path)]
    if shortest and not found:  # a way over hidden relations is shorter than any that is shown
        ways = [way.path for way in mine(plain(graph), (start.key,), (end.key,), WAYS).paths]
        found = [path for path in ways if len(path) == min(map(len, ways))]
    return m.Connections(
        start=m.Named(key=start.key, label=start.label),
        end=m.Named(key=end.key, label=end.label),
        paths=[documents.walks(graph, start, format_relation_path(p), limit, end.key) for p in found[:CONNECTIONS]],
    )


def after(graph: Graph, texts: list[str], path: str) -> m.Options:
    """What may follow a relation path from some entities."""
    starts = [resolve_entity(graph, text).key for text in texts]
    if path.strip():
        check_path(graph, parse_relation_path(path))
    return documents.options(graph, starts, path)
