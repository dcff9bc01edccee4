"""Layers that do not learn: read once a sequence, and training comes to the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

import planner.training.finetune
from planner.training.finetune import causal_of, finetune, frozen_layers, load_for_training, trial_seconds
from planner.training.frozen import FrozenLayers, first_learning
from planner.training.run import Run
from planner.training.sequences import Sample, schedule
from planner.training.settings import Training

SAMPLES = [Sample(f"ask {'o' * n} it\nPath:", (((f" rel{n % 3}", "\n"), 1.0),)) for n in range(12)]


@pytest.fixture
def settings(tiny_folder: Path) -> Training:
    return Training(model=str(tiny_folder), epochs=3, batch=4, learning_rate=1e-3, rank=4, layers=0.5, save_steps=2)


def loaded(settings: Training) -> tuple[Any, list[Any]]:
    model, tokenizer = load_for_training(settings, None)
    return model, schedule(SAMPLES, settings, tokenizer)


def weights(folder: Path, settings: Training, progress: Any = None) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    run = Run(folder)
    run.begin({"role": "planner", "model": settings.model}, [], resume=True, force=False)
    finetune(SAMPLES, [], settings, run, progress)
    return load_file(run.folder / "adapter" / "adapter_model.safetensors")


def test_each_sequence_is_read_below_once(settings: Training, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    read: list[int] = []
    below = FrozenLayers._below

    def counted(self: FrozenLayers, tokens: tuple[int, ...]) -> torch.Tensor:
        before = len(self._kept)
        found = below(self, tokens)
        read.append(len(self._kept) - before)
        return found

    monkeypatch.setattr(FrozenLayers, "_below", counted)
    weights(tmp_path / "run", settings)
    assert len(read) == 3 * len(SAMPLES) + 1  # and a trial of whether the model can be read in halves
    assert sum(read) == len(SAMPLES)


def test_training_comes_to_the_same(settings: Training, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    halves = weights(tmp_path / "halves", settings)
    monkeypatch.setattr(planner.training.finetune, "frozen_layers", lambda *_: None)
    whole = weights(tmp_path / "whole", settings)
    assert halves.keys() == whole.keys()
    assert all(torch.allclose(halves[name], whole[name], atol=1e-4) for name in whole)


def test_a_killed_run_goes_on_to_the_same_weights(settings: Training, tmp_path: Path) -> None:
    def kill(what: str, done: int, total: int) -> None:
        if what == "training" and done == 5:
            raise KeyboardInterrupt

    dropped = replace(settings, dropout=0.1)
    whole = weights(tmp_path / "whole", dropped)
    with pytest.raises(KeyboardInterrupt):
        weights(tmp_path / "stopped", dropped, kill)
    again = weights(tmp_path / "stopped", dropped)
    assert all(torch.equal(whole[name], again[name]) for name in whole)


def test_what_is_kept_has_a_limit(settings: Training) -> None:
    model, ordered = loaded(settings)
    decoder, rows = causal_of(model).model, [sequence.tokens for sequence in ordered]
    size = len(rows[0]) * decoder.config.hidden_size * 4
    frozen = FrozenLayers(decoder, rows, room=size)
    first, other = (torch.tensor([row]) for row in (rows[0], rows[1]))
    for ids in (first, other, first):
        expected = decoder(input_ids=ids).last_hidden_state
        assert torch.allclose(frozen.read(ids, torch.ones_like(ids)), expected, atol=1e-5)
    assert list(frozen._kept) == [rows[0]]


def test_only_where_it_helps_and_is_right(settings: Training) -> None:
    model, ordered = loaded(settings)
    assert first_learning(causal_of(model).model) == 1
    assert frozen_layers(model, ordered)
    assert not frozen_layers(model, ordered[: len(SAMPLES)])  # each once
    assert not frozen_layers(*loaded(replace(settings, layers=1.0)))
    assert not frozen_layers(*loaded(replace(settings, rank=0)))
    decoder = causal_of(model).model
    scaled = decoder.forward  # as models have it that scale the embeddings that they look up, wherever these come from
    decoder.forward = lambda inputs_embeds=None, **rest: (
        scaled(**rest) if inputs_embeds is None else scaled(inputs_embeds=6 * inputs_embeds, **rest)
    )
    assert not frozen_layers(model, ordered)
    del decoder.norm
    assert not frozen_layers(model, ordered)


def test_a_trial_counts_what_comes_again_apart(settings: Training, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = iter((30.0, 10.0, 30.0))
    monkeypatch.setattr(planner.training.finetune, "step_seconds", lambda _: next(seconds))
    model, ordered = loaded(settings)
    middle = sorted(len(sequence.tokens) for sequence in ordered)[len(ordered) // 2 :][: settings.batch]
    size = settings.batch * min(middle)
    total = sum(len(sequence.tokens) for sequence in ordered)
    expected = (total / 3 * 30 + total * 2 / 3 * 10) / size
    assert trial_seconds(model, ordered, settings.batch) == pytest.approx(expected)
    assert trial_seconds(*loaded(replace(settings, layers=1.0)), settings.batch) == pytest.approx(total * 30 / size)
