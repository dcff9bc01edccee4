"""Plan → evidence → answer: limits are never silent, answers are bound to path ends, refusals say why."""

from __future__ import annotations

import inspect
from dataclasses import replace
from math import inf, log, nan
from pathlib import Path

import pytest

import rog
from kg.errors import GraphError, ModelError, QuestionError
from kg.graph import Graph
from kg.link import link
from kg.networkx_graph import NetworkXGraph
from kg.open import open_graph
from kg.types import Question, ReasoningPath, RelationPath, Step, Topic
from planner.base import Plan, ScoredPath
from planner.lexical import LexicalPlanner
from planner.lm import LanguageModel
from reasoner.base import Answer, Evidence, Reasoner
from reasoner.lm import LmReasoner
from reasoner.pipeline import RoG
from reasoner.prompts import path_words, reasoner_question
from reasoner.retrieve import retrieve
from reasoner.symbolic import SymbolicReasoner, listed
from reasoner.verify import problems


def linked(graph: Graph, text: str) -> Question:
    return Question(text, link(graph, text))


def plan(*paths: RelationPath, fits: float = 0.9) -> Plan:
    weights = [0.6, 0.3, 0.1]
    return Plan(tuple(ScoredPath(path, log(weights[i])) for i, path in enumerate(paths)), fits=fits)


def hub(size: int) -> Graph:
    facts = [("hub", "r", f"n{i:03}") for i in range(size)]
    return open_graph(facts + [(f"n{i:03}", "s", "sink") for i in range(size)])


def test_evidence_is_every_path_best_plan_first(films: Graph) -> None:
    question = linked(films, "Heat")
    evidence = retrieve(films, question, plan(("directed_by",), ("actor", "~actor")))
    assert [entry.relations for entry in evidence.found] == [("directed_by",), ("actor", "~actor")]
    assert evidence.found[0].ends == ("mann",)
    assert [str(path) for path in evidence.found[1].paths] == ["heat -> actor -> pacino -> ~actor -> insider"]
    assert evidence.cut == 0


def test_what_is_cut_is_counted_and_every_end_keeps_a_path() -> None:
    graph = hub(50)
    topic = (Topic(graph.entity("hub"), 1.0, "hub"),)
    evidence = retrieve(graph, Question("hub", topic), plan(("r",), ("r", "s")), limit=10)
    many, one = evidence.found
    assert (many.ends_total, many.paths_total, len(many.ends), len(many.paths)) == (50, 50, 10, 10)
    assert (one.ends, one.paths_total, len(one.paths)) == (("sink",), 50, 10)
    assert evidence.cut == 80
    facts = [("a", "r", f"m{i:02}") for i in range(30)] + [(f"m{i:02}", "s", "x") for i in range(30)]
    graph = open_graph([*facts, ("m29", "s", "y")])
    question = Question("a", (Topic(graph.entity("a"), 1.0, "a"),))
    found = retrieve(graph, question, plan(("r", "s")), limit=5).found[0]
    assert found.ends == ("x", "y")
    assert found.paths[-1].entities == ("a", "m29", "y")


def test_an_unnamed_node_stands_inside_a_path_but_is_no_answer(tiny: LanguageModel) -> None:
    facts = [("a", "r", key) for key in ("_:b1", "bob", "m.01", "m.02", "zoe")]
    graph = open_graph([*facts, *((key, "s", "x") for key in ("m.01", "m.02")), ("a", "t", "m.01")])
    question = Question("a", (Topic(graph.entity("a"), 1.0, "a"),))
    tried = plan(("r",), ("r", "s"), ("t",))
    evidence = retrieve(graph, question, tried)
    first, second = evidence.found  # and none for ("t",), which leads to an identifier only
    assert (first.ends, first.ends_total, first.paths_total) == (("bob", "zoe"), 2, 2)
    assert [path.entities[1] for path in second.paths] == ["m.01", "m.02"]
    assert evidence.cut == 0
    assert retrieve(graph, question, plan(("r",)), limit=1).found[0].ends == ("bob",)
    for reasoner in (SymbolicReasoner(graph), LmReasoner(graph, tiny)):
        answer = reasoner.answer([question], [tried], [evidence])[0]
        assert answer.entities in (("bob", "zoe"), ("x",))
        assert problems(graph, question, tried, answer) == []


def test_plans_that_lead_nowhere_leave_no_evidence(films: Graph) -> None:
    assert retrieve(films, linked(films, "Chicago"), plan(("genre",))) == Evidence(())


