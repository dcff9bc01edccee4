"""Damaged graphs, and such as somebody made to do harm: one line each, no crash, and nothing that was not stored."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from kg.check import check
from kg.errors import GraphError
from kg.open import open_graph
from kg.store import Store
from kg.versions import current_folder


@pytest.fixture
def broken(films: Store, tmp_path: Path) -> Path:
    """A copy of a graph, to be damaged."""
    return Path(shutil.copytree(films.name, tmp_path / "broken.kg"))


def rehashed(graph: Path) -> Path:
    """The graph with the hashes that its files have now, as whoever made them on purpose would write them."""
    folder = current_folder(graph)
    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["files"]:
        manifest["files"][name] = (folder / name).stat().st_size
        manifest["hashes"][name] = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    return with_manifest(graph, json.dumps(manifest).encode())


def with_manifest(graph: Path, data: bytes) -> Path:
    """The graph with another manifest, published as if a build had written it."""
    folder = current_folder(graph)
    (folder / "manifest.json").write_bytes(data)
    name = f"9-{hashlib.sha256(data).hexdigest()[:16]}"
    folder.rename(folder.parent / name)
    (graph / "current").write_text(name + "\n")
    return graph


def flat(graph: Path, tmp_path: Path) -> Path:
    """The same graph as an earlier rog wrote it: its files in one directory, without hashes."""
    to = Path(shutil.copytree(current_folder(graph), tmp_path / "flat.kg"))
    manifest = json.loads((to / "manifest.json").read_text()) | {"format": 3}
    del manifest["hashes"]
    (to / "manifest.json").write_text(json.dumps(manifest))
    return to


def test_a_truncated_file_is_noticed(broken: Path) -> None:
    file = current_folder(broken) / "adj.npy"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(GraphError, match=r"damaged: adj.npy has .* bytes instead of .*build the graph again"):
        open_graph(str(broken))


def test_a_missing_file_is_noticed(broken: Path) -> None:
    (current_folder(broken) / "names.sqlite").unlink()
    with pytest.raises(GraphError, match=r"damaged: names.sqlite is missing"):
        open_graph(broken)
    os.mkfifo(current_folder(broken) / "names.sqlite")  # opening it would wait for a writer
    with pytest.raises(GraphError, match=r"damaged: names.sqlite is missing"):
        open_graph(broken)


def test_foreign_directories_are_refused(tmp_path: Path) -> None:
    with pytest.raises(GraphError, match=r"is no graph: it has no manifest.json and no current"):
        open_graph(tmp_path)


MANIFESTS = [b"{", b"[]", b'{"format": 2}', b"\xff", b"[" * 10**6, b'{"format":' + b"1" * 10**5 + b"}", b""]


@pytest.mark.parametrize("data", MANIFESTS, ids=lambda data: repr(data[:12]))
def test_a_manifest_that_is_none_is_noticed(broken: Path, data: bytes) -> None:
    with pytest.raises(GraphError, match=r"manifest.json is damaged") as raised:
        open_graph(with_manifest(broken, data))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


VALUES = [
    ("size", [14, 5]), ("size", [14, 5, "14"]), ("size", [True, 5, 14]), ("size", [10**30, 5, 14]), ("size", [0, 0, 0]),
    ("size", [14, 2**30, 14]), ("size", {}), ("files", {}), ("files", []), ("files", {"/etc/passwd": 1}),
    ("hashes", {}), ("hashes", None), ("sha256", 7), ("sha256", "x" * 64), ("returning", "yes"), ("returning", 1),
    ("without_facts", "many"), ("without_facts", -1), ("source", []), ("settings", []),
]  # fmt: skip


@pytest.mark.parametrize(("key", "value"), VALUES)
def test_a_manifest_of_other_values_is_noticed(broken: Path, key: str, value: object) -> None:
    manifest = json.loads((current_folder(broken) / "manifest.json").read_text())
    with pytest.raises(GraphError, match=rf"manifest.json is damaged \('{key}' is missing or wrong\)"):
        open_graph(with_manifest(broken, json.dumps(manifest | {key: value}).encode()))


def test_other_formats_are_refused(broken: Path) -> None:
    manifest = json.loads((current_folder(broken) / "manifest.json").read_text())
    with pytest.raises(GraphError, match="has format 99, this rog reads 3 and 4; build the graph again"):
        open_graph(with_manifest(broken, json.dumps(manifest | {"format": 99}).encode()))


def test_a_changed_manifest_is_noticed(broken: Path) -> None:
    file = current_folder(broken) / "manifest.json"
    file.write_text(file.read_text().replace('"licence": ""', '"licence": "x"'))
    with pytest.raises(GraphError, match=r"manifest\.json is not the one that this version was published with"):
        open_graph(broken)


@pytest.mark.parametrize("text", ["", "1", "../../x", "2-0123456789abcdef", "\xff\n", "x" * 10**4])
def test_a_pointer_to_nothing_is_noticed(broken: Path, text: str) -> None:
    (broken / "current").write_bytes(text.encode("latin-1"))
    with pytest.raises(
        GraphError, match=r"damaged: (current names no version|version 2-\w+ is missing); build it again"
    ):
        open_graph(broken)


def test_one_changed_byte_is_noticed_anywhere(films: Store, tmp_path: Path) -> None:
    for name in films.manifest["files"]:
        broken = Path(shutil.copytree(films.name, tmp_path / name))
        file = current_folder(broken) / name
        data = bytearray(file.read_bytes())
        data[-1 - len(data) // 3] ^= 1
        file.write_bytes(data)
        with pytest.raises(GraphError, match="is damaged: "):
            open_graph(broken)
        assert any(name in fault for fault in check(broken).faults)


def test_what_was_checked_once_is_checked_again_when_it_changes(broken: Path) -> None:
    open_graph(broken)
    file = current_folder(broken) / "keys.bin"
    times = file.stat()
    with file.open("r+b") as stream:
        stream.write(b"X")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    with pytest.raises(GraphError, match=r"keys\.bin is not what was written"):
        open_graph(broken)


def test_files_of_another_graph_are_noticed(broken: Path, tmp_path: Path) -> None:
    """The same numbers of everything, other names: only hashes can tell."""
    facts = tmp_path / "facts.tsv"
    facts.write_text("a\tr\tb\n")
    other = tmp_path / "other.tsv"
    other.write_text("a\tr\tc\n")
    one, two = open_graph(str(facts)), open_graph(str(other))
    assert isinstance(one, Store)
    assert isinstance(two, Store)
    copied = Path(shutil.copytree(one.name, tmp_path / "copied.kg"))
    for name in ("keys.bin", "names.sqlite"):
        shutil.copy(two.folder / name, current_folder(copied) / name)
    with pytest.raises(GraphError, match=r"keys.bin is not what was written"):
        open_graph(copied)


Change = Callable[[np.ndarray], object]
HARMFUL = [  # what each once killed the process with, or read from outside an array
    ("adj", 0, 2**31 - 1), ("adj", 0, -(2**31)), ("adj", 0, 0), ("adj", 0, -1), ("adj", 1, 2**31 - 1), ("adj", 1, -1),
    ("adj", 1, 0xFFFF), ("adj", 2, 2**31 - 1), ("adj", 2, -1), ("adj", -1, 14), ("adj", -1, -5), ("adj", -1, 2**31 - 1),
    ("rows", 1, 2**32 - 1), ("rows", 1, 0), ("rows", 0, 1), ("rows", 3, 2**31), ("rows", -1, 2**32 - 1),
    ("key_ends", 1, 2**32 - 1), ("key_ends", 2, 0), ("key_ends", 0, 9), ("key_ends", -1, 2**32 - 1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "place", "number"), HARMFUL)
def test_numbers_that_lead_outside_are_refused(broken: Path, name: str, place: int, number: int) -> None:
    """Though the hashes are right, as those of a graph that was made to do harm would be."""
    file = current_folder(broken) / f"{name}.npy"
    array = np.load(file)
    array[place] = number
    np.save(file, array)
    for graph in (rehashed(broken), flat(broken, broken.parent)):
        with pytest.raises(
            GraphError, match=r"is damaged: (its arrays do not fit|the steps of|rows.npy and adj|keys.bin)"
        ):
            open_graph(graph)


def test_a_fact_that_is_stored_one_way_only_is_noticed(broken: Path) -> None:
    """Every number is in its bounds; what `heat` leads to does not lead back to it."""
    store = Store(broken)
    file = current_folder(broken) / "adj.npy"
    array = np.load(file)
    low = int(store.index[0][store.id_of("heat")])
    neighbours = low + 1 + int(array[low])
    array[neighbours + 1] += 1  # the second actor
    np.save(file, array)
    with pytest.raises(GraphError, match="do not hold 14 facts both ways"):
        open_graph(rehashed(broken))


@pytest.mark.parametrize(
    "header", [b"x" * 118, b"(" * 118, b"{'descr': '|O', 'fortran_order': False, 'shape': (15,), }"]
)
def test_another_header_is_refused(broken: Path, header: bytes) -> None:
    file = current_folder(broken) / "rows.npy"
    data = file.read_bytes()
    file.write_bytes(data[:10] + header.ljust(117)[:117] + b"\n" + data[128:])
    with pytest.raises(GraphError, match=r"rows\.npy cannot be read"):
        open_graph(rehashed(broken))


RELATIONS = ["{", "[[]]", '[{"key": "r"}]', "[" * 10**6, "null", '[{"key": 1, "label": "x", "inverse_label": "y"}]']


@pytest.mark.parametrize("text", RELATIONS, ids=lambda text: text[:12])
def test_relations_of_another_form_are_refused(broken: Path, text: str) -> None:
    (current_folder(broken) / "relations.json").write_text(text)
    with pytest.raises(GraphError, match=r"damaged: relations\.json"):
        open_graph(rehashed(broken))


def test_fewer_relations_than_the_arrays_have_are_refused(broken: Path) -> None:
    rows = json.loads((current_folder(broken) / "relations.json").read_text())
    for wrong in (rows[1:], rows[::-1], [*rows, rows[0]], [row | {"key": "~r"} for row in rows[:1]] + rows[1:]):
        (current_folder(broken) / "relations.json").write_text(json.dumps(wrong))
        with pytest.raises(GraphError, match=r"relations\.json has not the 5 relations of the graph in order"):
            open_graph(rehashed(broken))


def test_garbled_names_are_noticed(broken: Path) -> None:
    file = current_folder(broken) / "names.sqlite"
    file.write_bytes(b"\0" * file.stat().st_size)
    with pytest.raises(GraphError, match="the names of the graph are damaged"):
        open_graph(rehashed(broken))


@pytest.mark.parametrize(
    "script",
    [
        "DROP TABLE name",
        "ALTER TABLE entity ADD COLUMN more TEXT AS (hex(label))",
        "CREATE VIEW more AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT x FROM c",
        "CREATE TRIGGER t AFTER INSERT ON entity BEGIN SELECT 1; END",
    ],
)
def test_other_tables_of_names_are_refused(broken: Path, script: str) -> None:
    with closing(sqlite3.connect(current_folder(broken) / "names.sqlite")) as db:
        db.executescript(script)
    with pytest.raises(GraphError, match="other tables than rog writes"):
        open_graph(rehashed(broken))


@pytest.mark.parametrize(
    "script",
    [
        "UPDATE name SET id = 10000000",
        "UPDATE name SET id = -1",
        "UPDATE name SET text = x'ff'",
        "UPDATE name SET id = 1e300",
        "DELETE FROM entity",
        "UPDATE entity SET label = x'ff00'",
        "UPDATE entity SET id = id + 100",
    ],
)
def test_names_of_no_entity_are_one_line(broken: Path, script: str) -> None:
    """What SQLite takes for sound and rog would not write: an error where it is met, never another entity's name."""
    with closing(sqlite3.connect(current_folder(broken) / "names.sqlite")) as db:
        db.executescript(script)
    graph = open_graph(rehashed(broken))
    faults = []
    for look in (partial(graph.search, "heat", 3), partial(graph.scan, "heat", 3, 0.5), partial(graph.entity, "heat")):
        try:
            look()
        except GraphError as error:
            faults.append(str(error))
    assert faults
    assert all(fault.startswith("the names of the graph are damaged") for fault in faults)


def test_graphs_of_an_earlier_rog_are_read_and_checked(films: Store, tmp_path: Path) -> None:
    old = flat(Path(films.name), tmp_path)
    graph = Store(old)
    assert graph.version == ""
    assert graph.entity("heat") == films.entity("heat")
    assert graph.frontier(["heat"]).relations() == films.frontier(["heat"]).relations()
    assert check(old).faults == ()
    with closing(sqlite3.connect(old / "names.sqlite")) as db:
        db.executescript("UPDATE entity SET label = 'Cold' WHERE label = 'Heat'")
    assert check(old).faults == ("what the files say is not what the manifest's content hash was taken of",)


def test_the_checks_of_a_sound_graph(films: Store, broken: Path) -> None:
    found = check(broken)
    assert (found.version, found.faults, found.hashed) == (films.version, (), True)
    assert found.files == len(films.manifest["files"])
