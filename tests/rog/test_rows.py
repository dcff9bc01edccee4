"""Questions of every form become rows about one graph; the graph is the one that they were made from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg.errors import GraphError, LoadError
from kg.store import Store
from planner.data.rows import PlanLabel, Row, write_rows
from rog.evaluation.rows import check_same, evaluation_rows, graph_named, trained_paths


def test_names_become_keys_and_what_is_not_found_stays(films: Store, tmp_path: Path) -> None:
    data = tmp_path / "mine.jsonl"
    row = {
        "question": "Who directed Heat?", "answers": ["Michael Mann", "mann", "Nobody"], "topics": ["Heat", "Nowhere"],
        "paths": ["directed_by", "made_up -> actor"],
    }  # fmt: skip
    data.write_text(json.dumps(row) + "\n")
    (found,) = evaluation_rows(data, films)
    assert found == Row("mine-00001", "Who directed Heat?", ("mann", "Nobody"), ("heat",), "", (("directed_by",),))
    assert trained_paths(data, films) == {("directed_by",)}


def test_rows_with_mined_plans_are_read_as_they_are(films: Store, tmp_path: Path) -> None:
    plans = (PlanLabel(("actor",), 1.0, 0.5, 0.4), PlanLabel(("directed_by",), 1.0, 1.0, 0.6))
    rows = [Row("1", "Who directed Heat?", ("mann",), ("heat",), "Heat", (), plans), Row("2", "Why?", ())]
    write_rows(tmp_path / "test.jsonl", rows)
    assert evaluation_rows(tmp_path / "test.jsonl", films) == rows
    assert trained_paths(tmp_path / "test.jsonl", films) == {("directed_by",)}


def test_the_manifest_names_the_graph(films: Store, tmp_path: Path) -> None:
    data, manifest = tmp_path / "test.jsonl", tmp_path / "manifest.json"
    with pytest.raises(LoadError, match="no such file"):
        graph_named(data)
    data.touch()
    with pytest.raises(LoadError, match="say which with --kg"):
        graph_named(data)
    check_same(data, films)
    manifest.write_text(json.dumps({"kg": "my.kg", "kg_sha256": films.manifest["sha256"]}))
    assert graph_named(data) == "my.kg"
    (tmp_path / "my.kg").mkdir()
    assert graph_named(data) == str(tmp_path / "my.kg")
    check_same(data, films)
    manifest.write_text(json.dumps({"kg": "demo", "sha256": "0" * 64}))
    with pytest.raises(GraphError, match="was made from another graph"):
        check_same(data, films)
    manifest.write_text("{")
    with pytest.raises(LoadError, match="is damaged"):
        graph_named(data)
