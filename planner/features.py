"""What can be told of a plan without a language model: do its words, its ends and its shape fit the question?"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import log

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance.JaroWinkler import normalized_similarity as alike

from kg.graph import Graph
from kg.names import normal
from kg.types import Question, Relation, RelationPath, inverse
from kg.words import STOP_WORDS
from planner.align import align
from planner.encoder import Encoder, Tokens
from planner.mentions import mention_at
from planner.padding import without_padding
from planner.space import PlanSpace

SHAPE = ("two_hops", "three_hops", "returns", "spread")
LEXICAL = (*SHAPE, "coverage", "end_type", "words", "worst_word")
SEMANTIC = (*LEXICAL, "cosine", "sense", "worst_sense", "token", "worst_token", "explained")
ALIKE = 0.88  # Jaro-Winkler similarity from which two words count as forms of one
MASK = "it"

Table = NDArray[np.float64]


@dataclass(frozen=True)
class Asked:
    """A question without the name of its topic: the text, and where the stand-in for the name begins and ends."""

    text: str
    start: int
    stop: int

    def distance(self, start: int, stop: int) -> int:
        """How many characters lie between a word and the topic; negative for the stand-in itself."""
        if start >= self.stop:
            return start - self.stop
        return self.start - stop if stop <= self.start else -1


def asked(question: Question) -> Asked:
    """What a question asks: the words that name its best topic are replaced by the topic's type."""
    question = without_padding(question)
    if not question.topics:
        return Asked(question.text, 0, 0)
    topic = question.topics[0]
    kind = topic.entity.types[0] if topic.entity.types else MASK
    place = mention_at(question.text, topic.mention)
    if place is None:
        return Asked(question.text, 0, 0)
    text = question.text[: place[0]] + kind + question.text[place[1] :]
    return Asked(text, place[0], place[0] + len(kind))


def content(words: Sequence[str]) -> list[int]:
    """The places of the words that say something; of all words if none does."""
    kept = [place for place, word in enumerate(words) if normal(word) not in STOP_WORDS]
    return kept or list(range(len(words)))


@lru_cache(maxsize=500_000)
def same_word(one: str, other: str) -> float:
    """1 for the same word, nearly 1 for forms of one ("borders", "bordering"), else 0."""
    if one == other:
        return 1.0
    score = float(alike(one, other))
    return score if score >= ALIKE and one[:3] == other[:3] else 0.0


def label_words(text: str) -> tuple[str, ...]:
    """The words of a label that say something."""
    words = re.findall(r"\w+", normal(text))
    return tuple(words[place] for place in content(words))


@dataclass(frozen=True)
class Words:
    """A signed relation in words: those of its labels, those of the type it leads to, and each label with it as a text.

    A step backwards has the label of the fact beside its own: what is "is the birthplace of" from Cork is asked for as
    "Who was born in Cork?" too.
    """

    own: tuple[str, ...]
    target: tuple[str, ...]
    texts: tuple[str, ...]


