"""Where a graph's versions lie: directories that never change, behind one pointer that a rename replaces.

my.kg/current             the name of the version that readers open, in one line
my.kg/versions/7-0f3a…    the seventh build: its number, and the beginning of its manifest's SHA-256
my.kg/lock                locked (flock) by a build that runs; without content

The version before the current one is kept for those who read it. A graph of an earlier rog has its files in `my.kg`
itself: it is read as it is, and a build with `--force` puts a version beside them.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape as glob_escape
from pathlib import Path
from typing import IO

from kg.errors import GraphError, disk_errors

POINTER, NEXT, VERSIONS, LOCK, UNFINISHED = "current", "current.new", "versions", "lock", ".building"
RESERVED = {POINTER, NEXT, VERSIONS, LOCK}
MANIFEST = "manifest.json"
VERSION = re.compile(r"([1-9][0-9]{0,8})-([0-9a-f]{16})")
FLAT = ""  # stands for the files of an earlier rog, which lie in the graph's own directory


def pointed(path: Path) -> str | None:
    """The name of the current version, FLAT for a graph of an earlier rog, None where there is no graph.

    Raises GraphError if the pointer says anything else.
    """
    try:
        with (path / POINTER).open("rb") as file:
            name = file.read(100).decode("ascii", "replace").removesuffix("\n")
    except (FileNotFoundError, NotADirectoryError):
        return FLAT if (path / MANIFEST).is_file() else None
    except OSError as error:
        raise GraphError(f"{path}/{POINTER} cannot be read ({error.strerror}); build the graph again") from error
    if not VERSION.fullmatch(name):
        raise GraphError(f"{path} is damaged: {POINTER} names no version; build it again with --force")
    return name


def folder_of(path: Path, name: str) -> Path:
    """The directory that holds the files of a version."""
    return path / VERSIONS / name if name else path


def current_folder(path: Path) -> Path:
    """The directory that holds the files of the graph at `path` now, or GraphError if there is no graph."""
    name = pointed(path)
    if name is None:
        raise GraphError(f"{path} is no graph: it has no {MANIFEST} and no {POINTER}; build one with `rog kg build`")
    folder = folder_of(path, name)
    if not folder.is_dir():
        raise GraphError(f"{path} is damaged: version {name} is missing; build it again with --force")
    return folder


def is_graph(path: Path) -> bool:
    """Whether a build has put a graph at `path`, damaged or not."""
    return (path / POINTER).exists() or (path / MANIFEST).is_file()


@contextmanager
def new_version(out: Path, overwrite: bool = False, wait: bool = False) -> Iterator[Path]:
    """A new folder whose files become the current version of the graph `out` at the end, or vanish if that fails.

    Raises GraphError if there is a graph and it is not to be overwritten, if `out` holds anything but a graph, and if
    another build is at work there (`wait`: waits for it instead). Whoever reads finds the old version or the new one
    at every instant; a build that is killed leaves what the next one clears.
    """
    check_free(out, overwrite)
    with disk_errors(out), locked(out, wait):
        try:
            check_free(out, overwrite)  # another build may have ended meanwhile
            clear(out)
            folder = out / VERSIONS / UNFINISHED
            folder.mkdir(parents=True)
            yield folder
            publish(out, folder)
            remove_beside(out)
        finally:
            clear(out)
            if not is_graph(out):
                remove_empty(out)


def check_free(out: Path, overwrite: bool) -> None:
    """GraphError unless a version may be written at `out`."""
    if not out.is_dir():
        if out.exists():
            raise GraphError(f"{out} exists and is no directory; choose another --out")
        return
    killed = (out / LOCK).exists() and not is_graph(out)  # a first build that did not come to its end
    if not overwrite and not killed:
        raise GraphError(f"{out} exists already; choose another --out, or --force to replace it")
    if not is_only_a_graph(out):
        raise GraphError(f"{out} exists and is not just a graph: it will not be replaced; choose another --out")


def is_only_a_graph(path: Path) -> bool:
    """Whether a directory holds what builds write and nothing else, so that a build in it loses nothing."""
    own = RESERVED | flat_files(path)
    versions = names_in(path / VERSIONS)
    return names_in(path) <= own and all(VERSION.fullmatch(name) or name == UNFINISHED for name in versions)


def names_in(folder: Path) -> set[str]:
    """The names of what lies in a folder; none if there is no such folder."""
    try:
        return {entry.name for entry in folder.iterdir()}
    except (FileNotFoundError, NotADirectoryError):
        return set()


def flat_files(path: Path) -> set[str]:
    """The names of a graph's files that an earlier rog wrote into the graph's own directory."""
    try:
        written = {MANIFEST, *json.loads((path / MANIFEST).read_text("utf-8"))["files"]}
        return {entry.name for entry in path.iterdir() if entry.name in written and entry.is_file()} - RESERVED
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return set()


@contextmanager
def locked(out: Path, wait: bool) -> Iterator[None]:
    """The only build at `out` for as long as it lasts; the system frees the lock of a process that is killed."""
    while (lock := taken_lock(out, wait)) is None:
        pass  # a build that failed removed the file in the moment between
    with lock:
        yield


def taken_lock(out: Path, wait: bool) -> IO[bytes] | None:
    """The lock file, open and locked; None if it was removed meanwhile. GraphError if another build has it."""
    import fcntl  # here, so that graphs can be read where there is none

    out.mkdir(parents=True, exist_ok=True)
    try:
        lock = (out / LOCK).open("ab")
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        lock.close()
        raise GraphError(f"{out} is being built by another process: wait until that has ended") from None
    if lies_at(lock, out / LOCK):
        return lock
    lock.close()
    return None


def lies_at(file: IO[bytes], path: Path) -> bool:
    """Whether an open file is the one at `path`."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def publish(out: Path, folder: Path) -> None:
    """Make the finished folder the current version of `out`.

    Where it replaces another, the disk has all of it before the pointer changes: a power failure loses neither.
    """
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()
    numbers = [int(found[1]) for name in names_in(out / VERSIONS) if (found := VERSION.fullmatch(name))]
    name = f"{max(numbers, default=0) + 1}-{digest[:16]}"
    (out / NEXT).write_text(f"{name}\n", "ascii")
    if is_graph(out):
        for path in (*folder.iterdir(), folder, out / NEXT):
            flush(path)
    folder.rename(out / VERSIONS / name)
    if is_graph(out):
        flush(out / VERSIONS)
    (out / NEXT).replace(out / POINTER)


