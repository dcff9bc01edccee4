"""A version of a graph with every file open, checked as far as that has not been done before.

Opening looks at names, sizes and headers. A version whose files were not seen here yet (by device, inode, size and
times) is read whole once: every file's SHA-256, and every number in the arrays, so that the kernels can trust them.
"""

from __future__ import annotations

import codecs
import hashlib
import mmap
import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from io import BufferedReader
from itertools import chain
from pathlib import Path
from sqlite3 import DatabaseError
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from platformdirs import user_cache_path

from kg import check_kernels
from kg.errors import GraphError
from kg.manifest import damaged, read_manifest, read_relations
from kg.names import Names
from kg.versions import current_folder

HEADER = re.compile(  # of an array of one dimension as numpy writes it; numpy's own reader evaluates what stands there
    rb"\{'descr': '(<u4|<i4|<i8)', 'fortran_order': False, 'shape': \((\d{1,15}),\), \} *\n"
)
MAGIC = b"\x93NUMPY\x01\x00"
KINDS = {"rows.npy": (b"<u4", b"<i8"), "adj.npy": (b"<i4",), "key_ends.npy": (b"<u4", b"<i8")}
CHECKS = 1  # to be raised when more is checked than was
RECENT_NS = 100_000_000  # a file that was changed this lately may change again without its times telling
REMEMBERED = 4096  # checked versions that are remembered, at most
BLOCK = 2**24  # bytes

Array = NDArray[Any]
Files = Mapping[str, BufferedReader]


class Opened(NamedTuple):
    """What a reader holds of a version: arrays over mapped files, the bytes of relations.json, the names."""

    folder: Path
    manifest: dict[str, Any]
    rows: Array
    adj: Array
    key_ends: Array
    keys: Array
    relations: bytes
    names: Names


def open_current(path: Path) -> Opened:
    """The current version of the graph at `path`, all of it of one version; GraphError if there is none or damaged.

    If the version is replaced and removed while it is being opened, the newer one is opened.
    """
    while True:
        folder = current_folder(path)
        try:
            return open_version(folder)
        except GraphError:
            if current_folder(path) == folder:
                raise


def open_version(folder: Path) -> Opened:
    """The version in a directory with every file open and checked; GraphError says what is damaged."""
    manifest = read_manifest(folder)
    with ExitStack() as stack:
        files = open_files(folder, manifest, stack)
        found = opened_from(folder, manifest, files)
        mark = fingerprint(manifest, files)
        if not is_remembered(mark):
            for fault in chain(hash_faults(manifest, files), content_faults(found)):
                raise damaged(folder, fault)
            if is_settled(files):
                remember(mark)
    return found


def trust(folder: Path) -> None:
    """Count the version in a directory as checked: it was written, and its hashes were taken, by this process."""
    manifest = read_manifest(folder)
    with ExitStack() as stack:
        files = open_files(folder, manifest, stack)
        if is_settled(files):
            remember(fingerprint(manifest, files))


def open_files(folder: Path, manifest: Mapping[str, Any], stack: ExitStack) -> dict[str, BufferedReader]:
    """Every file of a version, of the size that its manifest says, open until `stack` ends."""
    files = {}
    for name, size in manifest["files"].items():
        try:
            if not (folder / name).is_file():  # else opening could wait for ever, as for a pipe
                raise damaged(folder, f"{name} is missing")
            files[name] = stack.enter_context((folder / name).open("rb"))
        except OSError as error:
            raise damaged(folder, f"{name} cannot be read ({error.strerror})") from error
        found = os.fstat(files[name].fileno()).st_size
        if found != size:
            raise damaged(folder, f"{name} has {found:,} bytes instead of {size:,}")
    return files


def opened_from(folder: Path, manifest: dict[str, Any], files: Files) -> Opened:
    """What a reader holds; GraphError where sizes, headers or what the arrays end with do not fit together."""
    entities = manifest["size"][0]
    rows, adj, ends = (array_in(folder, name, mapped(folder, name, files[name])) for name in KINDS)
    keys = np.frombuffer(mapped(folder, "keys.bin", files["keys.bin"]), np.uint8)
    fit = len(rows) == len(ends) == entities + 1 and (int(rows[0]), int(ends[0])) == (0, 0)
    if not fit or int(rows[-1]) != len(adj) or int(ends[-1]) != len(keys):
        raise damaged(folder, "its arrays do not fit together")
    try:
        names = Names(folder / "names.sqlite", entities)
    except (OSError, DatabaseError) as error:
        raise damaged(folder, f"names.sqlite cannot be read ({error})") from error
    if not os.path.samestat(os.fstat(names.file.fileno()), os.fstat(files["names.sqlite"].fileno())):
        raise damaged(folder, "names.sqlite was replaced at this moment")
    files["relations.json"].seek(0)
    return Opened(folder, manifest, rows, adj, ends, keys, files["relations.json"].read(), names)


