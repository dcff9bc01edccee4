"""`rog kg check`: what is said of a sound graph, of a damaged one, and of one that an earlier rog built."""

from __future__ import annotations

import shutil
from pathlib import Path

from typer.testing import CliRunner

from kg.store import Store
from kg.versions import current_folder
from rog.cli import app


def test_a_sound_graph(films: Store) -> None:
    ran = CliRunner().invoke(app, ["kg", "check", films.name])
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"{films.name}: version {films.version}, 6 files, ")
    assert ran.stdout.endswith(" bytes: as written\n")


def test_a_damaged_graph(films: Store, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(films.name, tmp_path / "broken.kg"))
    for name in ("keys.bin", "names.sqlite"):
        file = current_folder(broken) / name
        data = bytearray(file.read_bytes())
        data[-1] ^= 1
        file.write_bytes(data)
    ran = CliRunner().invoke(app, ["kg", "check", str(broken)])
    assert ran.exit_code == 1
    assert "wrong: keys.bin is not what was written (its SHA-256 differs)\n" in ran.stderr
    assert "wrong: names.sqlite is not what was written (its SHA-256 differs)\n" in ran.stderr
    assert ran.stdout.endswith(" bytes: damaged, build it again with --force\n")
