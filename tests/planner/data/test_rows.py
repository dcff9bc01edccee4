"""Rows and their folder: written and read back, made from questions, split without leaks, and checked."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.errors import GraphError, LoadError
from kg.networkx_graph import NetworkXGraph
from kg.questions import RawQuestion
from kg.store import Store
from planner.data.check import problems, statistics
from planner.data.folder import Folder, open_folder, write_folder
from planner.data.make import SPLITS, MakeSettings, make, split, split_of
from planner.data.rows import PlanLabel, Row, as_json, from_json, read_rows, write_rows

key = st.text(min_size=1, max_size=8).filter(lambda text: bool(text.strip()) and text.isprintable())
relation = st.sampled_from(["r", "~r", "born_in"])
path = st.lists(relation, min_size=1, max_size=3).map(tuple)
share = st.integers(0, 10_000).map(lambda number: number / 10_000)
rows = st.builds(
    Row,
    key,
    key,
    st.lists(key, max_size=3).map(tuple),
    st.lists(key, max_size=2).map(tuple),
    key,
    st.lists(path, max_size=2).map(tuple),
    st.lists(st.builds(PlanLabel, path, share, share, share), max_size=3).map(tuple),
)


@given(rows)
def test_a_row_is_read_as_it_was_written(row: Row) -> None:
    assert from_json(json.loads(json.dumps(as_json(row)))) == row


def test_targets_are_gold_paths_or_plans() -> None:
    plans = (PlanLabel(("a",), 0.5, 1.0, 0.9), PlanLabel(("b",), 1.0, 1.0, 0.1))
    row = Row("1", "?", ("x",), plans=plans)
    assert row.targets == plans
    assert replace(row, paths=(("b",),)).targets == (PlanLabel(("b",), 1.0, 1.0, 1.0),)
    assert replace(row, paths=(("b",), ("c",))).targets[1] == PlanLabel(("c",), 1.0, 1.0, 0.5)
    assert not row.unreachable
    assert replace(row, plans=()).unreachable
    assert Row("2", "?", ()).unanswerable


def planned(**fields: object) -> str:
    plan = {"path": "r", "precision": 1, "recall": 1, "weight": 1, **fields}
    return json.dumps({"id": "1", "question": "?", "answers": [], "plans": [plan]})


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"id": "1", "question": "?"}', "line 2: .*no field 'answers'"),
        ('{"id": "1", "question": "?", "answers": [], "x": 1}', "unknown field 'x'"),
        ('{"id": "1", "question": "?", "answers": [1]}', "field 'answers' is .1., expected a list of texts"),
        ('{"id": 1, "question": "?", "answers": []}', "field 'id' is 1, expected a text"),
        ('{"id": "1", "question": "?", "answers": [], "plans": [{}]}', "KeyError"),
        ('{"id": "1", "question": "?", "answers": [], "plans": 5}', "TypeError"),
        ('{"id": "1", "question": "?", "answers": [], "mention": 5}', "field 'mention' is 5, expected a text"),
        ('{"id": "1", "question": "?", "answers": [], "paths": [""]}', "field 'paths' has the path ''"),
        (planned(path=" -> "), "field 'plans' has the path ' -> '"),
        (planned(path=["r"]), "field 'plans' has the path"),
        (planned(weight="1"), "the number '1', expected one from 0 to 1"),
        (planned(weight=float("nan")), "the number nan, expected one from 0 to 1"),
        ("{", "line 2"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "x.jsonl").write_text('{"id": "0", "question": "?", "answers": []}\n' + line + "\n", "utf-8")
    with pytest.raises(LoadError, match=complaint):
        list(read_rows(tmp_path / "x.jsonl"))


def test_rows_that_are_not_utf_8_are_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes('{"id": "é"}\n'.encode("latin-1"))
    with pytest.raises(LoadError, match=r"line 1: not UTF-8 \(byte 0xe9\)"):
        list(read_rows(tmp_path / "x.jsonl"))


def asked(number: int, text: str, answers: list[str], topics: tuple[str, ...] = (), **more: object) -> RawQuestion:
    return RawQuestion(f"q{number}", text, tuple(answers), topics, where=f"qa.jsonl, line {number}", **more)  # type: ignore[arg-type]


QUESTIONS = [
    asked(1, "Who directed Heat?", ["Michael Mann"], ("Heat",)),
    asked(2, "Who directed The Insider?", ["mann", "Nobody"]),
    asked(3, "Who directed Gladiator?", ["scott"], paths=(("directed_by",), ("nonsense",))),
    asked(4, "Where was Ridley Scott born?", ["South Shields"]),
    asked(5, "Who is the king of Gladiator?", []),
    asked(6, "Who directed Alien?", ["Somebody"]),
    asked(7, "And?", ["scott"]),
    asked(8, "Which country does Heat lie in?", ["uk"], ("heat",)),
    asked(9, "Who directed it?", ["scott"], ("Alien",)),
]


def test_questions_become_rows_and_what_does_not_fit_is_listed(films: Store) -> None:
    made = make(films, QUESTIONS, MakeSettings(dev=0, test=0))
    rows = {row.id: row for row in made.rows["train"]}
    assert sorted(rows) == ["q1", "q2", "q3", "q4", "q5", "q8"]
    assert rows["q1"] == Row("q1", "Who directed Heat?", ("mann",), ("heat",), "Heat", (), rows["q1"].plans)
    assert rows["q1"].plans[0].path == ("directed_by",)
    assert sum(plan.weight for plan in rows["q1"].plans) == pytest.approx(1)
    assert (rows["q2"].topics, rows["q2"].answers, rows["q2"].mention) == (("insider",), ("mann",), "The Insider")
    assert rows["q3"].paths == (("directed_by",),)
    assert rows["q5"].unanswerable
    assert rows["q8"].unreachable
    listed = [(reject.id, reject.what, reject.value) for reject in made.rejects]
    assert listed == [
        ("q2", "answer", "Nobody"),
        ("q3", "path", "nonsense"),
        ("q6", "answer", "Somebody"),
        ("q6", "question", "Who directed Alien?"),
        ("q7", "question", "And?"),
        ("q9", "topic", "Alien"),
        ("q9", "question", "Who directed it?"),
    ]
    assert made.rejects[0].where == "qa.jsonl, line 2"
    assert made == make(films, QUESTIONS, MakeSettings(dev=0, test=0))


@pytest.mark.parametrize("returning", [False, True])
def test_a_roundabout_plan_counts_like_others_where_walks_may_come_back(returning: bool, tmp_path: Path) -> None:
    facts = [fact for x in "ab" for fact in ((x, "child", f"{x}1"), (x, "child", f"{x}2"), (f"{x}1", "father", x))]
    questions = [
        RawQuestion(x, f"Who is the child of the father of {x}'s child?", (f"{x}1", f"{x}2"), (x,)) for x in "ab"
    ]
    graph, settings = NetworkXGraph.from_triples(facts, returning), MakeSettings(dev=0.0, test=0.0)
    made = make(graph, questions, settings)
    written = write_folder(tmp_path / "data", made, graph, "", ()).manifest.settings["weigh"]
    assert (written["step"] == 1.0) is returning  # what was done, not only what was asked for
    for row in made.rows["train"]:
        best = max(row.plans, key=lambda plan: plan.weight).path
        assert best == (("child", "father", "child") if returning else ("child",))


def test_splits_share_no_topic_and_no_wording() -> None:
    rows = [Row(f"{i}", f"Who is {i % 40}?", ("x",), (f"t{i % 60}",)) for i in range(240)]
    settings = MakeSettings(dev=0.2, test=0.2)
    splits, twins = split(rows, settings)
    assert sum(map(len, splits.values())) + len(twins) == 240
    for name in SPLITS:
        assert splits[name]
        assert all(split_of(row.topics[0], settings) == name for row in splits[name])
    texts = [{row.question for row in splits[name]} for name in SPLITS]
    assert sum(map(len, texts)) == len(texts[0] | texts[1] | texts[2])
    few, _ = split(rows, replace(settings, limit_train=10))
    assert len(few["train"]) == 10
    assert set(few["train"]) <= set(splits["train"])
    with pytest.raises(GraphError, match="have to leave some for train"):
        make(None, [], MakeSettings(dev=0.5, test=0.5))  # type: ignore[arg-type]


@pytest.fixture
def folder(films: Store, films_folder: Path, tmp_path: Path) -> Folder:
    settings = MakeSettings(dev=0, test=0)
    made = make(films, QUESTIONS, settings)
    return write_folder(tmp_path / "data", made, films, str(films_folder / "films.kg"), ["qa.jsonl"])


def test_a_folder_is_read_back(folder: Folder, films: Store) -> None:
    opened = open_folder(folder.path)
    assert opened == folder
    assert [row.id for row in opened.rows("train")] == ["q1", "q2", "q3", "q4", "q5", "q8"]
    assert opened.graph().size == films.size
    assert (folder.path / "rejects.tsv").read_text("utf-8").count("\n") == 8
    assert list(problems(opened, {name: opened.rows(name) for name in SPLITS}, films)) == []
    numbers = statistics(opened.rows("train"), films)
    assert (numbers.questions, numbers.unanswerable, numbers.unreachable) == (6, 1, 1)
    with pytest.raises(LoadError, match="no split 'valid'"):
        opened.rows("valid")
    with pytest.raises(LoadError, match="no folder of `rog data make`"):
        open_folder(folder.path / "nothing")


def test_nothing_is_replaced_unasked(folder: Folder, films: Store) -> None:
    made = make(films, QUESTIONS[:1])
    with pytest.raises(GraphError, match="exists already"):
        write_folder(folder.path, made, films, "x", [])
    write_folder(folder.path, made, films, "x", [], overwrite=True)
    assert not (folder.path / "rejects.tsv").exists()
    (folder.path / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(GraphError, match="not just a folder"):
        write_folder(folder.path, made, films, "x", [], overwrite=True)


def test_what_is_wrong_is_found(folder: Folder, films: Store, demo: Store) -> None:
    rows = {name: folder.rows(name) for name in SPLITS}
    first = rows["train"][0]
    wrong = replace(first, answers=("nobody",), plans=(PlanLabel(("no_such",), 1.0, 1.0, 0.5),))
    rows = {"train": [first, wrong], "dev": [replace(first, id="d")], "test": []}
    found = "\n".join(problems(folder, rows, films))
    assert "train.jsonl, line 2: answer 'nobody' is not in the graph" in found
    assert "line 2: relation 'no_such' is not in the graph" in found
    assert "the weights of its plans sum to 0.500" in found
    assert "the id 'q1' is that of" in found
    assert "train and dev share 1 first topic, as 'heat'" in found
    assert "train and dev share 1 question" in found
    write_rows(folder.path / "dev.jsonl", rows["dev"])
    assert "dev.jsonl: has changed since" in next(problems(folder, rows, films))
    with pytest.raises(GraphError, match="is not the graph that"):
        folder.graph(demo.name)
