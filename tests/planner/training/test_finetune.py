"""Fine-tuning: the order of the data, that something is learned, that a killed run goes on to the same weights."""

from __future__ import annotations

import errno
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from kg.errors import ModelError
from planner.lm import LanguageModel
from planner.neural import spelling_of
from planner.prompts import plan_pieces
from planner.training.finetune import finetune, load_for_training, passes_of
from planner.training.run import Run
from planner.training.sequences import Sample, encode, schedule
from planner.training.settings import Training

SAMPLES = [
    Sample(f"ask {n} of it\nPath:", (((f" rel{n % 3}", "\n"), 0.75), ((" other", "\n"), 0.25))) for n in range(12)
]


@pytest.fixture
def settings(tiny_folder: Path) -> Training:
    return Training(model=str(tiny_folder), epochs=4, batch=4, learning_rate=5e-3, rank=4, dropout=0.1, save_steps=3)


def begun(folder: Path, settings: Training) -> Run:
    run = Run(folder)
    run.begin({"role": "planner", "model": settings.model}, [], resume=True, force=False)
    return run


def weights(run: Run) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(run.folder / "adapter" / "adapter_model.safetensors")


def metrics(run: Run) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()]


def test_each_sample_comes_once_an_epoch_in_batches_of_like_lengths(tiny: LanguageModel) -> None:
    samples = [Sample("a" * n, (((" b",), 1.0),)) for n in range(1, 42)]
    ordered = schedule(samples, Training(epochs=2, batch=8), tiny.tokenizer)
    assert sorted(sequence.prompt for sequence in ordered) == sorted([*range(2, 43)] * 2)  # and begin-of-sequence
    batches = [ordered[i : i + 8] for i in range(0, 80, 8)]  # the second epoch begins with the first one's last
    spread = [max(s.prompt for s in batch) - min(s.prompt for s in batch) for batch in batches]
    assert max(spread) <= 10
    assert ordered[:40] != ordered[40:80]
    assert ordered == schedule(samples, Training(epochs=2, batch=8), tiny.tokenizer)


def test_training_tokens_are_the_decoder_s(tiny: LanguageModel) -> None:
    words = {"r": "r (of it)", "~s": "s"}
    pieces = plan_pieces(("r", "~s"), words)
    encoded = encode(tiny.tokenizer, "ask\nPath:", pieces, 99)
    spelled = spelling_of(tiny, words).plan(("r", "~s"))
    assert encoded.tokens == tiny.prompt_tokens("", "ask\nPath:") + spelled
    assert encoded.prompt == len(encoded.tokens) - len(spelled)


def test_targets_are_drawn_by_their_share(tiny: LanguageModel) -> None:
    ordered = schedule(SAMPLES[:1], Training(epochs=400), tiny.tokenizer)
    other = tiny.encode(" other") + tiny.encode("\n")
    share = sum(sequence.tokens[-len(other) :] == other for sequence in ordered) / 400
    assert 0.15 < share < 0.35


def test_a_sample_that_is_too_long_is_refused(tiny: LanguageModel) -> None:
    with pytest.raises(ModelError, match=r"a sample has \d+ tokens, 9 is max_tokens: 'ask"):
        schedule(SAMPLES, Training(max_tokens=9), tiny.tokenizer)


def test_it_learns_and_what_it_learned_is_loaded(settings: Training, tmp_path: Path) -> None:
    run = begun(tmp_path / "run", replace(settings, epochs=40))
    result = finetune(SAMPLES, SAMPLES[:3], replace(settings, epochs=40), run)
    trained, untrained = LanguageModel(str(run.folder)), LanguageModel(settings.model)
    assert result["dev_loss"] < 1.0
    assert trained.run is not None
    for sample in SAMPLES[:3]:
        likely = [model.tree("", [sample.prompt]) for model in (trained, untrained)]
        option = trained.encode("".join(sample.targets[0][0]))
        after, before = (tree.extend([tree.begin()[0]], [[option]])[0][0][0] for tree in likely)
        assert after > before + 5
    lines = (run.folder / "metrics.jsonl").read_text().splitlines()
    assert '"loss"' in lines[0]


class KilledError(Exception):
    pass


