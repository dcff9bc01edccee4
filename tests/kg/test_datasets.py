"""Sets of questions in every form they come in, and one clear line for what is wrong with them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg.datasets import guess_format, read_questions
from kg.errors import LoadError
from kg.published import hub_triples, metaqa_path
from kg.questions import RawQuestion

SHARED = Path(__file__).parents[3] / "shared" / "data"


def file(folder: Path, name: str, text: str) -> str:
    (folder / name).write_text(text, "utf-8")
    return str(folder / name)


def one(folder: Path, row: object) -> RawQuestion:
    return read_questions([file(folder, "qa.jsonl", json.dumps(row) + "\n")])[0]


def test_our_own_form(tmp_path: Path) -> None:
    asked = one(tmp_path, {"question": " Who directed Heat? ", "answers": ["mann", "mann"], "hops": 1, "why": "-"})
    assert asked == RawQuestion("qa-00001", "Who directed Heat?", ("mann",), where=f"{tmp_path}/qa.jsonl, line 1")
    gold = {"id": 7, "question": "?", "answers": [], "topics": ["heat"], "path": ["a", "~b"], "paths": ["a -> ~b", "c"]}
    assert one(tmp_path, gold).paths == (("a", "~b"), ("c",))
    assert one(tmp_path, gold).id == "7"


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ({"question": "?", "anwsers": []}, "line 1: unknown field 'anwsers', did you mean 'answers'?"),
        ({"question": "?", "xyz": []}, "unknown field 'xyz'; known are question, answers, id"),
        ({"question": "?"}, "no field 'answers'; found question"),
        ({"question": 3, "answers": []}, "field 'question' is 3, expected a text"),
        ({"question": "?", "answers": "Heat"}, "field 'answers' is 'Heat', expected a list of texts"),
        ({"question": "?", "answers": [1]}, "field 'answers' is .1., expected a list of texts"),
        ({"question": "?", "answers": [], "paths": [[]]}, "is no relation path"),
        (["question"], "expected an object with question and answers"),
    ],
)
def test_a_wrong_field_is_named(tmp_path: Path, row: object, complaint: str) -> None:
    with pytest.raises(LoadError, match=complaint):
        read_questions([file(tmp_path, "qa.jsonl", json.dumps(row))], "jsonl")


def test_what_is_no_set_of_questions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(name: str) -> None:
        raise ConnectionError(f"{name} cannot be reached")

    monkeypatch.setattr("datasets.load_dataset", away)
    with pytest.raises(LoadError, match="no such file"):
        read_questions([str(tmp_path / "none.jsonl")])
    with pytest.raises(LoadError, match="Hugging Face hub did not give it"):
        read_questions(["nobody/nothing-of-this-name"])
    with pytest.raises(LoadError, match="line 2: not JSON"):
        read_questions([file(tmp_path, "a.jsonl", '{"question": "?", "answers": []}\n{')])
    with pytest.raises(LoadError, match="no questions"):
        read_questions([file(tmp_path, "b.jsonl", "\n")])
    with pytest.raises(LoadError, match=r"--format jsonl\|metaqa"):
        read_questions([file(tmp_path, "c.txt", "hello\n")])
    with pytest.raises(LoadError, match="--format metqa: known are"):
        read_questions([file(tmp_path, "c.txt", "hello\n")], "metqa")
    twice = '{"id": "x", "question": "?", "answers": []}\n' * 2
    with pytest.raises(LoadError, match=r"line 2: the id 'x' is that of .*line 1"):
        read_questions([file(tmp_path, "d.jsonl", twice)])


def test_metaqa_with_its_question_types(tmp_path: Path) -> None:
    name = file(tmp_path, "qa_2hop.txt", "who directed the films of [Al Pacino]\tMichael Mann|Brian De Palma\n")
    assert guess_format(Path(name)) == "metaqa"
    assert read_questions([name])[0].paths == ()
    file(tmp_path, "qtype_2hop.txt", "actor_to_movie_to_director\n")
    (asked,) = read_questions([name])
    assert asked.text == "who directed the films of Al Pacino"
    assert (asked.topics, asked.answers) == (("Al Pacino",), ("Michael Mann", "Brian De Palma"))
    assert asked.paths == (("~starred_actors", "directed_by"),)
    file(tmp_path, "qtype_2hop.txt", "actor_to_movie_to_director\nactor_to_movie\n")
    with pytest.raises(LoadError, match="2 lines for the 1 questions"):
        read_questions([name])
    with pytest.raises(LoadError, match="no question type of MetaQA: 'actor_to_director'"):
        metaqa_path("actor_to_director", "qtype, line 1")
    with pytest.raises(LoadError, match="line 1: expected a question with its topic"):
        read_questions([file(tmp_path, "x.txt", "no topic\tHeat\n")], "metaqa")


def test_pathquestion(tmp_path: Path) -> None:
    line = "what is bob 's father 's job ?\tking(king/poet/)\tbob#parents#tom#profession#king#<end>#king\n"
    (asked,) = read_questions([file(tmp_path, "PQ-2H.txt", line)])
    assert (asked.topics, asked.answers) == (("bob",), ("king", "poet"))
    assert asked.paths == (("parents", "profession"),)
    with pytest.raises(LoadError, match="line 1: expected a question, answer"):
        read_questions([file(tmp_path, "x.txt", "what\tking(king/)\tbob#king\n")], "pathquestion")


def test_rows_of_rogs_data_sets(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    row = {
        "id": "WebQTrn-0",
        "question": "who directed heat",
        "answer": ["Michael Mann"],
        "q_entity": ["Heat"],
        "a_entity": ["Michael Mann"],
        "graph": [["Heat", "film.film.directed_by", "Michael Mann"]],
        "choices": [],
    }
    name = file(tmp_path, "webqsp.jsonl", json.dumps(row) + "\n")
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "webqsp.parquet")
    for source in (name, str(tmp_path / "webqsp.parquet")):
        assert guess_format(Path(source)) == "rog"
        (asked,) = read_questions([source])
        assert (asked.id, asked.topics, asked.answers) == ("WebQTrn-0", ("Heat",), ("Michael Mann",))
    with pytest.raises(LoadError, match="not a whole Parquet file"):
        read_questions([file(tmp_path, "broken.parquet", "PAR1")])


@pytest.mark.skipif(not SHARED.exists(), reason="the published data sets are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "count"),
    [("metaqa/qa_2hop.txt", 14_872), ("pathquestion/PQ-2H.txt", 1_908), ("pathquestion/PQ-3H.txt", 5_198)],
)
def test_published_files_are_read_whole(name: str, count: int) -> None:
    found = read_questions([str(SHARED / name)])
    assert len(found) == count
    assert all(row.topics and row.answers and row.paths for row in found)


def test_data_sets_of_the_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    datasets = pytest.importorskip("datasets")
    row = {"question": "who directed heat", "answer": ["Mann"], "q_entity": ["Heat"], "a_entity": ["Mann"]}
    loaded = datasets.DatasetDict(
        {
            "train": datasets.Dataset.from_list([{**row, "id": "a", "graph": [["Heat", "directed_by", "Mann"]]}]),
            "test": datasets.Dataset.from_list([{**row, "id": "b", "graph": [["Heat", "genre", "Crime"]]}]),
        }
    )
    monkeypatch.setattr(datasets, "load_dataset", lambda name: loaded)
    assert [asked.id for asked in read_questions(["somebody/questions"])] == ["a", "b"]
    assert [asked.id for asked in read_questions(["hf:somebody/questions:test"])] == ["b"]
    assert list(hub_triples("somebody/questions"))[1] == ("Heat", "genre", "Crime")
    with pytest.raises(LoadError, match="no split 'valid'; there are train, test"):
        read_questions(["somebody/questions:valid"])
