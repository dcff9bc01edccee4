"""A trained planner and each of its parts on the same questions: the whole must not be below its best part.

    python -m benchmarks.parts --run runs/planner --data data/   # --calibrate fits it anew on dev

Set-F1 of linked questions by the best plan, 0 where it is refused, with 95 % bootstrap intervals, and the share that is
refused. The model reads every question once; all arms are weighed from that.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from pathlib import Path

from benchmarks.common import machine
from kg.link import link
from kg.types import Question
from planner.base import FITS
from planner.calibrate import MAX_HOPS, MODEL, REST, SEMANTIC, WHOLE, Reading, readings
from planner.data.folder import open_folder
from planner.neural import askable
from planner.registry import trained_planner
from planner.trained import Voices, weighed
from planner.training.run import Run
from rog.evaluation.evaluate import bootstrap
from rog.training import calibrate_planner


def scored(reading: Reading, voices: Voices) -> tuple[float, bool]:
    """The F1 of a question's best plan (0 where it is refused), and whether it is refused."""
    plan = weighed(reading.known._replace(voices=voices), reading.decoded if voices.model else None, 1)
    is_refused = plan.fits < FITS
    return (0.0 if is_refused else reading.values.get(plan.paths[0].relations, 0.0)), is_refused


def main() -> None:
    """Read, weigh and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--kg", default="", help="Another graph than the data folder's.")
    parser.add_argument("--split", default="test")
    parser.add_argument("--limit", type=int, default=300)
    parser.add_argument("--calibrate", action="store_true", help="Fit the exponents anew on dev, and keep them.")
    options = parser.parse_args()
    folder, run = open_folder(options.data), Run(options.run)
    graph = folder.graph(options.kg)
    if options.calibrate:
        dev = [Question(row.question, id=row.id, answers=row.answers) for row in folder.rows("dev")]
        for name, value in calibrate_planner(run, graph, dev).items():
            print(f"{name}: {value:.3f}", flush=True)
    planner = trained_planner(run, graph)
    rows = [row for row in folder.rows(options.split) if row.answers]
    some = random.Random(0).sample(rows, min(options.limit, len(rows)))
    questions = [Question(row.question, id=row.id, answers=row.answers) for row in some]
    linked = [replace(question, topics=link(graph, question.text)) for question in questions]
    found: list[Reading] = []
    for spaces in askable(graph, linked, MAX_HOPS):
        found += readings(planner, [linked[number] for number in spaces], [*spaces.values()])
    voices = run.calibration(Voices, least=0.0)
    print(f"{options.run}, {options.split}: {len(linked)} questions; {voices}; {machine()}")
    silent = len(linked) - len(found)  # nothing is linked, or nothing is known of what is
    for name, own in {
        WHOLE: voices,
        MODEL: Voices(1.0, 0.0, 0.0),
        REST: voices._replace(model=0.0),
        SEMANTIC: Voices(0.0, 1.0, 0.0),
    }.items():
        scores = [scored(reading, own) for reading in found] + [(0.0, True)] * silent
        refused = sum(is_refused for _, is_refused in scores) / len(scores)
        print(f"{name:<28}{bootstrap([f1 for f1, _ in scores])!s:<24}refused {refused:.3f}")


if __name__ == "__main__":
    main()
