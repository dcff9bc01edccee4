"""Which weights a model's folder holds: one SHA-256 over its tensors, whatever files they are spread over.

Two folders of the same name may hold different numbers (a model's own weights, or a copy of them that was quantized on
the way), and what was trained on one does not fit the other.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from platformdirs import user_cache_path

from kg.errors import ModelError


def weights_sha256(folder: Path) -> str:
    """The SHA-256 of the weights in a model's folder, in hexadecimal; '' if it has none.

    Of safetensors files it is taken over the tensors by name, each with its number format and shape, so that neither
    the split into files nor their headers count; of other files over their bytes. A file that was read before is known
    by its path, size and time: reading half a gigabyte takes about a second. Raises ModelError for a damaged file.
    """
    files = weight_files(folder)
    if not files:
        return ""
    state = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    known = user_cache_path("rog") / f"weights-{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:16]}"
    with suppress(OSError, UnicodeDecodeError):  # not there yet
        found = known.read_text("utf-8")
        if len(found) == 64:  # written to its end
            return found
    found = _read(files)
    with suppress(OSError):  # where nothing can be kept it is read again
        known.parent.mkdir(parents=True, exist_ok=True)
        beside = known.with_suffix(f".{os.getpid()}")
        beside.write_text(found, "utf-8")
        beside.replace(known)
    return found


def weight_files(folder: Path) -> list[Path]:
    """The files that transformers or peft would take a folder's weights from, sorted."""
    index = folder / "model.safetensors.index.json"
    if index.exists():
        try:
            return sorted({folder / name for name in json.loads(index.read_text("utf-8"))["weight_map"].values()})
        except (ValueError, KeyError, AttributeError) as error:
            raise ModelError(f"{index} is damaged: {' '.join(str(error).split())}") from error
    for pattern in ("model.safetensors", "adapter_model.safetensors", "*.safetensors", "*.bin"):
        if found := sorted(folder.glob(pattern)):
            return found
    return []


class Tensor(NamedTuple):
    """A tensor of a safetensors file: its name, number format and shape, and where its bytes lie."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    path: Path
    start: int
    stop: int


def _read(files: list[Path]) -> str:
    digest = hashlib.sha256()
    tensors: list[Tensor] = []
    for path in files:
        if path.suffix == ".safetensors":
            tensors += _tensors(path)
        else:
            with path.open("rb") as stream:
                digest.update(hashlib.file_digest(stream, "sha256").digest())
    for tensor in sorted(tensors):
        digest.update(json.dumps([tensor.name, tensor.dtype, tensor.shape]).encode())
        if tensor.stop > tensor.start:
            with (
                tensor.path.open("rb") as stream,
                mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as held,
                memoryview(held) as whole,
                whole[tensor.start : tensor.stop] as own,
            ):
                digest.update(own)
    return digest.hexdigest()


def _tensors(path: Path) -> Iterator[Tensor]:
    """What a safetensors file holds: eight bytes of length, a header in JSON, then the tensors' bytes."""
    size = path.stat().st_size
    try:
        with path.open("rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            if length > size - 8:
                raise ValueError("its header is cut off")
            header: dict[str, Any] = json.loads(stream.read(length))
        header.pop("__metadata__", None)
        for name, about in header.items():
            start, stop = (8 + length + int(offset) for offset in about["data_offsets"])
            if not 8 + length <= start <= stop <= size:
                raise ValueError(f"{name} lies outside of it")
            yield Tensor(name, about["dtype"], tuple(about["shape"]), path, start, stop)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is no whole safetensors file: {' '.join(str(error).split())}") from error
