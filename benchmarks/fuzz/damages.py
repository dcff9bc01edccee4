"""Ways to damage a graph's files, each from a seeded chance; they say what they did."""

from __future__ import annotations

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np

from kg.versions import current_folder

NUMBERS = (0, 1, -1, 2, 7, 0xFFFF, 0x7FFF, 2**15, 2**16, 2**24, 2**31 - 1, 2**31 - 64, -(2**31), 2**32 - 1, 2**62)
TEXTS = (b"", b"\xff", b"[" * 50_000, b"{}", b"null", b"9" * 6_000, b'{"a": NaN}', b"0" * 100)
Damage = Callable[[Path, random.Random], str]


def some_file(folder: Path, chance: random.Random) -> Path:
    """One of a version's files."""
    return folder / chance.choice(sorted(path.name for path in folder.iterdir()))


def flip(folder: Path, chance: random.Random) -> str:
    """Flip a few bits of a file."""
    file = some_file(folder, chance)
    data = bytearray(file.read_bytes())
    for _ in range(chance.choice((1, 1, 2, 8, 64))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    file.write_bytes(data)
    return f"flipped bits of {file.name}"


def cut(folder: Path, chance: random.Random) -> str:
    """Cut a file, or write more to it."""
    file = some_file(folder, chance)
    data = file.read_bytes()
    at = chance.choice((0, 1, 10, 128, chance.randrange(len(data)), len(data) - 1))
    file.write_bytes(data[:at] if chance.random() < 0.8 else data + data[:at] + b"\0")
    return f"cut {file.name}"


def zero(folder: Path, chance: random.Random) -> str:
    """Write zeros or noise over a part of a file."""
    file = some_file(folder, chance)
    data = bytearray(file.read_bytes())
    start = chance.randrange(len(data))
    part = data[start : start + chance.choice((4, 64, 4096, 65536))]
    data[start : start + len(part)] = bytes(len(part)) if chance.random() < 0.5 else chance.randbytes(len(part))
    file.write_bytes(data)
    return f"wrote over {file.name}"


def craft(folder: Path, chance: random.Random) -> str:
    """Write numbers that lead elsewhere into an array."""
    file = folder / chance.choice(("rows.npy", "adj.npy", "adj.npy", "key_ends.npy"))
    array = np.load(file)
    for _ in range(chance.choice((1, 1, 2, 5))):
        place = chance.choice((0, 1, 2, len(array) - 1, len(array) // 2, chance.randrange(len(array))))
        number = chance.choice((*NUMBERS, int(array[place]) + 1, int(array[place]) - 1, len(array)))
        array[place] = np.array([number], np.int64).astype(array.dtype)[0]
    np.save(file, array)
    return f"wrote numbers into {file.name}"


def reshape(folder: Path, chance: random.Random) -> str:
    """Write an array of another length or type."""
    file = folder / chance.choice(("rows.npy", "adj.npy", "key_ends.npy"))
    array = np.load(file)
    shorter = chance.choice((array[:1], array[:-1], np.concatenate([array, array[:1]]), array.astype(np.int64)))
    np.save(file, chance.choice((shorter, array.astype(">i4"), array[None], array.astype(np.float32))))
    return f"wrote {file.name} of another form"


def text(folder: Path, chance: random.Random) -> str:
    """Write another text, or other values, into one of the JSON files."""
    file = folder / chance.choice(("manifest.json", "relations.json"))
    if chance.random() < 0.4:
        file.write_bytes(chance.choice(TEXTS))
        return f"wrote nonsense into {file.name}"
    data = json.loads(file.read_text("utf-8"))
    row = data if isinstance(data, dict) else chance.choice(data)
    key = chance.choice(sorted(row))
    row[key] = chance.choice((None, -1, 2**70, "x", [], {}, True, 1.5, [[1]] * 3, "\ud800", "a\nb"))
    if chance.random() < 0.2:
        del row[key]
    file.write_text(json.dumps(data), "utf-8")
    return f"changed {key} in {file.name}"


def swap(folder: Path, chance: random.Random) -> str:
    """Take a file of another graph, or of this graph under another name."""
    file = some_file(folder, chance)
    beside = next(parent / "other" for parent in folder.parents if (parent / "other").is_dir())
    others = [path for path in beside.rglob("*") if path.is_file() and path.suffix]
    other = chance.choice([path for path in others if path.name == file.name] or others)
    shutil.copy(other if chance.random() < 0.8 else some_file(folder, chance), folder / "swapped")
    (folder / "swapped").replace(file)
    return f"swapped {file.name}"


def drop(folder: Path, chance: random.Random) -> str:
    """Remove a file, or put a directory in its place."""
    file = some_file(folder, chance)
    file.unlink()
    if chance.random() < 0.3:
        file.mkdir()
    return f"removed {file.name}"


def point(folder: Path, chance: random.Random) -> str:
    """Write something else into the pointer."""
    pointer = folder.parents[1] / "current"
    if not pointer.exists():
        return flip(folder, chance)
    data = bytearray(pointer.read_bytes())
    data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    pointer.write_bytes(chance.choice((bytes(data), b"", b"../..\n", b"1\n", b"\0" * 30)))
    return "changed the pointer"


DAMAGES: tuple[Damage, ...] = (flip, flip, zero, cut, craft, craft, craft, reshape, text, swap, drop, point)


def lay_flat(graph: Path) -> None:
    """Lay a graph out as an earlier rog did."""
    for file in current_folder(graph).iterdir():
        shutil.move(file, graph / file.name)
    for name in ("current", "lock"):
        (graph / name).unlink()
    shutil.rmtree(graph / "versions")
    manifest = json.loads((graph / "manifest.json").read_text("utf-8"))
    del manifest["hashes"]
    (graph / "manifest.json").write_text(json.dumps(manifest | {"format": 3}), "utf-8")


def rehash(graph: Path, folder: Path) -> None:
    """Write the hashes and sizes that the files have now, as far as the manifest is one, and publish it."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
        for name in manifest["files"]:
            manifest["files"][name] = (folder / name).stat().st_size
            if "hashes" in manifest:
                manifest["hashes"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
        (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        pass  # then it is no manifest, which is a case too
    if folder != graph and (folder / "manifest.json").is_file():
        digest = hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()
        folder.rename(folder.parent / f"2-{digest[:16]}")
        (graph / "current").write_text(f"2-{digest[:16]}\n", "ascii")


def damage(graph: Path, kind: str, chance: random.Random) -> str:
    """Damage a graph in one way; what was done."""
    if kind == "flat" or (kind == "hostile" and chance.random() < 0.3):
        lay_flat(graph)
    folder = current_folder(graph)
    done = chance.choice(DAMAGES)(folder, chance)
    if kind == "hostile" or (kind == "flat" and chance.random() < 0.5):
        rehash(graph, folder)
    return done
