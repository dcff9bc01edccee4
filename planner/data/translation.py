"""Which words stand for which relations: IBM's first translation model, from relation paths to questions.

(Brown et al., Computational Linguistics 1993.) A chance path explains the answers of a question but not its words: of
"the gender of the kid of X's wife" `gender` leaves two words unexplained that `spouse -> children -> gender` accounts
for. Each word comes from one of the path's relations or from none of them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from kg.types import RelationPath

NONE = 0.5  # share of the words that come from no relation, as `the` does
LANGUAGE = 0.3  # share of those that are any words: what `none` gives a word at least, however many it has stood for
SMOOTHING = 5.0  # words that each source is thought to have stood for before, like the language as a whole

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Thing = TypeVar("Thing")


class Translation:
    """Learned with the weights of the paths: each call is a round of expectation maximisation.

    `questions` are words with `_` for the topic; path k is a candidate of question `owner[k]`. A word that only one
    question has tells nothing of paths: a name, say, that a source of few words would seem to explain.
    """

    def __init__(self, questions: Sequence[Sequence[str]], owner: Ints, paths: Sequence[RelationPath]) -> None:
        vocabulary = numbered(word for words in questions for word in words)
        relations = {relation: place for place, relation in enumerate(numbered(r for path in paths for r in path), 1)}
        asked = Counter(word for words in questions for word in set(words) - {"_"})
        texts = [np.array([vocabulary[word] for word in words if asked[word] > 1], np.int64) for words in questions]
        lengths = np.array([len(texts[question]) for question in owner])
        # A place is a word of a candidate's question; a link joins it to a source: a relation of the path, or none (0).
        words = np.concatenate([texts[question] for question in owner])
        choices = np.repeat([len(path) + 1 for path in paths], lengths)
        self._candidate = np.repeat(np.arange(len(paths)), lengths)
        self._place = np.repeat(np.arange(len(words)), choices)
        sources = [[0, *(relations[relation] for relation in path)] for path in paths]
        source = np.concatenate([np.tile(row, length) for row, length in zip(sources, lengths, strict=True)])
        self._share = np.where(source, (1 - NONE) / (choices - 1)[self._place], NONE)
        size = len(relations) + 1
        pairs, self._pair = np.unique(words[self._place] * size + source, return_inverse=True)
        self._word, self._source = pairs // size, pairs % size
        asker = owner[self._candidate][self._place]
        self._own = np.unique(asker * len(pairs) + self._pair, return_inverse=True)[1]
        self._own_source = np.unique(asker * size + source, return_inverse=True)[1]
        common = np.bincount(np.concatenate(texts), minlength=len(vocabulary))
        self._common = (common / max(common.sum(), 1))[self._word]
        self._table = self._common

    def logp(self, weights: Floats) -> Floats:
        """The log-probability of each candidate's question given its path, as the other questions have it.

        `weights` (candidates,) are how probable each candidate is of its question.
        """
        raw = self._share * self._table[self._pair]
        mass = raw / np.bincount(self._place, raw)[self._place] * weights[self._candidate][self._place]
        counts = np.bincount(self._pair, mass, len(self._table))
        totals = np.bincount(self._source, counts)[self._source]
        self._table = self._given(counts, totals, np.arange(len(counts)))
        # A question has no vote on itself.
        own, own_total = (np.bincount(group, mass)[group] for group in (self._own, self._own_source))
        others = self._given(counts[self._pair] - own, totals[self._pair] - own_total, self._pair)
        words = np.log(np.bincount(self._place, self._share * others))
        return np.asarray(np.bincount(self._candidate, words, len(weights)), np.float64)

    def _given(self, counts: NDArray[Any], totals: NDArray[Any], pair: Ints) -> Floats:
        """The probabilities of words given their sources, smoothed."""
        common = self._common[pair]
        found = (np.maximum(counts, 0.0) + SMOOTHING * common) / (np.maximum(totals, 0.0) + SMOOTHING)
        given: Floats = np.where(self._source[pair], found, LANGUAGE * common + (1 - LANGUAGE) * found)
        return given


def numbered(things: Iterable[Thing]) -> dict[Thing, int]:
    """Different things, numbered in the order in which they come."""
    return {thing: place for place, thing in enumerate(dict.fromkeys(things))}
