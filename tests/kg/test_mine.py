"""All shortest relation paths, against walking every path; and many queries in one call, against one at a time."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import GraphError
from kg.mine import shortest_relation_paths
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance

entity = st.sampled_from([f"e{i}" for i in range(8)])
facts = st.lists(st.tuples(entity, st.sampled_from(["r", "s", "t"]), entity), min_size=2, max_size=25)


def stored(triples: list[tuple[str, str, str]], folder: str) -> Store:
    builder = Builder()
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
