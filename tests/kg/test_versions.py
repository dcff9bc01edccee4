"""A graph that is built anew: the old version or the new one at every instant, for every reader, whoever is killed."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kg import versions
from kg.build import Sources, build
from kg.errors import GraphError
from kg.open import open_graph
from kg.store import Store


def facts(folder: Path, tail: str = "b") -> Sources:
    path = folder / "facts.tsv"
    path.write_text(f"a\tr\t{tail}\n")
    return Sources((path,))


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "facts.tsv")


def tail_of(path: Path | Store) -> str:
    """What the one fact of a graph leads to, with the name that it has there."""
    graph = path if isinstance(path, Store) else Store(path)
    (tail,) = graph.frontier(["a"]).follow("r").entities
    assert (graph.entity(tail).label, graph.named([tail])[0].key, list(graph.relations)) == (tail, tail, ["r"])
    return tail


def flat(path: Path) -> None:
    """Lay a graph out as an earlier rog did: its files in its own directory."""
    for file in versions.current_folder(path).iterdir():
        shutil.move(file, path / file.name)
    (path / "current").unlink()
    (path / "lock").unlink()
    shutil.rmtree(path / "versions")


def test_readers_keep_their_version(tmp_path: Path) -> None:
    """What was opened stays what it was, in threads that look for the first time too, though its files are gone."""
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    old = Store(out)
    for tail in "cdef":
        build(facts(tmp_path, tail), out, overwrite=True)
        assert tail_of(out) == tail
    assert not old.folder.exists()
    assert tail_of(old) == "b"
    assert len(list((out / "versions").iterdir())) == 2


def test_a_thread_that_comes_late_reads_the_same_names(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    old = Store(out)
    shutil.rmtree(out)
    for again in (False, True):
        if again:
            build(facts(tmp_path, "c"), out)
            (out / "versions" / Store(out).version).rename(old.folder)  # another graph's files by the same path
        with ThreadPoolExecutor(2) as threads:
            assert [*threads.map(tail_of, [old] * 8)] == ["b"] * 8


def test_the_last_two_versions_are_kept(tmp_path: Path) -> None:
    out = tmp_path / "g.kg"
    named = []
    for tail in "bcd":
        build(facts(tmp_path, tail), out, overwrite=True)
        named.append(Store(out).version)
    assert [name.split("-")[0] for name in named] == ["1", "2", "3"]
    assert left(out) == ["current", "lock", "versions"]
    assert left(out / "versions") == named[1:]
    assert tail_of(out / "versions" / named[1]) == "c"


def test_a_newer_version_is_noticed(tmp_path: Path) -> None:
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    graph = Store(out)
    assert graph.newer() is None
    build(facts(tmp_path, "c"), out, overwrite=True)
    assert graph.newer() == Store(out).version
    shutil.rmtree(out)
    with pytest.raises(GraphError, match="is no graph"):
        graph.newer()


def test_a_version_that_goes_while_it_is_opened_is_not_complained_about(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    real, asked = versions.current_folder, []

    def slow(path: Path) -> Path:
        found = real(path)
        asked.append(found)
        if len(asked) == 1:  # by the time that the pointer has been read, two builds have ended
            for tail in "cd":
                build(facts(tmp_path, tail), out, overwrite=True)
        return found

    monkeypatch.setattr("kg.opened.current_folder", slow)
    assert tail_of(out) == "d"


def test_a_graph_of_an_earlier_rog_is_replaced_by_versions(tmp_path: Path) -> None:
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    flat(out)
    old = Store(out)
    assert tail_of(old) == "b"
    with pytest.raises(GraphError, match="exists already; choose another --out, or --force"):
        build(facts(tmp_path, "c"), out)
    build(facts(tmp_path, "c"), out, overwrite=True)
    assert tail_of(out) == "c"
    assert (out / "manifest.json").exists()  # the last but one version
    build(facts(tmp_path, "d"), out, overwrite=True)
    assert left(out) == ["current", "lock", "versions"]
    assert (tail_of(out), tail_of(old)) == ("d", "b")


def test_a_build_that_fails_leaves_the_old_graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    before = left(out / "versions")
    rename, replace = Path.rename, Path.replace

    def fail(self: Path, target: Path) -> Path:
        if self.name in (versions.UNFINISHED, versions.NEXT):
            raise OSError(errno.EACCES, "no")
        return (rename if self.is_dir() else replace)(self, target)

    for method in ("rename", "replace"):
        with monkeypatch.context() as patch:
            patch.setattr(Path, method, fail)
            with pytest.raises(GraphError, match="no permission to write there"):
                build(facts(tmp_path, "c"), out, overwrite=True)
            with pytest.raises(GraphError, match="no permission to write there"):
                build(facts(tmp_path, "c"), tmp_path / "new.kg")
        assert tail_of(out) == "b"
        assert left(out / "versions") == before
        assert left(tmp_path) == ["g.kg"]


def test_two_builds_at_once_are_one_too_many(tmp_path: Path) -> None:
    out = tmp_path / "g.kg"
    for overwrite in (False, True):
        with versions.new_version(out, overwrite) as folder:
            for force in (False, True) if overwrite or not versions.is_graph(out) else (True,):
                with pytest.raises(GraphError, match=r"g\.kg is being built by another process"):
                    build(facts(tmp_path, "c"), out, overwrite=force or overwrite)
            shutil.copytree(built(tmp_path), folder, dirs_exist_ok=True)
        assert tail_of(out) == "b"
    assert left(tmp_path) == ["g.kg", "other.kg"]


def built(folder: Path) -> Path:
    """The files of a graph beside."""
    other = folder / "other.kg"
    build(facts(folder), other, overwrite=True)
    return versions.current_folder(other)


WAITING = """
import sys
from pathlib import Path
from kg.build import Sources, build
print("asked", flush=True)
build(Sources((Path(sys.argv[1]),)), Path(sys.argv[2]), overwrite=True, wait=True)
"""


def test_a_build_may_wait_for_another(tmp_path: Path) -> None:
    sources, out = facts(tmp_path, "c"), tmp_path / "g.kg"
    command = [sys.executable, "-c", WAITING, str(sources.facts[0]), str(out)]
    with versions.new_version(out) as folder:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "asked\n"
        other = tmp_path / "elsewhere"
        other.mkdir()
        shutil.copytree(built(other), folder, dirs_exist_ok=True)
    with process.stdout:
        assert process.wait(60) == 0
    assert tail_of(out) == "c"


SLOW = """
import sys, time
from pathlib import Path
from kg import write
from kg.build import Sources, build
slow = write.indexed
def pause(*rest):
    index = slow(*rest)
    print("writing", flush=True)
    time.sleep(60)
    return index
