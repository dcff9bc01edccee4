"""JSON-RPC 2.0 at the door of the MCP server: what is no message gets the error that the standard has for it.

The SDK leaves such a line of stdio without an answer, and takes a request with an odd `id` for a notification, which
has none either: an agent then waits for ever.
"""

from __future__ import annotations

import json
import os
from typing import Any, TextIO

import anyio
import anyio.to_thread
from mcp.server.mcpserver import MCPServer
from mcp.server.stdio import stdio_server
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rog.serve.guard import BODY, answer

PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS = -32700, -32600, -32602
PATH = "/mcp"


def fault(text: str | bytes) -> str:
    """The reply to what is no JSON-RPC message, "" for one that is."""
    from pydantic_core import from_json

    try:
        message = from_json(text)
    except ValueError as error:  # nested too deeply is one, too
        return reply(None, PARSE_ERROR, f"Parse error: {error}")
    if not isinstance(message, dict):
        return reply(None, INVALID_REQUEST, "Invalid Request: expected one object (batches are not read)")
    number = message.get("id")
    known = number if isinstance(number, str | int) and not isinstance(number, bool) else None
    if message.get("jsonrpc") != "2.0":
        return reply(known, INVALID_REQUEST, 'Invalid Request: "jsonrpc" must be "2.0"')
    if "id" in message and known is None and "error" not in message:
        return reply(None, INVALID_REQUEST, 'Invalid Request: "id" must be a text or a whole number')
    if "method" not in message and not message.keys() & {"result", "error"}:
        return reply(known, INVALID_REQUEST, 'Invalid Request: there is no "method"')
    if not isinstance(message.get("method", ""), str):
        return reply(known, INVALID_REQUEST, 'Invalid Request: "method" must be a text')
    if not isinstance(message.get("params", {}), dict):
        return reply(known, INVALID_PARAMS, 'Invalid params: "params" must be an object')
    return ""


def reply(number: str | int | None, code: int, message: str) -> str:
    """An error as a JSON-RPC message."""
    error = {"code": code, "message": message}
    return json.dumps({"jsonrpc": "2.0", "id": number, "error": error})


def http_app(server: MCPServer) -> ASGIApp:
    """The application at `/mcp`. Every message stands alone: no session is kept, so none can be abandoned.

    It knows no hosts and no keys; `Guard` does.
    """
    return OneEndpoint(server.streamable_http_app(stateless_http=True, json_response=True, host="0.0.0.0"))


class OneEndpoint:
    """ASGI middleware before the SDK's application: JSON by POST to `/mcp`, or one line that says what was wrong."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a message pass, or answer it. The body must come in one piece, as `Guard` has it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif scope["path"] != PATH:
            await answer(send, 404, "not_found", f"there is only {PATH} here")
        elif scope["method"] != "POST":  # nothing is told that was not asked for, and there are no sessions to end
            await answer(
                send, 405, "invalid_request", f"messages come by POST, not by {scope['method'][:20]}", allow="POST"
            )
        elif not Request(scope).headers.get("content-type", "").lower().startswith("application/json"):
            await answer(send, 415, "invalid_request", "messages are JSON: content-type: application/json")
        else:
            await self._message(scope, receive, send)

    async def _message(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        wrong = fault(message["body"])
        if wrong:
            await Response(wrong, 400, media_type="application/json")(scope, receive, send)
            return
        pending = [message]

        async def again() -> Any:
            return pending.pop() if pending else await receive()

        await self._app(scope, again, send)


class Lines:
    """Messages from stdin, a line each; the reply to what is none goes to stdout at once."""

    def __init__(self, incoming: TextIO, outgoing: anyio.AsyncFile[str]) -> None:
        self._in, self._out = incoming, outgoing

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> str:
        """The next line that is a message."""
        while line := await self._read():
            wrong = ""
            if len(line) == BODY and not line.endswith("\n"):
                wrong = reply(None, INVALID_REQUEST, f"Invalid Request: a message has {BODY:,} characters at most")
                while len(line) == BODY and not line.endswith("\n"):
                    line = await self._read()
            elif line.strip():
                wrong = fault(line)
                if not wrong:
                    return line
            if wrong:
                await self._out.write(f"{wrong}\n")
                await self._out.flush()
        raise StopAsyncIteration

    async def _read(self) -> str:
        return await anyio.to_thread.run_sync(self._in.readline, BODY, abandon_on_cancel=True)


async def serve_stdio(server: MCPServer) -> None:
    """Serve over stdin and stdout until stdin ends. Whatever else is printed meanwhile goes to stderr."""
    incoming = os.fdopen(os.dup(0), "r", encoding="utf-8", errors="replace")
    outgoing = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    out = anyio.wrap_file(outgoing)
    lines: Any = Lines(incoming, out)
    core = server._lowlevel_server  # `run("stdio")` is these two lines, with lines that nobody has looked at
    async with stdio_server(lines, out) as (read, write):
        await core.run(read, write, core.create_initialization_options())
