"""Readers while a graph is built anew again and again: each sees one version whole, at every instant.

    python -m benchmarks.fuzz.overwrite_readers --count 100 --readers 3

Each reader is a process that opens the graph, asks it what only one build can answer, asks the graph that it opened
five openings ago the same from a new thread, and opens it again.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.fuzz.marked import MixedError, number_of, write_sources
from kg.build import build
from kg.errors import RogError
from kg.store import Store

HELD = 5  # openings that a reader looks back


def read(out: Path, report: Path) -> None:
    """Open and ask until SIGTERM; then write how often, the builds seen, and what went wrong."""
    wanted, seen, opened, faults = [True], set[int](), 0, list[str]()
    signal.signal(signal.SIGTERM, lambda *_: wanted.clear())
    held: deque[tuple[Store, int]] = deque()
    while wanted:
        try:
            graph = Store(out)
            number = number_of(graph)
            seen.add(number)
            held.append((graph, number))
            if len(held) > HELD:
                old, expected = held.popleft()
                with ThreadPoolExecutor(1) as thread:
                    if thread.submit(number_of, old).result() != expected:
                        faults.append(f"a graph that was build {expected} is another one now")
        except (RogError, MixedError) as error:
            faults.append(f"{type(error).__name__}: {error}")
        opened += 1
    report.write_text("\n".join([f"{opened} {len(seen)}", *faults]), "utf-8")


def run(count: int, readers: int, folder: Path) -> tuple[int, int, list[str]]:
    """Build `count` versions beside the readers; how often they opened the graph, builds seen, and every fault."""
    out, children = folder / "g.kg", []
    build(write_sources(folder / "facts", 0), out)
    number_of(Store(out))  # compiled before the processes are forked
    for reader in range(readers):
        child = os.fork()
        if not child:
            try:
                read(out, folder / f"reader{reader}")
            finally:
                os._exit(0)
        children.append(child)
    for number in range(1, count + 1):
        build(write_sources(folder / "facts", number), out, overwrite=True)
    for child in children:
        os.kill(child, signal.SIGTERM)
    opened, seen, faults = 0, 0, []
    for reader, child in enumerate(children):
        os.waitpid(child, 0)
        first, *wrong = (folder / f"reader{reader}").read_text("utf-8").splitlines()
        opened += int(first.split()[0])
        seen = max(seen, int(first.split()[1]))
        faults += wrong
    return opened, seen, faults


def main() -> int:
    """Run it and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100, help="times that the graph is built anew")
    parser.add_argument("--readers", type=int, default=3)
    asked = parser.parse_args()
    began = time.perf_counter()
    with TemporaryDirectory() as folder:
        opened, seen, faults = run(asked.count, asked.readers, Path(folder))
    took = time.perf_counter() - began
    print(
        f"{asked.count} builds, {asked.readers} readers: opened {opened} times, {seen} builds seen by one reader; ",
        end="",
    )
    print(f"faults {len(faults)}; {took:.0f} s")
    print(*faults[:20], sep="\n", end="\n" * bool(faults))
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
