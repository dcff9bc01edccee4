"""Connections that nobody can hold for nothing: a time for a request to arrive, for a response to be taken, a number.

uvicorn waits for a request's head and body as long as the client likes, and takes connections until the process has no
file left to open, whereupon asyncio spins. Here whoever is slow is let go, and whoever comes when all places are taken
gets the place of whoever has waited longest without a request.
"""

from __future__ import annotations

import asyncio
import json
from typing import NamedTuple

import h11
from uvicorn.protocols.http.h11_impl import STATUS_PHRASES, H11Protocol

from kg.errors import RogError

REQUEST_S = 15.0  # from a request's first byte to its last: it has 64 KiB at most
RESPONSE_S = 30.0  # that a client may leave what was sent unread
MOST, LEAST = 1_000, 8  # connections
QUEUE = 128  # connections that the system keeps until they are accepted


class FilesError(RogError):
    """A process that may open too few files to be a server."""


class Room(NamedTuple):
    """How many connections a server takes, and how many more may wait for it in the system's queue."""

    connections: int
    queue: int


def room(files: int | None) -> Room:
    """The room of a process that may open so many files (None: as many as it likes).

    An eighth is for connections that are being accepted, a quarter for the graph and the models, the rest for
    connections. Raises FilesError where that is too few.
    """
    if files is None:
        return Room(MOST, QUEUE)
    queue = min(QUEUE, files // 8)
    connections = min(MOST, files - files // 4 - queue)
    if connections < LEAST or files < LEAST * LEAST:
        raise FilesError(f"this process may open {files} files only; a server needs {LEAST * LEAST} (ulimit -n)")
    return Room(connections, queue)


def open_files() -> int | None:
    """How many files this process may have open, None if there is no limit."""
    try:
        import resource
    except ImportError:  # Windows, where sockets are no files
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


class BoundedProtocol(H11Protocol):
    """uvicorn's protocol with limits: of time for each request and response, and `most` connections."""

    most = MOST
    _timer: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    _came = 0.0
    _heard = False

    @property
    def is_waiting(self) -> bool:
        """Whether no whole request has come that is not answered yet."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take a connection, or the place of the one that has waited longest."""
        super().connection_made(transport)
        self._came = self.loop.time()
        self._timer = self.loop.call_later(REQUEST_S, self._late)
        if len(self.connections) > self.most:
            others = [each for each in self.connections if isinstance(each, BoundedProtocol) and each is not self]
            waiting = [each for each in others if each.is_waiting and not each.transport.is_closing()]
            if waiting:
                min(waiting, key=lambda each: each._came).transport.abort()
            else:
                self._refuse(503, "busy", "there are too many connections; try again in a moment")

    def data_received(self, data: bytes) -> None:
        """Read on; the time for a request runs from its first byte to its last."""
        if self.transport.is_closing():
            return
        if self._timer is None:
            self._came = self.loop.time()
            self._timer = self.loop.call_later(REQUEST_S, self._late)
        self._heard = True
        super().data_received(data)
        if self.conn.their_state not in (h11.IDLE, h11.SEND_BODY):
            self._request_came()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget a connection."""
        self._request_came()
        self._response_read()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """Wait for a client that does not read, but not for ever."""
        super().pause_writing()
        self._unread = self.loop.call_later(RESPONSE_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the client has read."""
        self._response_read()
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP."""
        self._refuse(400, "invalid_request", "this is not an HTTP request")

    def _late(self) -> None:
        """End a request that has not come in time; a connection that never said anything is closed without a word."""
        if self.transport.is_closing():
            return
        answered = self.conn.their_state is h11.SEND_BODY and self.cycle.response_started
        if self._heard and not answered:
            self._refuse(408, "too_slow", f"the request was not there after {REQUEST_S:g} seconds")
        else:
            self.transport.abort()

    def _refuse(self, status: int, kind: str, message: str) -> None:
        """Answer and close, whatever has come so far."""
        body = json.dumps({"error": {"message": message, "type": kind}}).encode()
        head = f"HTTP/1.1 {status} {STATUS_PHRASES[status].decode()}\r\ncontent-type: application/json\r\n"
        head += f"content-length: {len(body)}\r\nconnection: close\r\nretry-after: 1\r\n\r\n"
        self.transport.write(head.encode() + body)
        self.transport.close()

    def _request_came(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _response_read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None
