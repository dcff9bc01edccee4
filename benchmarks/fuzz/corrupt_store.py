"""Corrupted graphs: nothing may crash or hang, and no answer may differ unless opening or `rog kg check` says why.

    python -m benchmarks.fuzz.corrupt_store --count 1000 --seed 0

Each graph is opened and asked in a forked process: walks, paths, mining, names, facts. `honest` damage leaves the
hashes as they were; `hostile` damage is given hashes that fit, as whoever wants to do harm would, so that answers may
differ (they are what the graph says), but nothing may crash. `flat` graphs are of an earlier rog and have no hashes of
files; `in place` damage is done to a graph that was opened, checked and remembered before.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from benchmarks.fuzz.damages import damage
from kg.build import Sources, build
from kg.check import check
from kg.errors import RogError
from kg.link import link
from kg.mine import mine
from kg.store import Store

SECONDS = 60  # that a graph may take until it counts as hanging
HUB = 33_000  # neighbours: more than a narrow slot counts
KINDS = ("honest", "hostile", "flat", "in place")


class Result(NamedTuple):
    """How a damaged graph fared: what was done to it, what came of it, and whether that is a fault."""

    done: str
    outcome: str
    fault: bool


def sources(folder: Path, seed: int) -> Sources:
    """A seeded graph with names, aliases and types, a few thousand facts, and a hub that is stored wide."""
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    facts, names = folder / "facts.tsv", folder / "names.tsv"
    entities = [f"e{seed}_{i:04}" for i in range(600)]
    rows = {(chance.choice(entities), f"r{chance.randrange(20):02}", chance.choice(entities)) for _ in range(4_000)}
    rows |= {(entities[0], "r00", f"leaf{i:05}") for i in range(HUB)}
    facts.write_text("".join("\t".join(row) + "\n" for row in sorted(rows)), "utf-8")
    named = (f"{key}\tThe {chance.choice('abc')} {i}\tkind\tAlias {i}|Other {i}\n" for i, key in enumerate(entities))
    names.write_text("key\tlabel\ttypes\taliases\n" + "".join(named), "utf-8")
    return Sources((facts,), (names,))


def answers(path: Path, seed: int) -> list[str]:
    """What a graph says to a set of questions; each line an answer, or the error in its place."""
    graph = Store(path)
    keys = [f"e{seed}_{i:04}" for i in (0, 1, 17, 300, 599)]
    asked: list[Callable[[], object]] = [
        lambda: graph.size,
        lambda: list(graph.relations.values()),
        lambda: [graph.frontier([key]).relations() for key in keys],
        lambda: [graph.frontier(keys).follow("r03").follow("~r05").entities],
        lambda: graph.frontier(keys[:1]).follow("r00").relations(),
        lambda: [graph.paths(key, ("r01", "~r02", "r03"), 50) for key in keys],
        lambda: [graph.paths(key, ("r04", "~r04"), 5, other) for key in keys for other in keys],
        lambda: graph.paths(keys[0], ("r00", "~r00", "r01"), 3),
        lambda: [graph.ends(key, ("r06", "r07", "~r08", "r09")) for key in keys],
        lambda: graph.ends_of_each([(key, ("r01", "r02")) for key in keys]),
        lambda: [graph.shortest_relation_paths(keys[1], other) for other in keys[2:]],
        lambda: [mine(graph, keys[:2], keys[2:4]), mine(graph, [keys[0]], ["leaf00001"])],
        lambda: [graph.entity(key) for key in (*keys, "leaf00007")],
        lambda: [graph.named(["a 3", "alias 17", "other 300"]), graph.search("the alias 17", 20)],
        lambda: graph.scan("alais 17", 5, 0.6),
        lambda: link(graph, "What is the r03 of Alias 17 and The Leaf00007?"),
        lambda: [hashlib.sha256(column.tobytes()).hexdigest() for column in graph.facts()],
        lambda: [graph.has(key) for key in ("leaf00002", "nobody")],
    ]
    said = []
    for question in asked:
        try:
            said.append(repr(question()))
        except RogError as error:
            said.append(f"error: {error}")
    return said


def asked_apart(path: Path, seed: int, report: Path) -> str:
    """The answers of a graph, asked in a process of its own, or `died …`, `hung`, `refused …`, `traceback …`."""
    child = os.fork()
    if not child:
        signal.alarm(SECONDS)
        try:
            said = "\n".join(answers(path, seed))
        except RogError as error:
            said = f"refused {error}"
        except BaseException as error:
            said = f"traceback {error!r}"
        report.write_text(said, "utf-8", "replace")
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "hung" if os.WTERMSIG(status) == signal.SIGALRM else f"died of signal {os.WTERMSIG(status)}"
    return report.read_text("utf-8", "replace")


def found_by_check(graph: Path) -> bool:
    """Whether `rog kg check` says that something is wrong."""
    try:
        return bool(check(graph).faults)
    except RogError:
        return True


def one(folder: Path, number: int, seed: int, expected: str) -> Result:
    """Damage a copy of the graph and ask it."""
    chance, kind = random.Random(f"{seed} {number}"), KINDS[number % len(KINDS)]
    graph = Path(shutil.copytree(folder / "whole.kg", folder / "damaged.kg"))
    try:
        if kind == "in place":
            time.sleep(0.15)
            Store(graph)
        done = damage(graph, kind, chance)
        said = asked_apart(graph, seed, folder / "said")
        lines = said.split("\n")
        if said.startswith(("died", "hung", "traceback")):
            return Result(f"{kind}: {done}", lines[0], True)
        if said.startswith("refused"):
            long = len(lines) > 1 or len(said) > 600
            return Result(f"{kind}: {done}", said if long else "refused", long)
        if said == expected:
            return Result(f"{kind}: {done}", "answers as before", False)
        errors = all(
            new == old or new.startswith("error: ") for new, old in zip(lines, expected.split("\n"), strict=True)
        )
        if errors:
            return Result(f"{kind}: {done}", "refused where it shows", False)
        if kind == "hostile":
            return Result(f"{kind}: {done}", "answers what it says now", False)
        seen = found_by_check(graph)
        return Result(f"{kind}: {done}", "other answers, found by check" if seen else "OTHER ANSWERS", not seen)
    finally:
        shutil.rmtree(graph)


def run(count: int, seed: int, folder: Path) -> list[Result]:
    """Damage `count` graphs, one after the other."""
    build(sources(folder / "facts", seed), folder / "whole.kg")
    build(sources(folder / "facts", seed + 1), folder / "other")
    expected = "\n".join(answers(folder / "whole.kg", seed))
    if "error: " in expected:
        raise SystemExit(f"the undamaged graph does not answer: {expected}")
    return [one(folder, number, seed, expected) for number in range(count)]


def main() -> int:
    """Run it and say how it went."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000, help="graphs to damage")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    began = time.perf_counter()
    with TemporaryDirectory() as folder:
        results = run(asked.count, asked.seed, Path(folder))
    took, faults = time.perf_counter() - began, [result for result in results if result.fault]
    print(f"{asked.count} damaged graphs, seed {asked.seed}: faults {len(faults)}; {took:.0f} s")
    for (kind, outcome), number in sorted(Counter((r.done.split(":")[0], r.outcome[:60]) for r in results).items()):
        print(f"{number:6} {kind:10} {outcome}")
    for result in faults:
        print(f"FAULT {result.done}: {result.outcome}")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
