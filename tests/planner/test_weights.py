"""The hash of a model's weights: of the numbers, not of the files that hold them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from kg.errors import ModelError
from planner.weights import weights_sha256

TENSORS = {"a": torch.arange(6.0).reshape(2, 3), "b": torch.ones(4, dtype=torch.bfloat16), "empty": torch.zeros(0)}


def saved(folder: Path, tensors: Mapping[str, torch.Tensor], name: str = "model.safetensors") -> Path:
    folder.mkdir(exist_ok=True)
    save_file(dict(tensors), folder / name, {"format": folder.name})
    return folder


def test_the_same_numbers_have_the_same_hash(tmp_path: Path) -> None:
    whole = weights_sha256(saved(tmp_path / "whole", TENSORS))
    assert whole == weights_sha256(saved(tmp_path / "elsewhere", dict(reversed(TENSORS.items()))))
    sharded = saved(tmp_path / "sharded", {"a": TENSORS["a"], "empty": TENSORS["empty"]}, "one.safetensors")
    saved(sharded, {"b": TENSORS["b"]}, "two.safetensors")
    places = {"a": "one.safetensors", "empty": "one.safetensors", "b": "two.safetensors"}
    index = {"weight_map": places}
    (sharded / "model.safetensors.index.json").write_text(json.dumps(index))
    saved(sharded, {"of another format": torch.ones(1)}, "consolidated.safetensors")
    assert weights_sha256(sharded) == whole


@pytest.mark.parametrize(
    "other",
    [
        {**TENSORS, "a": TENSORS["a"] + 1e-6},
        {**TENSORS, "a": TENSORS["a"].reshape(3, 2)},
        {**TENSORS, "b": TENSORS["b"].half()},
        {"c": TENSORS["a"], "b": TENSORS["b"], "empty": TENSORS["empty"]},
        {"a": TENSORS["a"], "b": TENSORS["b"]},
    ],
    ids=["value", "shape", "format", "name", "one less"],
)
def test_other_numbers_have_another(tmp_path: Path, other: Mapping[str, torch.Tensor]) -> None:
    assert weights_sha256(saved(tmp_path / "one", TENSORS)) != weights_sha256(saved(tmp_path / "two", other))


def test_a_file_that_was_changed_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    first = weights_sha256(saved(tmp_path / "model", TENSORS))
    (kept,) = (tmp_path / "cache" / "rog").iterdir()
    assert kept.read_text() == first
    kept.write_text("f" * 64)
    assert weights_sha256(tmp_path / "model") == "f" * 64  # known by path, size and time
    kept.write_text("f" * 20)  # not written to its end
    assert weights_sha256(tmp_path / "model") == first
    assert weights_sha256(saved(tmp_path / "model", {**TENSORS, "a": TENSORS["a"] + 1})) != first


def test_other_files_by_their_bytes(tmp_path: Path) -> None:
    assert weights_sha256(tmp_path) == ""
    (tmp_path / "pytorch_model.bin").write_bytes(b"one")
    first = weights_sha256(tmp_path)
    (tmp_path / "pytorch_model.bin").write_bytes(b"another")
    assert len(first) == 64
    assert weights_sha256(tmp_path) != first


@pytest.mark.parametrize("cut", [0, 4, 20, -1])
def test_a_damaged_file_is_one_line(tmp_path: Path, cut: int) -> None:
    file = saved(tmp_path, TENSORS) / "model.safetensors"
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(ModelError, match=r"^.*model.safetensors is no whole safetensors file: [^\n]+$"):
        weights_sha256(tmp_path)
