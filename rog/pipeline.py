"""A pipeline over a graph with its models loaded, and what to ask the demo graph first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rog.console import err

if TYPE_CHECKING:
    from kg.graph import Graph
    from reasoner.pipeline import RoG

DEMO_QUESTIONS = (
    "What is the capital of Australia?",
    "Which currency is used in the country whose capital is Lima?",
    "Who is the president of France?",
)


def pipeline(graph: Graph, planner: str, reasoner: str, k: int, max_hops: int, anyway: bool = False) -> RoG:
    """The pipeline over a graph, with its models loaded; `anyway` takes a training run of another vocabulary too."""
    from planner.registry import make_planner
    from reasoner.pipeline import RoG
    from reasoner.registry import make_reasoner
    from rog.progress import progress

    with progress(err) as report:
        planning = make_planner(planner, graph, report, anyway)
        return RoG(graph, planning, make_reasoner(reasoner, graph, report, anyway), k, max_hops)
