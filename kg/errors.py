"""What can go wrong with a user's graph, files, questions or models, each as one clear line.

    RogError                    shown as one line by the command line, exit code 1
    ├── GraphError              a graph that cannot be opened, read or written
    │   ├── LoadError           a facts or names file: where, what was found, what was expected
    │   ├── SlowQueryError      a query that a server was not given the time for
    │   ├── UnclearNameError    a name that no entity has (with the nearest ones), or several (with their keys)
    │   └── UnknownKeyError     an entity or relation that the graph does not have, with the nearest ones
    ├── QuestionError           a question that cannot be asked: empty, far too long
    └── ModelError              weights that cannot be found, fetched or read

Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

from kg.text import one_line

COMPARED = 5_000  # keys compared with an unknown one for a "did you mean"
SHOWN = 200  # characters of a key in a message


class RogError(Exception):
    """The base of every error that is the input's fault and not ours: one line of 400 characters at most."""

    def __str__(self) -> str:
        return one_line(super().__str__())


class GraphError(RogError):
    """A graph that cannot be opened, read or written."""


class LoadError(GraphError):
    """A facts or names file that cannot be read as one."""


class SlowQueryError(GraphError):
    """A query that took longer than it may."""


class UnclearNameError(GraphError):
    """A name that no entity has, or more than one."""


class UnknownKeyError(GraphError):
    """An entity or relation key that the graph does not have."""

    def __init__(self, kind: str, key: str, known: Iterable[str]) -> None:
        """`known` are keys that may have been meant; the first 5,000 are compared, so that an error stays cheap."""
        from rapidfuzz import process

        key = shortened(key)
        near = [match[0] for match in process.extract(key, list(islice(known, COMPARED)), limit=3, score_cutoff=50)]
        hint = f"; did you mean {', '.join(repr(shortened(name)) for name in near)}?" if near else ""
        super().__init__(f"unknown {kind} {key!r}{hint}")


class QuestionError(RogError):
    """A question that cannot be asked."""


class ModelError(RogError):
    """Weights that cannot be found, fetched or read."""


@contextmanager
def disk_errors(target: Path) -> Iterator[None]:
    """Turn a full disk, a read-only one or a missing right while writing `target` into a GraphError."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if "full" in str(error) or "disk I/O" in str(error):
            raise GraphError(f"the disk is full: {target} was not written, nothing is left of it") from error
        raise
    except OSError as error:
        reasons = {
            errno.ENOSPC: "the disk is full",
            errno.EDQUOT: "the disk quota is used up",
            errno.EFBIG: "the file would be larger than is allowed",
            errno.EROFS: "the disk is read-only",
            errno.EACCES: "no permission to write there",
            errno.EPERM: "no permission to write there",
            errno.ENOENT: "no folder can be made there",
            errno.EEXIST: "no folder can be made there",  # a file has that name
            errno.ENOTDIR: "no folder can be made there",
            errno.ENAMETOOLONG: "the name is too long",
        }
        if re.fullmatch(r"\d+ requested and \d+ written", str(error)):  # numpy's word for it, without a number
            error.errno = errno.ENOSPC
        if error.errno not in reasons:
            raise
        raise GraphError(f"{reasons[error.errno]}: {target} was not written, nothing is left of it") from error


def shortened(text: str) -> str:
    """The first 200 characters of a text, with "…" if there are more."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def first_line(error: BaseException) -> str:
    """The first line of an error's message."""
    return (str(error).splitlines() or [type(error).__name__])[0]
