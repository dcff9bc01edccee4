"""The page, the documentation, health and metrics."""

from __future__ import annotations

import json
from importlib.resources import files

from fastapi import FastAPI, HTTPException
from fastapi.responses import HTMLResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST

from kg.visible import BLANKS, C0, HIDDEN
from rog import __version__
from rog.picture.page import SCRIPT
from rog.picture.svg import DARK, PALETTE
from rog.serve.engine import Engine
from rog.serve.messages import Health
from rog.serve.reference import reference

KINDS = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}


def add_pages(app: FastAPI, engine: Engine) -> None:
    """`/`, `/static/…`, `/docs`, `/healthz`, `/metrics`."""
    folder = files("rog.serve") / "static"
    index = (folder / "index.html").read_text("utf-8")
    static = {file.name: file.read_bytes() for file in folder.iterdir() if file.name != "index.html"}
    static["style.css"] += colours().encode()
    static["picture.js"] = SCRIPT.encode()
    static["names.js"] = names().encode()

    @app.get("/", response_class=HTMLResponse, include_in_schema=False)
    async def page() -> str:
        return index

    @app.get("/static/{name}", include_in_schema=False)
    async def asset(name: str) -> Response:
        if name not in static:
            raise HTTPException(404)
        kind = KINDS[name.rpartition(".")[2]]
        return Response(static[name], media_type=kind, headers={"cache-control": "no-cache"})

    @app.get("/favicon.ico", include_in_schema=False)
    async def icon() -> Response:
        return await asset("icon.svg")

    @app.get("/docs", response_class=HTMLResponse, include_in_schema=False)
    async def docs() -> str:
        return reference(app.openapi())

    @app.get("/healthz", tags=["server"])
    async def health() -> Health:
        """Whether the server answers."""
        return Health(version=__version__)

    @app.get("/metrics", response_class=PlainTextResponse, tags=["server"])
    async def metrics() -> Response:
        """Counters for Prometheus: requests, latencies, answers, refusals, the line, batches."""
        return Response(engine.metrics.text(), media_type=CONTENT_TYPE_LATEST)


def names() -> str:
    """What the page has in place of `kg.visible.visible`, from the same table."""
    ranges = "".join(f"\\u{{{first:x}}}-\\u{{{last:x}}}" for first, last in (C0, *HIDDEN))
    return (
        "// A name on one line, with an escape for whatever would be obeyed unseen.\n"
        f"const BLANKS = {json.dumps(BLANKS)};\n"
        f"export const shown = text => `${{text}}`.replace(/[{ranges}]/gu, sign => {{\n"
        "  const code = sign.codePointAt(0), hex = code.toString(16);\n"
        "  if (code <= 0xff) return BLANKS[sign] ?? '\\\\x' + hex.padStart(2, '0');\n"
        "  return code > 0xffff ? '\\\\U' + hex.padStart(8, '0') : '\\\\u' + hex.padStart(4, '0');\n"
        "});\n"
    )


def colours() -> str:
    """The colours of plans, the same as in pictures, as style rules."""
    light, dark = ("".join(f"--c{n}:{colour};" for n, colour in enumerate(each)) for each in (PALETTE, DARK))
    return f":root{{{light}}}@media screen and (prefers-color-scheme:dark){{:root{{{dark}}}}}\n"
