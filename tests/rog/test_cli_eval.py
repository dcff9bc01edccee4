"""`rog eval` as a user meets it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg.store import Store
from tests.commands import rog

QUESTIONS = (
    {"id": "1", "question": "Who directed Heat?", "answers": ["Michael Mann"], "topics": ["Heat"]},
    {"id": "2", "question": "Who are the actors of Heat?", "answers": ["pacino", "Robert De Niro"], "path": ["actor"]},
    {"id": "3", "question": "What did the catering of Heat cost?", "answers": []},
)


@pytest.fixture
def data(films: Store, tmp_path: Path) -> Path:
    path = tmp_path / "test.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in QUESTIONS))
    (tmp_path / "train.jsonl").write_text(json.dumps({**QUESTIONS[1], "id": "9"}) + "\n")
    manifest = {"kg": films.name, "sha256": films.manifest["sha256"]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    return path


def test_table_report_and_json(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    args = ("eval", "--data", str(data), "--system", "lexical", "--system", "ceiling=oracle-plan")
    ran = rog(*args, "--out", str(out))
    assert ran.returncode == 0, ran.stderr
    assert "2 answerable questions, 1 unanswerable ones" in ran.stdout
    for title in ("Right", "Partly right", "Wrong but shown", "Refused", "Wrong of shown", "Linked @1", "Fit"):
        assert title in ran.stdout
    assert "ceiling is not applicable where no gold path is known: 1 of 2 questions with answers" in ran.stderr
    assert "ceiling, linked topics − lexical, linked topics: F1" in ran.stdout
    assert "2 questions have no gold topics" in ran.stderr
    assert f"report: {out}/index.html" in ran.stderr
    assert "test on " in (out / "index.html").read_text()
    again = rog(*args, "--out", str(out))
    assert (again.returncode, "--force" in again.stderr) == (1, True)
    as_json = json.loads(rog(*args, "--json", "--topics", "linked", "--first", "2").stdout)
    assert [system["system"] for system in as_json["systems"]] == ["lexical", "ceiling"]
    assert as_json["systems"][0]["f1"]["questions"] == 2
    assert as_json["systems"][1]["f1"]["questions"] == 1
    assert as_json["systems"][0]["wrong_shown"]["questions"] == 2
    assert "only the first 2 of 3 questions were asked" in as_json["notes"]


def test_data_of_another_graph_is_refused(data: Path) -> None:
    ran = rog("eval", "--data", str(data), "--kg", "demo", "--system", "lexical")
    assert ran.returncode == 1
    assert "was made from another graph" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (["--data", "{data}", "--system", "a=b,c,d"], "--system a=b,c,d: expected one planner"),
        (["--data", "none.jsonl", "--system", "lexical"], "none.jsonl: no such file"),
        (["--data", "{data}", "--system", "lexical", "--out", "{folder}"], "not just a report"),
        (["--data", "{data}", "--system", "lexical", "--train", "none.jsonl"], "none.jsonl: no such file"),
        (["--data", "{data}", "--system", "lexical", "--system", "lexical"], "is there twice"),
        (["--data", "{data}", "--system", "lexical", "--system", "./no-model"], "./no-model: no such folder"),
    ],
)
def test_mistakes_are_one_line(args: list[str], message: str, data: Path) -> None:
    ran = rog("eval", *(arg.format(data=data, folder=data.parent) for arg in args))
    assert ran.returncode == 1
    assert ran.stdout == ""
    assert message in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
