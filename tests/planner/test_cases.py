"""Training questions as cases: kept beside a run, asked by likeness."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from kg.errors import ModelError
from kg.graph import Graph
from kg.types import RelationPath
from planner.cases import Cases, read_cases, write_cases
from planner.classifier import Classifier
from planner.data.rows import PlanLabel, Row
from planner.encoder import Encoder, Tokens
from planner.prompts import relation_words
from planner.training.run import CASES, Run
from planner.training.samples import plan_samples

WORDS = "who directed made film where was born cost how much of the in [film] [person]".split()


class Bag:
    """An encoder whose vectors are bags of a few words."""

    def tokens(self, text: str) -> Tokens:
        return Tokens(self.sentences([text])[0], np.empty((0, 0), np.float32), ())

    def sentences(self, texts: Sequence[str], told: Callable[[int], None] = lambda done: None) -> NDArray[np.float32]:
        told(0)
        rows = [[float(word in text.lower().replace("?", "").split()) for word in WORDS] for text in texts]
        table = np.array(rows, np.float32) + 1e-3
        return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True))


def row(text: str, topic: str, mention: str, *plans: PlanLabel) -> Row:
    return Row(text, text, ("chicago",) if plans else (), (topic,), mention, plans=plans)


def any_plan(path: RelationPath) -> bool:
    return True


ROWS = [
    row("Who directed Heat?", "heat", "Heat", PlanLabel(("directed_by",), 1.0, 1.0, 1.0)),
    row(
        "Where was Michael Mann born?",
        "mann",
        "Michael Mann",
        PlanLabel(("born_in",), 1.0, 1.0, 3.0),
        PlanLabel(("born_in", "~born_in", "born_in"), 1.0, 1.0, 1.0),
    ),
    row("How much did Heat cost?", "heat", "Heat"),
]


@pytest.fixture
def cases(films: Graph, tmp_path: Path) -> Cases:
    encoder: Any = Bag()
    told: list[int] = []
    write_cases(
        Run(tmp_path),
        plan_samples(ROWS, films),
        relation_words(films),
        encoder,
        lambda what, done, total: told.append(done),
    )
    assert told[:3] == [0, 1, 2]  # reading the questions, then fitting the classifier
    assert [path.name for path in tmp_path.iterdir()] == [CASES]
    return read_cases(Run(tmp_path), encoder)


def test_a_question_has_the_plans_of_those_like_it(cases: Cases) -> None:
    found = cases.vote("Who made [film]?", any_plan).shares
    assert max(found, key=lambda path: found[path]) == ("directed_by",)
    born = cases.vote("Where was [person] born?", any_plan).shares
    assert born["born_in",] == pytest.approx(3 * born["born_in", "~born_in", "born_in"], rel=0.1)
    assert sum(born.values()) > 0.9 > sum(found.values())  # it reads the same; the other does not


def test_only_legal_plans_are_spoken_for(cases: Cases) -> None:
    born = cases.vote("Where was [person] born?", lambda path: len(path) == 3).shares
    assert [*born] == [("born_in", "~born_in", "born_in")]
    assert 0.2 < sum(born.values()) < 0.3  # a quarter of what the question that reads the same has to say
    assert cases.vote("Where was [person] born?", lambda path: False).shares == {}


def test_how_alike_they_are_does_not_depend_on_what_is_legal(cases: Cases) -> None:
    free, bound = (cases.vote("Where was [person] born?", legal) for legal in (any_plan, lambda path: False))
    assert free.alike == bound.alike > 0.9 > cases.vote("cost of the born", any_plan).alike
    assert sum(free.shares.values()) <= free.alike + 1e-9


def test_a_question_can_be_voted_on_as_if_its_plan_had_not_been_trained(cases: Cases) -> None:
    text, own = "Where was [person] born?", [("born_in",), ("born_in", "~born_in", "born_in")]
    left = cases.without(text, own)
    assert left is not None
    assert len(left.plans) == len(cases.plans) - 1
    assert not set(left.vote(text, any_plan).shares) & set(own)
    assert left.vote(text, any_plan).alike < cases.vote(text, any_plan).alike
    every = {path for row in cases.plans for path in row}
    assert cases.without(text, every) is None


def test_a_legal_plan_is_found_however_many_are_likelier() -> None:
    encoder: Any = Bag()
    vectors = encoder.sentences(["Where was [person] born?", "Who directed [film]?"])
    classes = [*((f"r{place}",) for place in range(300)), ("rare",)]
    weights = np.zeros((vectors.shape[1] + 1, 301), np.float32)
    weights[-1, :300] = 9.0
    cases = Cases(encoder, vectors, [{("rare",): 1.0}, {("r0",): 1.0}], Classifier(classes, weights))
    found = cases.vote("Where was [person] born?", lambda path: path == ("rare",)).shares
    assert found == {("rare",): pytest.approx(cases.likeness(vectors[0])["rare",])}


def test_what_nothing_answered_is_remembered_too(cases: Cases) -> None:
    assert cases.vote("How much did [film] cost?", any_plan).shares[()] > 0.8


def test_what_is_unlike_all_says_little(cases: Cases) -> None:
    assert sum(cases.vote("cost of the born", any_plan).shares.values()) < 0.1
    assert sum(replace(cases, far=0.0).vote("cost of the born", any_plan).shares.values()) == pytest.approx(
        1.0, abs=1e-3
    )


def test_missing_or_damaged(tmp_path: Path, cases: Cases) -> None:
    encoder: Any = Bag()
    with pytest.raises(ModelError, match="has not finished"):
        read_cases(Run(tmp_path / "none"), encoder)
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "README.md").write_text("done")
    with pytest.raises(ModelError, match=r"no cases\.npz, or one of an earlier version: train again, or use lm:"):
        read_cases(Run(tmp_path / "old"), encoder)
    file = tmp_path / CASES
    np.savez(tmp_path / "old" / CASES, vectors=np.ones((1, 5), np.float16), plans=np.array("[[[[], 1.0]]]"))
    with pytest.raises(ModelError, match="of an earlier version"):  # before there was a classifier
        read_cases(Run(tmp_path / "old"), encoder)
    np.savez(tmp_path / "short.npz", vectors=np.ones((2, 5), np.float16), plans=np.array("[[[[], 1.0]]]"), weights=[])
    for damaged in (b"", file.read_bytes()[:200], b"text", (tmp_path / "short.npz").read_bytes()):
        file.write_bytes(damaged)
        with pytest.raises(ModelError, match=r"cases\.npz is damaged"):
            read_cases(Run(tmp_path), encoder)


def test_many_sentences_are_read_as_one_by_one() -> None:
    encoder = Encoder()
    texts = ["Who directed [film]?", "x", "Where was the director of the film that [person] acted in born?"] * 30
    together = encoder.sentences(texts)
    assert together == pytest.approx(np.array([encoder.tokens(text).sentence for text in texts]), abs=1e-5)
