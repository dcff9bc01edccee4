"""Hostile HTTP requests as bytes: odd JSON, headers, methods, paths and bodies, made from a seed."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote

CHAT = {"model": "rog", "messages": [{"role": "user", "content": "Who directed Heat?"}]}
ASK = {"question": "Who directed Heat?", "k": 2, "paths": 3}
RPC = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "ask", "arguments": ASK}}
BODIES: dict[str, dict[str, Any]] = {"/v1/ask": ASK, "/v1/chat/completions": CHAT, "/mcp": RPC}
GETS = {
    "/v1/graph": ("limit",),
    "/v1/entity": ("entity", "picture"),
    "/v1/search": ("q", "limit"),
    "/v1/paths": ("entity", "path", "limit"),
    "/v1/connections": ("start", "end", "limit"),
    "/v1/next": ("entity", "path"),
}
TEXTS = (
    "", " ", "\0", "\x1b[31m", "\u202e", "\ufdfa" * 300, "e\u0301" * 300, "a" * 5_000, "ß" * 1_999, "각" * 1_999,
    "🎬" * 500,
    "heat", "Heat", "directed_by", "~actor -> actor", "-> " * 50, "a -> " * 900, "(" * 900, "a-b-" * 400, "Zq " * 600,
    "' OR 1=1 --", "}) DETACH DELETE n //", "${7*7}", "../../etc/passwd", "%00", "\\ud800", "NaN", "*", '"',
    "AND OR NOT",
)  # fmt: skip
VALUES: tuple[Any, ...] = (
    None, True, False, 0, -1, 1, 2**31, 2**63, 10**400, 1.5, -0.0, 1e308, float("nan"), float("inf"), [], [[]], {},
    {"a": 1},
    [None] * 600, ["a"] * 5_000, {"": ""}, "svg", "html", "lm", *TEXTS,
)  # fmt: skip


class Request(NamedTuple):
    """What is sent, what kind it is of, and whether it is whole: one that is not need not be answered."""

    kind: str
    data: bytes
    is_whole: bool = True


def head(method: str, target: str, length: int | None = None, *more: str) -> bytes:
    """The head of a request that closes its connection."""
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", "Connection: close", *more]
    if length is not None:
        lines += ["Content-Type: application/json", "Accept: application/json", f"Content-Length: {length}"]
    return "\r\n".join([*lines, "", ""]).encode("utf-8", "surrogateescape")


def post(path: str, body: bytes) -> bytes:
    """A POST of some bytes as JSON."""
    return head("POST", path, len(body)) + body


def wrong_types(chance: random.Random, paths: Sequence[str]) -> Request:
    """A document with values of any kind in place of some, or beside them."""
    path = chance.choice(paths)
    document = json.loads(json.dumps(BODIES[path]))
    for _ in range(chance.randint(1, 3)):
        holder = document
        while True:
            inner = [value for value in holder.values() if isinstance(value, dict) and value]
            if not inner or chance.random() < 0.4:
                break
            holder = chance.choice(inner)
        name = chance.choice([*holder, "stream", "entity", "plan", "picture", "max_hops", "x" * 3_000])
        holder[name] = copy.deepcopy(chance.choice(VALUES))
    return Request("wrong types", post(path, json.dumps(document).encode()))


def no_json(chance: random.Random, paths: Sequence[str]) -> Request:
    """A body that is no JSON, or hardly."""
    path = chance.choice(paths)
    good = json.dumps(BODIES[path])
    depth = chance.choice((100, 1_000, 10_000, 30_000))
    cut = chance.randrange(len(good))
    bodies: tuple[bytes, ...] = (
        b"", b"{", b"null", b"[]", b"1", b'"a"', b"\xff\xfe{", b"\xef\xbb\xbf" + good.encode(), good.encode("utf-16"),
        good[:cut].encode(), good.encode() + b"}", b"[" * depth, b'{"question":' * min(depth, 5_000), b" " * 60_000,
        b'{"question": "\\ud800\\udc00\\ud800"}', b'{"question": "a", "question": 1}', b'{"question": NaN}',
        b'{"question": ' + b"9" * 20_000 + b"}", b'{"question": 1e999999}', b'{"a": ' * 9_000 + b"1" + b"}" * 9_000,
        bytes(chance.randrange(256) for _ in range(chance.randrange(2_000))), b" " * 70_000, b"\0" * 65_536,
    )  # fmt: skip
    return Request("no JSON", post(path, chance.choice(bodies)))


def odd_query(chance: random.Random, paths: Sequence[str]) -> Request:
    """A GET with parameters of any kind, too many or none of them."""
    path = chance.choice([name for name in GETS if name in paths or "/v1/ask" in paths] or list(GETS))
    names = [name for name in GETS[path] if chance.random() < 0.8] + ["x"] * (chance.random() < 0.2)
    pairs = [
        f"{name}={quote(str(chance.choice(VALUES))[:3_000], safe='')}" for name in names * chance.choice((1, 1, 5))
    ]
    return Request("odd query", head("GET", f"{path}?{'&'.join(pairs)}"))


def odd_target(chance: random.Random, paths: Sequence[str]) -> Request:
    """A method or a path that there is not."""
    methods = ("GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "TRACE", "CONNECT", "PATCH", "get", "X" * 300, "PRI")
    targets = (
        "/", "//", "/..", "/static/..%2f..%2fetc%2fpasswd", "/static/%00", "/static/app.js/x", "/v1", "/v1/",
        "/v1/ask/",
        "*", "http://evil.example/", "/%ff%fe", "/%", "/?" + "a=b&" * 800, "/" + "a/" * 2_000,
        "/v1/graph?limit=" + "9" * 500,
        "/docs", "/openapi.json", "/metrics", "/healthz", "/favicon.ico", "/v1/models", "/mcp", *paths,
    )  # fmt: skip
    return Request("odd target", head(chance.choice(methods), chance.choice(targets)))


def odd_headers(chance: random.Random, paths: Sequence[str]) -> Request:
    """Headers that contradict each other, are far too many, or are no text."""
    path = chance.choice(paths)
    body = json.dumps(BODIES[path])
    more = (
        "Host: evil.example", "Host: ", "Content-Length: 5", "Content-Length: -1", "Content-Length: 1e3", "X: \x01",
        "Transfer-Encoding: chunked", "Transfer-Encoding: gzip, chunked", "Expect: 100-continue", "Expect: 200-ok",
        "Upgrade: websocket", "Upgrade: h2c", "Origin: null", "Origin: http://[", "Sec-Fetch-Site: cross-site",
        "X" * 5_000 + ": y",
        "Content-Type: text/plain", "Content-Type: application/json; charset=utf-16", "Content-Encoding: gzip",
        "Accept: ",
        "Accept: " + "a/b," * 900, "Range: bytes=0-0", "Cookie: " + "a=b;" * 900, "Authorization: Basic \xff",
        "Mcp-Session-Id: x",
        "Mcp-Protocol-Version: 9999", "Connection: keep-alive, close", "Forwarded: for=\"_\"", " folded: yes",
        "no colon",
        "X-Forwarded-Proto: javascript", ": empty", "X: " + "\xe9" * 100,
    )  # fmt: skip
    picked = [chance.choice(more) for _ in range(chance.choice((1, 1, 2, 3)))]
    if chance.random() < 0.1:
        picked = [f"X-{number}: {number}" for number in range(chance.choice((90, 500, 3_000)))]
    is_whole = not any(each.startswith(("Transfer-Encoding", "Content-Length", "Expect")) for each in picked)
    return Request("odd headers", head("POST", path, len(body), *picked) + body.encode(), is_whole)


def partial(chance: random.Random, paths: Sequence[str]) -> Request:
    """A request that ends before its end."""
    path = chance.choice(paths)
    whole = post(path, json.dumps(BODIES[path]).encode())
    return Request("partial", whole[: chance.randrange(len(whole))], False)


def no_http(chance: random.Random, paths: Sequence[str]) -> Request:
    """Bytes of another protocol, or of none."""
    noise = bytes(chance.randrange(256) for _ in range(chance.randrange(1, 500)))
    starts = (
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
        b"SSH-2.0-x\r\n",
        b"\r\n" * 50,
        b"\0" * 200,
        b"GET /\r\n\r\n",
        b"",
    )
    return Request("no HTTP", chance.choice(starts) + noise, False)


MAKERS: tuple[Callable[[random.Random, Sequence[str]], Request], ...] = (
    wrong_types, wrong_types, wrong_types, no_json, no_json, odd_query, odd_query, odd_target, odd_headers, partial,
    no_http,
)  # fmt: skip


def hostile_request(number: int, seed: int, paths: Sequence[str]) -> Request:
    """The request of this number: the same for the same seed."""
    chance = random.Random(f"{seed} {number}")
    return chance.choice(MAKERS)(chance, paths)
