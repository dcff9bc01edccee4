"""Model names → local folders that transformers can load: a folder, the hub's cache, the hub, or a wheel.

One name may stand for different weights: the default language model's are to be had from the hub as they were trained,
and from a wheel as a copy that was quantized to 4 bits. `copies` says what is here; a training run asks for those that
it was trained on, by their hash.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from kg.errors import ModelError
from kg.types import Progress
from planner.base import DEFAULT_LM
from planner.weights import weights_sha256
from planner.wheels import DEFAULT_ENCODER, WHEELS, from_wheel, wheel_folder

HUB_TIMEOUT = 1.0  # seconds until the hub counts as unreachable
# The commits of the hub's repositories that this was made with: what is published there later is not taken unseen.
REVISIONS = {
    DEFAULT_LM: "12fd25f77366fa6b3b4b768ec3050bf629380bac",
    DEFAULT_ENCODER: "c9745ed1d9f207416be6d2e6f8de32d1f16199bf",
}
FILES = ["*.json", "*.safetensors", "*.txt", "*.model", "*.jinja"]  # what is fetched of a model


class OtherWeightsError(ModelError):
    """A model that can be had, but not with the weights that are wanted."""


class Copy(NamedTuple):
    """A model's folder on this machine, and where it came from in words: `wheel …` or `hub, revision …`."""

    folder: Path
    origin: str


def locate(name: str, progress: Progress | None = None, sha256: str = "") -> Path:
    """The folder that holds the model `name`; ModelError, in about a second, if it cannot be had.

    Tried in turn: a folder of that name, the wheel that was unpacked earlier, the hub's cache, the hub itself, the
    wheel on the package index. `name@REVISION` is a state of a model on the hub. With `sha256` (of `weights_sha256`)
    only a folder with those weights will do: OtherWeightsError if all that can be had are others.
    """
    folder = folder_of(name)
    found = iter([Copy(folder, "folder")]) if folder else candidates(name, progress or (lambda *_: None), sha256)
    others = []
    for copy in found:
        own = weights_sha256(copy.folder) if sha256 else ""
        if own == sha256:
            return copy.folder
        others.append(f"{copy.origin} has {own[:12]}…")
    raise OtherWeightsError(
        f"{name} with the weights of SHA-256 {sha256[:12]}… is not to be had ({'; '.join(others) or 'no copy is here'})"
    )


def candidates(name: str, progress: Progress, sha256: str) -> Iterator[Copy]:
    """The copies of a model that is no folder, those on this machine first; each is fetched when it is asked for."""
    yield from copies(name)
    wheel = WHEELS.get(name)
    if wheel and wheel.tensors == sha256:
        yield Copy(from_wheel(name, progress), wheel.origin)
        return
    if folder := from_hub(name):
        yield Copy(folder, f"hub, revision {folder.name[:12]}")
    elif not sha256:
        if wheel is None:
            raise ModelError(
                f"{name}: no such folder, not in the local cache, and the model hub does not answer; give a folder, "
                f"or one of {', '.join(WHEELS)}, which also come with pip"
            )
        yield Copy(from_wheel(name, progress), wheel.origin)


def copies(name: str) -> Iterator[Copy]:
    """The copies of a model on this machine; `locate` takes the first one unless certain weights are wanted."""
    folder = wheel_folder(name)
    if folder is not None and folder.exists():
        yield Copy(folder, WHEELS[name].origin)
    if cached := cached_by_hub(name):
        yield Copy(cached, f"hub, revision {cached.name[:12]}")


def folder_of(name: str) -> Path | None:
    """The folder of that name if a model is saved there, None where it is no folder's name; ModelError otherwise."""
    folder = Path(name).expanduser()
    if (folder / "config.json").exists() or (folder / "adapter_config.json").exists():
        return folder
    if folder.is_dir():
        raise ModelError(f"{name} is a folder without config.json: no model is saved there")
    if name.startswith((".", "/", "~")) or name.count("/") > 1:
        raise ModelError(f"{name}: no such folder")
    return None


def pinned(name: str) -> tuple[str, str | None]:
    """The repository on the hub, and the revision that is named after `@`, or of REVISIONS, or None: the newest."""
    repository, _, revision = name.partition("@")
    return repository, revision or REVISIONS.get(repository)


def cached_by_hub(name: str) -> Path | None:
    """The snapshot that the hub's own cache holds, or None."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    repository, revision = pinned(name)
    try:
        folder = Path(snapshot_download(repository, revision=revision, local_files_only=True))
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

    repository, revision = pinned(name)
    try:
        return Path(snapshot_download(repository, revision=revision, allow_patterns=FILES))
    except RepositoryNotFoundError as error:
        raise ModelError(f"the model hub has no model {name!r} (or it is private)") from error
    except (HfHubHTTPError, OSError) as error:
        if name in WHEELS:
            return None
        raise ModelError(f"{name} could not be fetched from the model hub: {error}") from error
