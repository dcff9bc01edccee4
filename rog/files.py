"""Files that a user asks for: checked before the work that fills them, written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from kg.errors import GraphError, disk_errors


def check_file(file: Path, *suffixes: str) -> None:
    """GraphError unless a file may be written there and, where suffixes are given, has one of them."""
    if suffixes and file.suffix.lower() not in suffixes:
        raise GraphError(f"{file}: expected a name that ends in {' or '.join(suffixes)}")
    if file.is_dir():
        raise GraphError(f"{file} is a folder: expected the name of a file")
    if not file.parent.is_dir():
        raise GraphError(f"{file}: there is no folder {file.parent}")


def write_file(file: Path, content: bytes) -> None:
    """Write a file, replacing what is there."""
    check_file(file)
    beside = file.with_name(f".{file.name}.part-{os.getpid()}")
    with disk_errors(file):
        try:
            beside.write_bytes(content)
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)
