"""`rog data make` and `rog data check` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.commands import rog


@pytest.fixture
def kg(films: object, films_folder: Path) -> str:
    return str(films_folder / "films.kg")


def test_make_then_check(kg: str, tmp_path: Path) -> None:
    rows = [
        {"question": f"Who directed {film}?", "answers": answers}
        for film, answers in (("Heat", ["Michael Mann"]), ("The Insider", ["mann", "Nobody"]), ("Gladiator", ["scott"]))
    ]
    qa, out = tmp_path / "qa.jsonl", tmp_path / "data"
    qa.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    made = rog("data", "make", "--kg", kg, "--qa", str(qa), "--out", str(out), "--dev", "0", "--test", "0")
    assert made.returncode == 0, made.stderr
    assert "3 questions" in made.stdout
    assert f"left out: {qa}, line 2: answer 'Nobody': not in the graph" in made.stderr
    assert "left out: 1 answer; all of them:" in made.stderr
    assert "dev is empty" in made.stderr
    checked = rog("data", "check", str(out))
    assert checked.returncode == 0, checked.stderr
    assert checked.stderr == ""
    assert "no first topic and no wording in two splits" in checked.stdout
    again = rog("data", "make", "--kg", kg, "--qa", str(qa), "--out", str(out))
    assert again.returncode == 1
    assert "exists already" in again.stderr
    train = out / "train.jsonl"
    train.write_text(train.read_text("utf-8").replace('"mann"', '"man"'), "utf-8")
    broken = rog("data", "check", str(out))
    assert broken.returncode == 1
    assert "train.jsonl, line 1: answer 'man' is not in the graph" in broken.stderr
    assert "things are wrong" in broken.stderr


def test_answers_that_are_their_own_topic(tmp_path: Path) -> None:
    facts, qa = tmp_path / "facts.tsv", tmp_path / "qa.jsonl"
    facts.write_text("ann\tspouse\tbob\nbob\tspouse\tann\nann\tchild\tcleo\n", "utf-8")
    question = "Who is the spouse of the spouse of ann?"
    qa.write_text(json.dumps({"question": question, "answers": ["ann"], "topics": ["ann"]}) + "\n", "utf-8")
    advice = "1 questions have their topic among their answers"
    for name, more, said in (("plain", [], True), ("returning", ["--returning"], False)):
        kg, out = tmp_path / f"{name}.kg", tmp_path / name
        assert rog("kg", "build", str(facts), "--out", str(kg), *more).returncode == 0
        shown = rog("kg", "describe", str(kg)).stdout
        assert ("walks may come back" in shown) is not said
        made = rog("data", "make", "--kg", str(kg), "--qa", str(qa), "--out", str(out), "--dev", "0", "--test", "0")
        assert (advice in made.stderr) is said, made.stderr
        assert ("spouse -> spouse" in (out / "train.jsonl").read_text("utf-8")) is not said


def test_make_without_questions(kg: str, tmp_path: Path) -> None:
    out = tmp_path / "data"
    made = rog("data", "make", "--kg", kg, "--n", "60", "--out", str(out), "--dev", "0.3", "--test", "0.3")
    assert made.returncode == 0, made.stderr
    assert all((out / f"{name}.jsonl").exists() for name in ("train", "dev", "test"))


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ('{"question": "?", "answer": []}', "line 1: unknown field 'answer', did you mean 'answers'?"),
        ("{", "line 1: not JSON"),
    ],
)
def test_bad_questions_are_one_line(kg: str, tmp_path: Path, line: str, complaint: str) -> None:
    (tmp_path / "qa.jsonl").write_text(line, "utf-8")
    ran = rog("data", "make", "--kg", kg, "--qa", str(tmp_path / "qa.jsonl"), "--out", str(tmp_path / "data"))
    assert ran.returncode == 1
    assert complaint in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "data").exists()
