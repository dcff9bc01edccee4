"""What a bug report needs: versions, the machine, models and graph, and what is missing."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from kg.errors import RogError
from planner.models import copies, hub_answers
from planner.weights import weights_sha256
from planner.wheels import WHEELS

PACKAGES = ("torch", "transformers", "peft", "trl", "numba", "numpy", "pandas", "networkx", "neo4j", "pykeen")
OWN = ("kg", "planner", "reasoner", "rl", "rog")


def report(kg: str, config: Path | None = None) -> Iterator[tuple[str, str]]:
    """Lines of name and value; a problem's value begins with '!'."""
    yield (
        "rog",
        f"{metadata.version('rog')} on Python {platform.python_version()}, {platform.system()} {platform.machine()}",
    )
    yield "packages", ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    yield from clashes()
    yield (
        "sqlite",
        f"{sqlite3.sqlite_version}, FTS5 {'yes' if has_fts5() else '! missing: names cannot be indexed'}",
    )
    from planner.device import best_device, free_cores

    device, dtype = best_device()
    yield "compute", f"{device} in {dtype}, {free_cores()} of {os.cpu_count()} cores"
    yield (
        "model hub",
        "answers" if hub_answers() else "! does not answer within a second: models come from pip or folders",
    )
    for name in WHEELS:
        yield "model", f"{name}: {model_copies(name)}"
    yield "graph", described(kg, config)


def model_copies(name: str) -> str:
    """Which copies of a model are on this machine, the one that is used first, each with the hash of its weights."""
    found = [f"{copy.origin}, weights {weights_sha256(copy.folder)[:12]}" for copy in copies(name)]
    if not found:
        return "not yet fetched, will be when first used"
    beside = f"; beside it {', '.join(found[1:])}" if found[1:] else ""
    return f"{found[0]}{beside}"


def version(package: str) -> str:
    """A package's version."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return "! missing"


def clashes() -> Iterator[tuple[str, str]]:
    """Our package names that some other distribution claims too."""
    owners = metadata.packages_distributions()
    for name in OWN:
        others = sorted(set(owners.get(name, [])) - {"rog"})
        if others:
            yield (
                "clash",
                f"! package {name!r} is also installed by {', '.join(others)}: use a clean environment",
            )


def has_fts5() -> bool:
    """Whether this Python's SQLite can search text."""
    with sqlite3.connect(":memory:") as db:
        return bool(db.execute("SELECT sqlite_compileoption_used('ENABLE_FTS5')").fetchone()[0])


def described(kg: str, config: Path | None) -> str:
    """The graph's size and hash, or why it does not open."""
    from kg.check import check
    from kg.neo4j_graph import Neo4jGraph
    from kg.open import open_graph
    from kg.store import Store

    try:
        graph = open_graph(kg, config=config)
    except RogError as error:
        return f"! {error}"
    size = graph.size
    digest = ""
    if isinstance(graph, Store):
        stored = graph.manifest["sha256"]
        state = "! but the files differ: build it again" if check(Path(graph.name)).faults else "as written"
        digest = f", sha256 {stored[:12]} {state}"
    if isinstance(graph, Neo4jGraph):
        ((product, versions, edition),) = graph.client.read("CALL dbms.components() YIELD name, versions, edition")
        digest = f" in {product} {versions[0]} {edition}" + "".join(f"; ! {note}" for note in graph.schema.notes)
    return f"{kg}: {size.entities:,} entities, {size.relations:,} relations, {size.triples:,} facts{digest}"
