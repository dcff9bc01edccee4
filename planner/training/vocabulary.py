"""Whether a run may be used on a graph: a run belongs to a vocabulary, not to a file's hash.

Facts change daily, and a planner that learned which relation a question means is none the worse for them. Relations
that were added or are gone are said once; only another vocabulary is refused, and even that can be used anyway.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from kg.errors import ModelError
from kg.graph import Graph, content_hash
from kg.vocabulary import Change, Vocabulary, parse_vocabulary, vocabulary_of

VOCABULARY = "vocabulary.json"  # the file of a run that keeps it
VOCABULARY_HASH = "vocabulary_sha256"  # the key of a run's config that has the SHA-256 of that file

Config = Mapping[str, Any]


def unlearned(folder: Path, config: Config, graph: Graph, anyway: bool = False) -> tuple[str, ...]:
    """The relations of a graph, by key, that the run in a folder never learned; ModelError if it is not for this graph.

    What was added or is gone since is said once. A run of an earlier version kept no vocabulary and belongs to one
    graph by its hash; what it has not learned is not known, and so (). `anyway` refuses nothing.
    """
    known = kept_vocabulary(folder, config)
    change = known.change(vocabulary_of(graph)) if known else None
    if not anyway:
        check_returning(folder, config, graph)
        check_same(folder, config, graph, change)
    for line in differences(change, str(config["role"])) if change else ():
        say_once(f"{folder}: {line}")
    return change.added if change else ()


def kept_vocabulary(folder: Path, config: Config) -> Vocabulary | None:
    """The vocabulary that a run was trained on, or None if it kept none; ModelError if that is damaged."""
    expected, file = config.get(VOCABULARY_HASH), folder / VOCABULARY
    if expected is None:
        return None
    try:
        text = file.read_bytes()
        if hashlib.sha256(text).hexdigest() != expected:
            raise ValueError("its SHA-256 is not the one in config.yaml")
        return parse_vocabulary(text.decode("utf-8"))
    except OSError as error:
        raise ModelError(f"{file}: {(error.strerror or '').lower()}; copy the whole run again") from None
    except ValueError as error:
        raise ModelError(f"{file} is damaged ({error}); copy the whole run again") from None


def check_same(folder: Path, config: Config, graph: Graph, change: Change | None) -> None:
    """ModelError for another vocabulary, or for another graph where the run kept no vocabulary."""
    if change:
        if change.is_another:
            share = f"{len(change.kept)} of its {len(change.kept) + len(change.gone)} relations in the same words"
            raise ModelError(
                f"{folder} was trained on another vocabulary: {graph.name} has {share}, and not {listed(change.gone)}; "
                "train again, or open that graph (asking with --anyway uses it all the same)"
            )
        return
    known, found = config.get("graph_sha256"), content_hash(graph)
    if known and found and known != found:
        raise ModelError(
            f"{folder} was trained on another graph ({config.get('kg')}, SHA-256 {known[:12]}…; this one is "
            f"{found[:12]}…): train again, or open that graph (asking with --anyway uses it all the same)"
        )


def check_returning(folder: Path, config: Config, graph: Graph) -> None:
    """ModelError if walks come back to their start where they did not in training, or the other way round."""
    if config.get("returning", graph.returning) == graph.returning:
        return
    may, now = ("may not", "may") if graph.returning else ("may", "may not")
    raise ModelError(
        f"{folder} was trained where walks {may} come back to their start, and here they {now}: train "
        "again, or change `returning` in the graph's configuration"
    )


def differences(change: Change, role: str) -> Iterator[str]:
    """What is otherwise than when a run of this role was trained, and what follows: a line for each kind."""
    is_planner = role == "planner"
    reworded = [key for key in change.added if key in change.gone]
    added, gone = ([key for key in keys if key not in reworded] for keys in (change.added, change.gone))
    unread = "planned by the untrained planner" if is_planner else "it never read of them"
    if added:
        yield f"{counted(added)} added since it was trained: {unread}"
    if gone:
        yield f"{counted(gone)} gone since it was trained" + ": planned without" * is_planner
    if reworded:
        yield f"{counted(reworded)} in other words than when it was trained: {unread}"
    if change.types_gone:
        yield f"no relation leads to or from {listed(change.types_gone)} any more, as when it was trained"


def counted(keys: Sequence[str]) -> str:
    """How many relations, and which."""
    return f"{len(keys):,} relation{'s' * (len(keys) != 1)} ({listed(keys)})"


def listed(names: Sequence[str], most: int = 3) -> str:
    """The first few names, and how many more there are."""
    return ", ".join(names[:most]) + (f" and {len(names) - most:,} more" if len(names) > most else "")


@lru_cache(maxsize=1000)
def say_once(text: str) -> None:
    """Log a warning, unless this process has logged the same before."""
    logging.getLogger("rog.runs").warning(text)
