"""Files as bytes, unpacked where they are packed (.gz, .bz2), and never more of them than anybody meant."""

from __future__ import annotations

import bz2
import gzip
import io
import re
import zlib
from pathlib import Path
from typing import IO, cast

from kg.errors import LoadError

PACKED = {".gz": "gzip", ".bz2": "bzip2"}
# Facts pack well: RDF that repeats its namespaces and one type 46 times smaller as gzip and 117 times as bzip2. What
# unpacks to 200 times its size and more was made to fill memories (gzip reaches 1,030, bzip2 a million).
RATIO = 200
FLOOR = 1 << 24  # bytes: 16 MiB, which a small file may always unpack to
_BUFFER = 1 << 18  # bytes
_SIZE = re.compile(r"(\d{1,9}) ?([kmgt]?)(?:i?b)?", re.IGNORECASE)


class Unpacked(io.RawIOBase):
    """The content of a packed file; LoadError where it is damaged or longer than `most` bytes.

    With 0 it is longer than it may be as soon as it is 200 times what was read of the file so far, and 16 MiB.
    """

    def __init__(self, path: Path, most: int) -> None:
        self._path, self._most = path, most
        self._packed = path.open("rb")
        is_gzip = PACKED[path.suffix.lower()] == "gzip"
        content = gzip.GzipFile(fileobj=self._packed) if is_gzip else bz2.BZ2File(self._packed)
        self._content = cast(IO[bytes], content)
        self._count = 0

    def readable(self) -> bool:
        """True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next; how many bytes that were."""
        try:
            block = self._content.read(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            kind = PACKED[self._path.suffix.lower()]
            raise LoadError(f"{self._path}: damaged {kind} file after {self._count:,} bytes ({error})") from None
        self._count += len(block)
        most = self._most or ceiling(self._packed.tell())
        if self._count > most:
            raise LoadError(
                f"{self._path}: unpacks to more than {most:,} bytes, too much for its size; "
                "if it is what you expect, unpack it first, or say how much with --max-unpacked"
            )
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        """Close the file."""
        self._content.close()
        self._packed.close()
        super().close()


def open_binary(path: Path, most: int = 0) -> IO[bytes]:
    """The content of a file, unpacked if it is a `.gz` or `.bz2`; LoadError if it cannot be had.

    Reading raises LoadError where a packed file is damaged, or longer than `most` bytes; 0 stands for 200 times its
    size, and 16 MiB at least.
    """
    try:
        if path.suffix.lower() in PACKED:
            return cast(IO[bytes], io.BufferedReader(Unpacked(path, most), _BUFFER))
        return path.open("rb")
    except FileNotFoundError:
        raise LoadError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise LoadError(f"{path}: {getattr(error, 'strerror', None) or error}") from None


def ceiling(size: int) -> int:
    """How much may come out of `size` bytes: 200 times as much, 16 MiB at least."""
    return max(FLOOR, RATIO * size)


def check_unpacks(path: Path, most: int = 0) -> None:
    """None, or LoadError if a packed file is damaged or unpacks to too much; for readers that need files whole."""
    if path.suffix.lower() in PACKED:
        with open_binary(path, most) as stream:
            while stream.read(_BUFFER):
                pass


def parse_size(text: str) -> int:
    """The bytes that `500M` or `2 GiB` stand for (units of 1,024), or LoadError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None or not int(match[1]):
        raise LoadError(f"--max-unpacked {text}: expected a size such as 500M or 2G")
    return int(match[1]) << 10 * "_kmgt".index(match[2].lower() or "_")
