"""Folders that take their place whole: reports, training data, exports."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kg import folders
from kg.folders import written_beside


def write(out: Path, text: str) -> None:
    with written_beside(out) as folder:
        (folder / "text").write_text(text)


def left(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_new_folder_takes_the_place_of_the_old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "report"
    write(out, "one")
    assert out.stat().st_mode & 0o777 == 0o777 & ~folders.umask()
    write(out, "two")
    assert (out / "text").read_text() == "two"
    monkeypatch.setattr(folders, "exchanged", lambda one, other: False)  # where the system cannot
    write(out, "three")
    assert (out / "text").read_text() == "three"
    assert left(tmp_path) == ["report"]


def test_a_failure_leaves_the_old_folder(tmp_path: Path) -> None:
    out = tmp_path / "report"
    write(out, "one")
    with pytest.raises(OSError, match="File exists"), written_beside(out) as folder:
        folder.mkdir()
    assert (out / "text").read_text() == "one"
    assert left(tmp_path) == ["report"]


READING = """
import sys
from pathlib import Path
text = Path(sys.argv[1]) / "text"
print("reads", flush=True)
seen = {text.read_text() for _ in range(3000)}
assert seen <= set("0123456789"), seen
print(len(seen))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems cannot exchange two names")
def test_a_folder_is_there_at_every_instant(tmp_path: Path) -> None:
    out = tmp_path / "report"
    write(out, "0")
    with subprocess.Popen([sys.executable, "-c", READING, str(out)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "reads\n"
        number = 0
        while process.poll() is None:
            number += 1
            write(out, str(number % 10))
        assert process.returncode == 0
        assert int(process.stdout.read()) > 1


def test_what_was_killed_is_removed_and_what_still_writes_is_not(tmp_path: Path) -> None:
    out = tmp_path / "report"
    for process in (1, os.getpid(), os.getppid()):
        (tmp_path / f".report.building-{process}").mkdir()
    with written_beside(out) as folder:
        assert left(tmp_path) == [folder.name]
        write(out, "faster")
        assert folder.exists()
        (folder / "text").write_text("slower")
    assert (out / "text").read_text() == "slower"
    assert left(tmp_path) == ["report"]
