"""Search speed, every engine on the same queries in one run, results checked equal.

    python -m benchmarks.graph_engine --count 10000000            # everything that needs no server
    python -m benchmarks.graph_engine --count 130000 --neo4j      # with Neo4j over Bolt (NEO4J_URI, or one is started)

The graph is `benchmarks.synthetic`; queries are seeded random walks of 1 to 4 steps whose number of walks is bounded,
and apart from them "hub" queries through the largest neighbourhoods. An engine that runs out of its time budget stops
there: its figures are over the queries it finished, and the table says how many those are.
"""

from __future__ import annotations

import argparse
import resource
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.common import machine, write_report
from benchmarks.synthetic import SEED
from kg import kernels, mine_kernels
from kg.build import Sources, build
from kg.mine import shortest_relation_paths
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import INVERSE, RelationPath, base

QUERIES, HUBS, WALKS, BUDGET_S = 4000, 100, 100_000, 20.0
Query = tuple[str, RelationPath]
Engine = Callable[[str, RelationPath], Any]


def random_queries(store: Store, count: int, rng: Any) -> list[Query]:
    """Queries by random walk, so that every one has an answer; as many of each length from 1 to 4."""
    found: list[Query] = []
    while len(found) < count:
        start, path = store.key_of(int(rng.integers(store.size.entities))), []
        frontier = store.frontier([start])
        for _ in range(len(found) % 4 + 1):
            leaving = list(frontier.relations())
            if not leaving:
                break
            path.append(leaving[int(rng.integers(len(leaving)))])
            frontier = frontier.follow(path[-1])
        if len(path) == len(found) % 4 + 1 and store.paths(start, tuple(path), 1).total <= WALKS:
            found.append((start, tuple(path)))
    return found


def hub_queries(store: Store, count: int) -> list[Query]:
    """The worst cases: from the entities with most facts, out along the commonest relation and back twice."""
    heads, _, tails = store.facts()
    degree = np.bincount(heads, minlength=store.size.entities) + np.bincount(tails, minlength=store.size.entities)
    found: list[Query] = []
    for number in np.argsort(-degree, kind="stable")[:count].tolist():
        start = store.key_of(number)
        relation = max(store.frontier([start]).relations().items(), key=lambda item: item[1])[0]
        back = relation.removeprefix(INVERSE) if relation.startswith(INVERSE) else INVERSE + relation
        found.append((start, (relation, back, relation)))
    return found


def timed(engine: Engine, queries: Sequence[Query], expected: Sequence[Any] | None, budget: float) -> dict[str, Any]:
    """p50, p99 and mean microseconds over the queries finished within the budget; how many came out wrong."""
    took, wrong, until = [], 0, time.monotonic() + budget
    for place, (start, path) in enumerate(queries):
        began = time.perf_counter_ns()
        try:
            found = engine(start, path)
        except TimeoutError:
            break
        took.append((time.perf_counter_ns() - began) / 1000)
        wrong += expected is not None and tuple(found) != tuple(expected[place])
        if time.monotonic() > until:
            break
    if not took:
        return {"p50": float("nan"), "p99": float("nan"), "mean": float("nan"), "done": 0, "wrong": 0}
    p50, p99 = np.percentile(took, [50, 99])
    return {"p50": p50, "p99": p99, "mean": statistics.fmean(took), "done": len(took), "wrong": wrong}


def row(name: str, load: float, figures: dict[str, Any], of: int) -> str:
    """One line of the table."""
    us = " | ".join(f"{figures[key]:,.1f}" for key in ("p50", "p99", "mean"))
    return f"| {name} | {load:.1f} | {us} | {figures['done']:,} of {of:,} | {figures['wrong']} |"


@contextmanager
def loading() -> Iterator[list[float]]:
    """The seconds that a block took."""
    took: list[float] = []
    began = time.perf_counter()
    yield took
    took.append(time.perf_counter() - began)


