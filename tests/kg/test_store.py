"""The embedded store: the contract, agreement with the oracle on random graphs, and damage."""

from __future__ import annotations

import string
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import kernels, store, write
from kg.graph import Graph
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance
from tests.kg.graph_contract import FACTS, GraphContract, oracle


def stored(facts: list[tuple[str, str, str]], folder: Path, returning: bool = False) -> Store:
    """A store of these facts."""
    builder = Builder()
    builder.returning = returning
    builder.add(Triple(*fact) for fact in facts)
    return Store(builder.write(folder / "g.kg", Provenance("test"), overwrite=True))


class TestStore(GraphContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.path = tmp_path

    def make(self, facts: list[tuple[str, str, str]], returning: bool = False) -> Graph:
        return stored(facts, self.path, returning)


KEYS = st.sampled_from([*"abcdef", "é", "`q`", "line\nbreak", "🙂", "hub"])
RELATIONS = st.sampled_from(["r", "s", "t t", "`u`"])
FACT_LISTS = st.lists(st.tuples(KEYS, RELATIONS, KEYS), min_size=1, max_size=40)
SIGNED = st.tuples(st.booleans(), RELATIONS).map(lambda pair: "~" * pair[0] + pair[1])


@settings(max_examples=250, suppress_health_check=[HealthCheck.too_slow])
@given(
    FACT_LISTS,
    st.lists(SIGNED, min_size=1, max_size=4),
    st.integers(0, 6),
    st.lists(KEYS, max_size=3),
    st.booleans(),
    st.data(),
)
def test_store_and_networkx_are_the_same(
    facts: list[tuple[str, str, str]],
    path: list[str],
    limit: int,
    topics: list[str],
    returning: bool,
    data: st.DataObject,
) -> None:
    facts = facts + [("hub", "r", letter) for letter in string.ascii_lowercase]
    facts += [(key, relation, key) for key, relation in (("a", "s"), ("hub", "t t"), ("b", "`u`"))]
    every = sorted({key for head, _, tail in facts for key in (head, tail)})
    topics = [topic for topic in topics if topic in every]
    start = data.draw(st.sampled_from(every))
    with TemporaryDirectory() as folder:
        one, other = stored(facts, Path(folder), returning), NetworkXGraph.from_triples(facts, returning)
        assert one.size == other.size
        assert dict(one.relations) == dict(other.relations)
        for starts in ([start], topics):
            here, there = one.frontier(starts), other.frontier(starts)
            for relation in path:
                assert list(here.relations().items()) == list(there.relations().items())
                assert here.entities == there.entities
                assert set(here.relations()) == {r for r in here.relations() if len(here.follow(r))}
                here, there = here.follow(relation), there.follow(relation)
            assert here.entities == there.entities
        relations = tuple(path)
        assert one.paths(start, relations, limit) == other.paths(start, relations, limit)
        end = data.draw(st.sampled_from(every))
        assert one.paths(start, relations, limit, end) == other.paths(start, relations, limit, end)
        walks = oracle(start, path, facts, returning)
        assert [walk.steps for walk in one.paths(start, relations, 10**4).paths] == walks
        assert one.entity(start) == other.entity(start)


def test_enumeration_prunes_dead_ends_when_it_runs_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hub whose first neighbours all lead nowhere: the pruned search finds the same walks."""
    facts = [("start", "r", f"dead{i:04}") for i in range(500)] + [
        ("start", "r", "live"),
        ("live", "s", "end"),
    ]
    graph = stored(facts, tmp_path)
    expected = graph.paths("start", ("r", "s"), 5)
    monkeypatch.setattr(store, "DFS_BUDGET", 10)
    assert graph.paths("start", ("r", "s"), 5) == expected
    assert [str(path) for path in expected.paths] == ["start -> r -> live -> s -> end"]


def test_counts_of_walks_do_not_overflow(tmp_path: Path) -> None:
    keys = [f"n{i:02}" for i in range(60)]
    graph = stored([(a, "r", b) for a in keys for b in keys], tmp_path)
    assert graph.paths("n00", ("r",) * 4, 1).total == 59**4
    assert graph.paths("n00", ("r",) * 12, 1).total == kernels.OVERFLOW


def test_wide_graphs_sort_without_packing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    before = stored(FACTS, tmp_path).manifest["sha256"]
    monkeypatch.setattr(write, "packed", lambda *columns: None)
    assert stored(FACTS, tmp_path).manifest["sha256"] == before


def test_the_hash_is_of_what_the_graph_says(tmp_path: Path) -> None:
    one = stored(FACTS, tmp_path / "one").manifest["sha256"]
    assert stored(FACTS[::-1], tmp_path / "two").manifest["sha256"] == one
    assert stored(FACTS[1:-1], tmp_path / "three").manifest["sha256"] != one


def test_arrays_are_mapped_and_narrow(tmp_path: Path) -> None:
    graph = stored(FACTS, tmp_path)
    assert [array.dtype for array in graph.index] == [np.uint32, np.int32]
    assert not any(array.flags.writeable for array in graph.index)


def test_wide_entities(tmp_path: Path) -> None:
    """More neighbours than a narrow slot counts; more relations than one names."""
    spokes = [Triple("hub", "r", f"n{i:05}") for i in range(kernels.NARROW + 1)]
    graph = stored([Triple("a", "q", "hub"), *spokes, Triple("n00001", "z", "a")], tmp_path / "hub")
    assert graph.entity("hub").degree == kernels.NARROW + 2
    assert len(graph.ends("a", ("q", "r"))) == kernels.NARROW + 1
    assert graph.ends("n00001", ("z", "q", "r", "~r")) == ("hub",)
    assert graph.frontier(["hub"]).relations() == {"r": kernels.NARROW + 1, "~q": 1}
    assert len(list(zip(*graph.facts(), strict=True))) == kernels.NARROW + 3
    many: list[tuple[str, str, str]] = [Triple("a", f"r{i:05}", f"b{i % 7}") for i in range(kernels.NARROW // 2 + 1)]
    graph = stored(many, tmp_path / "many")
    assert graph.ends("a", ("r00010",)) == ("b3",)
    assert graph.contains(Triple(*many[-1]))
    assert graph.entity("b0").degree == sum(i % 7 == 0 for i in range(len(many)))


@given(st.lists(st.tuples(*[st.integers(0, 5)] * 3), min_size=1, max_size=40, unique=True))
def test_narrow_and_wide_entities_say_the_same(edges: list[tuple[int, int, int]]) -> None:
    node, rel, nbr = (np.array(column, np.int32) for column in zip(*sorted(edges), strict=True))
    for relations in (6, kernels.NARROW):
        index = kernels.pack(node, rel, nbr, 6, relations)
        for a in set(node.tolist()):
            for r in range(6):
                low, high = kernels.span(*index, a, r)
                assert index[1][low:high].tolist() == sorted(c for x, y, c in edges if (x, y) == (a, r))
            assert kernels.degree(*index, a) == sum(x == a for x, _, _ in edges)


def test_threads_share_a_store(films: Store) -> None:
    found: list[object] = []

    def look() -> None:
        for _ in range(50):
            walks = films.paths("heat", ("actor", "~actor"), 5)
            found.append((films.named(["michael mann"]), walks, films.frontier(["heat", "usa"]).relations()))

    threads = [Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 200
    assert all(row == found[0] for row in found)
