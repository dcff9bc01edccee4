"""Work that stops when nobody waits for it: the graph and the models ask, at every step, whether to go on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from kg.graph import Frontier, Graph


class StoppedError(Exception):
    """Raised inside work that nobody waits for any more."""


class Watch:
    """Whether the work at hand is still wanted; `wanted` is set by who gives the work."""

    def __init__(self) -> None:
        self.wanted: Callable[[], bool] = lambda: True

    def check(self, *_: object) -> None:
        """Raise StoppedError if the work is not wanted any more."""
        if not self.wanted():
            raise StoppedError

    def graph(self, graph: Graph) -> Graph:
        """The same graph, checked before every step of a search and every name that is looked up."""
        return cast(Graph, WatchedGraph(graph, self))

    def model(self, model: Any) -> None:
        """Check before every pass of a torch module."""
        model.register_forward_pre_hook(self.check)


ASKED = frozenset({"paths", "contains", "has", "entity", "named", "search", "scan"})  # what a graph is asked


class WatchedGraph:
    """Everything that the graph is; it checks its watch before it is asked anything."""

    def __init__(self, graph: Graph, watch: Watch) -> None:
        self._graph, self._watch = graph, watch

    def __getattr__(self, name: str) -> Any:
        if name in ASKED:
            self._watch.check()
        return getattr(self._graph, name)

    def frontier(self, topics: Iterable[str]) -> Frontier:
        """The graph's, watched."""
        self._watch.check()
        return WatchedFrontier(self._graph.frontier(topics), self._watch)


def plain(graph: Graph) -> Graph:
    """The graph itself where it is watched: a search that the store has compiled asks nobody on its way."""
    return graph._graph if isinstance(graph, WatchedGraph) else graph


class WatchedFrontier:
    """A frontier that checks its watch before it goes on."""

    def __init__(self, frontier: Frontier, watch: Watch) -> None:
        self._frontier, self._watch = frontier, watch

    @property
    def entities(self) -> tuple[str, ...]:
        """The frontier's."""
        return self._frontier.entities

    def __len__(self) -> int:
        return len(self._frontier)

    def relations(self) -> dict[str, int]:
        """The frontier's; raises StoppedError if they are not wanted any more."""
        self._watch.check()
        return self._frontier.relations()

    def follow(self, relation: str) -> Frontier:
        """The next frontier; raises StoppedError if it is not wanted any more."""
        self._watch.check()
        return WatchedFrontier(self._frontier.follow(relation), self._watch)