def mapped(folder: Path, name: str, file: BufferedReader) -> mmap.mmap | bytes:
    """The contents of a file, mapped for reading."""
    if not os.fstat(file.fileno()).st_size:
        return b""  # which cannot be mapped
    try:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except (OSError, ValueError) as error:
        raise damaged(folder, f"{name} cannot be mapped ({error})") from error


def array_in(folder: Path, name: str, data: mmap.mmap | bytes) -> Array:
    """The array of one dimension and of a kind that this rog writes, over the bytes of a .npy file."""
    begin = 10 + int.from_bytes(data[8:10], "little")
    header = HEADER.fullmatch(data[10:begin])
    if data[:8] != MAGIC or header is None or header[1] not in KINDS[name] or begin % 64:
        raise damaged(folder, f"{name} cannot be read (it has another header than rog writes)")
    kind, count = np.dtype(header[1].decode()), int(header[2])
    if begin + count * kind.itemsize != len(data):
        raise damaged(folder, f"{name} cannot be read (its header says {count:,} numbers)")
    return np.frombuffer(data, kind, count, begin)


def hash_faults(manifest: Mapping[str, Any], files: Files) -> Iterator[str]:
    """The files that are not what was written; graphs of an earlier rog do not say."""
    for name, digest in manifest.get("hashes", {}).items():
        files[name].seek(0)
        if hashlib.file_digest(files[name], "sha256").hexdigest() != digest:
            yield f"{name} is not what was written (its SHA-256 differs)"


def content_faults(found: Opened) -> Iterator[str]:
    """What in the arrays, relations and tables would lead readers astray; nothing if all is as a build writes it."""
    _, relations, facts = found.manifest["size"]
    wrong, forwards, backwards, mirrored = check_kernels.wrong_entity(found.rows, found.adj, relations)
    if wrong != check_kernels.RIGHT:
        yield f"the steps of entity {wrong:,} in rows.npy and adj.npy cannot be"
    elif not forwards == backwards == facts or not mirrored:
        yield f"rows.npy and adj.npy do not hold {facts:,} facts both ways"
    key = check_kernels.wrong_key(found.key_ends, found.keys)
    if key != check_kernels.RIGHT or not is_text(found.keys):
        yield "keys.bin and key_ends.npy do not hold the keys of the entities in order"
    try:
        read_relations(found.folder, found.relations, relations)
        found.names.check_schema()
    except GraphError as error:
        yield str(error)


def is_text(data: Array) -> bool:
    """Whether bytes are UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for start in range(0, len(data), BLOCK):
            decoder.decode(data[start : start + BLOCK].tobytes())
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def fingerprint(manifest: Mapping[str, Any], files: Files) -> str:
    """By what a version is known whose contents were checked: what its manifest says, and which files these are."""
    stats = [(name, os.fstat(file.fileno())) for name, file in files.items()]
    known = [(name, s.st_dev, s.st_ino, s.st_size, s.st_mtime_ns, s.st_ctime_ns) for name, s in stats]
    return hashlib.sha256(repr((CHECKS, manifest, known)).encode("utf-8", "surrogatepass")).hexdigest()


def is_settled(files: Files) -> bool:
    """Whether all files were last changed long enough ago for a further change to show in their times."""
    return max(os.fstat(file.fileno()).st_ctime_ns for file in files.values()) < time.time_ns() - RECENT_NS


def marks() -> Path:
    """The folder of empty files, one for each version that was checked, in the user's cache."""
    return user_cache_path("rog") / "checked"


def is_remembered(mark: str) -> bool:
    """Whether a version with this fingerprint was checked before."""
    return (marks() / mark).exists()


def remember(mark: str) -> None:
    """Have a version's checks count when it is opened again; without a cache to write to it is checked every time."""
    with suppress(OSError):
        marks().mkdir(parents=True, exist_ok=True)
        (marks() / mark).touch()
        there = list(marks().iterdir())
        if len(there) > REMEMBERED:
            for old in oldest(there, REMEMBERED // 2):
                old.unlink(missing_ok=True)


def oldest(files: Iterable[Path], count: int) -> list[Path]:
    """So many of the files, those first that were made first."""
    return sorted(files, key=lambda file: (file.stat().st_mtime_ns, file.name))[:count]