def facts_of(store: Store) -> Iterator[tuple[str, str, str]]:
    """Every fact by its keys."""
    heads, rels, tails = store.facts()
    names = list(store.relations)
    for h, r, t in zip(heads.tolist(), rels.tolist(), tails.tolist(), strict=True):
        yield store.key_of(h), names[r], store.key_of(t)


def by_dicts(store: Store) -> Engine:
    """Plain Python: a dict of dicts of lists."""
    steps: dict[str, dict[str, list[str]]] = defaultdict(dict)
    for head, relation, tail in facts_of(store):
        steps[head].setdefault(relation, []).append(tail)
        steps[tail].setdefault(INVERSE + relation, []).append(head)

    def ends(start: str, path: RelationPath) -> list[str]:
        nodes = {start}
        for relation in path:
            nodes = {t for node in nodes for t in steps[node].get(relation, ()) if t != start}
        return sorted(nodes)

    return ends


def by_rog(store: Store) -> Engine:
    """RoG's own search, from its description: an undirected simple graph, breadth first over whole paths.

    Direction is lost, and a second relation between the same two entities replaces the first.
    """
    import networkx as nx

    graph: Any = nx.Graph()
    for head, relation, tail in facts_of(store):
        graph.add_edge(head, tail, relation=relation)

    def ends(start: str, path: RelationPath) -> list[str]:
        queue, found = deque([(start, 0)]), set()
        until = time.monotonic() + BUDGET_S
        while queue:
            if time.monotonic() > until:
                raise TimeoutError
            node, depth = queue.popleft()
            if depth == len(path):
                found.add(node)
                continue
            wanted = base(path[depth])
            queue += [(t, depth + 1) for t in graph.neighbors(node) if graph[node][t]["relation"] == wanted]
        return sorted(found)

    return ends


def by_sqlite(store: Store, folder: Path) -> Engine:
    """An embedded database: SQLite with a clustered index each way, one query a hop."""
    db = sqlite3.connect(folder / "facts.sqlite")
    db.execute("PRAGMA synchronous=OFF")
    db.execute("CREATE TABLE out(h TEXT, r TEXT, t TEXT, PRIMARY KEY(h, r, t)) WITHOUT ROWID")
    db.execute("CREATE TABLE back(t TEXT, r TEXT, h TEXT, PRIMARY KEY(t, r, h)) WITHOUT ROWID")
    db.executemany("INSERT INTO out VALUES (?, ?, ?)", facts_of(store))
    db.execute("INSERT INTO back SELECT t, r, h FROM out ORDER BY t, r, h")
    db.commit()

    def ends(start: str, path: RelationPath) -> list[str]:
        nodes = [start]
        for relation in path:
            table, here, there = ("back", "t", "h") if relation.startswith(INVERSE) else ("out", "h", "t")
            reached: set[str] = set()
            for i in range(0, len(nodes), 30_000):
                some = nodes[i : i + 30_000]
                query = f"SELECT {there} FROM {table} WHERE r = ? AND {here} IN ({','.join('?' * len(some))})"
                reached.update(text for (text,) in db.execute(query, [base(relation), *some]))
            nodes = list(reached - {start})
        return sorted(nodes)

    return ends


def by_frontier(graph: Any) -> Engine:
    """The public API of any backend."""

    def ends(start: str, path: RelationPath) -> tuple[str, ...]:
        frontier = graph.frontier([start])
        for relation in path:
            frontier = frontier.follow(relation)
        reached: tuple[str, ...] = frontier.entities
        return reached

    return ends


def naive_cypher(client: Any) -> Engine:
    """One MATCH for the whole path: what people write first. Cypher then walks trails, not walks."""
    from kg.neo4j_client import quoted

    def ends(start: str, path: RelationPath) -> list[str]:
        arrows = [f"<-[:{quoted(base(r))}]-" if r.startswith(INVERSE) else f"-[:{quoted(r)}]->" for r in path]
        pattern = "(a:Entity {id: $start})" + "()".join(arrows) + "(b)"
        rows = client.read(f"MATCH {pattern} WHERE b <> a RETURN DISTINCT b.id", start=start)
        return sorted(text for (text,) in rows)

    return ends


