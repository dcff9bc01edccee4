"""A seeded graph with the shape of a big one, as text: `python -m benchmarks.synthetic 10000000 --out facts.tsv`.

Relations follow Zipf's law (s = 1, 1000 of them), each between two of 120 entity types; 35 % are attribute-like (many
heads to few, popular tails), 30 % give each tail one head, 35 % are many-to-many. One entity for every five facts.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

RELATIONS, TYPES, SEED = 1000, 120, 7
CHUNK = 1_000_000  # lines written at a time

Ids = NDArray[np.int64]


def triples(count: int, seed: int = SEED) -> tuple[Ids, Ids, Ids]:
    """Heads, relations and tails, distinct, about `count` of them, in random order."""
    rng = np.random.default_rng(seed)
    entities = max(count // 5, TYPES)
    bounds = np.linspace(0, entities, TYPES + 1).astype(np.int64)
    share = 1 / np.arange(1, RELATIONS + 1)
    sizes = np.maximum(1, (share / share.sum() * count * 1.03)).astype(np.int64)  # some come out twice
    parts = []
    for relation in range(RELATIONS):
        kind = rng.random()
        head_type, tail_type = rng.integers(0, TYPES, 2)
        heads = drawn(rng, int(sizes[relation]), bounds[head_type], bounds[head_type + 1], 0.3)
        skew = 1.1 if kind < 0.35 else 0.0 if kind < 0.65 else 0.5
        tails = drawn(rng, int(sizes[relation]), bounds[tail_type], bounds[tail_type + 1], skew)
        parts.append(np.stack([heads, np.full(len(heads), relation), tails]))
    rows = np.concatenate(parts, axis=1)
    packed = np.unique((rows[0] * RELATIONS + rows[1]) * entities + rows[2])
    rng.shuffle(packed)
    packed = packed[:count]
    return packed // entities // RELATIONS, packed // entities % RELATIONS, packed % entities


def drawn(rng: Any, count: int, low: int, high: int, skew: float) -> Ids:
    """Entities between two numbers, the first ones more often the greater `skew` (0 is uniform)."""
    span = high - low
    where = rng.random(count) ** (1 / (1 - skew)) if skew < 1 else (span ** rng.random(count) - 1) / max(span - 1, 1)
    found: Ids = low + np.minimum((where * span).astype(np.int64), span - 1)
    return found


def write(out: Path, count: int, seed: int = SEED) -> None:
    """Write the facts as lines of head, relation, tail."""
    heads, relations, tails = triples(count, seed)
    beside = out.with_name(out.name + ".part")
    with beside.open("w") as stream:
        for start in range(0, len(heads), CHUNK):
            rows = (part[start : start + CHUNK].tolist() for part in (heads, relations, tails))
            stream.write("".join([f"e{h}\tr{r}\te{t}\n" for h, r, t in zip(*rows, strict=True)]))
    beside.replace(out)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("count", type=int)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    write(arguments.out, arguments.count, arguments.seed)


if __name__ == "__main__":
    main()
