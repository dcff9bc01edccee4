"""What a language model is trained on: prompts with what may follow, as sequences of tokens in the order of training.

The order is settled before the first step, so that nothing depends on where a run was stopped: each question appears
once an epoch, with one of its targets drawn by weight, in a batch of sequences of its length.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kg.errors import ModelError
from planner.prompts import END
from planner.training.settings import Training

CHUNK = 32  # batches within which samples are sorted by length
PASSES, ENOUGH, MANY = 3, 4000, 40  # passes over many samples; sequences where there are few; passes over very few
Tokens = tuple[int, ...]
Pieces = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A prompt and what may follow it, each with its share; the shares add up to 1.

    A target is in pieces, which become tokens one by one, since that is how a decoder puts it together.
    """

    prompt: str
    targets: tuple[tuple[Pieces, float], ...]


@dataclass(frozen=True, slots=True)
class Encoded:
    """The tokens of one training sequence, of which the first `prompt` are not learned."""

    tokens: Tokens
    prompt: int


def schedule(samples: Sequence[Sample], settings: Training, tokenizer: Any) -> list[Encoded]:
    """Every training sequence in the order of training: whole batches of like lengths, epoch after epoch."""
    draw = random.Random(settings.seed)
    encoded: dict[tuple[int, int], Encoded] = {}
    ordered: list[Encoded] = []
    waiting: list[Encoded] = []  # too few for a batch: they go on to the next epoch
    count = max(PASSES * len(samples), min(ENOUGH, MANY * len(samples)))
    if settings.epochs:
        count = max(1, round(settings.epochs * len(samples)))
    while len(ordered) + len(waiting) < count:
        for number in draw.sample(range(len(samples)), len(samples)):
            shares = [share for _, share in samples[number].targets]
            (chosen,) = draw.choices(range(len(shares)), shares)
            if (number, chosen) not in encoded:
                target = samples[number].targets[chosen][0]
                encoded[number, chosen] = encode(tokenizer, samples[number].prompt, target, settings.max_tokens)
            waiting.append(encoded[number, chosen])
        batches, waiting = bucketed(waiting, settings.batch, draw)
        ordered += [sequence for batch in batches for sequence in batch]
    return [*ordered, *waiting][:count]


def bucketed(
    sequences: Sequence[Encoded], batch: int, draw: random.Random
) -> tuple[list[list[Encoded]], list[Encoded]]:
    """Batches of like lengths in random order, and the sequences that are too few for one."""
    whole = len(sequences) - len(sequences) % batch
    batches = []
    for start in range(0, whole, CHUNK * batch):
        some = sorted(sequences[start : min(start + CHUNK * batch, whole)], key=lambda sequence: len(sequence.tokens))
        batches += [some[i : i + batch] for i in range(0, len(some), batch)]
    draw.shuffle(batches)
    return batches, list(sequences[whole:])


def encode(tokenizer: Any, prompt: str, target: Pieces, max_tokens: int) -> Encoded:
    """A prompt and its target as tokens, exactly as the decoder reads them; ModelError if they are too many."""
    begin = tokenizer.bos_token_id
    before = (() if begin is None else (begin,)) + tuple(tokenizer(prompt, add_special_tokens=False)["input_ids"])
    after: Tokens = ()
    for piece in target:
        tokens = tuple(tokenizer(piece, add_special_tokens=False)["input_ids"])
        after += tokens[-1:] if piece == END else tokens
    if len(before) + len(after) > max_tokens:
        raise ModelError(
            f"a sample has {len(before) + len(after)} tokens, {max_tokens} is max_tokens: {prompt[:60]!r} …"
        )
    return Encoded(before + after, len(before))


def columns(sequence: Encoded) -> dict[str, list[int]]:
    """A sequence as TRL's collator takes it."""
    labels = [-100] * sequence.prompt + list(sequence.tokens[sequence.prompt :])  # -100: not learned
    return {"input_ids": list(sequence.tokens), "labels": labels}