def test_the_symbolic_answer_is_the_best_plans_ends(films: Graph) -> None:
    question = linked(films, "Al Pacino")
    tried = plan(("~actor",), ("~actor", "directed_by", "~directed_by"))
    evidence = retrieve(films, question, tried)
    answer = SymbolicReasoner(films).answer([question], [tried], [evidence])[0]
    assert answer.entities == ("heat", "insider")
    assert answer.text == "Heat and The Insider"
    assert answer.verdict == "grounded"
    assert [path.end for path in answer.support] == list(answer.entities)
    assert 0.5 < answer.confidence < 0.9
    assert problems(films, question, tried, answer) == []


def test_a_plan_that_does_not_fit_is_refused_with_reasons(films: Graph) -> None:
    question, tried = linked(films, "Heat"), plan(("directed_by",), ("~directed_by",), fits=0.2)
    answer = SymbolicReasoner(films).answer([question], [tried], [retrieve(films, question, tried)])[0]
    assert (answer.entities, answer.verdict) == ((), "no grounded answer")
    assert "fit 0.20, 0.50 is needed" in answer.reasons[0]
    assert answer.reasons[1] == "leads nowhere from here"


def test_without_a_plan_the_note_is_the_reason(films: Graph) -> None:
    answer = SymbolicReasoner(films).answer([Question("?")], [Plan((), note="no entity")], [Evidence(())])[0]
    assert (answer.verdict, answer.text, answer.reasons) == (
        "no grounded answer",
        "no entity",
        ("no entity",),
    )


@pytest.mark.parametrize(
    ("labels", "total", "text"),
    [
        (["A"], 1, "A"),
        (["A", "B"], 2, "A and B"),
        (list("ABC"), 3, "A, B and C"),
        (list("ABCDEF"), 9, "A, B, C, D, E and 4 more"),
    ],
)
def test_listed(labels: list[str], total: int, text: str) -> None:
    assert listed(labels, total) == text


def test_the_lm_reasoner_chooses_among_evidence_only(films: Graph, tiny: LanguageModel) -> None:
    reasoner: Reasoner = LmReasoner(films, tiny)
    question = linked(films, "Who directed Heat?")
    tried = plan(("directed_by",), ("actor",), ("genre",))
    evidence = retrieve(films, question, tried)
    answer = reasoner.answer([question], [tried], [evidence])[0]
    assert set(answer.entities) in [set(entry.ends) for entry in evidence.found]
    assert problems(films, question, tried, answer) == []
    refused = reasoner.answer([question], [replace(tried, fits=0.1)], [evidence])[0]
    assert refused.verdict == "no grounded answer"


