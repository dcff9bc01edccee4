"""Layers computed with fewer passes over memory: the same results and gradients as those of peft and transformers."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import planner.training.lean
from planner.training.finetune import load_for_training
from planner.training.lean import is_ordinary, is_rms_norm, lean, lean_linear
from planner.training.settings import Training


@pytest.fixture(autouse=True)
def on_a_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner.training.lean, "best_device", lambda: ("cpu", "float32"))


class Maps(nn.Module):
    """Two linear maps, one with a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(6, 10), nn.Linear(10, 4, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.second(self.first(x).tanh())
        return found


def adapted(**settings: Any) -> Any:
    from peft import LoraConfig, get_peft_model

    torch.manual_seed(0)
    config = LoraConfig(r=3, lora_alpha=5, target_modules=["first", "second"], init_lora_weights=False, **settings)
    return get_peft_model(Maps(), config)


def gradients(model: Any, x: torch.Tensor) -> dict[str, torch.Tensor]:
    y = model(x)
    (y * torch.arange(y.numel()).view_as(y)).sum().backward()
    return {"output": y.detach(), "input": x.grad} | {
        name: part.grad for name, part in model.named_parameters() if part.requires_grad
    }


@pytest.mark.parametrize("form", ["float32", "mixed", "frozen weights in bfloat16"])
def test_same_as_peft(form: str) -> None:
    plain = adapted()
    if "frozen" in form:  # kept in the format that they are multiplied in
        plain.base_model.model.second.base_layer.to(torch.bfloat16)
    ours = lean(copy.deepcopy(plain))
    assert isinstance(ours.base_model.model.first, lean_linear())
    x = torch.randn(2, 5, 6)
    with torch.autocast("cpu", torch.bfloat16, enabled=form != "float32"):
        theirs, found = (gradients(model, x.clone().requires_grad_()) for model in (plain, ours))
    assert found.keys() == theirs.keys()
    assert len(found) == 6
    for name, values in theirs.items():
        assert found[name].dtype == values.dtype
        scale = float(values.abs().max())
        assert scale > 0
        torch.testing.assert_close(found[name], values, rtol=0, atol=scale * (1e-6 if form == "float32" else 0.02))


@pytest.mark.parametrize("shape", [(6,), (5, 6), (2, 0, 6)])
def test_any_shape_which_may_be_written_into(shape: tuple[int, ...]) -> None:
    plain = adapted()
    ours = lean(copy.deepcopy(plain))
    x = torch.randn(shape)
    theirs, found = (model.base_model.model.first(x).clamp_(-0.1, 0.1) for model in (plain, ours))
    torch.testing.assert_close(found, theirs)


def test_gradients_of_gradients_are_refused() -> None:
    x = torch.randn(2, 6, requires_grad=True)
    (slope,) = torch.autograd.grad(lean(adapted())(x).square().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()  # type: ignore[no-untyped-call]


def test_adapters_off_merged_two_or_with_dropout_are_left_to_peft(monkeypatch: pytest.MonkeyPatch) -> None:
    x = torch.randn(2, 6)
    used = []
    whole = planner.training.lean.adapted_linear

    def counted() -> Any:
        used.append(1)
        return whole()

    monkeypatch.setattr(planner.training.lean, "adapted_linear", counted)
    model = lean(adapted())
    with_adapter = model(x)
    assert len(used) == 2
    with model.disable_adapter():
        inner = model.get_base_model()
        torch.testing.assert_close(model(x), inner.second.base_layer(inner.first.base_layer(x).tanh()))
        assert not torch.allclose(model(x), with_adapter)
    model.merge_adapter()
    torch.testing.assert_close(model(x), with_adapter)
    model.unmerge_adapter()
    assert len(used) == 2
    model.add_adapter("other", model.peft_config["default"])
    model.base_model.set_adapter(["default", "other"])
    model(x)
    assert len(used) == 2
    lean(adapted(lora_dropout=0.5))(x)
    assert len(used) == 2


def test_a_map_whose_own_weights_learn_is_left_to_peft() -> None:
    model = lean(adapted())
    part = model.base_model.model.first
    assert is_ordinary(part)
    part.base_layer.weight.requires_grad = True
    assert not is_ordinary(part)


def test_training_uses_it(tiny_folder: Path) -> None:
    model, _ = load_for_training(Training(model=str(tiny_folder), rank=2), None)
    kinds = {type(part).__name__ for part in model.modules()}
    assert {"LeanLinear", "LeanNorm"} <= kinds
    assert not kinds & {"LlamaRMSNorm"}


def test_peft_computes_what_is_replaced_here() -> None:
    """A new peft may do more in its forward pass; then look at it again."""
    import inspect

    from peft.tuners.lora import Linear

    source = inspect.getsource(Linear.forward)
    assert "result = result + lora_B(lora_A(dropout(x))) * scaling" in source
    assert "lora_variant" in source


def norm() -> Any:
    from transformers.models.llama.modeling_llama import LlamaRMSNorm

    torch.manual_seed(0)
    found: Any = LlamaRMSNorm(8, eps=0.1)
    torch.nn.init.normal_(found.weight)
    found.weight.requires_grad = False
    return found


def test_norms_are_the_same() -> None:
    plain = norm()
    model = nn.Sequential(norm())
    (ours,) = lean(model)
    assert type(ours) is not type(plain)
    x = 3 * torch.randn(2, 5, 8)
    theirs, found = (gradients(part, x.clone().requires_grad_()) for part in (plain, ours))
    assert found.keys() == {"output", "input"}
    for name, values in theirs.items():
        torch.testing.assert_close(found[name], values)
    torch.testing.assert_close(ours(x.bfloat16()), plain(x.bfloat16()), rtol=0, atol=0)
    ours.weight.requires_grad = True
    ours(x).sum().backward()
    assert ours.weight.grad is not None


def test_norms_of_another_kind_are_left_alone() -> None:
    from transformers.models.gemma.modeling_gemma import GemmaRMSNorm

    class OffsetRMSNorm(type(norm())):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            return super().forward(x) + self.weight

    other = norm()
    other.__class__ = OffsetRMSNorm
    assert is_rms_norm(norm())
    assert not is_rms_norm(other)
    assert not is_rms_norm(GemmaRMSNorm(8))
    assert not is_rms_norm(norm().bfloat16())
