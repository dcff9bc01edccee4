"""The layers of a model that do not learn, read once: what they make of a sequence is kept for its next pass.

Where only the upper layers have adapters, the lower ones give the same for the same tokens in every epoch, so that from
the second on a step costs the upper ones alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from planner.device import mixed
from planner.training.sequences import Tokens

if TYPE_CHECKING:
    import torch

ROOM = 2**30  # bytes that are kept at most
SAME = 0.02  # of the largest output: how far the halves one after the other may be from the whole (bfloat16's rounding)


class FrozenLayers:
    """A decoder (such as `LlamaModel`) whose lower layers are read once for each of the sequences that come again.

    Each is read by itself, whatever batch it is in, so that a run which was stopped goes on to the same result.
    """

    def __init__(self, decoder: Any, sequences: Sequence[Tokens], room: int = ROOM) -> None:
        self._decoder = decoder
        self._split = first_learning(decoder)
        self._again = {tokens for tokens, times in Counter(sequences).items() if times > 1}
        self._kept: dict[Tokens, torch.Tensor] = {}
        self._room = room

    @property
    def is_worth_it(self) -> bool:
        """Whether a layer is frozen and a sequence comes again."""
        return self._split > 0 and bool(self._again)

    def fits(self, tokens: Tokens) -> bool:
        """Whether the halves of this model one after the other are the model, tried on a sequence."""
        import torch

        ids, was_training = torch.tensor([tokens]), self._decoder.training
        self._decoder.eval()
        with torch.no_grad(), mixed():
            whole = self._decoder(input_ids=ids).last_hidden_state
            halves = self.read(ids, torch.ones_like(ids))
        self._decoder.train(was_training)
        return bool((whole - halves).abs().max() <= SAME * whole.abs().max())

    def read(self, ids: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """The decoder's last hidden states of a batch padded on the right, ids and mask (B, T): (B, T, D)."""
        from torch.nn.utils.rnn import pad_sequence

        rows = [tuple(row[:length]) for row, length in zip(ids.tolist(), mask.sum(dim=1).tolist(), strict=True)]
        below = pad_sequence([self._below(tokens) for tokens in rows], batch_first=True)
        with self._only(slice(self._split, None)):
            hidden: torch.Tensor = self._decoder(inputs_embeds=below, attention_mask=mask).last_hidden_state
        return hidden

    def _below(self, tokens: Tokens) -> torch.Tensor:
        """What the frozen layers make of a sequence: (T, D)."""
        import torch
        from torch.nn import Identity

        if tokens in self._kept:
            return self._kept[tokens]
        norm = self._decoder.norm
        with torch.no_grad(), self._only(slice(self._split)):
            self._decoder.layers.eval()  # dropout there would be another at each reading
            self._decoder.norm = Identity()
            try:
                below: torch.Tensor = self._decoder(input_ids=torch.tensor([tokens])).last_hidden_state[0]
            finally:
                self._decoder.norm = norm
        if tokens in self._again and below.nbytes <= self._room:
            self._kept[tokens] = below
            self._room -= below.nbytes
        return below

    @contextmanager
    def _only(self, layers: slice) -> Iterator[None]:
        """The decoder with some of its layers; the others are not run."""
        every = self._decoder.layers
        self._decoder.layers = every[layers]
        try:
            yield
        finally:
            self._decoder.layers = every


def first_learning(decoder: Any) -> int:
    """The lowest layer that has weights which learn; 0 where what is below all layers learns."""
    if any(part.requires_grad for part in decoder.get_input_embeddings().parameters()):
        return 0
    learning = (n for n, layer in enumerate(decoder.layers) if any(part.requires_grad for part in layer.parameters()))
    return next(learning, 0)
