"""Facts into the weights: RLAG against SFT, GRPO and continued pre-training at the same number of tokens.

    python -m benchmarks.internalize --work runs/internalize --method rlag --seed 0
    python -m benchmarks.internalize --work runs/internalize            # only the report, of what is there

The graph is invented (benchmarks/invented.py), so that nothing is known before. Asked without the graph: (a) trained
facts in wordings that were never trained on, (b) questions over two trained facts, whose topics were asked about no
such question, (c) facts that were never trained on; (d) is the perplexity of unrelated text. `sft-recital` is SFT that
recites the path like RLAG: what the recital does and what the loss does are told apart.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import machine, write_report
from benchmarks.invented import Invented, invent
from kg.build import demo_folder
from kg.types import Question, Topic
from planner.base import DEFAULT_LM
from planner.data.rows import Row
from planner.lm import LanguageModel
from planner.training.run import Run
from reasoner.closed_book import ClosedBook, form_of
from reasoner.verify import problems
from rl.internalization.knowledge import Knowledge
from rl.internalization.settings import Internalization
from rog.evaluation.stats import Interval, bootstrap
from rog.internalizing import gathered, internalize
from rog.progress import progress

METHODS: dict[str, dict[str, Any]] = {
    "rlag": {"method": "rlag"},
    "rlag-plain": {"method": "rlag", "noise": 0.0},
    "grpo": {"method": "grpo"},
    "sft": {"method": "sft", "rationale": False, "noise": 0.0},
    "sft-recital": {"method": "sft"},
    "sft-recital-plain": {"method": "sft", "noise": 0.0},
    "pretrain": {"method": "pretrain", "batch": 8},  # a fact is short: so a step reads as many tokens as the others' do
}
BASE = "base"
SETS = {"reworded": "(a) reworded", "composed": "(b) composed", "never trained": "(c) never trained"}
OPEN = ("reworded", "composed")  # asked with the paths too
TEXT = 1024  # tokens of a piece of text


def closed(world: Invented, answering: ClosedBook, rows: Sequence[Row]) -> tuple[list[float], list[float]]:
    """Whether each question is answered rightly from memory, and whether by a recited path that holds."""
    topics = [tuple(Topic(world.graph.entity(key), 1.0, "") for key in row.topics) for row in rows]
    traces = answering.traces([Question(row.question, some, row.id) for row, some in zip(rows, topics, strict=True)])
    right = [float(set(trace.answer.entities) == set(row.answers)) for row, trace in zip(rows, traces, strict=True)]
    holds = [not problems(world.graph, trace.question, trace.plan, trace.answer) for trace in traces]
    return right, [one * held for one, held in zip(right, holds, strict=True)]


def opened(world: Invented, answering: ClosedBook, form: str, rows: Sequence[Row]) -> list[float]:
    """Whether each question is answered rightly with the path that answers and two others before it."""
    knowledge, draw = Knowledge(world.graph), random.Random(0)
    lessons = knowledge.lessons(rows)
    known = []
    for lesson in lessons:
        lines = list(dict.fromkeys([lesson.recital, *(other.recital for other in draw.sample(lessons, 2))]))
        known.append(draw.sample(lines, len(lines)))
    found = answering.write([lesson.question for lesson in lessons], known)
    return [float(knowledge.judge(lesson, one.text, form).is_right) for lesson, one in zip(lessons, found, strict=True)]


def perplexity(lm: LanguageModel) -> float:
    """The perplexity of the demo graph's README and some of its questions, which nothing was trained on."""
    import torch

    questions = (demo_folder() / "questions" / "test.jsonl").read_text("utf-8").splitlines()[:150]
    texts = (demo_folder() / "README.md").read_text("utf-8"), "\n".join(json.loads(q)["question"] for q in questions)
    total, count = 0.0, 0
    for text in texts:
        tokens = torch.tensor([lm.prompt_tokens("", text)[:TEXT]], device=lm.device)
        with torch.inference_mode():
            logp = lm.model(tokens).logits[0, :-1].float().log_softmax(-1)
        total -= float(logp.gather(1, tokens[0, 1:, None]).sum())
        count += tokens.shape[1] - 1
    return math.exp(total / count)


def measured(world: Invented, name: str) -> dict[str, Any]:
    """All that is measured of a model."""
    lm = LanguageModel(name, dtype="float32")
    found: dict[str, Any] = {"perplexity": perplexity(lm)}
    answering = ClosedBook(world.graph, lm)
    for title, rows in world.asked.items():
        right, proven = closed(world, answering, rows)
        found[title] = {"closed": right, "proven": proven}
        if title in OPEN:
            found[title]["open"] = opened(world, answering, form_of(lm), rows)
    return found


def kept(file: Path, told: dict[str, Any], world: Invented, name: str) -> dict[str, Any]:
    """What was measured of a model, from its file if it is there."""
    if not file.exists():
        file.write_text(json.dumps({**told, **measured(world, name)}), "utf-8")
    found: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return found