def test_a_killed_run_goes_on_to_the_same_weights(settings: Training, tmp_path: Path) -> None:
    whole = begun(tmp_path / "whole", settings)
    finetune(SAMPLES, [], settings, whole)

    def kill(what: str, done: int, total: int) -> None:
        if what == "training" and done == 11:
            raise KilledError

    stopped = begun(tmp_path / "stopped", settings)
    with pytest.raises(KilledError):
        finetune(SAMPLES, [], settings, stopped, kill)
    assert stopped.last_checkpoint() == stopped.checkpoints / "checkpoint-9"
    (stopped.checkpoints / "checkpoint-10").mkdir()  # a kill while a checkpoint was written
    again = begun(tmp_path / "stopped", settings)
    finetune(SAMPLES, [], settings, again)
    steps = [[row["step"] for row in metrics(run)] for run in (whole, again)]
    assert steps[0] == steps[1] == sorted(set(steps[0]))
    one, other = weights(whole), weights(again)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_a_step_in_several_passes_is_the_same_step(
    settings: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    same = replace(settings, dropout=0.0, epochs=2, learning_rate=1e-3)
    assert [passes_of(16, longest) for longest in (64, 65, 400, 9_999)] == [1, 2, 8, 16]
    found = []
    for tokens in (10_000, 1):
        monkeypatch.setattr("planner.training.finetune.PASS_TOKENS", tokens)
        run = begun(tmp_path / str(tokens), same)
        assert finetune(SAMPLES, [], same, run)["steps"] == 6
        found.append(weights(run))
    assert all(torch.allclose(found[0][name], found[1][name], atol=1e-4) for name in found[0])
    assert any(not torch.equal(found[0][name], found[1][name]) for name in found[0])  # it was read in parts


def test_only_what_learns_is_kept_in_float32_where_products_are_in_bfloat16(
    settings: Training, monkeypatch: pytest.MonkeyPatch
) -> None:
    def formats() -> set[tuple[bool, torch.dtype]]:
        model, _ = load_for_training(settings, None)
        return {(part.requires_grad, part.dtype) for part in model.parameters()}

    assert formats() == {(True, torch.float32), (False, torch.float32)}
    monkeypatch.setattr("planner.training.finetune.best_device", lambda: ("cpu", "bfloat16"))
    assert formats() == {(True, torch.float32), (False, torch.bfloat16)}


def test_all_weights_can_be_trained(settings: Training, tmp_path: Path) -> None:
    run = begun(tmp_path / "run", settings)
    finetune(SAMPLES, [], replace(settings, rank=0, epochs=1, learning_rate=1e-3), run)
    assert (run.folder / "model" / "model.safetensors").exists()
    assert LanguageModel(str(run.folder)).run == run


def test_a_full_disk_keeps_the_last_checkpoint(
    settings: Training, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from transformers import Trainer

    save = Trainer._save_checkpoint

    def full(self: Any, *args: Any, **kwargs: Any) -> None:
        if self.state.global_step > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        save(self, *args, **kwargs)

    monkeypatch.setattr(Trainer, "_save_checkpoint", full)
    run = begun(tmp_path / "run", settings)
    with pytest.raises(ModelError, match=r"the disk is full: the run in .* its last checkpoint is kept, --resume"):
        finetune(SAMPLES, [], settings, run)
    assert run.last_checkpoint() == run.checkpoints / "checkpoint-3"


def test_runs_are_not_mixed_up(tmp_path: Path) -> None:
    run = Run(tmp_path / "run")
    run.begin({"role": "planner", "rank": 1}, [], resume=False, force=False)
    with pytest.raises(ModelError, match="holds a run that was stopped; --resume goes on"):
        run.begin({"role": "planner", "rank": 1}, [], resume=False, force=False)
    with pytest.raises(ModelError, match=r"begun with other settings \(rank\)"):
        run.begin({"role": "planner", "rank": 2}, [], resume=True, force=False)
    run.begin({"role": "planner", "rank": 1}, [], resume=True, force=False)
    with pytest.raises(ModelError, match="has not finished"):
        run.with_adapters(None)
    run.finish("card")
    with pytest.raises(ModelError, match="holds a finished run"):
        run.begin({"role": "planner", "rank": 1}, [], resume=True, force=False)
    run.begin({"role": "planner", "rank": 2}, [], resume=False, force=True)
    assert not run.is_done
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("x")
    with pytest.raises(ModelError, match="it will not be replaced"):
        Run(tmp_path / "other").begin({}, [], resume=False, force=True)
