"""Several continuations of one prompt in one training sequence: the prompt is read once, and each sees only itself.

As siblings in decoding share the state after their prompt (`planner.lm.TokenTree`), here they share it with gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from planner.device import mixed

if TYPE_CHECKING:
    import torch

Tokens = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Branches:
    """A prompt and what may follow it; `prompt` is not learned, and has a token at least."""

    prompt: Tokens
    answers: tuple[Tokens, ...]

    @property
    def size(self) -> int:
        """The tokens that a model reads."""
        return len(self.prompt) + sum(map(len, self.answers))


class Scores(NamedTuple):
    """Natural-log probabilities of all answers of some sequences, one after the other: their sums, and their tokens."""

    sums: torch.Tensor
    counts: torch.Tensor

    @property
    def means(self) -> torch.Tensor:
        """The log-probabilities normalised by length."""
        return self.sums / self.counts


def scored(model: Any, sequences: Sequence[Branches]) -> Scores:
    """The log-probability of each answer after its prompt, in one pass with gradients: (answers of all sequences,)."""
    import torch

    device = next(model.parameters()).device
    width = max(sequence.size for sequence in sequences)
    tokens = torch.zeros(len(sequences), width, dtype=torch.long)
    positions = torch.zeros(len(sequences), width, dtype=torch.long)
    sees = torch.eye(width, dtype=torch.bool).repeat(len(sequences), 1, 1)  # padding sees itself: no row is empty
    rows: list[int] = []
    places: list[int] = []
    wanted: list[int] = []
    owner: list[int] = []  # of each token the number of its answer
    count = 0
    for row, sequence in enumerate(sequences):
        start = len(sequence.prompt)
        tokens[row, : sequence.size] = torch.tensor([*sequence.prompt, *(t for part in sequence.answers for t in part)])
        positions[row, :start] = torch.arange(start)
        sees[row, :start, :start] = torch.ones(start, start).tril().bool()
        at = start
        for answer in sequence.answers:
            end = at + len(answer)
            positions[row, at:end] = torch.arange(start, start + len(answer))
            sees[row, at:end, :start] = True
            sees[row, at:end, at:end] = torch.ones(len(answer), len(answer)).tril().bool()
            rows += [row] * len(answer)
            places += [start - 1, *range(at, end - 1)]  # where each token is predicted
            wanted += answer
            owner += [count] * len(answer)
            count, at = count + 1, end
    with mixed():
        mask = torch.zeros(sees.shape).masked_fill_(~sees, torch.finfo(torch.float32).min)[:, None].to(device)
        inputs = {"input_ids": tokens.to(device), "position_ids": positions.to(device), "attention_mask": mask}
        at_rows, at_places = torch.tensor(rows, device=device), torch.tensor(places, device=device)
        logits = logits_at(model, inputs, at_rows, at_places).float()
    logps = logits.log_softmax(-1).gather(1, torch.tensor(wanted, device=device)[:, None])[:, 0]
    owners = torch.tensor(owner, device=device)
    sums = torch.zeros(count, device=device).index_add(0, owners, logps)
    return Scores(sums, torch.bincount(owners, minlength=count))


def logits_at(model: Any, inputs: dict[str, Any], rows: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """The logits of some places only: of a small model the vocabulary is a third of the work."""
    from planner.training.finetune import causal_of, has_plain_head

    causal = causal_of(model)
    if not has_plain_head(causal):
        found: torch.Tensor = model(**inputs, use_cache=False).logits[rows, places]
        return found
    hidden = causal.model(**inputs, use_cache=False).last_hidden_state
    return causal.lm_head(hidden[rows, places])  # type: ignore[no-any-return]


def write(model: Any, tokenizer: Any, prompts: Sequence[Tokens], longest: int, batch: int = 32) -> list[str]:
    """What a model writes after each prompt, up to a line break: the most probable token again and again."""
    found: list[str] = []
    order = sorted(range(len(prompts)), key=lambda number: len(prompts[number]))  # little padding
    for start in range(0, len(order), batch):
        found += written(model, tokenizer, [prompts[number] for number in order[start : start + batch]], longest)
    back = dict(zip(order, found, strict=True))
    return [back[number] for number in range(len(prompts))]


def written(model: Any, tokenizer: Any, prompts: Sequence[Tokens], longest: int) -> list[str]:
    """The same for one batch; those that have ended no longer take part."""
    import torch

    device = next(model.parameters()).device
    text_of = lru_cache(maxsize=None)(tokenizer.decode)  # a token may hold a line break beside other signs

    def is_last(token: int) -> bool:
        return token == tokenizer.eos_token_id or "\n" in text_of((token,))

    width = max(map(len, prompts))
    tokens = torch.tensor([[0] * (width - len(prompt)) + list(prompt) for prompt in prompts], device=device)
    seen = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
    said: list[list[int]] = [[] for _ in prompts]
    going = torch.arange(len(prompts), device=device)
    cache: Any = None
    with torch.inference_mode(), mixed():
        for _ in range(longest):
            positions = (seen.cumsum(1) - 1).clamp_min(0)[:, -tokens.shape[1] :]
            output = model(
                input_ids=tokens, attention_mask=seen, position_ids=positions, cache=cache,
                use_cache=True, logits_to_keep=1,
            )  # fmt: skip
            cache, chosen = output.cache, output.logits[:, -1].argmax(-1)
            for number, token in zip(going.tolist(), chosen.tolist(), strict=True):
                said[number].append(token)
            goes_on = [place for place, token in enumerate(chosen.tolist()) if not is_last(token)]
            if not goes_on:
                break
            keep = torch.tensor(goes_on, device=device)
            if len(goes_on) < len(going):
                cache.batch_select_indices(keep)
            going, tokens = going[keep], chosen[keep][:, None]
            seen = torch.cat([seen[keep], torch.ones(len(keep), 1, dtype=seen.dtype, device=device)], 1)
    texts = (tokenizer.decode(some, skip_special_tokens=True) for some in said)
    return [text.partition("\n")[0].strip() for text in texts]
