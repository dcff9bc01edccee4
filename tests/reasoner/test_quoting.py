"""A trained reasoner and planner, overfitted on a few questions: they plan, quote and refuse as they were taught."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from kg.graph import Graph
from kg.link import link
from kg.types import Question
from planner.base import Plan, ScoredPath
from planner.data.rows import PlanLabel, Row
from planner.lexical import LexicalPlanner
from planner.lm import LanguageModel
from planner.neural import LmPlanner
from planner.prompts import END, relation_words
from planner.training.finetune import finetune
from planner.training.run import Run
from planner.training.samples import plan_samples
from planner.training.sequences import Sample
from planner.training.settings import Training
from reasoner.base import Evidence
from reasoner.examples import Raft, answers, compose, linked, reasoning_samples
from reasoner.prompts import NOT_HERE, evidence_answer, evidence_question
from reasoner.quoting import SHOWN, QuotingReasoner, Weights, lines_of
from reasoner.registry import make_reasoner
from reasoner.retrieve import retrieve


def row(text: str, topic: str, mention: str, answer: tuple[str, ...], path: tuple[str, ...] = ()) -> Row:
    plans = (PlanLabel(path, 1.0, 1.0, 1.0),) if path else ()
    return Row(text, text, answer, (topic,), mention, plans=plans)


BORN = "Where was the director of Gladiator born?"
ROWS = [
    row("Who directed Heat?", "heat", "Heat", ("mann",), ("directed_by",)),
    row("Who acted in Heat?", "heat", "Heat", ("de_niro", "pacino"), ("actor",)),
    row(
        "Where was the director of Gladiator born?",
        "gladiator",
        "Gladiator",
        ("south_shields",),
        ("directed_by", "born_in"),
    ),
    row("How much did Heat cost?", "heat", "Heat", ()),
]


@pytest.fixture(scope="module")
def settings(tiny_folder: Path) -> Training:
    return Training(model=str(tiny_folder), epochs=60, batch=2, learning_rate=1e-2, rank=8, max_tokens=4000)


def trained(samples: list[Sample], settings: Training, folder: Path, role: str) -> LanguageModel:
    run = Run(folder)
    run.begin({"role": role, "model": settings.model}, [], resume=False, force=False)
    finetune(samples, [], settings, run)
    return LanguageModel(str(folder))


def asked(films: Graph, some: Row) -> Question:
    return Question(some.question, link(films, some.question), some.id, some.answers)


def test_a_trained_planner_plans_and_refuses(films: Graph, settings: Training, tmp_path: Path) -> None:
    planner = LmPlanner(films, trained(plan_samples(ROWS, films), settings, tmp_path / "run", "planner"), 0.99)
    plans = planner.plan([asked(films, some) for some in ROWS], k=2)
    for some, plan in zip(ROWS[:3], plans, strict=False):
        assert plan.paths[0].relations == some.plans[0].path
        assert plan.fits > 0.9
    assert plans[3].fits < 0.5
    other = planner.plan([Question("Who directed The Insider?", link(films, "Who directed The Insider?"))])[0]
    assert other.paths[0].relations == ("directed_by",)  # the topic is masked, so what was learned of Heat holds


def evidence_of(films: Graph, some: Row, *paths: tuple[str, ...]) -> Evidence:
    return retrieve(films, asked(films, some), Plan(tuple(ScoredPath(path, -1.0) for path in paths)))


def test_a_trained_reasoner_quotes_and_refuses(films: Graph, settings: Training, tmp_path: Path) -> None:
    words = relation_words(films)
    shown = (("directed_by",), ("actor",), ("genre",))
    samples = []
    for some, path in ((ROWS[0], ("directed_by",)), (ROWS[1], ("actor",)), (ROWS[3], None)):
        lines = lines_of(films, evidence_of(films, some, *shown).found, words)
        prompt = evidence_question([(line.name, line.ends) for line in lines], some.question)
        best = [line for line in lines if line.retrieved.relations == path]
        target = evidence_answer(best[0].name, best[0].ends) if best else (NOT_HERE + END,)
        samples.append(Sample(prompt, ((target, 1.0),)))
    lm = trained(samples, settings, tmp_path / "run", "reasoner")
    reasoner = QuotingReasoner(films, lm, Weights(trust=0.0, doubt=0.0))
    asked_rows = (ROWS[0], ROWS[1], ROWS[3])
    plan = Plan(tuple(ScoredPath(path, -1.0) for path in shown))
    found = [evidence_of(films, some, *shown) for some in asked_rows]
    given = reasoner.answer([asked(films, some) for some in asked_rows], [plan] * 3, found)
    assert [set(answer.entities) for answer in given] == [{"mann"}, {"pacino", "de_niro"}, set()]
    assert given[0].support[0].relations == ("directed_by",)
    assert given[2].verdict == "no grounded answer"
    assert len(given[2].reasons) == 3
    refusing = Weights(trust=0.0, doubt=0.0, refusal=1e3)
    Run(tmp_path / "run").write_calibration(refusing)
    for wary in (QuotingReasoner(films, lm, refusing), make_reasoner(str(tmp_path / "run"), films)):
        given = wary.answer([asked(films, some) for some in asked_rows], [plan] * 3, found)
        assert not any(answer.entities for answer in given)
    nothing = reasoner.answer([asked(films, ROWS[0])], [Plan(())], [Evidence(())])[0]
    assert nothing.entities == ()


def test_examples_keep_or_lack_what_answers(films: Graph) -> None:
    planner, words = LexicalPlanner(films), relation_words(films)
    for predicted in (0.0, 1.0):
        raft = Raft(oracle=1.0, predicted=predicted, distractors=12)
        for some, plan in zip(ROWS, planner.plan([linked(some, films) for some in ROWS], 3, 3), strict=True):
            lines = compose(some, linked(some, films), plan, ROWS, films, words, raft, random.Random(0))
            assert len(lines) <= SHOWN
            assert any(answers(line.retrieved, some) for line in lines) is bool(some.answers)
            without = compose(
                some, linked(some, films), plan, ROWS, films, words, replace(raft, oracle=0.0), random.Random(0)
            )
            assert not any(answers(line.retrieved, some) for line in without)
    targets = [sample.targets for sample in reasoning_samples(ROWS, films, planner, Raft(oracle=1.0))]
    assert targets[3] == (((NOT_HERE + END,), 1.0),)
    assert targets[0][0][0] == (" Heat -> directed by\n", "Answer: Michael Mann\n")
