"""Errors as one line of JSON, without a path, an address or a key in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from kg.errors import (
    GraphError,
    ModelError,
    QuestionError,
    RogError,
    SlowQueryError,
    UnclearNameError,
    UnknownKeyError,
)
from kg.graph import Graph
from kg.visible import visible
from rog.serve.engine import BrokenError, BusyError, GoneError, LateError, NoWalkError
from rog.serve.json import Json
from rog.serve.messages import Error


class NotFoundError(RogError):
    """A model that is not served."""


Scrub = Callable[[str], str]
STATUS: dict[type[RogError], tuple[int, str]] = {  # the first that fits
    BusyError: (429, "busy"),
    LateError: (504, "too_slow"),
    GoneError: (499, "client_left"),
    BrokenError: (500, "internal_error"),
    SlowQueryError: (504, "too_slow"),
    NotFoundError: (404, "not_found"),
    UnclearNameError: (404, "not_found"),
    NoWalkError: (404, "not_found"),
    UnknownKeyError: (404, "not_found"),
    QuestionError: (422, "invalid_request"),
    GraphError: (503, "graph_error"),
    ModelError: (503, "model_error"),
    RogError: (500, "internal_error"),
}
DOCUMENTED = (400, 401, 403, 404, 405, 408, 413, 415, 421, 422, 429, 500, 503, 504)
EVENT = {
    "type": "object",
    "properties": {"event": {"type": "string"}, "data": {"type": "string"}},
    "required": ["data"],
}
EVENTS = {"text/event-stream": {"schema": EVENT}}  # where a stream is asked for; before OpenAPI 3.2, of each event
RESPONSES: dict[int | str, dict[str, Any]] = {status: {"model": Error} for status in DOCUMENTED}


def scrubber(graph: Graph, title: str) -> Scrub:
    """What puts a graph's title in place of its whereabouts, folder or host."""
    name = graph.name
    secrets = {name, str(Path.home())}
    if "://" in name:
        secrets.add(name.partition("://")[2].partition("/")[0])
    elif "/" in name or "\\" in name:
        secrets |= {str(Path(name).resolve()), str(Path(name).resolve().parent)}
    known = sorted((text for text in secrets if len(text) > 1), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, known)))
    return lambda text: pattern.sub(lambda _: title, text)


def described(error: RogError, scrub: Scrub) -> tuple[int, str, str]:
    """The status, type and message of an error."""
    status, kind = next(found for each, found in STATUS.items() if isinstance(error, each))
    return status, kind, visible(scrub(" ".join(str(error).split())))


def problem(status: int, kind: str, message: str) -> JSONResponse:
    """An error as a response."""
    headers = {"retry-after": "1"} if status == 429 else None
    return Json({"error": {"message": visible(message), "type": kind}}, status, headers)


def install(app: FastAPI, scrub: Scrub) -> None:
    """Answer every error with one line."""

    @app.exception_handler(RogError)
    async def rog_error(_: Request, error: RogError) -> JSONResponse:
        return problem(*described(error, scrub))

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        is_json = first["type"] == "json_invalid"
        where = ".".join(str(part) for part in first["loc"][1:] if not is_json)
        said = "the body is not JSON" if is_json else f"{where}: {first['msg']}" if where else str(first["msg"])
        more = len(error.errors()) - 1
        return problem(422, "invalid_request", said + (f" (and {more} more)" if more else ""))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> JSONResponse:
        response = problem(error.status_code, "invalid_request", str(error.detail))
        response.headers.update(error.headers or {})
        return response

    @app.exception_handler(Exception)
    async def fault(_: Request, error: Exception) -> JSONResponse:
        return problem(500, "internal_error", "internal error; the server's log says more")
