"""What questions like this one were answered by in training (case-based reasoning: Das et al., EMNLP 2021).

(arXiv:2104.08762.) A fine-tuned model is sure of the wordings that it knows and lost in others; a sentence encoder that
was never trained on the graph still sees which of the known questions a new one resembles. How alike they are says how
much they have to say; a classifier that was fitted to them, which plan they speak for.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import exp
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from kg.errors import ModelError
from kg.types import Progress, RelationPath
from planner.classifier import STEPS, Classifier, fitted_classifier
from planner.encoder import Encoder
from planner.prompts import PATH
from planner.training.run import CASES, Run
from planner.training.sequences import Sample

WIDTH = 0.04  # of the kernel, in cosine: any from .02 to .06 does as well (docs/LOG.md)
LEAST = 1e-3  # share of what likelier legal plans have together, under which no more are looked for
SAME = 0.985  # cosine from which two masked questions are of one wording
FAR = 0.9  # cosine at which a question without any plan is thought to lie: what is less alike says little


class Vote(NamedTuple):
    """How far like questions speak for each legal plan, and how alike they are (0 to 1) whatever their plans.

    The shares sum to `alike` at most; what they lack of it went to plans that are not legal here, and to none.
    """

    shares: Mapping[RelationPath, float]
    alike: float


@dataclass(frozen=True)
class Cases:
    """Training questions with their topics masked: unit vectors (n, width), and each one's plans with their shares.

    The plan of a question that no plan answers is the empty one.
    """

    encoder: Encoder
    vectors: NDArray[np.float32]
    plans: Sequence[Mapping[RelationPath, float]]
    classifier: Classifier
    far: float = FAR

    def vote(self, text: str, is_legal: Callable[[RelationPath], bool]) -> Vote:
        """What training questions like this masked one say of the legal plans."""
        vector = self.encoder.tokens(text).sentence
        shares = self.classifier.shares(vector)
        legal: dict[RelationPath, float] = {}
        total = 0.0
        for place in np.argsort(-shares).tolist():
            if shares[place] <= LEAST * total:
                break
            if is_legal(path := self.classifier.plans[place]):
                legal[path] = float(shares[place])
                total += legal[path]
        near = self.likeness(vector)
        told = sum(share for path, share in near.items() if is_legal(path))
        return Vote({path: told * share / total for path, share in legal.items()}, sum(near.values()))

    def without(self, text: str, plans: Collection[RelationPath]) -> Cases | None:
        """The cases as if no training question had this masked question's wording or one of these plans.

        None if nothing is left.
        """
        alike = self.vectors @ self.encoder.tokens(text).sentence
        kept = [n for n, own in enumerate(self.plans) if alike[n] < SAME and not any(path in plans for path in own)]
        known = [n for n, path in enumerate(self.classifier.plans) if path not in plans]
        if not kept or not known:
            return None
        classifier = Classifier([self.classifier.plans[n] for n in known], self.classifier.weights[:, known])
        return replace(self, vectors=self.vectors[kept], plans=[self.plans[n] for n in kept], classifier=classifier)

    def likeness(self, vector: NDArray[np.float32]) -> dict[RelationPath, float]:
        """The share of each plan among the questions near this one; the less alike, the less a question counts."""
        alike = self.vectors @ vector
        top = max(float(alike.max()), self.far)
        weights = np.exp((alike - top) / WIDTH)
        total = float(weights.sum()) + exp((self.far - top) / WIDTH)
        found: dict[RelationPath, float] = defaultdict(float)
        for place in np.flatnonzero(weights > total * 1e-4).tolist():
            for path, share in self.plans[place].items():
                found[path] += share * float(weights[place]) / total
        return dict(found)


def write_cases(
    run: Run, samples: Sequence[Sample], words: Mapping[str, str], encoder: Encoder, progress: Progress | None = None
) -> None:
    """Keep what a planner was trained on beside its weights, whole or not at all; `words` are those of relations."""

    def tell(what: str, total: int) -> Callable[[int], None]:
        return lambda done: progress(what, min(done, total), total) if progress else None

    signed = {f" {written}": relation for relation, written in words.items()}
    vectors = encoder.sentences(
        [sample.prompt.removesuffix(PATH) for sample in samples], tell("reading the questions once more", len(samples))
    )
    # Pieces are relations with what separates them between; `none` is no relation: the empty plan.
    plans = [
        [([signed[piece] for piece in pieces[:-1:2] if piece in signed], share) for pieces, share in sample.targets]
        for sample in samples
    ]
    rows = [{tuple(path): share for path, share in row} for row in plans]
    classifier = fitted_classifier(vectors, rows, tell("telling the plans of questions apart", STEPS))
    beside = run.folder / f".{CASES}.part"
    with beside.open("wb") as stream:
        np.savez(
            stream,
            vectors=vectors.astype(np.float16),
            plans=np.array(json.dumps(plans)),
            classes=np.array(json.dumps(classifier.plans)),
            weights=classifier.weights.astype(np.float16),
        )
    beside.replace(run.folder / CASES)


def read_cases(run: Run, encoder: Encoder) -> Cases:
    """The cases that a run keeps; ModelError if it has none, or if they are damaged."""
    file = run.folder / CASES
    if not run.has_cases and not run.is_done:
        raise ModelError(f"the run in {run.folder} has not finished: its command with --resume goes on")
    hint = f"train again, or use lm:{run.folder}"
    earlier = ModelError(f"{run.folder} has no {CASES}, or one of an earlier version: {hint}")
    if not run.has_cases:
        raise earlier
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as found:
            if "vectors" in found and "weights" not in found:
                raise earlier
            vectors, weights = (found[name].astype(np.float32) for name in ("vectors", "weights"))
            plans, classes = (json.loads(str(found[name])) for name in ("plans", "classes"))
        width = encoder.tokens("").sentence.size
        if not plans or vectors.shape != (len(plans), width) or weights.shape != (width + 1, len(classes)):
            raise ValueError(f"{len(plans)} questions, vectors of shape {vectors.shape}, weights of {weights.shape}")
        rows = [{tuple(path): float(share) for path, share in row} for row in plans]
        return Cases(encoder, vectors, rows, Classifier([*map(tuple, classes)], weights))
    except (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile) as error:
        raise ModelError(f"{file} is damaged: {error}") from None
