"""How much each relation path of a question counts in training: what explains the similar questions too wins.

A question with one answer is often answered by several relation paths by chance; over a training set, the path that
was meant is the one that is there again whenever the words are similar. So the paths of a question are weighted by
how well they match its answers, by the votes of similarly worded questions, and by how well they explain its words
(`planner.data.translation`), a few times over, because better weights are better votes: expectation maximisation.
A question has no vote on itself, or every odd path would explain its own question best. Deterministic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kg.graph import Graph
from kg.types import RelationPath
from planner.data.translation import Translation, numbered
from planner.prompts import masked

STEM = 5  # letters of a word that have to be the same
CHUNK = 2_000  # wordings compared at a time

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WeighSettings:
    """How a path is weighed: `f1 ** sharpness / step ** hops * named ** n * (votes + doubt) ** trust * p ** explained`.

    `p` is the probability of the question's words given the path. There are `rounds` of voting and translating; with 0
    it is `f1 ** sharpness / step ** hops`. Divided by `detour` is what goes on from the end of another path to the same
    ends: the country, then its capital, then that one's country. `n` is the number of the question's words that are in
    the labels of the path's relations. A vote counts the cosine of the two wordings to the power of `focus`, if that is
    at least `least`.
    """

    rounds: int = 8
    sharpness: float = 5.0
    step: float = 1.4
    detour: float = 4.0
    named: float = 3.0
    trust: float = 2.0
    explained: float = 1.0
    focus: float = 4.0
    least: float = 0.02
    doubt: float = 0.3

    def on(self, graph: Graph) -> WeighSettings:
        """These settings, with `step` and `detour` of 1 where walks may come back: questions go roundabout there."""
        return replace(self, step=1.0, detour=1.0) if graph.returning else self


class Candidate(NamedTuple):
    """A relation path that may be what a question asks for, and the F1 of its ends."""

    path: RelationPath
    f1: float


def words_of(question: str, mention: str) -> tuple[str, ...]:
    """The question's words in order, `_` for those that its topic stands on."""
    return tuple(re.findall(r"\w+", masked(question, mention, " _ ").casefold()))


def weigh(
    questions: Sequence[tuple[str, ...]],
    candidates: Sequence[Sequence[Candidate]],
    labels: Mapping[str, str],
    settings: WeighSettings | None = None,
) -> list[list[float]]:
    """For each question, given as its words (`words_of`), the weights of its candidates, which sum to 1.

    `labels` are the words for each signed relation.
    """
    settings = settings or WeighSettings()
    flat = [candidate for row in candidates for candidate in row]
    if not flat:
        return [[] for _ in candidates]
    owner = np.repeat(np.arange(len(candidates)), [len(row) for row in candidates])
    match = settings.sharpness * np.log([max(candidate.f1, 1e-9) for candidate in flat])
    match -= np.log(settings.step) * np.array([len(candidate.path) for candidate in flat])
    weights = shares(match, owner)
    if settings.rounds:
        match -= np.log(settings.detour) * detours(candidates)
        match += np.log(settings.named) * named(questions, candidates, labels)
        asked, paths = numbered(questions), numbered(candidate.path for candidate in flat)
        wording = np.array([asked[words] for words in questions])[owner]
        path = np.array([paths[candidate.path] for candidate in flat])
        near = similar(list(asked), settings)
        translation = Translation(questions, owner, [candidate.path for candidate in flat])
        for _ in range(settings.rounds):
            votes = voted(near, wording, path, weights, len(paths))
            said = settings.trust * np.log(votes + settings.doubt) + settings.explained * translation.logp(weights)
            weights = shares(match + said, owner)
    bounds = np.cumsum([len(row) for row in candidates])[:-1]
    return [part.tolist() for part in np.split(weights, bounds)]


def shares(scores: Floats, owner: Ints) -> Floats:
    """The scores of each question's candidates as probabilities."""
    top = np.full(int(owner[-1]) + 1, -np.inf)
    np.maximum.at(top, owner, scores)
    raw = np.exp(scores - top[owner])
    result: Floats = raw / np.bincount(owner, raw)[owner]
    return result


def named(
    questions: Sequence[tuple[str, ...]], candidates: Sequence[Sequence[Candidate]], labels: Mapping[str, str]
) -> Floats:
    """For each candidate how many words of its question are (up to their endings) in its relations' labels."""
    stems = {signed: {word[:STEM] for word in words_of(text, "") if len(word) > 2} for signed, text in labels.items()}
    counts = []
    for words, row in zip(questions, candidates, strict=True):
        asked = {word[:STEM] for word in words}
        counts += [len(asked & set().union(*(stems.get(r, set()) for r in path))) for path, _ in row]
    return np.array(counts, np.float64)


def detours(candidates: Sequence[Sequence[Candidate]]) -> Floats:
    """1 for each candidate that ends exactly at the answers, as does some beginning of it; else 0."""
    found = []
    for row in candidates:
        exact = {path for path, f1 in row if f1 > 1 - 1e-9}
        found += [path in exact and any(path[:k] in exact for k in range(1, len(path))) for path, _ in row]
    return np.array(found, np.float64)


def voted(near: Any, wording: Ints, path: Ints, weights: Floats, paths: int) -> Floats:
    """For each candidate the weight that its path has with the similar wordings, its own left out."""
    from scipy.sparse import csr_array

    mass = csr_array((weights, (wording, path)), shape=(near.shape[0], paths))
    votes = csr_array(near @ mass)
    found: Floats = np.asarray(votes[wording, path]).ravel() - weights
    return np.maximum(found, 0.0)


def similar(wordings: Sequence[tuple[str, ...]], settings: WeighSettings) -> Any:
    """How similar the wordings are, as a sparse (n, n): a power of the cosine of their words and pairs of words."""
    from scipy.sparse import csr_array, vstack

    features = [(*words, *pairwise(words)) for words in wordings]
    known = numbered(feature for row in features for feature in row)
    columns = np.array([known[feature] for row in features for feature in row], np.int64)
    rows = np.repeat(np.arange(len(features)), [len(row) for row in features])
    rare = np.log(1 + len(features) / np.bincount(columns, minlength=len(known)))
    norms = np.sqrt(np.bincount(rows, rare[columns] ** 2, len(features)))
    values = rare[columns] / norms[rows]
    table = csr_array((values, (rows, columns)), shape=(len(features), len(known)))
    parts = []
    for start in range(0, len(features), CHUNK):
        part = csr_array(table[start : start + CHUNK] @ table.T)
        part.data = np.minimum(part.data, 1.0) ** settings.focus
        part.data[part.data < settings.least] = 0.0
        part.eliminate_zeros()
        parts.append(part)
    return csr_array(vstack(parts))
