"""The model that is to learn, and which of its weights do."""

from __future__ import annotations

from typing import Any

from kg.errors import ModelError
from kg.types import Progress
from planner.training.finetune import compact, in_layer, with_adapters
from planner.training.settings import Training
from rl.internalization.settings import Internalization


def load(name: str, settings: Internalization, progress: Progress | None = None) -> tuple[Any, Any]:
    """A model (by name, folder or run) of which the upper layers learn, and its tokenizer; ModelError if it has none.

    All weights of a layer learn by default: facts are no low-rank change of a model, and adapters that hold as many
    need more steps.
    """
    import torch

    from planner.lm import LanguageModel

    torch.manual_seed(settings.seed)
    lm = LanguageModel(name, progress, dtype="float32")
    model = lm.model
    model.config.use_cache = False
    if lm.device == "cpu":
        model.set_attn_implementation("eager")  # the fused attention's backward pass is the slower one there
    for part in model.parameters():
        part.requires_grad = False
    if settings.rank:
        adapters = Training(
            model=name, rank=settings.rank, alpha=settings.alpha, layers=settings.layers, dropout=0.0
        )  # fmt: skip
        return compact(with_adapters(model, adapters)).eval(), lm.tokenizer
    total = model.config.num_hidden_layers
    first = total - max(1, round(total * settings.layers))
    learned = [module for path, module in model.named_modules() if in_layer(path, module, first)]
    if not learned:
        raise ModelError(f"{name} has no layers whose weights could learn")
    for module in learned:
        for part in module.parameters():
            part.requires_grad = True
    return compact(model), lm.tokenizer


def merged(model: Any) -> Any:
    """The model with its adapters, if it has any, in its own weights: they may be upon those of a run."""
    if not hasattr(model, "merge_and_unload"):
        return model
    whole = model.float().merge_and_unload()  # a sum of both in bfloat16 would lose what was learned
    if hasattr(whole, "peft_config"):
        del whole.peft_config
    return whole
