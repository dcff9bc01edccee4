"""A graph that is built anew while it is served: noticed, said once, and with `--reload` put in the old one's place."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from kg.errors import RogError
from kg.store import Store
from rog.serve.engine import Engine, Loaded

SECONDS = 2.0  # between two looks at the pointer, which take microseconds
logger = logging.getLogger("rog")


class Reloader:
    """Looks whether the graph of an engine has a newer version; `load`, if given, opens that with its models.

    Questions that were linked to the old version are answered from it, and while both are in use both are in memory.
    A version that cannot be served is said once, and the old one is served on.
    """

    def __init__(self, engine: Engine, load: Callable[[Store], Loaded] | None = None) -> None:
        self._engine, self._load = engine, load
        self._told = ""  # the newest version, or the fault, that was spoken of

    def start(self) -> None:
        """Look every two seconds, in a thread that ends with the engine."""
        threading.Thread(target=self._run, name="rog-reload", daemon=True).start()

    def _run(self) -> None:
        while not self._engine.closed.wait(SECONDS):
            try:
                self.look()
            except Exception:  # a fault of ours must not end the looking
                logger.exception("a newer version of the graph was not loaded")

    def look(self) -> None:
        """Look once, and put a newer version in place if that is wanted."""
        graph = self._engine.graph
        assert isinstance(graph, Store)
        try:
            newer = graph.newer()
        except RogError as error:  # it was removed; what is open can be served on
            self._say(f"the graph that is served is not there any more ({error})")
            return
        if newer is None or newer == self._told:
            return
        self._engine.newer = self._told = newer
        name = Path(graph.name).name
        if self._load is None:
            logger.warning("%s has a newer version, %s: start again to serve it (or with --reload)", name, newer)
            return
        try:
            loaded = self._load(Store(Path(graph.name)))
        except RogError as error:
            logger.warning("%s has a newer version, %s, that cannot be served: %s", name, newer, error)
            return
        self._engine.use(loaded)
        logger.warning("%s: serving version %s now", name, newer)

    def _say(self, fault: str) -> None:
        if fault != self._told:
            self._told = fault
            logger.warning("%s", fault)