def miss_ns() -> float:
    """Nanoseconds of one of many independent random 4-byte reads in 512 MB."""
    rng = np.random.default_rng(0)
    table = np.zeros(1 << 27, np.int32)
    places = rng.integers(0, len(table), 4_000_000)
    return fastest(lambda: table.take(places)) / len(places) * 1e9


def lines_touched(store: Store, queries: Sequence[Query]) -> int:
    """The random reads of a walk over a plain two-level CSR: three a frontier node, one a slot hit, one an edge."""
    total = 0
    for start, path in queries:
        origin = store.id_of(start)
        nodes: NDArray[np.int32] = np.array([origin], np.int32)
        for relation in path:
            number = store.relation_id(relation)
            spans = [kernels.span(*store.index, node, number) for node in nodes]
            total += 3 * len(nodes) + sum(1 + high - low for low, high in spans if high > low)
            nodes = store.step(origin, nodes, number)
    return total


def native(store: Store, queries: Sequence[Query], hubs: Sequence[Query]) -> list[str]:
    """What only the store does: the kernel alone, many queries in one call, paths, mining, the physical limit."""
    index = store.index
    prepared = [
        (store.id_of(start), np.array([store.relation_id(r) for r in path], np.int64)) for start, path in queries
    ]
    took = []
    for start, rels in prepared:
        began = time.perf_counter_ns()
        kernels.ends(*index, start, start, rels, store.seen)
        took.append((time.perf_counter_ns() - began) / 1000)
    starts = np.array([start for start, _ in prepared], np.int32)
    rels, bounds = np.concatenate([r for _, r in prepared]), np.cumsum([0, *(len(r) for _, r in prepared)])
    kernels.ends_of_each(*index, starts, False, rels, bounds, store.seen)
    batch = fastest(lambda: kernels.ends_of_each(*index, starts, False, rels, bounds, store.seen))
    nothing = (np.empty(0, np.int32), np.empty(0, np.int64))
    walked = fastest(lambda: [kernels.walks(*index, start, start, r, 100, 2**62, *nothing) for start, r in prepared])
    several = fastest(lambda: kernels.walks_of_each(*index, starts, rels, bounds, 100))
    rng = np.random.default_rng(SEED)
    ends = [
        (start, found) for (start, _), found in zip(prepared, store.ends_of_each(queries), strict=True) if len(found)
    ]
    pairs = np.array([(start, int(rng.choice(found))) for start, found in ends])
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    relations = len(store.relations)
    mine_kernels.shortest(*index, *pairs[0], relations, 3, store.seen)
    mined = fastest(lambda: mine_kernels.shortest_of_each(*index, pairs[:, 0], pairs[:, 1], relations, 3, store.seen))
    bound = lines_touched(store, queries) * miss_ns() * 1e-9
    p50, p99 = np.percentile(took, [50, 99])
    size = sum(part.nbytes for part in index) / store.size.triples
    return [
        f"kernel, ends: p50 {p50:.1f} us, p99 {p99:.0f} us, mean {statistics.fmean(took):.1f} us",
        f"kernel, ends, all queries in one call: {len(queries) / batch:,.0f} queries/s on one core",
        f"kernel, first 100 paths: {len(queries) / walked:,.0f} queries/s, in one call {len(queries) / several:,.0f}",
        f"kernel, all shortest relation paths, 3 hops: {len(pairs) / mined:,.0f} pairs/s",
        f"random-access limit: {bound * 1e3:.1f} ms, the batch {batch * 1e3:.1f} ms: {batch / bound:.2f} times",
        f"index: {size:.2f} bytes a fact, both directions",
    ]


def fastest(work: Callable[[], object], times: int = 3) -> float:
    """The seconds of the fastest of a few runs."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return min(took)


def main() -> None:
    """Run, print, and keep a report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--neo4j", action="store_true")
    parser.add_argument("--native-only", action="store_true", help="Only the store.")
    arguments = parser.parse_args()
    with TemporaryDirectory() as name:
        lines = run(arguments.count, Path(name), arguments.neo4j, arguments.native_only)
    print("\n".join(lines))
    suffix = "-neo4j" if arguments.neo4j else ""
    write_report(Path(__file__).parent / "results" / f"graph-engine-{arguments.count}{suffix}.md", lines)