def flush(path: Path) -> None:
    """Have the system write a file or a directory's entries to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def kept_versions(out: Path) -> set[str]:
    """The names of the current version and the one before; all there are where the pointer is damaged."""
    found = {int(match[1]): name for name in names_in(out / VERSIONS) if (match := VERSION.fullmatch(name))}
    try:
        name = pointed(out)
    except GraphError:
        return {FLAT, *found.values()}
    if not name:
        return {FLAT}
    last = [found[number] for number in sorted(found) if number <= int(name.partition("-")[0])][-2:]
    return {*last, *([FLAT] if len(last) < 2 else [])}


def clear(out: Path) -> None:
    """Remove all but the last two versions, and what killed builds left, whatever their process was."""
    kept = kept_versions(out)
    if FLAT not in kept:
        for name in sorted(flat_files(out), key=MANIFEST.__eq__):  # the manifest last: it says which files are ours
            (out / name).unlink()
    (out / NEXT).unlink(missing_ok=True)
    for name in names_in(out / VERSIONS) - kept:
        if name == UNFINISHED or VERSION.fullmatch(name):
            shutil.rmtree(out / VERSIONS / name, ignore_errors=True)


def remove_beside(out: Path) -> None:
    """Remove what killed builds of an earlier rog left beside the graph."""
    for kind in ("building", "replaced"):
        for left in out.parent.glob(f".{glob_escape(out.name)}.{kind}-*"):
            shutil.rmtree(left, ignore_errors=True)


def remove_empty(out: Path) -> None:
    """Remove the directory of a first build that failed, unless anything is in it."""
    with suppress(OSError):
        (out / VERSIONS).rmdir()
    if names_in(out) <= {LOCK}:
        (out / LOCK).unlink(missing_ok=True)
        with suppress(OSError):
            out.rmdir()