def test_the_lm_reasoner_can_overrule_the_plan(
    films: Graph, tiny: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    from planner.lm import Node, TokenTree

    def second(
        self: TokenTree, nodes: list[Node], options: list[list[tuple[int, ...]]]
    ) -> list[list[tuple[float, Node]]]:
        return [[(-0.01 if place == 1 else -9.0, nodes[0]) for place in range(len(options[0]))]]

    monkeypatch.setattr(TokenTree, "extend", second)
    question, tried = linked(films, "Heat"), plan(("directed_by",), ("genre",))
    answer = LmReasoner(films, tiny).answer([question], [tried], [retrieve(films, question, tried)])[0]
    assert answer.entities == ("crime",)


def test_prompts(films: Graph) -> None:
    from planner.prompts import relation_words

    path = ReasoningPath("heat", (Step("heat", "directed_by", "mann"), Step("mann", "~directed_by", "insider")))
    labels = {key: films.entity(key).label for key in path.entities}
    text = path_words(path, labels, relation_words(films))
    assert text == "Heat → directed by → Michael Mann → director of → The Insider"
    assert reasoner_question([text], "Why?") == f"Paths:\n1. {text}\nQuestion: Why?\nNumber:"


HEAT_MANN = ReasoningPath("heat", (Step("heat", "directed_by", "mann"),))


@pytest.mark.parametrize(
    ("entity", "path", "reason"),
    [
        ("mann", HEAT_MANN, ""),
        ("pacino", HEAT_MANN, "the path ends at mann"),
        (
            "scott",
            ReasoningPath("gladiator", (Step("gladiator", "directed_by", "scott"),)),
            "does not start at a topic",
        ),
        (
            "pacino",
            ReasoningPath("heat", (Step("heat", "actor", "pacino"),)),
            "follows no planned relation path",
        ),
        (
            "scott",
            ReasoningPath("heat", (Step("heat", "directed_by", "scott"),)),
            "heat directed_by scott is not a fact",
        ),
        (
            "mann",
            ReasoningPath("heat", (Step("insider", "directed_by", "mann"),)),
            "jumps from heat to insider",
        ),
        (
            "heat",
            ReasoningPath("heat", (Step("heat", "directed_by", "mann"), Step("mann", "~directed_by", "heat"))),
            "comes back to its start",
        ),
        ("heat", ReasoningPath("heat", ()), "the path has no step"),
    ],
)
def test_the_verifier_finds_every_kind_of_fault(films: Graph, entity: str, path: ReasoningPath, reason: str) -> None:
    question, tried = linked(films, "Heat"), plan(("directed_by",), ("directed_by", "~directed_by"), ())
    found = problems(films, question, tried, Answer((entity,), (path,), films.entity(entity).label, "grounded", 1.0, 1))
    assert len(found) == bool(reason)
    assert all(reason in problem for problem in found)


def test_the_verifier_lets_a_path_come_back_where_the_graph_is_returning() -> None:
    facts = [("heat", "directed_by", "mann"), ("heat", "actor", "mann")]
    back = ReasoningPath("heat", (Step("heat", "directed_by", "mann"), Step("mann", "~actor", "heat")))
    for returning in (False, True):
        graph = NetworkXGraph.from_triples(facts, returning)
        answer = Answer(("heat",), (back,), "heat", "grounded", 1.0, 1)
        assert len(problems(graph, linked(graph, "heat"), plan(back.relations), answer)) == (not returning)


def test_the_verifier_wants_a_path_for_each_entity(films: Graph) -> None:
    answer = Answer(("mann", "pacino"), (HEAT_MANN,), "", "grounded", 1.0)
    assert problems(films, linked(films, "Heat"), plan(("directed_by",)), answer) == [
        "2 entities but 1 supporting paths"
    ]


def cast(films: Graph) -> tuple[Question, Plan, Answer]:
    """Who acts in Heat: a question, its plan and the right answer."""
    question, tried = linked(films, "Heat"), plan(("actor",), ("directed_by",))
    return question, tried, SymbolicReasoner(films).answer([question], [tried], [retrieve(films, question, tried)])[0]


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("text", "Ridley Scott", "not what the entities are called: 'Al Pacino and Robert De Niro'"),
        ("text", "Robert De Niro and Al Pacino", "not what the entities are called"),  # best first
        ("text", "", "not what the entities are called"),
        ("text", "Al Pacino, Robert De Niro and 18 more", "not what the entities are called"),
        ("total", 20, "not what the entities are called"),
        ("total", 1, "a total of 1 for 2 entities"),
        ("confidence", 7.0, "a confidence of 7.0"),
        ("confidence", -0.1, "a confidence of -0.1"),
        ("confidence", nan, "a confidence of nan"),
        ("confidence", inf, "a confidence of inf"),
    ],
)
def test_the_verifier_checks_all_that_is_shown(films: Graph, field: str, value: object, reason: str) -> None:
    question, tried, answer = cast(films)
    assert problems(films, question, tried, answer) == []
    wrong = problems(films, question, tried, replace(answer, **{field: value}))  # type: ignore[arg-type]
    assert len(wrong) == 1
    assert reason in wrong[0]


def test_the_verifier_counts_what_is_only_counted(films: Graph) -> None:
    question, tried, answer = cast(films)
    more = replace(answer, text="Al Pacino, Robert De Niro and 18 more", total=20)
    assert problems(films, question, tried, more) == ["a total of 20, but the cited relation paths lead to 2 entities"]
    fewer = replace(answer, entities=answer.entities[:1], support=answer.support[:1], text="Al Pacino", total=1)
    assert problems(films, question, tried, fewer) == ["a total of 1, but the cited relation paths lead to 2 entities"]
    graph = hub(50)
    asked = Question("hub", (Topic(graph.entity("hub"), 1.0, "hub"),))
    for limit in (1, 5, 10, 100):
        found = retrieve(graph, asked, plan(("r",)), limit)
        listing = SymbolicReasoner(graph).answer([asked], [plan(("r",))], [found])[0]
        assert (len(listing.entities), listing.total) == (min(limit, 50), 50)
        assert problems(graph, asked, plan(("r",)), listing) == []
        tenfold = replace(listing, total=500, text=listing.text.replace("45 more", "495 more"))
        assert problems(graph, asked, plan(("r",)), tenfold)


