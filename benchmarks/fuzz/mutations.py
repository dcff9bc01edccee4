"""What can happen to a file on its way, and what somebody who means harm writes into it: seeded changes of bytes."""

from __future__ import annotations

import bz2
import gzip
import random
from collections.abc import Callable

NASTY = [
    b"\0", b"\xff\xfe", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\x1b]8;;http://x\x07a\x1b]8;;\x07", b"\x1f", b"\r", b"\x85",
    "\u202e".encode(), "\u2028".encode(), "\ufdfa".encode() * 50, "e\u0301".encode() * 20, "\U0010ffff".encode(),
    b"\\ud800", b"\\uDFFF", b"\\u0000", b"\\U00110000", b"\\", b'"', b"'", b'","', b'"""', b"`", b"|" * 200,
    b"9" * 5000, b"1e999999", b"-1", b"NaN", b"0x", b"2001-13-45", b"99999999999999999999",
    b"," * 2000, b"\t" * 2000, b";" * 100, b"\n" * 50, b" " * 5000, b"A" * 200_000, b"a:b:c:", b":a{}" * 500, b":ID",
    b"[" * 3000, b"{" * 3000, b'{"a":' * 1500, b"(" * 3000, b"<a>" * 1500, b"[[1,2],", b"]" * 100, b"}" * 100,
    b"<!ENTITY a \"&a;&a;\">", b"&a;", b"&e;" * 300, b"]]>", b"<![CDATA[", b"<!--", b"<?x", b"</", b"encoding='utf-7'",
    b"@prefix", b"@base <x> .", b"<<( ", b"<<(" * 1500, b"_:", b"^^<", b"@en-", b"#", b".", b"~", b" -> ", b"~knows",
    b"null", b"true", b"[]", b"{}", b"*a", b"&a [*a, *a]", b"!!python/object/apply:os.getpid []", b"? {a: b}\n: c\n",
    b'"@context": "http://x/",', b'"@context": {"p": {"@context": {}}},', b'"@id": "_:x",', b'"@type": ["a", "a"],',
]  # fmt: skip
FOREIGN = ("utf-16", "utf-8-sig", "latin-1", "utf-7", "utf-32")

Mutation = Callable[[random.Random, bytes], bytes]


def flip(chance: random.Random, data: bytes) -> bytes:
    """Some bytes changed."""
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 5, 30))):
        changed[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def cut(chance: random.Random, data: bytes) -> bytes:
    """The end, or the beginning, missing."""
    place = chance.randrange(len(data))
    return data[place:] if chance.random() < 0.2 else data[:place]


def drop(chance: random.Random, data: bytes) -> bytes:
    """A piece missing."""
    start, end = _piece(chance, data)
    return data[:start] + data[end:]


def double(chance: random.Random, data: bytes) -> bytes:
    """A piece, or the whole, once or often more."""
    start, end = _piece(chance, data) if chance.random() < 0.8 else (0, len(data))
    return data[:end] + data[start:end] * chance.choice((1, 1, 3, 300)) + data[end:]


def swap(chance: random.Random, data: bytes) -> bytes:
    """Two pieces in each other's place."""
    a, b, c, d = sorted(chance.randrange(len(data) + 1) for _ in range(4))
    return data[:a] + data[c:d] + data[b:c] + data[a:b] + data[d:]


def noise(chance: random.Random, data: bytes) -> bytes:
    """Random bytes inserted."""
    place = chance.randrange(len(data) + 1)
    return data[:place] + chance.randbytes(chance.choice((1, 3, 40))) + data[place:]


def nasty(chance: random.Random, data: bytes) -> bytes:
    """Something nasty inserted, or in the place of a piece."""
    start, end = _piece(chance, data)
    return data[:start] + chance.choice(NASTY) + data[start if chance.random() < 0.5 else end :]


def lines(chance: random.Random, data: bytes) -> bytes:
    """The lines in another order, or one of them many times."""
    parts = data.splitlines(keepends=True)
    if chance.random() < 0.5:
        chance.shuffle(parts)
    else:
        parts += [chance.choice(parts)] * chance.choice((1, 100))
    return b"".join(parts)


def recoded(chance: random.Random, data: bytes) -> bytes:
    """The same text in another encoding, or with other ends of lines."""
    if chance.random() < 0.3:
        return data.replace(b"\n", chance.choice((b"\r\n", b"\r", b"\n\n", b"")))
    return data.decode("utf-8", "replace").encode(chance.choice(FOREIGN), "replace")


MUTATIONS: tuple[Mutation, ...] = (flip, flip, cut, drop, double, swap, noise, nasty, nasty, nasty, lines, recoded)


def mutated(chance: random.Random, data: bytes) -> bytes:
    """The data after one to three mutations; now and then nothing at all, or nothing changed."""
    for _ in range(chance.choice((1, 1, 1, 2, 3))):
        data = chance.choice(MUTATIONS)(chance, data) if data else b""
    return b"" if chance.random() < 0.005 else data


def packed(chance: random.Random, name: str, data: bytes, harm: bool) -> tuple[str, bytes]:
    """The file packed, with its new name; with `harm` the packed bytes are mutated too."""
    ending, pack = chance.choice(((".gz", gzip.compress), (".bz2", bz2.compress)))
    content = pack(data)
    return name + ending, chance.choice((flip, flip, cut, double, noise))(chance, content) if harm else content


def _piece(chance: random.Random, data: bytes) -> tuple[int, int]:
    start = chance.randrange(len(data))
    return start, min(len(data), start + chance.choice((1, 2, 8, 40, 200)))
