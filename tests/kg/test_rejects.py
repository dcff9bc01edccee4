"""The file of lines that are no facts: it comes with its graph or not at all, and is never read and written at once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kg.build import Sources, build
from kg.errors import GraphError, LoadError
from kg.load import Options
from kg.open import open_graph
from tests.kg.test_formats import parquet

BAD = "a\tr\tb\nbad\n"


def test_mended_lines_are_not_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    facts, rejects = tmp_path / "facts.tsv", tmp_path / "g.kg.rejects.tsv"
    facts.write_text(BAD)
    build(Sources((facts,)), tmp_path / "g.kg", Options(rejects=rejects))
    for text in ("c\tr\td\n", "c\tr\td\nbad\n"):  # without a bad line it would be removed
        rejects.write_text(text)
        monkeypatch.chdir(tmp_path)
        given = Path("..") / tmp_path.name / rejects.name
        with pytest.raises(GraphError, match=r"g\.kg\.rejects\.tsv is to be read, and this build would write over it"):
            build(Sources((facts, given)), tmp_path / "g.kg", Options(rejects=rejects), overwrite=True)
        assert rejects.read_text() == text


def test_a_build_that_fails_leaves_no_rejects(tmp_path: Path) -> None:
    facts, rejects = tmp_path / "facts.tsv", tmp_path / "g.kg.rejects.tsv"
    facts.write_text("bad\n")
    with pytest.raises(LoadError, match="no fact in"):
        build(Sources((facts,)), tmp_path / "g.kg", Options(rejects=rejects))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts.tsv"]
    rejects.write_text("of the graph that is there\n")
    (tmp_path / "g.kg").mkdir()
    facts.write_text(BAD)
    with pytest.raises(GraphError, match="exists already"):
        build(Sources((facts,)), tmp_path / "g.kg", Options(rejects=rejects))
    assert rejects.read_text() == "of the graph that is there\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["facts.tsv", "g.kg", "g.kg.rejects.tsv"]


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    facts, rejects = tmp_path / "facts.tsv", tmp_path / "g.kg.rejects.tsv"
    facts.write_text(BAD)
    for name in ("building", "building-1", f"building-{os.getppid()}"):  # whatever its process was
        (tmp_path / f".{rejects.name}.{name}").write_text("x")
    build(Sources((facts,)), tmp_path / "g.kg", Options(rejects=rejects))
    assert list(tmp_path.glob(".*")) == []


@pytest.mark.parametrize("form", ["tsv", "parquet"])
def test_the_folder_of_the_graph_is_made_for_bad_lines_too(tmp_path: Path, form: str) -> None:
    facts, out = tmp_path / f"facts.{form}", tmp_path / "new" / "folder" / "g.kg"
    if form == "tsv":
        facts.write_text(BAD)
    else:
        parquet(facts, head=["a", "bad"], relation=["r", None], tail=["b", None])
    rejects = out.with_name("g.kg.rejects.tsv")
    assert build(Sources((facts,)), out, Options(rejects=rejects)).bad == 1
    assert open_graph(out).size.triples == 1
    assert len(rejects.read_text().splitlines()) == 2
    (tmp_path / "file").write_text("")
    with pytest.raises(GraphError, match="no folder can be made there"):
        build(Sources((facts,)), tmp_path / "file" / "g.kg", Options(rejects=tmp_path / "file" / "g.kg.rejects.tsv"))
