"""What every `Graph` must do. A backend's test class derives from GraphContract and says how to make one."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import pytest

from kg.errors import GraphError, UnknownKeyError
from kg.graph import Graph
from kg.types import ReasoningPath, Step, Triple

ODD = "a`]->() DETACH DELETE n //"
FACTS = [
    ("a", "r", "b"),
    ("a", "s", "b"),  # parallel to the one above
    ("a", "r", "c"),
    ("b", "r", "a"),
    ("b", "r", "d"),
    ("c", "r", "d"),
    ("c", "s", "d"),
    ("c", "r", "c"),  # a loop
    ("d", "t", "a"),
    (ODD, 'it\'s "odd"', "emoji 🙂\nnew line"),
    ("שלום", "r", "a"),
    ("a", "r", "b"),  # twice
]


def oracle(
    start: str, path: Iterable[str], facts: Iterable[tuple[str, str, str]], returning: bool = False
) -> list[tuple[Step, ...]]:
    """Every walk, by the definition: directed facts, `~` backwards, back to the start if `returning`; in key order."""
    steps = sorted({Step(h, r, t) for h, r, t in facts} | {Step(t, "~" + r, h) for h, r, t in facts})
    walks: list[tuple[Step, ...]] = [()]
    for relation in path:
        walks = [
            (*walk, step)
            for walk in walks
            for step in steps
            if step.relation == relation
            and step.source == (walk[-1].target if walk else start)
            and (returning or step.target != start)
        ]
    return walks


class GraphContract:
    """The conformance suite."""

    @abstractmethod
    def make(self, facts: list[tuple[str, str, str]], returning: bool = False) -> Graph:
        """A graph of these facts, whose walks may come back to where they start if it is `returning`."""

    @pytest.fixture
    def graph(self) -> Graph:
        return self.make(FACTS)

    def test_size_counts_distinct_facts(self, graph: Graph) -> None:
        assert graph.size == (7, 4, 11)

    def test_relations_are_in_key_order_with_counts(self, graph: Graph) -> None:
        counts = [(key, relation.facts) for key, relation in graph.relations.items()]
        assert counts == [('it\'s "odd"', 1), ("r", 7), ("s", 2), ("t", 1)]

    def test_symmetric_relations_are_found(self) -> None:
        graph = self.make([("a", "near", "b"), ("b", "near", "a"), ("a", "to", "b")])
        assert [r.symmetric for r in graph.relations.values()] == [True, False]

    def test_parallel_facts_are_both_kept(self, graph: Graph) -> None:
        assert graph.frontier(["a"]).relations() == {"r": 2, "s": 1, "~r": 2, "~t": 1}

    def test_direction_is_kept(self, graph: Graph) -> None:
        assert graph.frontier(["d"]).follow("t").entities == ("a",)
        assert graph.frontier(["a"]).follow("t").entities == ()

    def test_a_walk_never_comes_back_to_its_start(self, graph: Graph) -> None:
        assert graph.frontier(["a"]).follow("r").follow("r").entities == ("c", "d")
        assert graph.frontier(["c"]).relations() == {"r": 1, "s": 1, "~r": 1}
        assert graph.frontier(["c"]).follow("r").entities == ("d",)

    def test_a_walk_comes_back_where_the_graph_is_returning(self, graph: Graph) -> None:
        assert not graph.returning
        returning = self.make([*FACTS, ("f", "r", "f")], returning=True)
        assert returning.returning
        assert returning.frontier(["a"]).follow("r").follow("r").entities == ("a", "c", "d")
        assert returning.frontier(["a"]).follow("r").relations() == {"r": 4, "s": 1, "~r": 3, "~s": 1}
        assert returning.frontier(["c"]).relations() == {"r": 2, "s": 1, "~r": 2}
        assert returning.frontier(["f"]).follow("r").entities == ("f",)
        for path in (("r", "r"), ("r", "~r", "s"), ("s", "r", "s")):
            every = returning.paths("a", path, 100)
            assert [walk.steps for walk in every.paths] == oracle("a", path, FACTS, returning=True)
            assert returning.paths("a", path, 1) == (every.paths[:1], every.total)
        back = returning.paths("a", ("r", "r"), 10, end="a").paths
        assert [str(path) for path in back] == ["a -> r -> b -> r -> a"]

    def test_a_loop_can_be_walked_in_the_middle(self, graph: Graph) -> None:
        assert "c" in graph.frontier(["a"]).follow("r").follow("r").entities

    def test_topics_keep_their_own_walks(self, graph: Graph) -> None:
        both = graph.frontier(["a", "b"])
        assert both.entities == ("a", "b")
        assert both.follow("r").entities == ("a", "b", "c", "d")
        assert both.follow("r").follow("r").entities == ("c", "d")

    def test_an_empty_frontier_stays_empty(self, graph: Graph) -> None:
        nothing = graph.frontier(["a"]).follow("t")
        assert (len(nothing), nothing.relations(), nothing.follow("r").entities) == (0, {}, ())
        assert graph.frontier([]).entities == ()

    def test_paths_in_key_order_up_to_a_limit(self, graph: Graph) -> None:
        every = graph.paths("a", ("r", "r"), 10)
        assert [str(path) for path in every.paths] == [
            "a -> r -> b -> r -> d",
            "a -> r -> c -> r -> c",
            "a -> r -> c -> r -> d",
        ]
        assert every.total == 3
        assert graph.paths("a", ("r", "r"), 2) == (every.paths[:2], 3)
        assert graph.paths("a", ("r", "r"), 0) == ((), 3)

    def test_paths_to_one_end(self, graph: Graph) -> None:
        found = graph.paths("a", ("r", "r"), 10, end="d").paths
        assert [path.entities for path in found] == [("a", "b", "d"), ("a", "c", "d")]
        assert graph.paths("a", ("r", "r"), 1, end="d").paths == found[:1]
        assert graph.paths("a", ("r", "r"), 10, end="שלום") == ((), 0)

    def test_odd_names(self, graph: Graph) -> None:
        relation = 'it\'s "odd"'
        walk = graph.paths(ODD, (relation,), 5).paths
        assert walk == (ReasoningPath(ODD, (Step(ODD, relation, "emoji 🙂\nnew line"),)),)
        assert graph.frontier(["emoji 🙂\nnew line"]).follow("~" + relation).entities == (ODD,)
        assert graph.frontier(["שלום"]).follow("r").entities == ("a",)

    def test_contains(self, graph: Graph) -> None:
        assert graph.contains(Triple("a", "s", "b"))
        assert not graph.contains(Triple("b", "s", "a"))
        assert not graph.contains(Triple("a", "~r", "b"))
        assert not graph.contains(Triple("a", "no such", "b"))
        assert not graph.contains(Triple("nobody", "r", "b"))

    def test_has(self, graph: Graph) -> None:
        assert all(graph.has(key) for key in ("a", "d", ODD, "emoji 🙂\nnew line", "שלום"))
        odd = ("A", "a ", "", "r", "e", "zz", '"', '"a"', "\ud800", "\0", "4:no:0", "9" * 30, "a:b", "x" * 70_000)
        assert not any(graph.has(key) for key in odd)

    def test_an_unknown_key_is_a_short_message(self, graph: Graph) -> None:
        for key in ("a" * 100_000, ODD * 5_000):
            with pytest.raises(UnknownKeyError) as caught:
                graph.entity(key)
            assert len(str(caught.value)) < 500

    def test_unknown_keys_are_named_with_the_nearest(self, graph: Graph) -> None:
        with pytest.raises(UnknownKeyError, match="unknown entity 'שלו'; did you mean 'שלום'"):
            graph.frontier(["שלו"])
        with pytest.raises(UnknownKeyError, match="unknown relation 'its odd'"):
            graph.frontier(["a"]).follow("~its odd")
        with pytest.raises(UnknownKeyError, match="unknown relation 'x'"):
            graph.paths("a", ("x",), 1)
        with pytest.raises(UnknownKeyError, match="unknown entity 'x'"):
            graph.entity("x")

    @pytest.mark.parametrize("relation", ["~r", ""])
    def test_relations_that_look_inverse_are_refused(self, relation: str) -> None:
        with pytest.raises(GraphError, match="stands for an inverse step"):
            self.make([("a", relation, "b"), ("b", "r", "c")])

    def test_an_empty_relation_path_is_an_error(self, graph: Graph) -> None:
        with pytest.raises(GraphError, match="at least one step"):
            graph.paths("a", (), 1)

    def test_entity(self, graph: Graph) -> None:
        entity = graph.entity("c")
        assert (entity.key, entity.label, entity.degree) == ("c", "c", 5)

    def test_names(self, graph: Graph) -> None:
        assert [name.key for name in graph.named(["a", "d", "nothing"])] == ["a", "d"]
        assert [name.key for name in graph.search("emoji", 5)] == ["emoji 🙂\nnew line"]
        assert graph.scan("emoji new lime", 5, 0.7)[0][0].key == "emoji 🙂\nnew line"
        assert graph.search('" OR *', 5) == []
