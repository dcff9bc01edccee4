"""The fuzzers and kill tests of benchmarks/fuzz, a few cases of each; their full counts with `-m slow`."""

from __future__ import annotations

import subprocess
import sys

import pytest

SLOW = pytest.mark.slow


def fuzzed(script: str, *options: str) -> str:
    """What a script says that found no fault; each is a process of its own, since it forks."""
    command = [sys.executable, "-m", f"benchmarks.fuzz.{script}", *options]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.mark.parametrize("count", [16, pytest.param(1000, marks=SLOW)])
def test_damaged_graphs_never_crash_and_never_lie(count: int) -> None:
    assert f"{count} damaged graphs, seed 0: faults 0;" in fuzzed("corrupt_store", "--count", str(count))


@pytest.mark.parametrize("count", [12, pytest.param(500, marks=SLOW)])
def test_killed_builds_lose_no_graph(count: int) -> None:
    said = fuzzed("kill_build", "--count", str(count))
    assert "faults 0;" in said
    assert "killed" in said


@pytest.mark.parametrize("count", [6, pytest.param(93, marks=SLOW)])
def test_readers_see_one_version_whole(count: int) -> None:
    said = fuzzed("overwrite_readers", "--count", str(count), "--readers", "2")
    assert said.startswith(f"{count} builds, 2 readers: opened ")
    assert "faults 0;" in said