def trained(world: Invented, method: str, settings: Internalization, out: Path) -> dict[str, float]:
    """What training came to, of the run that is there or goes on."""
    run = Run(out)
    if run.is_done:
        return run.result
    form = {"pretrain": "shots"}.get(method, "path" if settings.rationale else "answer")
    found = gathered(world.train, world.graph, None, settings, {"form": form, "data": "invented", "kg": "invented"})
    from rog.console import err

    with progress(err) as report:
        return internalize(found, None, settings, out, resume=True, force=False, progress=report)


def over_seeds(found: Sequence[dict[str, Any]], title: str, what: str) -> list[float]:
    """A measure of each question, averaged over seeds."""
    return [float(value) for value in np.mean([one[title][what] for one in found], axis=0)]


def report(found: dict[str, list[dict[str, Any]]], world: Invented, options: argparse.Namespace) -> Iterator[str]:
    """The lines of the report."""
    yield f"# Facts into the weights: {world.graph.size.triples:,} invented facts, {world.trained:,} trained\n"
    told = next((one["tokens"] for name, some in found.items() if name != BASE for one in some), options.tokens)
    yield f"{machine()}. {told:,} tokens for every method; {len(world.train):,} training questions.\n"
    yield "Right answers from memory, mean over questions [95 % bootstrap interval], over the seeds of a method:\n"
    yield f"| method | seeds | {' | '.join(SETS.values())} | (b) proven | perplexity | minutes |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, some in found.items():
        cells = [str(bootstrap(over_seeds(some, title, "closed"))) for title in SETS]
        proven = bootstrap(over_seeds(some, "composed", "proven")).mean
        minutes = np.mean([one.get("seconds", 0.0) for one in some]) / 60
        perplexities = np.mean([one["perplexity"] for one in some])
        yield f"| {name} | {len(some)} | {' | '.join(cells)} | {proven:.3f} | {perplexities:.1f} | {minutes:.0f} |"
    yield "\nWith the paths before the question (the model's own open book), and the gap to it:\n"
    yield "| method | (a) open | (a) gap | (b) open | (b) gap |\n|---|---|---|---|---|"
    for name, some in found.items():
        cells = [cell for title in OPEN for cell in map(str, gaps(some, title))]
        yield f"| {name} | {' | '.join(cells)} |"
    if "rlag" in found:
        yield "\nRLAG less another, paired by question:\n"
        yield f"| less | {' | '.join(SETS.values())} |\n|---|---|---|---|"
        for name, some in found.items():
            if name != "rlag":
                cells = [str(less(found["rlag"], some, title)) for title in SETS]
                yield f"| {name} | {' | '.join(cells)} |"


def gaps(some: Sequence[dict[str, Any]], title: str) -> tuple[Interval, Interval]:
    """Open-book accuracy, and what closed-book accuracy lacks of it."""
    opened, closed = over_seeds(some, title, "open"), over_seeds(some, title, "closed")
    return bootstrap(opened), bootstrap(np.array(opened) - np.array(closed))


def less(first: Sequence[dict[str, Any]], second: Sequence[dict[str, Any]], title: str) -> Interval:
    """The paired difference of two methods on a set of questions."""
    one, other = (np.array(over_seeds(some, title, "closed")) for some in (first, second))
    return bootstrap(one - other)


def main() -> None:
    """Train and measure what is asked for; print and keep the report of all that is there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--method", choices=tuple(METHODS), help="Without it only the report is written.")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--facts", type=int, default=2250, help="Facts of the graph: how hard it is.")
    parser.add_argument("--share", type=float, default=0.5, help="The share of them that is trained.")
    parser.add_argument("--tokens", type=int, default=Internalization().tokens)
    parser.add_argument("--asked", type=int, default=300, help="Questions of each kind.")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="Any setting of the method.")
    parser.add_argument("--tag", default="", help="A name for a trial, apart from the report.")
    parser.add_argument("--name", default="", help="The report's name, if it is not to replace the one of this size.")
    options = parser.parse_args()
    lm = LanguageModel(DEFAULT_LM)
    title = f"{options.facts}-{options.share:g}-{options.tokens}"
    work = options.work / title
    world = invent(options.facts, options.share, options.work / f"graph-{options.facts}", lm.tokenizer, options.asked)
    if options.method:
        given: dict[str, Any] = {key: json.loads(value) for key, value in (pair.split("=") for pair in options.set)}
        settings = replace(Internalization(tokens=options.tokens, seed=options.seed), **METHODS[options.method] | given)
        name = f"{options.method}{options.tag}-{options.seed}"
        result = trained(world, options.method, settings, work / name)
        told = {**asdict(settings), **result, "method": f"{options.method}{options.tag}"}
        kept(work / f"{name}.json", told, world, str(work / name))
    kept(work / f"{BASE}.json", {"method": BASE}, world, DEFAULT_LM)
    found: dict[str, list[dict[str, Any]]] = {BASE: []}
    for file in sorted(work.glob("*.json")):
        one = json.loads(file.read_text("utf-8"))
        found.setdefault(one["method"], []).append(one)
    lines = [*report(found, world, options)]
    print("\n".join(lines))
    write_report(Path(__file__).parent / "results" / f"{options.name or f'internalize-{title}'}.md", lines)


if __name__ == "__main__":
    main()
