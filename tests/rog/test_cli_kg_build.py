"""`rog kg build` as a command: what is done after the build too, with every kind of file."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from benchmarks.fuzz.samples import facts_files
from kg.store import Store
from rog.cli import app


def command(*words: object) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(app, ["kg", *map(str, words)], catch_exceptions=False)


@pytest.mark.parametrize("name", sorted(set(facts_files()) - {"nodes.csv"}))
def test_every_format(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(facts_files()[name])
    ran = command("build", tmp_path / name, "--out", tmp_path / "a.kg")
    assert ran.exit_code == 0, ran.output
    assert Store(tmp_path / "a.kg").size.triples > 0


def test_import_files_of_neo4j_and_our_own_export(tmp_path: Path, films: Store) -> None:
    out = tmp_path / "export"
    assert command("export", films.name, "--out", out).exit_code == 0
    for given in ([out], [out / "nodes.csv", out / "relationships.csv"]):
        ran = command("build", *given, "--out", tmp_path / "again.kg", "--force")
        assert ran.exit_code == 0, ran.output
        assert Store(tmp_path / "again.kg").size == films.size
    for text in ("x:START_ID\ty:END_ID\t:TYPE\n1\t2\tR\n", "a\tb\tc\n1\t2\t3\n"):
        (tmp_path / "edges.tsv").write_text(text)
        assert command("build", tmp_path / "edges.tsv", "--out", tmp_path / "b.kg", "--force").exit_code == 0


def test_how_much_may_be_unpacked(tmp_path: Path) -> None:
    import gzip

    (tmp_path / "a.tsv.gz").write_bytes(gzip.compress(b"a\tr\tb\n" * 1000))
    words = ("build", tmp_path / "a.tsv.gz", "--out", tmp_path / "a.kg", "--max-unpacked")
    assert command(*words, "6000").exit_code == 0
    ran = CliRunner().invoke(app, ["kg", *map(str, words), "5k", "--force"])
    assert "unpacks to more than 5,120 bytes" in str(ran.exception)
