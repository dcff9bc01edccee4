"""A planner and a reasoner that learn together: two adapters, over one base model where both have the same."""

from __future__ import annotations

from typing import Any

from kg.types import Progress
from planner.training.run import Run
from reasoner.quoting import Weights
from rl.policy import Policy


class Pair(Policy):
    """A planner's policy with a `reasoner` beside it; `trained`, `reference` and `changed` are of both.

    `weights` are how the two decide together: those of the reasoner's run.
    """

    def __init__(self, planner: Run, reasoner: Run, progress: Progress | None = None) -> None:
        super().__init__(planner, progress)
        self.reasoner = Policy(reasoner, progress)
        self.weights = reasoner.calibration(Weights)
        share_base(self, self.reasoner)
        both = (("planner", self.trained), ("reasoner", self.reasoner.trained))
        self.trained = {f"{role}/{name}": part for role, parts in both for name, part in parts.items()}
        self._first = [parameter.detach().clone() for parameter in self.trained.values()]

    @property
    def reasoner_parameters(self) -> list[Any]:
        """What learns of the reasoner."""
        return list(self.reasoner.trained.values())

    def changed(self) -> None:
        """To be called when the weights of either were changed."""
        super().changed()
        self.reasoner.changed()


def share_base(first: Policy, second: Policy) -> bool:
    """Keep the weights that do not learn once, where both have the same: whether they had."""
    known = {plain(name): part for name, part in first.model.named_parameters() if not part.requires_grad}
    alike = [
        (known[plain(name)], part)
        for name, part in second.model.named_parameters()
        if not part.requires_grad and plain(name) in known and known[plain(name)].equal(part)
    ]
    for one, other in alike:
        other.data = one.data
    return bool(alike)


def plain(name: str) -> str:
    """A parameter's name, whether or not its layer has an adapter."""
    return name.replace(".base_layer.", ".")
