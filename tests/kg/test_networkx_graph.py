from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

from kg.errors import GraphError
from kg.graph import Graph
from kg.networkx_graph import NetworkXGraph
from kg.open import open_graph
from tests.kg.graph_contract import GraphContract


class TestNetworkXGraph(GraphContract):
    def make(self, facts: list[tuple[str, str, str]], returning: bool = False) -> Graph:
        return NetworkXGraph.from_triples(facts, returning)


def test_attributes_become_names() -> None:
    drawn: Any = nx.MultiDiGraph()
    drawn.add_node("m", label="Michael Mann", types=("person",), aliases=("M. Mann",))
    drawn.add_edge("h", "m", relation="directed_by")
    entity = open_graph(drawn).entity("m")
    assert (entity.label, entity.types, entity.aliases) == ("Michael Mann", ("person",), ("M. Mann",))
    assert [name.key for name in open_graph(drawn).named(["m mann"])] == ["m"]
    drawn.add_node("h", types="film", aliases="Hot")
    entity = open_graph(drawn).entity("h")
    assert (entity.types, entity.aliases) == (("film",), ("Hot",))


def test_undirected_and_empty_graphs_are_refused() -> None:
    with pytest.raises(GraphError, match="has lost the direction"):
        open_graph(nx.Graph([("a", "b")]))
    with pytest.raises(GraphError, match="no facts"):
        open_graph(nx.MultiDiGraph())
