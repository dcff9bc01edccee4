"""A model's layers on a processor with fewer passes over memory: adapted linear maps and norms, where these are frozen.

An adapted linear map is y = x Wᵀ + s (x Aᵀ) Bᵀ with W frozen (LoRA, Hu et al., ICLR 2022, arXiv:2106.09685); peft
scales and sums one after the other, here both happen inside the matrix products, in one number format. A norm's
gradient (RMSNorm, Zhang and Sennrich, NeurIPS 2019, arXiv:1910.07467) is written out. Names and weights stay the same,
results up to rounding. Gradients of gradients are refused, and hooks on peft's inner modules are not called.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from planner.device import best_device


def lean(model: Any) -> Any:
    """The model with adapters, its layers computed so; as it was where it is not computed on the processor."""
    from peft.tuners.lora import Linear

    for part in model.modules() if best_device()[0] == "cpu" else ():
        kind: Any = type(part)
        if kind is Linear:
            part.__class__ = lean_linear()
        elif is_rms_norm(part):
            part.__class__ = lean_norm(kind)
    return model


@cache
def lean_linear() -> type[Any]:
    """peft's adapted linear map, with its ordinary case done in one operation."""
    from peft.tuners.lora import Linear

    class LeanLinear(Linear):  # type: ignore[misc]
        def forward(self, x: Any, *args: Any, **kwargs: Any) -> Any:
            if args or kwargs or not is_ordinary(self):
                return super().forward(x, *args, **kwargs)
            (name,) = self.active_adapters
            down, up = self.lora_A[name].weight, self.lora_B[name].weight
            base = self.base_layer
            return adapted_linear().apply(x, base.weight, base.bias, down, up, self.scaling[name])

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
def adapted_linear() -> type[Any]:
    """The adapted linear map as an operation that autograd can use."""
    import torch
    from torch.autograd.function import once_differentiable
    from torch.nn.functional import linear

    class AdaptedLinear(torch.autograd.Function):
        """In the format of mixed precision, or else of the frozen weights; autograd casts gradients back."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, down: Any, up: Any, scale: float) -> Any:
            device = x.device.type
            dtype = torch.get_autocast_dtype(device) if torch.is_autocast_enabled(device) else weight.dtype
            x, weight, down, up = (part.to(dtype) for part in (x, weight, down, up))
            rows = x.reshape(-1, x.shape[-1])
            within = rows @ down.t()
            y = linear(x, weight, bias if bias is None else bias.to(dtype))
            y.view(-1, y.shape[-1]).addmm_(within, up.t(), alpha=scale)  # y is no view: models may write into it
            ctx.save_for_backward(rows, within, weight, down, up)
            ctx.scale = scale
            return y

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *gradients: Any) -> Any:
            rows, within, weight, down, up = ctx.saved_tensors
            above = gradients[0].reshape(-1, weight.shape[0])
            inner = (above @ up).mul_(ctx.scale)
            below = None
            if ctx.needs_input_grad[0]:
                below = (above @ weight).addmm_(inner, down).view(*gradients[0].shape[:-1], weight.shape[1])
            return below, None, None, inner.t() @ rows, (within.t() @ above).t().mul(ctx.scale), None

    return AdaptedLinear


def is_rms_norm(part: Any) -> bool:
    """Whether a module is an RMSNorm as Llama has it, by its name and by what it does."""
    import torch

    if not (type(part).__name__.endswith("RMSNorm") and hasattr(part, "variance_epsilon")):
        return False
    weight = part.weight
    if weight.dtype != torch.float32:
        return False
    with torch.no_grad():
        x = torch.linspace(-1, 2, weight.numel(), device=weight.device)[None]
        return torch.allclose(part(x), rms_norm().apply(x, weight, part.variance_epsilon), rtol=1e-5, atol=1e-6)


@cache
def lean_norm(kind: type[Any]) -> type[Any]:
    """A norm of this class, in one operation where its weight is frozen and numbers are in float32."""
    import torch

    class LeanNorm(kind):  # type: ignore[misc]
        def forward(self, x: Any) -> Any:
            if self.weight.requires_grad or x.dtype != torch.float32:
                return super().forward(x)
            return rms_norm().apply(x, self.weight, self.variance_epsilon)

    return LeanNorm


@cache
def rms_norm() -> type[Any]:
    """y = w x / sqrt(mean x² + ε) as an operation that autograd can use; w gets no gradient."""
    import torch
    from torch.autograd.function import once_differentiable

    class RmsNorm(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, epsilon: float) -> Any:
            mean = torch.linalg.vector_norm(x, dim=-1, keepdim=True).square_().div_(x.shape[-1])
            inverse = mean.add_(epsilon).rsqrt_()
            unit = x * inverse
            ctx.save_for_backward(unit, inverse, weight)
            return unit * weight

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *gradients: Any) -> Any:
            unit, inverse, weight = ctx.saved_tensors
            above = gradients[0] * weight
            along = torch.linalg.vecdot(above, unit).div_(unit.shape[-1])[..., None]
            return above.addcmul_(unit, along, value=-1).mul_(inverse), None, None

    return RmsNorm