def test_the_verifier_wants_every_entity_once(films: Graph) -> None:
    question, tried, answer = cast(films)
    twice = replace(
        answer,
        entities=answer.entities[:1] * 2,
        support=answer.support[:1] * 2,
        text="Al Pacino and Al Pacino",
    )
    assert problems(films, question, tried, twice) == ["2 entities of which only 1 differ"]


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("Heat -> directed by: Michael Mann -> born in: Chicago", True),
        ("Heat -> directed by: Michael Mann; Ridley Scott -> born in: Chicago", False),
        ("Heat -> directed by: Michael Mann -> born in: Chicago; London", False),
        ("Heat -> directed by: Michael Mann -> born in: ", False),
        ("Heat -> directed by: Michael Mann", False),
        ("Heat -> actor: Michael Mann -> born in: Chicago", False),
        ("Gladiator -> directed by: Michael Mann -> born in: Chicago", False),
        ("Chicago, I think", False),
        ("Heat -> directed by: Michael Mann -> born in: Chicago -> in: USA", False),
    ],
)
def test_the_verifier_reads_a_recital(films: Graph, text: str, holds: bool) -> None:
    """A text from memory says more than the entities: every name in it must be led to by a stored fact."""
    question, tried = linked(films, "Heat"), plan(("directed_by", "born_in"))
    (path,) = films.paths("heat", ("directed_by", "born_in"), 1).paths
    answer = Answer(("chicago",), (path,), text, "grounded", 0.25, 1)
    assert (problems(films, question, tried, answer) == []) is holds


def test_a_grounded_answer_has_an_entity(films: Graph) -> None:
    answer = Answer((), (), "42", "grounded", 1.0)
    assert problems(films, linked(films, "Heat"), plan(("directed_by",)), answer) == [
        "a grounded answer without an entity"
    ]
    with pytest.raises(QuestionError, match="at least 1"):
        RoG(films, "lexical", limit=0)


def test_planner_and_reasoner_are_names_or_objects(films: Graph, tiny_folder: Path) -> None:
    for reasoner in ("symbolic", SymbolicReasoner(films)):
        for planner in ("lexical", LexicalPlanner(films)):
            assert RoG(films, planner, reasoner).ask("Who directed Heat?").entities == ("mann",)
    assert isinstance(RoG(films, "lexical", str(tiny_folder)).reasoner, LmReasoner)
    with pytest.raises(ModelError, match=r"^no reasoner 'symbolc'; did you mean symbolic\?$"):
        RoG(films, "lexical", "symbolc")
    with pytest.raises(ModelError, match=r"^no planner 'lexcal'; did you mean lexical\?$"):
        RoG(films, "lexcal")
    with pytest.raises(TypeError, match=r"^a graph is expected, not its name: RoG\(rog.open_graph\('my.kg'\)\)$"):
        RoG("my.kg")  # type: ignore[arg-type]


def test_the_public_names_are_listed_and_described() -> None:
    assert set(dir(rog)) == {"Answer", "RoG", "RogError", "Trace", "__version__", "open_graph"}
    assert all(getattr(rog, name) for name in dir(rog))
    described = inspect.getdoc(rog.RoG.__init__) or ""
    assert all(f"{name}: " in described for name in inspect.signature(rog.RoG).parameters)


def test_an_unproven_answer_never_gets_out(films: Graph) -> None:
    class Liar(SymbolicReasoner):
        def _answer(self, plan: Plan, evidence: Evidence) -> Answer:
            return replace(super()._answer(plan, evidence), entities=("scott",))

    answer = RoG(films, "lexical", Liar(films)).ask("Who directed Heat?")
    assert (answer.verdict, answer.entities, answer.text) == (
        "no grounded answer",
        (),
        "the proof did not hold",
    )
    assert "the path ends at mann" in answer.reasons[0]


def test_ask(films: Graph) -> None:
    rog = RoG(films, "lexical")
    answer = rog.ask("Who directed Heat?")
    assert answer.entities == ("mann",)
    assert str(answer.support[0]) == "heat -> directed_by -> mann"
    assert answer.verdict == "grounded"
    assert rog.ask("Who directed it?", entity="gladiator").entities == ("scott",)
    assert rog.ask("Who directed Casablanca?").verdict == "no grounded answer"
    with pytest.raises(GraphError, match="did you mean Heat"):
        rog.ask("Who directed it?", entity="heta")
    with pytest.raises(QuestionError):
        rog.ask(" ")


def test_every_demo_plan_is_executable_and_every_answer_proven(demo: Graph) -> None:
    """The whole demo set, with the planner that needs no model."""
    from benchmarks.common import demo_rows

    rog = RoG(demo, "lexical")
    rows = [row for split in ("train", "dev", "test", "unanswerable") for row in demo_rows(demo, split)]
    assert len(rows) >= 400
    for trace in rog.traces([row.question for row in rows]):
        led = {entry.relations for entry in trace.evidence.found}
        assert {path.relations for path in trace.plan.paths} == led
        assert problems(demo, trace.question, trace.plan, trace.answer) == []
        assert trace.answer.text != "the proof did not hold"
