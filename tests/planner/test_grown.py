"""A trained planner on a graph that has grown: relations it never learned are planned by their words."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from kg.build import Sources, build
from kg.link import link
from kg.store import Store
from kg.types import Question
from planner.base import Plan, ScoredPath
from planner.grown import GrownPlanner
from planner.lexical import LexicalPlanner

ASKED = ("Which award did Heat win?", "Who directed Heat?", "How expensive was the catering of Heat?")


@pytest.fixture(scope="module")
def grown(films_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """The films, and awards."""
    folder = tmp_path_factory.mktemp("grown")
    for name, more in (("facts", "heat\taward\toscar\n"), ("names", "oscar\tOscar\taward\t\n"), ("relations", "")):
        (folder / f"{name}.tsv").write_text((films_folder / f"{name}.tsv").read_text("utf-8") + more, "utf-8")
    build(Sources((folder / "facts.tsv",), (folder / "names.tsv",), folder / "relations.tsv"), folder / "g.kg")
    return Store(folder / "g.kg")


class Trained:
    """Knows who directed what, and refuses the rest."""

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        paths = (ScoredPath(("directed_by",), 0.0),)
        return [Plan(paths, fits=0.9 if "direct" in question.text else 0.1) for question in questions]


def test_only_what_the_run_never_learned_is_planned_by_words(grown: Store) -> None:
    questions = [Question(text, link(grown, text)) for text in ASKED]
    labels = LexicalPlanner(grown)
    award, director, catering = GrownPlanner(grown, Trained(), labels, ["award"]).plan(questions, 2)
    assert award.paths == labels.plan(questions[:1], 2)[0].paths
    assert (award.paths[0].relations, award.fits > 0.5) == (("award",), True)
    assert "new since the planner was trained" in award.note
    assert (director.paths[0].relations, director.fits, director.note) == (("directed_by",), 0.9, "")
    assert catering.fits < 0.5


def test_without_added_relations_a_refusal_stands(grown: Store) -> None:
    questions = [Question(text, link(grown, text)) for text in ASKED]
    plans = GrownPlanner(grown, Trained(), LexicalPlanner(grown), ["genre"]).plan(questions)
    assert [plan.fits for plan in plans] == [0.1, 0.9, 0.1]
