"""Folders and files written beside their place, which they take at the end: whole or not there."""

from __future__ import annotations

import ctypes
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape as glob_escape
from pathlib import Path

EXCHANGE, HERE = 2, -100  # RENAME_EXCHANGE and AT_FDCWD of Linux


@contextmanager
def written_beside(out: Path) -> Iterator[Path]:
    """A new folder beside `out` that takes its place at the end, or vanishes if anything goes wrong.

    On Linux the old folder or the new one is there at every instant. What a process that was killed left is removed
    by the next one, whatever its number was; a folder that is still being written is locked and left alone.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    remove_leftovers(out)
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.building-", dir=out.parent))
    folder.chmod(0o777 & ~umask())
    lock = os.open(folder, os.O_RDONLY)
    try:
        is_free(lock)
        yield folder
        put_in_place(folder, out)
    finally:
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def put_in_place(folder: Path, out: Path) -> None:
    """Give `out` the name of what is new; what was there before has the new folder's name then, or is gone."""
    if not out.exists():
        folder.rename(out)
    elif not exchanged(folder, out):
        old = Path(f"{folder}.replaced")
        out.rename(old)
        try:
            folder.rename(out)
        except OSError:
            old.rename(out)
            raise
        shutil.rmtree(old, ignore_errors=True)


def exchanged(one: Path, other: Path) -> bool:
    """Exchange two names at once; False where the system cannot."""
    swap = getattr(ctypes.CDLL(None), "renameat2", None)
    return swap is not None and swap(HERE, os.fsencode(one), HERE, os.fsencode(other), EXCHANGE) == 0


def umask() -> int:
    """The rights that new files do not get."""
    found = os.umask(0o022)
    os.umask(found)
    return found


def remove_leftovers(out: Path) -> None:
    """Remove what processes that were killed while they wrote `out` left beside it."""
    for left in out.parent.glob(f".{glob_escape(out.name)}.building-*"):
        try:
            lock = os.open(left, os.O_RDONLY)
        except OSError:
            continue  # gone, or somebody else's
        try:
            if is_free(lock):
                shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)
        finally:
            os.close(lock)


def is_free(descriptor: int) -> bool:
    """Lock an open file or folder until it is closed; False if another process has, or it cannot be told."""
    import fcntl  # here, so that graphs can be read where there is none

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
