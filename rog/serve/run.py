"""A server from its options to its end: the models are opened, the port is taken, Ctrl-C ends it."""

from __future__ import annotations

import errno
import ipaddress
import os
import socket
from collections.abc import Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from kg.errors import RogError
from kg.graph import Graph
from kg.store import Store
from kg.types import Progress
from planner.registry import make_planner
from reasoner.pipeline import RoG
from reasoner.registry import make_reasoner
from rog.evaluation.asking import language_models
from rog.serve.engine import Engine, Limits, Loaded
from rog.serve.guard import LOOPBACK
from rog.serve.reload import Reloader
from rog.serve.watch import Watch

if TYPE_CHECKING:
    import uvicorn
    from starlette.types import ASGIApp

    from rog.serve.connections import Room

KEY_VARIABLE = "ROG_API_KEY"
LEAST_KEY = 16  # characters


class ServeError(RogError):
    """A server that cannot be started as it is asked to."""


def make_engine(
    graph: Graph,
    planner: str,
    reasoner: str,
    k: int,
    max_hops: int,
    limits: Limits,
    progress: Progress | None,
    reload: bool = False,
    anyway: bool = False,
) -> Engine:
    """The engine over a graph, with models loaded that stop when nobody waits.

    A `.kg` directory that is built anew is noticed; with `reload` the new version takes the old one's place.
    """

    def load(graph: Graph, progress: Progress | None = None) -> Loaded:
        """The graph with its models, what is compiled and read once behind it."""
        watch = Watch()
        seen = watch.graph(graph)
        planning = make_planner(planner, seen, progress, anyway)
        rog = RoG(graph, planning, make_reasoner(reasoner, graph, progress, anyway), k, max_hops)
        for lm in language_models(rog):
            watch.model(getattr(lm, "model", lm))
        for name in graph.search("a", 1):  # so that it is not the first question's to wait for
            rog.trace("warm up", name.key)
        return Loaded(rog, watch)

    loaded = load(graph, progress)
    engine = Engine(loaded.rog, limits, watch=loaded.watch)
    if isinstance(graph, Store):
        Reloader(engine, load if reload else None).start()
    return engine


def api_key(host: str) -> str:
    """The key that ROG_API_KEY says; a host that others reach needs one."""
    key = os.environ.get(KEY_VARIABLE, "")
    if key and len(key) < LEAST_KEY:
        raise ServeError(f"{KEY_VARIABLE} has {len(key)} characters; at least {LEAST_KEY} are needed")
    if not key and not is_loopback(host):
        raise ServeError(
            f"{host} can be reached by others: set {KEY_VARIABLE} to a key that they have to send "
            "(python -c 'import secrets; print(secrets.token_urlsafe())' makes one)"
        )
    return key


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches a host."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def allowed_hosts(host: str, more: Collection[str]) -> Collection[str] | None:
    """The host names that are answered to; None for all, where a key is demanded in their stead."""
    return {host.lower(), *LOOPBACK, *map(str.lower, more)} if is_loopback(host) or more else None


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens there. Raises ServeError if that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(128)
    except (OSError, OverflowError) as error:
        listening.close()
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise ServeError(f"port {port} is taken: --port 0 finds a free one") from None
        raise ServeError(f"{host}:{port} cannot be listened to: {getattr(error, 'strerror', '') or error}") from None
    return listening


def address(listening: socket.socket) -> str:
    """The address for a browser."""
    host, port = listening.getsockname()[:2]
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}"


def server_of(app: ASGIApp, places: Room | None = None, **options: Any) -> uvicorn.Server:
    """The server of an application, with limits on its connections; open streams get two seconds to end.

    `places` are by default what the files that this process may open leave room for. Raises FilesError if that is none.
    """
    import uvicorn

    from rog.serve.connections import BoundedProtocol, open_files, room

    places = places or room(open_files())
    protocol = type("Protocol", (BoundedProtocol,), {"most": places.connections})
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        backlog=places.queue,
        log_level="error",  # not a line for everybody who sends something that is not HTTP
        access_log=False,
        timeout_graceful_shutdown=2,
        server_header=False,
        **options,
    )
    return uvicorn.Server(config)


def serve(app: ASGIApp, listening: socket.socket, **options: Any) -> None:
    """Serve until Ctrl-C."""
    server = server_of(app, **options)
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listening])
