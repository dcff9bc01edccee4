"""What every command shares: the two consoles, the environment file, and the graph behind --kg."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from kg.visible import json_text, visible, visible_lines

if TYPE_CHECKING:
    from kg.graph import Graph


class PlainConsole(Console):
    """A console on which data are only ever data: no markup, no emoji codes, and nothing in a text moves the cursor.

    What prints a name shows its line breaks by `visible`; here is the last door, for all that was not thought of.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(highlight=False, markup=False, emoji=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of what is printed, their texts shown in full; the console's own codes are not texts."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible_lines(segment.text), segment.style)


# Where nobody looks at a terminal, lines are not folded to the width of one.
out = PlainConsole(width=None if sys.stdout.isatty() else 200)
err = PlainConsole(stderr=True)


class Notes(logging.Handler):
    """Shows what the packages below log of a run or a graph as notes on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print one as a line."""
        err.print(Text(visible(f"note: {record.getMessage()}")), soft_wrap=True)


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
    given = json_text({name: value if isinstance(value, list | int) else str(value) for name, value in used.items()})
    err.print(Text(f"cypher  {query}  {given}", style="dim"), soft_wrap=True)