write.indexed = pause
build(Sources((Path(sys.argv[1]),)), Path(sys.argv[2]))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_build_leaves_no_half_graph(tmp_path: Path, number: signal.Signals) -> None:
    sources, out = facts(tmp_path), tmp_path / "g.kg"
    command = [sys.executable, "-c", SLOW, str(sources.facts[0]), str(out)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    with process, process.stdout:
        assert process.stdout.readline() == "writing\n"
        process.send_signal(number)
        process.wait(20)
    if number == signal.SIGINT:
        assert left(tmp_path) == []
    with pytest.raises(GraphError, match="is no graph" if out.exists() else "no such file"):
        open_graph(str(out))
    build(sources, out)  # also removes what the killed one left
    assert left(tmp_path) == ["g.kg"]
    assert len(left(out / "versions")) == 1
    assert tail_of(out) == "b"


def test_what_killed_builds_left_is_removed_whatever_their_process(tmp_path: Path) -> None:
    """Of a build that was killed while it wrote, before the pointer was renamed, and of an earlier rog's."""
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    shutil.copytree(Store(out).folder, out / "versions" / "7-0123456789abcdef")
    (out / "versions" / ".building").mkdir()
    (out / "versions" / ".building" / "adj.npy").write_text("x")
    (out / "current.new").write_text("7-0123456789abcdef\n")
    for process in (1, os.getpid(), os.getppid()):  # a container's is always the same
        for kind in ("building", "replaced"):
            (tmp_path / f".g.kg.{kind}-{process}").mkdir()
    assert tail_of(out) == "b"
    build(facts(tmp_path, "c"), out, overwrite=True)
    assert left(tmp_path) == ["g.kg"]
    assert left(out) == ["current", "lock", "versions"]
    assert [name[0] for name in left(out / "versions")] == ["1", "2"]
    assert tail_of(out) == "c"


def test_a_damaged_pointer_is_mended_by_a_build(tmp_path: Path) -> None:
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    (out / "current").write_text("nonsense")
    with pytest.raises(GraphError, match="exists already"):
        build(facts(tmp_path), out)
    build(facts(tmp_path, "c"), out, overwrite=True)
    assert tail_of(out) == "c"


@pytest.mark.parametrize("name", ["thesis.txt", "versions/thesis.txt", "versions/2-draft"])
def test_what_builds_did_not_write_is_not_touched(tmp_path: Path, name: str) -> None:
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    (out / name).write_text("x")
    with pytest.raises(GraphError, match="is not just a graph: it will not be replaced"):
        build(facts(tmp_path, "c"), out, overwrite=True)
    assert (out / name).read_text() == "x"


def test_a_manifest_cannot_have_other_files_removed(tmp_path: Path) -> None:
    out = tmp_path / "g.kg"
    build(facts(tmp_path), out)
    flat(out)
    precious = tmp_path / "precious"
    precious.write_text("x")
    manifest = out / "manifest.json"
    manifest.write_text(manifest.read_text().replace('"files": {', '"files": {"../precious": 1, "versions": 1,'))
    for _ in range(3):
        build(facts(tmp_path, "c"), out, overwrite=True)
    assert precious.read_text() == "x"
    assert tail_of(out) == "c"
