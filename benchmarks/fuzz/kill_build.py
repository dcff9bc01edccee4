"""Builds that are killed at random instants: the graph is the old one or the new one, and the next build works.

    python -m benchmarks.fuzz.kill_build --count 500 --seed 0

A prepared process is forked for each build and killed by SIGKILL: after a random time, or before a random one of the
system calls by which it opens, makes, renames and removes files, so that the instants between two renames come up too.
Every tenth build is of a graph that is not there yet.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import time
import traceback
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.fuzz.marked import number_of, write_sources
from kg.build import Sources, build
from kg.store import Store
from kg.versions import is_graph

CALLS = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree")


def forked_build(sources: Sources, out: Path, call: int | None = None) -> int:
    """Start a build in a child process, which kills itself before the `call`th system call that changes files."""
    child = os.fork()
    if child:
        return child
    if call is not None:
        made = 0

        def count(event: str, _: object) -> None:
            nonlocal made
            made += event in CALLS
            if made > call and event in CALLS:  # to kill is an event too
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
    try:
        build(sources, out, overwrite=True)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def calls_of(sources: Sources, out: Path) -> int:
    """How many system calls that change files a build makes, found by killing ever later ones."""
    low, high = 0, 1
    while not ended(forked_build(sources, out, high)):
        low, high = high, 2 * high
    while low + 1 < high:
        middle = (low + high) // 2
        low, high = (low, middle) if ended(forked_build(sources, out, middle)) else (middle, high)
    return high


def ended(child: int) -> bool:
    """Whether a child process came to its end without being killed."""
    return os.WIFEXITED(os.waitpid(child, 0)[1])


def kill_once(sources: Sources, out: Path, chance: random.Random, calls: int, seconds: float) -> str:
    """Kill one build; 'ended' if it was faster, 'failed' if it gave up by itself."""
    if chance.random() < 0.5:
        child = forked_build(sources, out, chance.randrange(calls + 1))
    else:
        child = forked_build(sources, out)
        time.sleep(chance.uniform(0, 1.2 * seconds))
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "killed"
    return "failed" if os.WEXITSTATUS(status) else "ended"


def run(count: int, seed: int, folder: Path) -> tuple[Counter[str], list[str]]:
    """Go on until `count` builds have been killed; how they ended and what was found, and every fault in words."""
    chance, out, found, faults = random.Random(seed), folder / "g.kg", Counter[str](), []
    build(write_sources(folder / "facts", 0), out)
    began = time.perf_counter()
    build(write_sources(folder / "facts", 0), out, overwrite=True)
    seconds = time.perf_counter() - began
    calls = calls_of(write_sources(folder / "facts", 0), out)
    before: int | None = 0
    number = 0
    while found["killed"] < count:
        number += 1
        if number % 10 == 0:
            shutil.rmtree(out, ignore_errors=True)
            before = None
        how = kill_once(write_sources(folder / "facts", number), out, chance, calls, seconds)
        found[how] += 1
        after = number_of(Store(out)) if is_graph(out) else None
        found["old" if after == before else "new"] += 1
        if after not in (before, number) or (how == "ended" and after != number) or how == "failed":
            faults.append(f"build {number} {how}: the graph was {before} and is {after}")
        before = after
        if number % 5 == 0:  # what a killed build left is no obstacle, and is gone
            build(write_sources(folder / "facts", number), out, overwrite=True)
            before = number_of(Store(out))
            left = sorted(path.name for path in (*folder.iterdir(), *out.iterdir()))
            versions = list((out / "versions").iterdir())
            if before != number or left != ["current", "facts", "g.kg", "lock", "versions"] or len(versions) > 2:
                faults.append(f"after the build that followed kill {number}: {left}, {len(versions)} versions")
    return found, faults


def main() -> int:
    """Run it and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="builds to kill")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.perf_counter()
    with TemporaryDirectory() as folder:
        found, faults = run(asked.count, asked.seed, Path(folder))
    counts = ", ".join(f"{name} {number}" for name, number in sorted(found.items()))
    print(
        f"{asked.count} kills, seed {asked.seed}: {counts}; faults {len(faults)}; {time.perf_counter() - began:.0f} s"
    )
    print(*faults, sep="\n", end="\n" * bool(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
