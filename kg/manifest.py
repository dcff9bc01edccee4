"""A version's manifest: which files there are, how large, their SHA-256, and what the graph is."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any

from kg.errors import GraphError
from kg.types import INVERSE, Relation
from kg.versions import MANIFEST, VERSION

FORMAT = 4
READABLE = (3, FORMAT)  # 3 has no files' hashes
FILES = ("adj.npy", "key_ends.npy", "keys.bin", "names.sqlite", "relations.json", "rows.npy")
LARGEST = 64 * 2**20  # bytes of a manifest
ENTITIES, RELATIONS = 2**31 - 1, 2**30 - 1  # at most: numbers are int32, relations signed by adding their count
SHA256 = re.compile("[0-9a-f]{64}")


def damaged(folder: Path, what: str) -> GraphError:
    """The error for a file of a version that is not as it was written."""
    return GraphError(f"{folder} is damaged: {what}; build the graph again")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a version, its values of the right kinds and as its directory's name says; or GraphError."""
    try:
        with (folder / MANIFEST).open("rb") as file:
            data = file.read(LARGEST)
        manifest = json.loads(data.decode("utf-8"))
    except OSError as error:
        raise damaged(folder, f"{MANIFEST} cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise GraphError(f"{folder}/{MANIFEST} is damaged (no JSON: {error}); build the graph again") from error
    known = isinstance(manifest, dict) and isinstance(manifest.get("format"), int) and "files" in manifest
    if known and manifest["format"] not in READABLE:
        raise GraphError(f"{folder} has format {manifest['format']}, this rog reads 3 and 4; build the graph again")
    if not known or (wrong := wrong_value(manifest)):
        what = repr(wrong) if known else "format or files"
        raise GraphError(f"{folder}/{MANIFEST} is damaged ({what} is missing or wrong); build the graph again")
    named = VERSION.fullmatch(folder.name)
    if named and hashlib.sha256(data).hexdigest()[:16] != named[2]:
        raise damaged(folder, f"{MANIFEST} is not the one that this version was published with")
    return dict(manifest)


def wrong_value(manifest: Mapping[str, Any]) -> str:
    """The first key of a manifest whose value is missing or of the wrong kind; '' if all are right."""
    size, files, hashes = manifest.get("size"), manifest["files"], manifest.get("hashes")
    if not (isinstance(files, dict) and sorted(files) == list(FILES) and all(map(is_count, files.values()))):
        return "files"
    if not (isinstance(size, list) and len(size) == 3 and all(map(is_count, size)) and min(size)):
        return "size"
    if size[0] > ENTITIES or size[1] > RELATIONS:
        return "size"
    if manifest["format"] == READABLE[0]:
        hashes = {}
    elif not (isinstance(hashes, dict) and sorted(hashes) == list(FILES)):
        return "hashes"
    sums = [manifest.get("sha256"), *hashes.values()]
    if not all(isinstance(each, str) and SHA256.fullmatch(each) for each in sums):
        return "sha256"
    kinds = {"returning": bool, "source": str, "licence": str, "settings": dict}
    for key, kind in kinds.items():
        if not isinstance(manifest.get(key, kind()), kind):
            return key
    return next((key for key in ("duplicates", "without_facts") if not is_count(manifest.get(key, 0))), "")


def is_count(value: object) -> bool:
    """Whether a value read from JSON is a whole number of 0 or more."""
    return type(value) is int and value >= 0


def read_relations(folder: Path, data: bytes, count: int) -> dict[str, Relation]:
    """The relations by key, from the bytes of relations.json; GraphError unless they are `count` in key order."""
    kinds = {field.name: {"int": int, "bool": bool}.get(str(field.type), str) for field in fields(Relation)}
    try:
        rows = json.loads(data.decode("utf-8"))
        relations = {row["key"]: Relation(**row) for row in rows}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise damaged(folder, f"relations.json cannot be read ({error})") from error
    if not all(type(row.get(name, kind())) is kind for row in rows for name, kind in kinds.items()):
        raise damaged(folder, "relations.json has a value of the wrong kind")
    keys = list(relations)
    in_order = all(one < other for one, other in pairwise(keys))
    if not (len(rows) == len(keys) == count and in_order) or any(not k or k.startswith(INVERSE) for k in keys):
        raise damaged(folder, f"relations.json has not the {count:,} relations of the graph in order")
    return relations
