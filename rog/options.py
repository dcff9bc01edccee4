"""Options that several commands have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rog.console import set_environment

NO_ANSWER = 3  # the exit code that says that the graph does not know
AUTO_HOPS = 0  # `planner.space.AUTO`, which is not imported for --help
MAX_HOPS_HELP = "Steps of a plan at most; 0: 3, and 4 where there are few plans."

SOURCE = "A .kg directory, a facts file, neo4j://HOST[/DATABASE], pykeen:NAME, or demo."
KG = Annotated[str, typer.Option("--kg", help=SOURCE)]
KGArgument = Annotated[str, typer.Argument(help=SOURCE)]
EnvFile = Annotated[
    Path | None,
    typer.Option("--env-file", callback=set_environment, is_eager=True, help="Take NEO4J_URI, … from this file."),
]
Config = Annotated[Path | None, typer.Option("--config", help="YAML: overrides of what is guessed of a Neo4j schema.")]
ShowCypher = Annotated[bool, typer.Option("--show-cypher", help="Print the queries sent to Neo4j on stderr.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Planner = Annotated[
    str,
    typer.Option(
        help="auto, lexical, semantic, combined, lm, a training run, a model's name or folder, or openai:URL#MODEL."
    ),
]
Anyway = Annotated[
    bool, typer.Option("--anyway", help="Use a training run though most of its relations are not in this graph.")
]
Partial = Annotated[
    bool,
    typer.Option("--partial", help="Where a plan cannot say all of a question, show what it leads to as related."),
]
