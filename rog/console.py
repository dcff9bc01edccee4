"""What every command shares: the two consoles, the environment file, and the graph behind --kg."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from kg.graph import Graph

# Where nobody looks at a terminal, lines are not folded to the width of one.
out = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 200)
err = Console(stderr=True, highlight=False, markup=False)


class Notes(logging.Handler):
    """Shows what the packages below log of a run or a graph as notes on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one as a line."""
        err.print(Text(f"note: {record.getMessage()}"), soft_wrap=True)


def show_notes() -> None:
    """From now on show what is to be known of a training run, each once."""
    logger = logging.getLogger("rog.runs")
    if not any(isinstance(handler, Notes) for handler in logger.handlers):
        logger.addHandler(Notes())


def set_environment(path: Path | None) -> None:
    """`--env-file`: take NEO4J_URI and the like from a file, before anything is opened."""
    if path is not None:
        from kg.neo4j_client import load_env_file

        load_env_file(path)


def opened(kg: str, config: Path | None = None, show_cypher: bool = False) -> Graph:
    """The graph behind --kg."""
    from kg.open import open_graph
    from rog.progress import progress

    with progress(err) as report:
        graph = open_graph(kg, report, config)
    if show_cypher:
        from kg.neo4j_graph import Neo4jGraph

        if isinstance(graph, Neo4jGraph):
            graph.client.log = print_query
    return graph


def print_query(query: str, parameters: Mapping[str, Any]) -> None:
    """One query with its parameters (the first few of a long list) on stderr."""
    shown = {
        k: [*v[:3], f"… {len(v):,} in all"] if isinstance(v, list) and len(v) > 3 else v for k, v in parameters.items()
    }
    used = {name: value for name, value in shown.items() if f"${name}" in query}
    err.print(
        Text(f"cypher  {query}  {json.dumps(used, ensure_ascii=False, default=str)}", style="dim"), soft_wrap=True
    )