class Features:
    """Feature vectors of the plans of a question, over one graph; semantic ones where there is an encoder."""

    def __init__(self, graph: Graph, encoder: Encoder | None = None) -> None:
        self._encoder = encoder
        self.names = SEMANTIC if encoder else LEXICAL
        self._words: dict[str, Words] = {}
        for relation in graph.relations.values():
            for signed in (relation.key, inverse(relation.key)):
                labels, target = labels_of(relation, signed), relation.target_type(signed)
                own = dict.fromkeys(word for label in labels for word in label_words(label))
                texts = tuple(f"{label} {target}".strip() for label in labels)
                self._words[signed] = Words(tuple(own), label_words(target), texts)

    def __call__(self, question: Question, space: PlanSpace, plans: Sequence[RelationPath]) -> Table:
        """The features of each plan, (len(plans), len(names)), in the order of `names`."""
        if not plans:
            return np.empty((0, len(self.names)))
        what = asked(question)
        used = sorted({relation for plan in plans for relation in plan})
        numbers, hops = numbered(plans, used)
        columns = [self._shape(plans, space), self._lexical(what, used, numbers, hops)]
        if self._encoder is not None:
            columns.append(self._semantic(self._encoder, what, used, numbers, hops))
        return np.hstack(columns)

    def _shape(self, plans: Sequence[RelationPath], space: PlanSpace) -> Table:
        rows = []
        for plan in plans:
            returns = any(one == inverse(other) for one, other in pairwise(plan))
            spread = log(space.options(plan[:-1])[plan[-1]])
            rows.append((len(plan) == 2, len(plan) >= 3, returns, spread))
        return np.array(rows, np.float64)

    def _lexical(self, what: Asked, used: Sequence[str], numbers: NDArray[np.int64], hops: NDArray[np.int64]) -> Table:
        """Words of the question found in labels: share covered, in the type of the ends, aligned, worst step."""
        found = [(match[0], what.distance(*match.span())) for match in re.finditer(r"\w+", what.text)]
        found = [(word, distance) for word, distance in found if distance >= 0]
        kept = [found[place] for place in content([word for word, _ in found])]
        words = [normal(word) for word, _ in sorted(kept, key=lambda pair: pair[1])]
        if not words:
            return np.zeros((len(numbers), 4))
        relations = [self._words[relation] for relation in used]
        own = np.array([[nearest(word, relation.own) for relation in relations] for word in words])
        target = np.array([[nearest(word, relation.target) for relation in relations] for word in words])
        near = np.maximum(own, target)  # (words, relations)
        steps = np.arange(numbers.shape[1]) < hops[:, None]  # (plans, longest)
        covered = np.where(steps[None], near[:, numbers], 0.0).max(2).mean(0)
        ends = target.max(0)[numbers[np.arange(len(hops)), hops - 1]]
        return np.column_stack([covered, ends, align(own - own.mean(1, keepdims=True), numbers, hops)])

    def _semantic(
        self,
        encoder: Encoder,
        what: Asked,
        used: Sequence[str],
        numbers: NDArray[np.int64],
        hops: NDArray[np.int64],
    ) -> Table:
        """Likeness in meaning: of the whole plan, of the question's tokens aligned with labels and with their tokens,
        and of the tokens with whatever step explains them best.
        """
        question = encoder.tokens(what.text)
        relations = [nearest_text(encoder, self._words[relation].texts, question) for relation in used]
        sense = np.stack([relation.sentence for relation in relations])  # (relations, width)
        steps = (np.arange(numbers.shape[1]) < hops[:, None])[..., None]
        plans = np.where(steps, sense[numbers], 0.0).sum(1)  # (plans, width)
        cosine = plans @ question.sentence / np.linalg.norm(plans, axis=1)
        tokens = in_order(question, what)
        if not len(tokens):
            return np.column_stack([cosine, np.zeros((len(numbers), 5))])
        whole = tokens @ sense.T  # (tokens, relations)
        single = np.stack([(tokens @ relation.vectors.T).max(1) for relation in relations], axis=1)
        aligned = [
            align(v - v.mean(1, keepdims=True), numbers, hops) for v in (whole.astype(float), single.astype(float))
        ]
        # How much of the question the plan explains: each token by the step that is most like it.
        best = np.where(steps[:, :, 0], single.T[numbers].transpose(2, 0, 1), -1.0).max(2)  # (tokens, plans)
        return np.column_stack([cosine, *aligned, best.mean(0)])


def labels_of(relation: Relation, signed: str) -> list[str]:
    """How a step may be said: as it reads, and for one backwards as the fact reads, where that has other words."""
    read = relation.read(signed)
    return [read] if set(label_words(relation.label)) <= set(label_words(read)) else [read, relation.label]


def nearest_text(encoder: Encoder, texts: Sequence[str], question: Tokens) -> Tokens:
    """The text that is most like the question."""
    return max(map(encoder.tokens, texts), key=lambda text: float(text.sentence @ question.sentence))


def numbered(plans: Sequence[RelationPath], used: Sequence[str]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Plans as rows of relation numbers, padded with 0, and their lengths."""
    place = {relation: number for number, relation in enumerate(used)}
    hops = np.array([len(plan) for plan in plans], np.int64)
    numbers = np.zeros((len(plans), int(hops.max())), np.int64)
    for row, plan in enumerate(plans):
        numbers[row, : len(plan)] = [place[relation] for relation in plan]
    return numbers, hops


def nearest(word: str, known: Sequence[str]) -> float:
    """How near a word is to the nearest of some words, 0 to 1."""
    return max((same_word(word, other) for other in known), default=0.0)


def in_order(question: Tokens, what: Asked) -> NDArray[np.float32]:
    """The vectors of the question's telling tokens, nearest to the topic first, without the topic: (n, width)."""
    rows = [(what.distance(*span), row) for row, span in enumerate(question.spans)]
    rows = [(distance, row) for distance, row in rows if distance >= 0]
    texts = [what.text[slice(*question.spans[row])] for _, row in rows]
    words = [place for place, text in enumerate(texts) if re.match(r"\w", text)]
    kept = [rows[words[place]] for place in content([texts[place] for place in words])]
    return question.vectors[[row for _, row in sorted(kept)]]
