"""Low-rank adapters on a processor: peft's, with a quarter of the passes over memory.

An adapted linear map is y = x Wᵀ + s (x Aᵀ) Bᵀ with W frozen (LoRA, Hu et al., ICLR 2022, arXiv:2106.09685). Written
as one operation after the other, as peft does, scaling and summing read and write whole activations again and again; in
small models that is a sixth of a training step. Here they happen inside the matrix products.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from planner.device import best_device


def lean(model: Any) -> Any:
    """The model with its adapted linear maps computed so: same names, weights and results up to rounding.

    As it was where it is not computed on the processor.
    """
    from peft.tuners.lora import Linear

    for part in model.modules() if best_device()[0] == "cpu" else ():
        if type(part) is Linear:
            part.__class__ = lean_class()
    return model


@cache
def lean_class() -> type[Any]:
    """peft's adapted linear map, with its ordinary case done in one operation."""
    from peft.tuners.lora import Linear

    class LeanLinear(Linear):  # type: ignore[misc]
        def forward(self, x: Any, *args: Any, **kwargs: Any) -> Any:
            if args or kwargs or not is_ordinary(self):
                return super().forward(x, *args, **kwargs)
            (name,) = self.active_adapters
            down, up = self.lora_A[name].weight, self.lora_B[name].weight
            return operation().apply(x, self.base_layer.weight, self.base_layer.bias, down, up, self.scaling[name])

    return LeanLinear


def is_ordinary(part: Any) -> bool:
    """Whether an adapted linear map is just that: frozen weights and one active adapter, no dropout, no variant."""
    from torch.nn import Identity, Linear

    if part.disable_adapters or part.merged or len(part.active_adapters) != 1:
        return False
    (name,) = part.active_adapters
    return (
        name in part.lora_A
        and name not in part.lora_variant
        and isinstance(part.lora_dropout[name], Identity)
        and part.lora_B[name].bias is None
        and type(part.base_layer) is Linear
        and not any(weight.requires_grad for weight in part.base_layer.parameters())
    )


@cache
def operation() -> type[Any]:
    """The adapted linear map as an operation that autograd can use."""
    import torch
    from torch.nn.functional import linear

    class AdaptedLinear(torch.autograd.Function):
        """In the format of mixed precision, or else of the frozen weights; autograd casts gradients back."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, down: Any, up: Any, scale: float) -> Any:
            device = x.device.type
            dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
            rows = x.reshape(-1, x.shape[-1]).to(dtype)
            weight, bias, down, up = (part if part is None else part.to(dtype) for part in (weight, bias, down, up))
            within = rows @ down.t()
            y = linear(rows, weight, bias).addmm_(within, up.t(), alpha=scale)
            ctx.save_for_backward(rows, within, weight, down, up)
            ctx.scale = scale
            return y.view(*x.shape[:-1], -1)

        @staticmethod
        def backward(ctx: Any, *gradients: Any) -> Any:
            rows, within, weight, down, up = ctx.saved_tensors
            wanted = gradients[0].reshape(-1, weight.shape[0])
            inner = (wanted @ up).mul_(ctx.scale)
            below = None
            if ctx.needs_input_grad[0]:
                below = (wanted @ weight).addmm_(inner, down).view(*gradients[0].shape[:-1], -1)
            return below, None, None, inner.t() @ rows, (within.t() @ wanted).t().mul(ctx.scale), None

    return AdaptedLinear
