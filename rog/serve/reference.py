"""The API's documentation as one plain page, made from its OpenAPI document: no script, nothing from elsewhere."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import escape
from typing import Any

ORDER = ("questions", "graph", "chat", "server")
JSON = "-H 'content-type: application/json'"
TRY = {
    "/v1/ask": f"""{JSON} -N -d '{{"question": "…", "stream": true}}'""",
    "/v1/chat/completions": f"""{JSON} -d '{{"messages": [{{"role": "user", "content": "…"}}]}}'""",
}


def reference(document: dict[str, Any]) -> str:
    """The page."""
    routes = [
        (method.upper(), path, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]
    routes.sort(key=lambda route: ORDER.index(route[2]["tags"][0]))
    schemas = document["components"]["schemas"]
    body = "".join(part for route in routes for part in route_html(*route))
    types = "".join(part for name in sorted(schemas) for part in schema_html(name, schemas[name]))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><title>rog API</title>'
        '<link rel="icon" href="/static/icon.svg"><link rel="stylesheet" href="/static/style.css"></head>'
        '<body class="reference"><main>'
        f"<h1>{escape(document['info']['title'])} API {escape(document['info']['version'])}</h1>"
        f'<p>{escape(document["info"]["description"])} <a href="/">The page</a> · '
        '<a href="/openapi.json">OpenAPI document</a></p>'
        f"{body}<h2>Documents</h2>{types}</main></body></html>\n"
    )


def route_html(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    """One route: what it does, its parameters or document, how to try it, what comes back."""
    parameters = operation.get("parameters", [])
    required = "&".join(f"{p['name']}=…" for p in parameters if p.get("required"))
    target = f"$ROG{path}" + (f"?{required}" if required else "")
    yield f"<section><h2><code>{method} {escape(path)}</code></h2><p>{prose(operation.get('description', ''))}</p>"
    if parameters:
        rows = (row_html(p["name"], p["schema"], p["required"], p.get("description", "")) for p in parameters)
        yield table_html("".join(rows))
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]["application/json"]["schema"]
        yield f"<p>Takes {type_html(content)}</p>"
    answer: dict[str, Any] = operation["responses"].get("200", {})
    for content in answer.get("content", {}).values():
        if content.get("schema", {}).get("$ref"):
            yield f"<p>Gives {type_html(content['schema'])}</p>"
    command = f'curl "{target}" {TRY.get(path, "")}'
    yield f"<pre><code>{escape(command)}</code></pre></section>"


def schema_html(name: str, schema: dict[str, Any]) -> Iterator[str]:
    """One type of document and its fields."""
    yield f'<section id="{escape(name)}"><h3>{escape(name)}</h3><p>{prose(schema.get("description", ""))}</p>'
    required = schema.get("required", [])
    rows = "".join(
        row_html(field, about, field in required, about.get("description", ""))
        for field, about in schema.get("properties", {}).items()
    )
    yield f"{table_html(rows) if rows else ''}</section>"


def table_html(rows: str) -> str:
    """Rows under a heading."""
    head = "<thead><tr><th>name</th><th>type</th><th></th></tr></thead>"
    return f'<div class="scroll"><table>{head}<tbody>{rows}</tbody></table></div>'


def row_html(name: str, schema: dict[str, Any], required: bool, about: str) -> str:
    """One parameter or field."""
    mark = " <b>required</b>" if required and "default" not in schema else ""
    default = schema.get("default")
    said = prose(about) + (f" default <code>{escape(json.dumps(default))}</code>" if default is not None else "")
    return f"<tr><td><code>{escape(name)}</code></td><td>{type_html(schema)}</td><td>{said}{mark}</td></tr>"


def prose(text: str) -> str:
    """A description with its `code` marked."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", escape(text))


def type_html(schema: dict[str, Any]) -> str:
    """A type in words, with its bounds."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(type_html(each) for each in schema["anyOf"] if each.get("type") != "null")
    if schema.get("type") == "array":
        return f"list of {type_html(schema.get('items', {}))}"
    if "enum" in schema or "const" in schema:
        return " | ".join(f"<code>{escape(str(v))}</code>" for v in schema.get("enum", [schema.get("const")]))
    bounds = [f"{word} {schema[key]:,}" for key, word in BOUNDS.items() if key in schema]
    return escape(", ".join([schema.get("type", "any"), *bounds]))


BOUNDS = {"minimum": "≥", "maximum": "≤", "maxLength": "length ≤"}
