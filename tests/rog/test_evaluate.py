"""Systems measured on the three films: arms, settings, seeds, controls, strata, and names taken away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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


MISSPELT = (  # what the linker takes for the topic is another name, or none; the gold topic's words are still there
    Row("m1", "Gladiator apart: who directed The Insiders?", ("mann",), ("insider",)),
    Row("m2", "As Heat has it, where was Rydley Scott born?", ("south_shields",), ("scott",)),
    Row("m3", "For a fan of Heat: which city is Sir Ridley Scott from by birth?", ("south_shields",), ("scott",)),
    Row("m4", "Who acted in Glladiator?", ("crowe",), ("gladiator",)),
    Row("m5", "What is it that Bobby acted in?", ("heat",), ("de_niro",)),
)


def test_the_words_of_a_gold_topic_are_found_where_the_linker_finds_others(films: Store) -> None:
    asked = Questions(films, MISSPELT)
    mentions = [asked.gold(row).topics[0].mention for row in MISSPELT]
    assert mentions == ["The Insiders", "Rydley Scott", "Sir Ridley Scott", "Glladiator", "Bobby"]
    unheard = Row("9", "Who directed the one with the heist, like Gladiator?", ("mann",), ("heat",))
    assert asked.gold(unheard).topics[0].mention == "Gladiator", "a name that the graph does not have for it"
    several = Row("8", "Which actor do Heat and The Insider share?", ("pacino",), ("usa", "insider", "heat"))
    topics = asked.gold(several).topics
    assert [topic.mention for topic in topics] == ["Heat", "The Insider", ""]
    assert {topic.score for topic in topics} == {1.0}


def test_gold_topics_are_no_worse_than_linked_ones(films: Store) -> None:
    report = evaluate([parse_system("lexical")], [*ROWS, *MISSPELT], films)
    gold, linked = (report.summary("lexical", topics).measure("f1") for topics in ("gold", "linked"))
    assert gold.interval.mean > linked.interval.mean
    by_row = {(record.row.id, record.arm.topics): record.scores.f1 for record in report.records if record.row.answers}
    assert all(by_row[name, "gold"] >= f1 for (name, topics), f1 in by_row.items() if topics == "linked")


def test_an_oracle_without_gold_paths_is_not_applicable(films: Store) -> None:
    rows = [replace(row, paths=()) for row in ROWS]
    systems = [parse_system("lexical"), parse_system("oracle-plan"), parse_system("top=oracle-paths")]
    report = evaluate(systems, rows, films, Options("linked"))
    assert all(measure.questions == 0 for measure in report.summary("oracle-plan").measures)
    assert report.comparisons == ()
    assert [note for note in report.notes if "not applicable" in note] == [
        f"{name} is not applicable where no gold path is known: 3 of 3 questions with answers"
        for name in ("oracle-plan", "top")
    ]
    some = evaluate(systems[:2], [ROWS[0], *rows[1:]], films, Options("linked"))
    assert some.summary("oracle-plan").measure("f1").interval.mean == 1.0
    assert some.summary("oracle-plan").measure("f1").questions == 1
    assert [(c.family, c.f1.interval.mean) for c in some.comparisons] == [(1, 0.0)]


def test_every_answer_is_right_partly_wrong_or_refused(films: Store) -> None:
    rows = [
        *ROWS[:2],
        replace(ROWS[1], id="part", answers=("pacino", "de_niro", "crowe")),
        replace(ROWS[0], id="wrong", answers=("scott",)),
        replace(ROWS[0], id="unanswerable", answers=()),
        ROWS[3],
    ]
    report = evaluate([parse_system("lexical")], rows, films, Options("linked"))
    summary = report.summary("lexical")
    shares = [summary.measure(name).interval.mean for name in ("right", "partly", "wrong_shown", "refused")]
    assert shares == pytest.approx([2 / 6, 1 / 6, 2 / 6, 1 / 6])
    assert summary.measure("wrong_of_shown").interval.mean == pytest.approx(2 / 5)
    assert [summary.measure(name).questions for name in ("right", "wrong_of_shown", "false_grounded")] == [6, 5, 0]
    low, high = summary.measure("wrong_shown").interval[1:]
    assert low < 2 / 6 < high
    fits = {record.row.id: record.scores.fit for record in report.records}
    assert fits["1"] >= 0.5 > fits["4"]


def test_a_proof_that_leaves_out_a_topic_is_counted(films: Store) -> None:
    rows = [Row("1", "Who directed Heat with him?", ("mann",), ("heat", "pacino")),  # a topic that no word names
            Row("2", "Who directed Heat?", ("mann",), ("heat",)),
            Row("3", "Who directed Heat with Al Pacino?", ("mann",), ("heat", "pacino"))]  # fmt: skip
    report = evaluate([parse_system("lexical")], rows, films, Options("gold"))
    shown = [record.row.id for record in report.records if record.verdict == "grounded"]
    found = report.summary("lexical", "gold").measure("false_grounded")
    assert (shown, found.questions, found.interval.mean) == (["1", "2"], 2, 0.5)  # a named one is refused


def test_linking_is_measured_on_gold_topics(films: Store) -> None:
    rows = [
        Row("1", "Who directed Heat?", ("mann",), ("heat",)),
        Row("2", "Who directed Heat?", ("mann",), ("insider",)),
        Row("3", "Which actor do Heat and The Insider share?", ("pacino",), ("heat", "insider")),
        Row("4", "Who directed Gladiator?", ("scott",)),
    ]
    report = evaluate([parse_system("lexical")], rows, films, Options(anonymise=True))
    for anonymous in (False, True):
        summary = report.summary("lexical", "linked", anonymous)
        first, five = summary.measure("link_1"), summary.measure("link_5")
        assert (first.questions, five.questions) == (3, 3)
        assert (first.interval.mean, five.interval.mean) == pytest.approx((1.5 / 3, 2 / 3))
        assert report.summary("lexical", "gold", anonymous).measure("link_5").questions == 0


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