def run(count: int, folder: Path, neo4j: bool, native_only: bool) -> list[str]:
    """The report's lines."""
    facts = folder / "facts.tsv"  # made in a process of its own, whose memory is not the build's
    subprocess.run([sys.executable, "-m", "benchmarks.synthetic", str(count), "--out", str(facts)], check=True)
    with loading() as built:
        build(Sources((facts,)), folder / "g.kg")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    store = Store(folder / "g.kg")
    opened = fastest(lambda: Store(folder / "g.kg"), 20)
    rng = np.random.default_rng(SEED)
    queries, hubs = random_queries(store, QUERIES, rng), hub_queries(store, HUBS)
    api = by_frontier(store)
    expected, worst = [api(*query) for query in queries], [api(*query) for query in hubs]
    size = store.size
    lines = [
        f"# Search speed, {size.triples:,} facts, {size.entities:,} entities, {size.relations:,} relations",
        f"\n{machine()}; seed {SEED}; {len(queries):,} queries of 1 to 4 hops and {len(hubs)} hub queries.\n",
        f"build from text {built[0]:.1f} s, {memory:,.0f} MB at most; open {opened * 1e3:.2f} ms\n",
        *native(store, queries, hubs),
        "\n| engine | load s | p50 us | p99 us | mean us | finished | wrong |\n|---|---|---|---|---|---|---|",
    ]

    def both(name: str, load: float, engine: Engine) -> None:
        lines.append(row(name, load, timed(engine, queries, expected, BUDGET_S), len(queries)))
        lines.append(row(f"{name}, hubs", load, timed(engine, hubs, worst, BUDGET_S), len(hubs)))
        print(lines[-2], lines[-1], sep="\n", flush=True)

    both("store, `ends`", built[0], store.ends)
    both("store, frontiers", built[0], api)
    makers: list[tuple[str, Callable[[], Engine]]] = [
        ("Python dicts", lambda: by_dicts(store)),
        ("SQLite", lambda: by_sqlite(store, folder)),
        ("RoG's networkx search", lambda: by_rog(store)),
    ]
    if size.triples <= 1_000_000:
        makers.append(("our networkx backend", lambda: by_frontier(NetworkXGraph.from_triples(facts_of(store)))))
    for name, make in () if native_only else makers:
        with loading() as took:
            engine = make()
        both(name, took[0], engine)
        del engine
    if not native_only:
        sample = [(s, e) for (s, _), found in zip(queries[:40], expected, strict=False) for e in found[:1]]
        if size.triples <= 1_000_000:
            walked = NetworkXGraph.from_triples(facts_of(store))
            agree = sum(shortest_relation_paths(walked, *p, 2) == shortest_relation_paths(store, *p, 2) for p in sample)
            lines.append(f"\nmining, against our networkx backend: {agree} of {len(sample)} pairs alike (2 hops)")
    if neo4j:
        with_neo4j(store, both)
    return lines


def with_neo4j(store: Store, both: Callable[[str, float, Engine], None]) -> None:
    """Neo4j over Bolt: our queries and the naive one."""
    import os

    from kg.neo4j_client import connect
    from kg.neo4j_copy import push
    from kg.neo4j_graph import Neo4jGraph
    from tests.neo4j_server import PASSWORD, USER, running

    with running() as server:
        os.environ.update(NEO4J_USERNAME=USER, NEO4J_PASSWORD=PASSWORD)
        client = connect(server.uri)
        with loading() as took:
            push(store, client)
        both("Neo4j over Bolt, our queries", took[0], by_frontier(Neo4jGraph(client)))
        both("Neo4j over Bolt, one MATCH", took[0], naive_cypher(client))


if __name__ == "__main__":
    main()
