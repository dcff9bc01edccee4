"""The command line in this process: what it prints where and how it ends, without the seconds of a new interpreter."""

from __future__ import annotations

import io
import os
import sys
from typing import NamedTuple

import pytest

from rog.cli import main


class Ran(NamedTuple):
    """What became of a command."""

    returncode: int
    stdout: str
    stderr: str


def rog(*words: str, stdin: str = "") -> Ran:
    """Run `rog` with these words, as its entry point does; what it leaves in the environment is undone."""
    streams = [io.TextIOWrapper(io.BytesIO(text.encode()), "utf-8", newline="") for text in (stdin, "", "")]
    environment = dict(os.environ)
    code = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["rog", *words])
        for name, stream in zip(("stdin", "stdout", "stderr"), streams, strict=True):
            patch.setattr(sys, name, stream)
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            os.environ.clear()
            os.environ.update(environment)
    said = []
    for stream in streams[1:]:
        stream.seek(0)
        said.append(stream.read())
    return Ran(code, *said)
