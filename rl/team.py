"""Several processes on one refinement, as `accelerate launch` starts them: each takes a share of a step's questions.

All hold the same weights: gradients are added up before a step, and all take it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from planner.device import best_device

if TYPE_CHECKING:
    import torch

T = TypeVar("T")


@dataclass(frozen=True)
class Team:
    """The processes: how many, and which of them this one is."""

    size: int = 1
    rank: int = 0

    @classmethod
    def launched(cls) -> Team:
        """Those that a launcher started, connected, each with an accelerator of its own; else this one alone."""
        size = int(os.environ.get("WORLD_SIZE", "1"))
        if size == 1:
            return cls()
        import torch
        from torch import distributed

        if not distributed.is_initialized():
            has_own = best_device()[0] == "cuda"
            if has_own:
                torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
            distributed.init_process_group("nccl" if has_own else "gloo")
        return cls(size, distributed.get_rank())

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """This process's part of some items; there may be none for it."""
        return items[self.rank :: self.size]

    def gathered(self, own: T) -> list[T]:
        """What every process has, in their order."""
        if self.size == 1:
            return [own]
        from torch.distributed import all_gather_object

        found: list[T] = [own] * self.size
        all_gather_object(found, own)
        return found

    def together(self, own: Sequence[T]) -> list[T]:
        """The items again whose shares these are."""
        parts = self.gathered(own)
        count = sum(map(len, parts))
        return [parts[place % self.size][place // self.size] for place in range(count)]

    def add_gradients(self, parameters: Iterable[torch.Tensor], weight: float) -> None:
        """The gradients of all processes, each times its `weight`, added up in every one of them."""
        if self.size == 1:
            return
        import torch
        from torch.distributed import all_reduce

        learned = list(parameters)
        grads = [torch.zeros_like(one) if one.grad is None else one.grad * weight for one in learned]
        flat = torch.cat([grad.reshape(-1) for grad in grads])
        all_reduce(flat)
        parts = flat.split([grad.numel() for grad in grads])  # type: ignore[no-untyped-call]
        for one, part in zip(learned, parts, strict=True):
            one.grad = part.view_as(one).clone()
