"""Builds: whole or not there, whatever happens."""

from __future__ import annotations

import errno
import sqlite3
import time
from pathlib import Path

import pytest

from kg import write
from kg.build import Sources, build, cached_store, merged, resolve
from kg.errors import GraphError, LoadError
from kg.load import Options
from kg.open import open_graph
from kg.store import Store


def facts(folder: Path, text: str = "a\tr\tb\n") -> Sources:
    path = folder / "facts.tsv"
    path.write_text(text)
    return Sources((path,))


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "facts.tsv")


def test_labels_and_provenance_are_kept(films_folder: Path, tmp_path: Path) -> None:
    sources = merged(
        [str(films_folder / "facts.tsv")],
        (films_folder / "names.tsv",),
        films_folder / "relations.tsv",
        "CC0",
    )
    build(sources, tmp_path / "g.kg")
    graph = open_graph(tmp_path / "g.kg")
    mann = graph.entity("mann")
    assert (mann.label, mann.types, mann.aliases, mann.degree) == (
        "Michael Mann",
        ("person",),
        ("M. Mann",),
        3,
    )
    directed = graph.relations["directed_by"]
    assert (directed.label, directed.inverse_label) == ("directed by", "director of")
    assert (directed.head_type, directed.tail_type) == ("film", "person")
    assert graph.relations["genre"].inverse_label == "genre of"
    manifest = graph.manifest  # type: ignore[attr-defined]
    assert (manifest["source"], manifest["licence"]) == ("facts.tsv", "CC0")


def test_duplicates_count_once_and_are_reported(tmp_path: Path) -> None:
    build(facts(tmp_path, "a\tr\tb\n" * 3), tmp_path / "g.kg")
    graph = open_graph(tmp_path / "g.kg")
    assert graph.size.triples == 1
    assert graph.manifest["duplicates"] == 2  # type: ignore[attr-defined]


def test_names_without_facts_are_counted(tmp_path: Path) -> None:
    names = tmp_path / "names.tsv"
    names.write_text("a\tA\nc\tC\nd\tD\n")
    build(Sources(facts(tmp_path).facts, (names,)), tmp_path / "g.kg")
    assert Store(tmp_path / "g.kg").notes == (
        "left out, because no fact is about them: 2 of the entities that have names",
    )
    build(facts(tmp_path), tmp_path / "h.kg")
    assert Store(tmp_path / "h.kg").notes == ()


def test_an_empty_graph_is_not_written(tmp_path: Path) -> None:
    for text in ("", "\n\n", "head\trelation\ttail\n"):
        with pytest.raises(GraphError, match=r"no facts in facts\.tsv"):
            build(facts(tmp_path, text), tmp_path / "g.kg")
    assert left(tmp_path) == []


def test_a_bad_line_is_counted_or_leaves_nothing(tmp_path: Path) -> None:
    sources, out, rejects = facts(tmp_path, "a\tr\tb\nbad\n"), tmp_path / "g.kg", tmp_path / "rejects.tsv"
    with pytest.raises(LoadError, match="line 2"):
        build(sources, out, Options(strict=True))
    with pytest.raises(LoadError, match="line 2"):  # nobody reads the report of a cached graph
        open_graph(str(sources.facts[0]))
    assert left(tmp_path) == []
    assert build(sources, out, Options(rejects=rejects)).bad == 1
    path = sources.facts[0]
    assert (
        rejects.read_text() == f"file\tline\treason\ttext\n{path}\t2\t1 column, expected 3; separated by tabs?\tbad\n"
    )


def test_a_file_of_bad_lines_only_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match=r"no fact in facts\.tsv, 3 bad lines; the first: .*line 1: 1 column"):
        build(facts(tmp_path, "bad\n" * 3), tmp_path / "g.kg")
    assert left(tmp_path) == []


def test_what_is_there_is_not_overwritten_unasked(tmp_path: Path) -> None:
    sources, out = facts(tmp_path), tmp_path / "g.kg"
    build(sources, out)
    with pytest.raises(GraphError, match="exists already; choose another --out, or --force"):
        build(sources, out)
    build(sources, out, overwrite=True)
    assert open_graph(out).size.triples == 1
    home = tmp_path / "precious"
    home.mkdir()
    (home / "thesis.txt").write_text("x")
    for manifest in (None, "{}", '{"files": {}, "size": [1, 1, 1]}'):
        if manifest:
            (home / "manifest.json").write_text(manifest)
        with pytest.raises(GraphError, match="is not just a graph: it will not be replaced"):
            build(sources, home, overwrite=True)
    assert (home / "thesis.txt").exists()
    assert left(tmp_path) == ["g.kg", "precious"]


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "the disk is full"),
        (OSError("400001 requested and 3040 written"), "the disk is full"),
        (OSError(errno.EROFS, "Read-only file system"), "the disk is read-only"),
        (sqlite3.OperationalError("database or disk is full"), "the disk is full"),
    ],
)
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, message: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr(write, "write_names", fail)
    with pytest.raises(GraphError, match=message):
        build(facts(tmp_path), tmp_path / "g.kg")
    assert left(tmp_path) == []


def test_other_errors_are_not_swallowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(write, "write_names", fail)
    with pytest.raises(OSError, match="broken"):
        build(facts(tmp_path), tmp_path / "g.kg")
    assert left(tmp_path) == []


def test_named_sources(tmp_path: Path) -> None:
    assert resolve("pykeen:nations").licence == "MIT"
    with pytest.raises(GraphError, match="pykeen:natoins is not known; there are pykeen:nations"):
        resolve("pykeen:natoins")
    with pytest.raises(LoadError, match="no such file or directory"):
        resolve(str(tmp_path / "none"))
    with pytest.raises(GraphError, match="an address of another kind than neo4j"):
        resolve("http://somewhere")


@pytest.mark.parametrize(("name", "size"), [("nations", (14, 55, 1992)), ("kinships", (104, 25, 10686))])
def test_pykeen_sets(name: str, size: tuple[int, int, int]) -> None:
    assert open_graph(f"pykeen:{name}").size == size


def test_the_cache_follows_the_contents(tmp_path: Path) -> None:
    path = facts(tmp_path).facts[0]
    first = cached_store(str(path))
    assert cached_store(str(path)) == first
    began = first.stat().st_mtime_ns
    time.sleep(0.01)
    facts(tmp_path, "a\tr\tc\n")
    second = cached_store(str(path))
    assert second != first
    assert first.stat().st_mtime_ns == began
    assert open_graph(str(path)).frontier(["a"]).follow("r").entities == ("c",)


def test_sources_with_a_colon_are_cached_in_the_cache(tmp_path: Path, own_cache: Path) -> None:
    folder = tmp_path / "a:b"
    folder.mkdir()
    assert own_cache in cached_store(str(facts(folder).facts[0])).parents


def test_a_cache_that_another_process_filled_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(facts(tmp_path, "x\tr\ty\n").facts[0])

    def slower(sources: Sources, out: Path, *_: object, wait: bool) -> None:
        assert wait
        build(sources, out)
        build(sources, out)

    monkeypatch.setattr("kg.build.build", slower)
    assert open_graph(path).size.triples == 1


def test_a_damaged_graph_in_the_cache_is_built_again(tmp_path: Path) -> None:
    path = str(facts(tmp_path, "x\tr\tz\n").facts[0])
    cached = cached_store(path)
    for damage in ("keys.bin", "manifest.json"):
        (Store(cached).folder / damage).write_text("x")
        assert open_graph(path).frontier(["x"]).follow("r").entities == ("z",)
    assert Store(cached).version[0] == "3"
