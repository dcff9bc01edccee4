"""A planner that learns: the model of a training run with its weights free, and the exact log-probabilities of plans.

All plans of some questions are one tree of tokens: what begins alike is read once, each token attends to its own
ancestors, and one pass gives the log-probability of every plan, with gradients (tree attention, as in SpecInfer, Miao
et al., ASPLOS 2024, arXiv:2305.09781).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.errors import ModelError, first_line
from kg.types import Progress
from planner.device import best_device
from planner.lm import LanguageModel
from planner.loading import UNLOADABLE, expected_warnings
from planner.training.lean import lean
from planner.training.run import Run
from planner.training.sequences import Encoded

if TYPE_CHECKING:
    import torch


class Policy(LanguageModel):
    """The model of a finished run, to be trained on: its adapters, or all of its weights if it has none.

    `trained` are the parameters that learn, by name. `forwards` and `tokens` count all passes.
    """

    def __init__(self, run: Run, progress: Progress | None = None) -> None:
        if not run.is_done:
            raise ModelError(f"the run in {run.folder} has not finished: its command with --resume goes on")
        is_whole = (run.folder / "model").exists()
        super().__init__(
            str(run.locate_base(progress)), progress, "float32" if is_whole or best_device()[0] == "cpu" else None
        )
        base = self.model  # loaded before it has a run, whose adapters would be merged into it
        self.name, self.run = str(run.folder), run
        if not is_whole:
            self.model = adapted(base, run).to(self.device).eval()
        self.trained: dict[str, Any] = {
            name: part for name, part in self.model.named_parameters() if part.requires_grad
        }
        self._first = [parameter.detach().clone() for parameter in self.trained.values()]

    def changed(self) -> None:
        """To be called when the weights were changed: what was read before no longer holds."""
        self._preambles.clear()

    @contextmanager
    def reference(self) -> Iterator[None]:
        """Meanwhile the weights are those that it started from."""
        now = [parameter.data for parameter in self.trained.values()]
        try:
            self._set(self._first)
            yield
        finally:
            self._set(now)

    def _set(self, values: Sequence[torch.Tensor]) -> None:
        for parameter, value in zip(self.trained.values(), values, strict=True):
            parameter.data = value

    def logps(self, sequences: Sequence[Encoded]) -> torch.Tensor:
        """The natural-log probability of what follows each sequence's prompt: (len(sequences),), one pass.

        With gradients, unless these are off (`torch.no_grad()`).
        """
        forest = planted(sequences)
        self.forwards += 1
        self.tokens += len(forest.tokens)
        return forest_logps(self.model, forest)


def adapted(model: Any, run: Run) -> Any:
    """The model with the run's adapters, not merged; ModelError if they do not load."""
    from peft import PeftModel

    try:
        with expected_warnings():
            found = PeftModel.from_pretrained(model, run.folder / "adapter", is_trainable=True)
    except UNLOADABLE as error:
        raise ModelError(f"{run.folder / 'adapter'} does not load: {first_line(error)}") from error
    return lean(found)


class Forest(NamedTuple):
    """Sequences as a trie: each token, its parent's place or -1, and each sequence's places after its prompt."""

    tokens: list[int]
    parents: list[int]
    learned: list[list[int]]


def planted(sequences: Sequence[Encoded]) -> Forest:
    """The trie of some sequences; parents stand before their children."""
    tokens: list[int] = []
    parents: list[int] = []
    places: dict[tuple[int, int], int] = {}
    learned = []
    for sequence in sequences:
        place, line = -1, []
        for token in sequence.tokens:
            if (place, token) not in places:
                places[place, token] = len(tokens)
                tokens.append(token)
                parents.append(place)
            place = places[place, token]
            line.append(place)
        learned.append(line[sequence.prompt :])
    return Forest(tokens, parents, learned)


def forest_logps(model: Any, forest: Forest) -> torch.Tensor:
    """The log-probability of each sequence's tokens after its prompt, which holds at least one token."""
    import torch

    taught = sorted({place for line in forest.learned for place in line})
    rows = before(forest, taught)
    row_of, place_of = ({place: number for number, place in enumerate(some)} for some in (rows, taught))
    logits = forest_logits(model, forest, rows)
    device = logits.device
    parents = torch.tensor([row_of[forest.parents[place]] for place in taught], device=device)
    chosen = torch.tensor([forest.tokens[place] for place in taught], device=device)
    each = logits.log_softmax(-1)[parents, chosen]
    whose = [(number, place_of[place]) for number, line in enumerate(forest.learned) for place in line]
    numbers = torch.tensor([number for number, _ in whose], device=device)
    parts = each[torch.tensor([place for _, place in whose], device=device)]
    return torch.zeros(len(forest.learned), dtype=each.dtype, device=device).index_add(0, numbers, parts)


def before(forest: Forest, taught: Sequence[int]) -> list[int]:
    """The places that predict these ones; ModelError if one of them is the first of its sequence."""
    rows = sorted({forest.parents[place] for place in taught})
    if rows and rows[0] < 0:
        raise ModelError("a sequence without a prompt has no probability")
    return rows


def forest_logits(model: Any, forest: Forest, rows: Sequence[int]) -> torch.Tensor:
    """The logits after some places of a forest, in one pass: (len(rows), V), float32 at least."""
    import torch

    mask, depths = ancestry(forest.parents)
    device = model.device
    additive = torch.zeros(mask.shape, dtype=model.dtype).masked_fill_(
        torch.from_numpy(~mask), torch.finfo(model.dtype).min
    )
    logits: torch.Tensor = model(
        input_ids=torch.tensor([forest.tokens], device=device),
        attention_mask=additive[None, None].to(device),
        position_ids=torch.tensor([depths], device=device),
        use_cache=False,
        logits_to_keep=torch.tensor(list(rows), device=device),
    ).logits[0]
    return logits.to(torch.promote_types(logits.dtype, torch.float32))


def ancestry(parents: Sequence[int]) -> tuple[NDArray[np.bool_], list[int]]:
    """What each token sees, itself and its ancestors: (T, T); and how deep it stands."""
    visible = np.zeros((len(parents), len(parents)), np.bool_)
    depths: list[int] = []
    for place, parent in enumerate(parents):
        if parent >= 0:
            visible[place] = visible[parent]
        visible[place, place] = True
        depths.append(depths[parent] + 1 if parent >= 0 else 0)
    return visible, depths
