"""Which words stand for which relations, learned from questions whose paths are in doubt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.types import RelationPath
from planner.translation import NONE, SMOOTHING, Translation
from planner.weigh import Candidate, WeighSettings, weigh

A, B, AB = ("a",), ("b",), ("a", "b")


def learned(
    questions: list[tuple[str, ...]], owner: list[int], paths: list[RelationPath], rounds: int = 5
) -> list[float]:
    """The log-probabilities after rounds with all weights alike."""
    translation = Translation(questions, np.array(owner), paths)
    weights = 1.0 / np.bincount(owner)[owner]
    for _ in range(rounds):
        found = translation.logp(weights)
    return list(found)


def test_words_go_with_the_relations_that_they_come_with() -> None:
    questions: list[tuple[str, ...]] = [("kid",), ("wife",)] * 100 + [("kid", "wife")]
    found = learned(questions, [*range(200), 200, 200, 200], [A, B] * 100 + [A, B, AB])
    only_a, only_b, both = found[-3:]
    assert both > max(only_a, only_b) + 0.2


def test_one_word_is_counted_as_the_paper_says() -> None:
    """Two questions `w` with path a, one `v` with path b: what the first is given by the two others, by hand."""
    (first, *_) = learned([("w",), ("w",), ("v",)], [0, 1, 2], [A, A, B], rounds=1)
    common = 2 / 3
    from_a = (0.5 * 1 + SMOOTHING * common) / (0.5 * 1 + SMOOTHING)  # half of the other w comes from a,
    from_none = (0.5 * 1 + SMOOTHING * common) / (0.5 * 2 + SMOOTHING)  # half of it, and of v, from nothing
    assert first == pytest.approx(np.log(NONE * from_none + (1 - NONE) * from_a))


@given(st.lists(st.sampled_from(["kid", "wife", "of", "_"]), max_size=6).map(tuple))
def test_a_question_has_no_vote_on_itself(words: tuple[str, ...]) -> None:
    alone = learned([words, words[::-1]][:1], [0, 0], [A, AB])
    assert alone[0] == pytest.approx(alone[1])
    assert np.isfinite(alone).all()


def test_a_path_that_leaves_words_unexplained_loses() -> None:
    """`gender` answers "the gender of X's kid" by chance half of the time; other questions tell what `kid` is for."""
    whole, short, child = (Candidate(path, 1.0) for path in (("child", "gender"), ("gender",), ("child",)))
    questions: list[tuple[str, ...]] = [("gender", "of", "kid", "of", "_")] * 40
    questions += [("gender", "of", "_")] * 40 + [("kid", "of", "_")] * 40
    candidates = [[short, whole]] * 20 + [[whole]] * 20 + [[short]] * 40 + [[child]] * 40
    for trust in (0.0, 1.0):
        by_votes = weigh(questions, candidates, {}, WeighSettings(explained=0.0, trust=trust))
        by_words = weigh(questions, candidates, {}, WeighSettings(trust=trust))
        assert by_words[0][1] > by_votes[0][1] + 0.05
