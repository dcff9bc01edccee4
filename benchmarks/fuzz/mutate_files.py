"""Mutated files of every format: each is read, or refused with one line, in bounded time and memory.

    python -m benchmarks.fuzz.mutate_files --count 10000 --seed 0
    python -m benchmarks.fuzz.mutate_files --seed 0 --only 4711 --keep folder

Small valid files (benchmarks.fuzz.samples) are mutated, now and then packed or given another format's ending, and read
as a user would: facts and side tables by the command `rog kg build`, questions, rows and settings by what reads them.
The work is done in forked processes, so that one that is killed, hangs or grows is a fault of the file it was at.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, NamedTuple

from benchmarks.fuzz.mutations import mutated, packed
from benchmarks.fuzz.samples import FACTS, facts_files, other_files, question_files, side_files
from kg.errors import RogError
from kg.text import MESSAGE

SECONDS = 20  # of a processor that a file may take; none takes more than two
HUNG = 600  # seconds on the clock, which a busy machine may need
MEMORY = 1 << 30  # bytes of memory that a process may grow by; the files are smaller than a MiB
CHUNK = 100  # files to a process
EVERY = 500  # files between two lines that say how far it is
LINE = MESSAGE + 100  # characters of a line on the screen: a message with what is said before it


HIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")  # what steers a terminal


class Case(NamedTuple):
    """A file to be read."""

    name: str
    data: bytes


class Result(NamedTuple):
    """What came of a file: read, refused, or a fault; with the message."""

    number: int
    name: str
    outcome: str
    message: str


def case(seed: int, number: int) -> Case:
    """The file of a number."""
    chance = random.Random(f"{seed}:{number}")
    files = facts_files()
    rare = side_files() | question_files() | other_files()
    name, data = chance.choice(sorted((files if chance.random() < 0.7 else rare).items()))
    harm = chance.random()
    if harm < 0.85:
        data = mutated(chance, data)
    if name in files and chance.random() < 0.03:  # a file with the ending of another format
        name = "x" + Path(chance.choice(sorted(files))).suffix
    if not name.endswith((".parquet", ".yaml")) and name != "rows.jsonl" and (harm >= 0.85 or chance.random() < 0.1):
        name, data = packed(chance, name, data, harm >= 0.85)
    return Case(name, data)


def read(folder: Path, given: Case) -> str:
    """'read' or 'refused: …' for a file; whatever else happens is raised."""
    path = folder / given.name
    path.write_bytes(given.data)
    stem = path.name.partition(".")[0]
    try:
        if path.name.partition(".gz")[0].partition(".bz2")[0] in question_files():
            from kg.datasets import read_questions

            read_questions([str(path)])
        elif stem == "rows":
            from planner.data.rows import read_rows

            list(read_rows(path))
        elif stem == "settings":
            from planner.training.settings import Training
            from rog.config import resolve

            resolve(Training(), {}, path, {})
        elif stem == "neo4j":
            from kg.neo4j_config import read_config

            read_config(path)
        else:
            return built(folder, path)
    except RogError as error:
        return refused(error)
    return "read"


def built(folder: Path, path: Path) -> str:
    """The outcome of `rog kg build` with a file of facts, or with a side table beside good facts."""
    from typer.testing import CliRunner

    from rog.cli import app

    good = folder / "good.tsv"
    good.write_text("".join("\t".join(row) + "\n" for row in FACTS), "utf-8")
    stem = path.name.partition(".")[0]
    given = [str(good), f"--{stem}", str(path)] if stem in ("labels", "relations") else [str(path)]
    ran = CliRunner().invoke(app, ["kg", "build", *given, "--out", str(folder / "out.kg"), "--force"])
    if isinstance(ran.exception, RogError):
        return refused(ran.exception)
    if ran.exception is not None and not isinstance(ran.exception, SystemExit):
        raise ran.exception
    if ran.exit_code:
        raise AssertionError(f"exit code {ran.exit_code}: {ran.output[-300:]}")
    for line in ran.output.split("\n"):
        if len(line) > LINE or HIDDEN.search(line):
            raise AssertionError(f"a line of {len(line)} characters on the screen: {line[:200]!r}")
    return "read"


def refused(error: RogError) -> str:
    """The outcome for an error; AssertionError if it is not one line."""
    message = str(error)
    if not message or len(message) > MESSAGE or HIDDEN.search(message):
        raise AssertionError(f"a message of {len(message)} characters: {message[:200]!r}")
    return f"refused: {message}"


def run(seed: int, numbers: range) -> Iterator[Result]:
    """What came of the files of these numbers, in forked processes."""
    done = numbers.start
    while done < numbers.stop:
        for result in _chunk(seed, range(done, min(done + CHUNK, numbers.stop))):
            done = result.number + 1
            yield result


def _chunk(seed: int, numbers: range) -> Iterator[Result]:
    receiving, sending = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(receiving)
        status = 1
        try:
            with os.fdopen(sending, "w", encoding="utf-8", buffering=1) as out:
                _work(seed, numbers, out)
            status = 0
        finally:
            os._exit(status)
    os.close(sending)
    at = -1
    with os.fdopen(receiving, encoding="utf-8") as lines:
        for line in lines:
            result = Result(*json.loads(line))
            at = result.number
            if result.outcome != "begun":
                yield result
                at += 1
    _, status = os.waitpid(child, 0)
    if at < numbers.stop:
        killed = signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else f"status {status}"
        yield Result(max(at, numbers.start), case(seed, max(at, numbers.start)).name, "fault", f"killed by {killed}")


def _work(seed: int, numbers: range, out: IO[str]) -> None:
    """Read each file and write down what came of it."""
    import numpy  # noqa: F401 - what every build needs is no growth of the first

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    with TemporaryDirectory(prefix="rog-fuzz-") as name:
        folder = Path(name)
        for number in numbers:
            given = case(seed, number)
            print(json.dumps([number, given.name, "begun", ""]), file=out)
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            signal.setitimer(signal.ITIMER_PROF, SECONDS)
            signal.alarm(HUNG)
            try:
                outcome, _, message = read(folder, given).partition(": ")
            except Exception as error:  # a traceback is what is looked for
                outcome, message = "fault", f"{type(error).__name__}: {error}"[:500]
            signal.alarm(0)
            signal.setitimer(signal.ITIMER_PROF, 0)
            grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
            if grown > MEMORY:
                outcome, message = "fault", f"grew by {grown:,} bytes; {message}"
            print(json.dumps([number, given.name, outcome, message]), file=out)
            for left in folder.iterdir():
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def main() -> None:
    """Run it and print what came of it; exit code 1 if there was a fault."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--count", type=int, default=10_000, help="files")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int, help="the one file of this number, in this process")
    parser.add_argument("--keep", type=Path, default=Path(), help="where to write the file of --only")
    given = parser.parse_args()
    if given.only is not None:
        one = case(given.seed, given.only)
        print(f"{given.keep / one.name}: {len(one.data):,} bytes")
        print(read(given.keep, one))
        return
    began, outcomes = time.monotonic(), Counter[str]()
    for result in run(given.seed, range(given.count)):
        outcomes[result.outcome] += 1
        if result.outcome == "fault":
            print(f"fault {result.number} {result.name}: {result.message}", flush=True)
        if (result.number + 1) % EVERY == 0:
            print(f"{result.number + 1:,} files, {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    took = time.monotonic() - began
    print(f"{given.count:,} files, seed {given.seed}: {dict(outcomes)}, {took:.0f} s")
    sys.exit(1 if outcomes["fault"] else 0)


if __name__ == "__main__":
    main()
