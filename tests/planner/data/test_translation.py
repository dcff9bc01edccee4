"""Which words stand for which relations, learned from questions whose paths are in doubt."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.types import RelationPath
from planner.data.translation import LANGUAGE, NONE, SMOOTHING, Translation
from planner.data.weigh import Candidate, WeighSettings, weigh

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
    """Of two questions `w` with path a, and two `v` with path b, the first as the others have it, by hand."""
    (first, *_) = learned([("w",), ("w",), ("v",), ("v",)], [0, 1, 2, 3], [A, A, B, B], rounds=1)
    common = 2 / 4
    from_a = (0.5 * 1 + SMOOTHING * common) / (0.5 * 1 + SMOOTHING)  # half of the other w comes from a,
    from_none = (0.5 * 1 + SMOOTHING * common) / (0.5 * 3 + SMOOTHING)  # half of it, and of each v, from nothing
    none = LANGUAGE * common + (1 - LANGUAGE) * from_none
    assert first == pytest.approx(np.log(NONE * none + (1 - NONE) * from_a))


@given(st.lists(st.sampled_from(["kid", "wife", "of", "_"]), max_size=6).map(tuple))
def test_a_question_has_no_vote_on_itself(words: tuple[str, ...]) -> None:
    """In one round, however sure it is of either of its paths."""
    questions = [words, ("kid", "wife", "of"), ("of", "kid")]
    owner, paths = np.array([0, 0, 1, 2]), [A, AB, A, B]
    sure, unsure = (
        Translation(questions, owner, paths).logp(np.array([share, 1 - share, 1.0, 1.0]))[:2] for share in (1.0, 0.3)
    )
    assert list(sure) == pytest.approx(list(unsure))
    assert np.isfinite(sure).all()


def test_words_of_one_question_tell_nothing() -> None:
    """A relation that no other question has could stand for anything; that must not make it the better explanation."""
    questions: list[tuple[str, ...]] = [("who", "directed", "_")] * 50 + [("who", "directed", "u", "v", "w", "x", "_")]
    paths: list[RelationPath] = [*[A] * 51, B]
    found = learned(questions, [*range(50), 50, 50], paths)
    assert abs(found[-1] - found[-2]) < 0.5


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
