"""Systems measured on the three films: arms, settings, seeds, controls, strata, and names taken away."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from kg.errors import QuestionError
from kg.store import Store
from kg.types import Question, Topic, Triple
from planner.data.rows import PlanLabel, Row
from planner.lexical import LexicalPlanner
from planner.lm import LanguageModel
from reasoner.base import Trace
from reasoner.closed_book import ClosedBook, entities_in
from reasoner.pipeline import RoG
from rog.evaluation.anonymous import Anonymous
from rog.evaluation.arms import System, gold_paths, parse_system
from rog.evaluation.asking import Questions, language_models
from rog.evaluation.evaluate import evaluate
from rog.evaluation.results import Arm, Options

ROWS = (
    Row("1", "Who directed Heat?", ("mann",), ("heat",), "Heat", (("directed_by",),)),
    Row("2", "Who are the actors of Heat?", ("pacino", "de_niro"), ("heat",), "Heat", (("actor",),)),
    Row("3", "Director of Gladiator", ("scott",), ("gladiator",), "", (("directed_by",),)),
    Row("4", "How expensive was the catering of Heat?", (), ("heat",)),
)


def test_settings_controls_and_ceilings(films: Store) -> None:
    systems = [parse_system(name) for name in ("lexical", "random", "oracle-plan", "oracle-paths=symbolic")]
    report = evaluate(systems, ROWS, films, Options(anonymise=True), trained={("directed_by",)})
    arms = [summary.arm for summary in report.summaries]
    assert len(arms) == len(set(arms)) == 16
    assert len(report.records) == 16 * len(ROWS)
    assert (report.answerable, report.unanswerable) == (3, 1)
    for topics in ("linked", "gold"):
        for anonymous in (False, True):
            oracle = report.summary("oracle-plan", topics, anonymous)
            assert oracle.measure("f1").interval.mean == oracle.measure("exact").interval.mean == 1.0
            assert oracle.measure("proven").interval.mean == oracle.measure("executable").interval.mean == 1.0
    lexical = report.summary("lexical")
    assert lexical.measure("right_refusal").questions == 1
    assert lexical.measure("f1").questions == 3
    assert lexical.cost.p50 > 0
    assert {(stratum.kind, stratum.name) for stratum in report.strata} == {
        ("Right answers", "1 answer"), ("Right answers", "2 to 5 answers"),
        ("Relation path", "in the training data"), ("Relation path", "not in the training data"),
    }  # fmt: skip
    same = [c for c in report.comparisons if c.first == Arm("lexical", "linked") and c.second.system != "lexical"]
    assert [c.second.system for c in same] == ["random", "oracle-plan", "oracle-paths"]
    assert all(c.family == 3 and c.mcnemar_holm >= c.mcnemar for c in same)
    with pytest.raises(KeyError, match="nobody"):
        report.summary("nobody")


def test_the_same_again_and_by_batches(films: Store) -> None:
    systems = [parse_system("lexical"), parse_system("random@1"), parse_system("random@2")]
    one, two = (evaluate(systems, ROWS, films, Options(batch=batch)) for batch in (1, 3))
    assert [(r.answers, r.scores._asdict().keys()) for r in one.records] == [
        (r.answers, r.scores._asdict().keys()) for r in two.records
    ]
    assert str([s.measures for s in one.summaries]) == str([s.measures for s in two.summaries])
    seeds = one.summary("random")
    assert seeds.seeds == 2
    hits = seeds.measure("hits_at_1")
    assert hits.least <= hits.interval.mean <= hits.most
    assert any("3 questions were asked at a time" in note for note in two.notes)


def test_own_systems_need_no_name(films: Store) -> None:
    class Silent:
        def traces(self, questions: Sequence[Question]) -> list[Trace]:
            return RoG(films, LexicalPlanner(films)).traces([Question(question.text) for question in questions])

    report = evaluate([System("silent", lambda setup: Silent())], ROWS, films, Options("linked"))
    summary = report.summary("silent")
    assert summary.measure("wrong_refusal").interval.mean == 1.0
    assert summary.measure("f1").interval.mean == 0.0
    assert summary.measure("proven").questions == 0
    assert report.comparisons == ()


def test_answers_that_the_graph_does_not_have_are_counted_and_said(films: Store) -> None:
    rows = [Row("1", "Who directed Heat?", ("Steven Spielberg",))]
    report = evaluate([parse_system("lexical")], rows, films)
    assert report.summary("lexical").measure("f1").interval.mean == 0.0
    assert "'Steven Spielberg'" in report.notes[0]
    assert len(report.summaries) == 1  # no gold topics, no second setting


@pytest.mark.parametrize("text", ["", "=lexical", "a=", "a@0=lexical", "a@x=lexical", "a=b,c,d", "a=b,"])
def test_systems_that_cannot_be_read(text: str) -> None:
    with pytest.raises(QuestionError, match="--system"):
        parse_system(text)


def test_twice_the_same_is_an_error(films: Store) -> None:
    with pytest.raises(QuestionError, match="the system 'lexical' is there twice"):
        evaluate([parse_system("lexical")] * 2, ROWS, films)
    with pytest.raises(QuestionError, match="the question id '1' is there twice"):
        evaluate([parse_system("lexical")], [ROWS[0]] * 2, films)
    with pytest.raises(QuestionError, match="no questions"):
        evaluate([parse_system("lexical")], [], films)


def test_gold_paths_are_the_best_mined_ones() -> None:
    plans = (PlanLabel(("a",), 1.0, 0.5, 0.2), PlanLabel(("b",), 1.0, 1.0, 0.3), PlanLabel(("c",), 1.0, 1.0, 0.5))
    assert gold_paths(Row("1", "?", ("x",), plans=plans)) == (("c",), ("b",))
    assert gold_paths(Row("1", "?", ("x",), paths=(("d",),), plans=plans)) == (("d",),)
    assert gold_paths(Row("1", "?", ())) == ()


def test_names_with_commas_are_taken_away_too(films: Store) -> None:
    heat = films.entity("heat")
    text = "Who directed Crouching Tiger, Hidden Dragon?"
    asked = Question(text, (Topic(heat, 1.0, "Crouching Tiger Hidden Dragon"),))
    graph = Anonymous(films)
    assert graph.question(asked).text == f"Who directed {graph.label('heat')}?"


def test_an_anonymous_graph_says_no_names(films: Store) -> None:
    graph = Anonymous(films)
    asked = Questions(films, ROWS)
    question = graph.question(asked.linked(ROWS[0])[0])
    name = graph.label("heat")
    assert question.text == f"Who directed {name}?"
    assert (question.topics[0].mention, question.topics[0].entity.label) == (name, name)
    assert question.topics[0].key == "heat"
    assert graph.entity("mann").label.startswith("E")
    assert graph.entity("scott").aliases == ()
    assert graph.entity("scott").types == ("person",)
    assert [found.key for found in graph.named([name.casefold()])] == ["heat"]
    assert graph.search("Heat", 5) == []
    assert graph.scan(name, 5, 0.9)[0][0].key == "heat"
    assert graph.contains(Triple("heat", "directed_by", "mann"))
    assert (graph.size, graph.relations.keys()) == (films.size, films.relations.keys())
    assert graph.paths("heat", ("directed_by",), 5) == films.paths("heat", ("directed_by",), 5)
    labels = [graph.label(key) for key in ("heat", "mann", "scott", "crowe")]
    assert len(set(labels)) == 4
    assert Anonymous(films).label("crowe") == labels[3]


def test_gold_topics_stand_on_words_of_the_question(films: Store) -> None:
    asked = Questions(films, ROWS)
    assert [(t.key, t.mention, t.score) for t in asked.gold(ROWS[2]).topics] == [("gladiator", "Gladiator", 1.0)]
    assert asked.gold(Row("9", "Who directed Heat?", ())) == asked.linked(Row("9", "Who directed Heat?", ()))[0]


def test_closed_book_answers_are_looked_up(films: Store) -> None:
    assert entities_in(films, " Michael Mann.") == ["mann"]
    assert entities_in(films, "Al Pacino; Bobby and someone else") == ["pacino", "de_niro", "someone else"]
    assert entities_in(films, "US, UK") == ["usa", "uk"]
    assert entities_in(films, " .") == []


def test_closed_book_counts_what_the_model_reads(films: Store, tiny: LanguageModel) -> None:
    book = ClosedBook(films, tiny)
    assert list(language_models(book)) == [tiny]
    alone = [book.write([row.question])[0] for row in ROWS[:2]]
    together = book.write([row.question for row in ROWS[:2]])
    assert [one.text for one in together] == [one.text for one in alone]
    assert all("\n" not in one.text for one in alone)
    report = evaluate([System("closed-book", lambda setup: ClosedBook(setup.graph, tiny))], ROWS[:2], films)
    summary = report.summary("closed-book")
    assert summary.cost.tokens >= summary.cost.forwards >= 1
    assert summary.measure("proven").interval.mean in (0.0,) or summary.measure("proven").questions == 0
