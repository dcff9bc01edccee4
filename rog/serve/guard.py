"""Who may ask: the right host name, no foreign page, the key where one is set. And what every response says."""

from __future__ import annotations

import hmac
import json
import time
from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rog.serve.metrics import Metrics

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
OPEN = frozenset({"/", "/healthz", "/docs", "/openapi.json"})  # no data of the graph: no key is needed
TOO_LARGE = (413, "invalid_request", "a request has 64 KiB at most")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
BODY = 64 * 1024  # bytes of a request
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}


def host_of(value: str) -> str:
    """The host in a Host or Origin header without its port, '' if there is none."""
    try:
        return (urlsplit(value if "//" in value else f"//{value}").hostname or "").lower()
    except ValueError:
        return ""


class Guard:
    """ASGI middleware: answers what may not pass with one line of JSON, counts everything.

    A page of another site reaches a server on this machine in two ways: by a request of its own (told by Origin and
    Sec-Fetch-Site) and by a host name that it makes point here (told by Host). Neither passes. `hosts` None lets
    every host name pass, which is safe with a `key` only.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, hosts: Collection[str] | None = LOOPBACK, key: str = "") -> None:
        self._app, self._metrics, self._hosts = app, metrics, hosts
        self._key = f"Bearer {key}".encode() if key else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                if scope["path"].startswith("/v1/"):
                    headers["cache-control"] = "no-store"
            await send(message)

        try:
            headers = Headers(scope=scope)
            refusal = self._refusal(scope["path"], headers)
            body = None if refusal else await body_of(headers, receive)
            if refusal or body is None:
                await answer(with_headers, *(refusal or TOO_LARGE))
            else:
                await self._app(scope, replayed(body, receive), with_headers)
        except ClientDisconnect:
            status = 499
        finally:
            route = getattr(scope.get("route"), "path", "other")  # never the path itself: anybody can make those up
            self._metrics.requests.labels(route, status).inc()
            self._metrics.latency.labels(route).observe(time.perf_counter() - began)

    def _refusal(self, path: str, headers: Headers) -> tuple[int, str, str] | None:
        """Status, type and message for what may not pass."""
        host = host_of(headers.get("host", ""))
        if self._hosts is not None and host not in self._hosts:
            return 421, "wrong_host", "this server does not answer to that host name; --allow-host adds one"
        origin = headers.get("origin")
        foreign = origin is not None and netloc_of(origin) != headers.get("host", "").lower()
        navigates = headers.get("sec-fetch-mode") == "navigate" and path in OPEN
        if foreign or (headers.get("sec-fetch-site", "none") in {"cross-site", "same-site"} and not navigates):
            return 403, "foreign_page", "pages of other sites may not ask"
        needs_key = self._key and path not in OPEN and not path.startswith("/static/")
        if needs_key and not hmac.compare_digest(headers.get("authorization", "").encode(), self._key):
            return 401, "no_key", "an API key is needed: Authorization: Bearer …"
        return None


async def body_of(headers: Headers, receive: Receive) -> bytes | None:
    """The whole body of a request, None if it is too large. Raises ClientDisconnect."""
    declared = headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > BODY):
        return None
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        if len(body) > BODY:
            return None
        more = message.get("more_body", False)
    return body


def replayed(body: bytes, receive: Receive) -> Receive:
    """What receives that body once more, and then whatever comes after it."""
    first = True

    async def again() -> Message:
        nonlocal first
        if first:
            first = False
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return again


def netloc_of(origin: str) -> str:
    """The host and port of an Origin header, or "" if it is malformed."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


async def answer(send: Send, status: int, kind: str, message: str, **more: str) -> None:
    """Send a refusal as the API's error document; `more` are headers."""
    body = json.dumps({"error": {"message": message, "type": kind}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in more.items()]
    if status == 413:
        headers.append((b"connection", b"close"))  # the rest of the body is not waited for
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
