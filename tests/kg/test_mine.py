"""All shortest relation paths, against walking every path; and many queries in one call, against one at a time."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import GraphError
from kg.mine import MineSettings, mine, shortest_relation_paths
from kg.names import RelationNames
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import RelationPath, Triple
from kg.write import Builder, Provenance

entity = st.sampled_from([f"e{i}" for i in range(8)])
facts = st.lists(st.tuples(entity, st.sampled_from(["r", "s", "t"]), entity), min_size=2, max_size=25)


def stored(triples: list[tuple[str, str, str]], folder: str, returning: bool = False) -> Store:
    builder = Builder()
    builder.returning = returning
    builder.add(Triple(*triple) for triple in triples)
    return Store(builder.write(Path(folder) / "g.kg", Provenance("test"), False))


@settings(max_examples=60)
@given(facts)
def test_store_and_walks_mine_the_same(triples: list[tuple[str, str, str]]) -> None:
    with TemporaryDirectory() as folder:
        store, walked = stored(triples, folder), NetworkXGraph.from_triples(triples)
        keys = sorted({key for head, _, tail in triples for key in (head, tail)})
        queries = []
        for start in keys:
            for end in keys:
                if start != end:
                    for hops in (1, 2, 3):
                        found = shortest_relation_paths(store, start, end, hops)
                        assert found == shortest_relation_paths(walked, start, end, hops)
                    queries += [(start, path) for path in found]
        for (start, path), reached in zip(queries, store.ends_of_each(queries), strict=True):
            frontier = walked.frontier([start])
            for relation in path:
                frontier = frontier.follow(relation)
            assert tuple(map(store.key_of, reached.tolist())) == frontier.entities == store.ends(start, path)


def test_both_sides_of_the_middle_are_tried(tmp_path: Path) -> None:
    """A hub beside the start, then beside the end: the middle is searched from the other side, with the same result."""
    spokes = [("hub", "r", f"x{i}") for i in range(50)] + [("b", "s", "c")]
    for chain in ([("a", "r", "hub"), ("b", "t", "hub")], [("hub", "t", "a"), ("hub", "t", "b")]):
        store = stored(spokes + chain, str(tmp_path / str(len(chain[0][0]))))
        assert shortest_relation_paths(store, "a", "c") == tuple(
            [("r", "~t", "s")] if chain[0][0] == "a" else [("~t", "t", "s")]
        )
        assert len(shortest_relation_paths(store, "c", "a")) == 1
    with pytest.raises(GraphError, match="two different entities"):
        shortest_relation_paths(store, "a", "a")


def oracle(
    facts: set[tuple[str, str, str]], topics: list[str], answers: set[str], returning: bool
) -> dict[RelationPath, tuple[float, float]]:
    """Every relation path of up to three steps that ends at an answer, with precision and recall, by brute force."""
    steps = facts | {(tail, f"~{relation}", head) for head, relation, tail in facts}
    pairs = {(h, t) for h, r, t in facts}
    symmetric = {r for _, r, _ in facts if all((t, r, h) in facts for h, q, t in facts if q == r)}
    signed = {relation for _, relation, _ in steps} - {f"~{relation}" for relation in symmetric}
    assert pairs
    found = {}
    for hops in (1, 2, 3):
        for path in product(sorted(signed), repeat=hops):
            ends: set[str] = set()
            for topic in topics:
                here = {topic}
                for relation in path:
                    here = {t for h, r, t in steps if h in here and r == relation and (returning or t != topic)}
                ends |= here
            if ends & answers:
                found[path] = len(ends & answers) / len(ends), len(ends & answers) / len(answers)
    return found


@settings(max_examples=60)
@given(facts, st.booleans(), st.data())
def test_mined_paths_and_their_scores_are_those_of_brute_force(
    triples: list[tuple[str, str, str]], returning: bool, data: st.DataObject
) -> None:
    keys = sorted({key for head, _, tail in triples for key in (head, tail)})
    topics = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=2, unique=True))
    answers = data.draw(st.lists(st.sampled_from(keys), min_size=1, max_size=4, unique=True))
    everything = MineSettings(keep=10**6, share=0.0, least=0.0, candidates=10**6)
    wanted = oracle(set(triples), topics, set(answers), returning)
    with TemporaryDirectory() as folder:
        for graph in (stored(triples, folder, returning), NetworkXGraph.from_triples(triples, returning)):
            mined = mine(graph, topics, answers, everything)
            assert mined.cut == 0
            assert {path.path: (path.precision, path.recall) for path in mined.paths} == wanted
            assert [path.f1 for path in mined.paths] == pytest.approx(
                sorted((path.f1 for path in mined.paths), reverse=True)
            )
            best = mine(graph, topics, answers)
            assert best.paths == mined.paths[: len(best.paths)]
            assert all(path.f1 >= max(0.1, best.paths[0].f1 / 2 - 1e-9) for path in best.paths)


def test_what_is_too_wide_is_cut_and_counted(tmp_path: Path) -> None:
    spokes = [("a", "r", f"x{i}") for i in range(100)] + [(f"x{i}", "s", "b") for i in range(100)]
    store = stored(spokes, str(tmp_path))
    assert mine(store, ["a"], ["b"]).paths[0].path == ("r", "s")
    cut = mine(store, ["a"], ["b"], MineSettings(budget=50))
    assert (cut.paths, cut.cut) == ((), 3)
    assert mine(store, ["a"], ["x0"], MineSettings(candidates=1, least=0.0, share=0.0)).cut == 1
    assert mine(store, ["a"], []).paths == mine(store, [], ["a"]).paths == ()
    many = mine(store, ["b"], [f"x{i}" for i in range(100)])
    assert many.paths[0] == (("~s",), 1.0, 1.0)
    with pytest.raises(GraphError, match="unknown entity"):
        mine(store, ["a"], ["nowhere"])


def test_hidden_relations_are_in_no_plan(tmp_path: Path, films: Store) -> None:
    builder = Builder()
    builder.relation_names["r"] = RelationNames("", "", True)
    builder.add([Triple("a", "r", "b"), Triple("a", "s", "c"), Triple("c", "s", "b")])
    store = Store(builder.write(tmp_path / "g.kg", Provenance("test"), False))
    assert [found.path for found in mine(store, ["a"], ["b"]).paths] == [("s", "s")]
    longer = mine(films, ["heat"], ["gladiator"], MineSettings(hops=4))  # walked: further than the kernel goes
    assert longer.paths[0].path == ("actor", "~actor", "actor", "~actor")
