"""What refining planner and reasoner together adds to both as they were trained one by one.

    python -m benchmarks.rl_joint --data ../shared/data --work runs/rl --seed 0    # once a seed, in any order
    python -m benchmarks.rl_joint --work runs/rl --report                          # the seeds together

MetaQA, data folders of `benchmarks.rl_plan` and its planner `rl` (its --work can be used, with the same numbers); the
reasoner is fine-tuned on the questions whose plans are told. Arms: `planner` (its best plan answers), `parts` (with the
reasoner), `joint` (from both, on the questions with answers only). Necessity and sufficiency are tried out: the paths
that an answer cites are taken from the evidence, or all others are, and the reasoner is asked again.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.common import machine, write_report
from benchmarks.rl_plan import LIMIT, SETS, arguments, fine_tuned, kinds_of, parsed, prepared, refined, supervised
from benchmarks.trained import Kind
from kg.errors import ModelError
from kg.graph import Graph
from kg.link import link
from kg.types import Question
from planner.data.folder import open_folder
from planner.data.rows import Row
from planner.lm import LanguageModel
from planner.neural import TRAINED_MASS, LmPlanner
from planner.training.run import Run
from reasoner.base import Answer, Evidence, Reasoner, Trace
from reasoner.pipeline import RoG
from reasoner.quoting import QuotingReasoner, Weights
from reasoner.symbolic import SymbolicReasoner
from reasoner.verify import problems
from rl.settings import Joint
from rog.evaluation.metrics import set_f1
from rog.evaluation.stats import bootstrap, paired
from rog.joining import Starts, join
from rog.joining import material as joint_material
from rog.settings import ReasonerTraining

ARMS = ("planner", "parts", "joint")
MEASURES = {
    "f1": "F1",
    "right": "right by a verified path",
    "verified": "support verified",
    "necessary": "cited path necessary",
    "sufficient": "cited path sufficient",
    "refused": "refused",
    "tokens": "tokens",
}
K, BATCH = 3, 16


@dataclass(frozen=True)
class Asked:
    """One question answered, and answered again without what was cited, and with nothing else."""

    trace: Trace
    without: Answer
    only: Answer
    tokens: float


def asked(graph: Graph, rows: Sequence[Row], planner: Run, reasoner: Run | None) -> list[Asked]:
    """All questions, linked, answered by the models alone."""
    models = [LanguageModel(str(run.folder)) for run in (planner, reasoner) if run]
    reading: Reasoner = (
        QuotingReasoner(graph, models[1], reasoner.calibration(Weights)) if reasoner else SymbolicReasoner(graph)
    )
    rog = RoG(graph, LmPlanner(graph, models[0], TRAINED_MASS), reading, K, limit=LIMIT)
    found = []
    for start in range(0, len(rows), BATCH):
        some = rows[start : start + BATCH]
        before = sum(model.tokens for model in models)
        questions = [Question(row.question, link(graph, row.question), row.id, row.answers) for row in some]
        traces = rog.traces(questions)
        tokens = (sum(model.tokens for model in models) - before) / len(some)
        again = [
            reading.answer(questions, [trace.plan for trace in traces], [parted(trace, kept) for trace in traces])
            for kept in (False, True)
        ]
        found += [Asked(trace, without, only, tokens) for trace, without, only in zip(traces, *again, strict=True)]
    return found


def parted(trace: Trace, kept: bool) -> Evidence:
    """The evidence that the answer cites (`kept`), or all the rest of it."""
    cited = {(path.start, path.relations) for path in trace.answer.support}
    return replace(
        trace.evidence,
        found=tuple(one for one in trace.evidence.found if ((one.topic.key, one.relations) in cited) is kept),
    )


def scores(graph: Graph, one: Asked) -> dict[str, float | None]:
    """The measures of one question; None where one does not apply."""
    answer, gold = one.trace.answer, one.trace.question.answers
    is_sound = not problems(graph, one.trace.question, one.trace.plan, answer)
    has = bool(answer.entities)
    return {
        "f1": set_f1(answer.entities, gold),
        "right": float(has and is_sound and set(answer.entities) == set(gold)),
        "verified": float(is_sound) if has else None,
        "necessary": float(set(one.without.entities) != set(answer.entities)) if has else None,
        "sufficient": float(set(one.only.entities) == set(answer.entities)) if has else None,
        "refused": float(not has),
        "tokens": one.tokens,
    }


def reasoner_of(data: Path, options: argparse.Namespace, out: Path) -> Run:
    """A reasoner fine-tuned on a folder's questions, trained if it is not there."""
    settings = ReasonerTraining(seed=options.seed, gold=False, epochs=options.reasoner_epochs, model=options.model)
    return fine_tuned(data, settings, out)


def joined(data: Path, starts: Starts, options: argparse.Namespace, out: Path) -> Run:
    """Both refined together, if they are not there."""
    settings = Joint(
        seed=options.seed,
        epochs=options.joint_epochs,
        learning_rate=options.joint_learning_rate,
        dev=options.dev,
        eval_steps=options.eval_steps,
    )
    if not Run(out).is_done:
        join(joint_material(data, starts, "", settings), starts, settings, out, resume=True, force=False)
    return Run(out)


def measured(some: Sequence[Kind], options: argparse.Namespace) -> None:
    """Train and evaluate one seed; each arm's figures are kept as soon as they are there."""
    folders = prepared(some, options.work, options)
    folder = open_folder(folders["full"])
    rows, graph, place = folder.rows("test"), folder.graph(), options.work / f"seed-{options.seed}"
    start = supervised(folders["weak"], options.epochs, options, place / "start")
    planner = refined(folders["answers"], start, options, place / "rl")
    reasoner: Run | None = None
    for arm in ARMS:
        kept = options.work / f"joint-{options.seed}-{arm}.json"
        result: dict[str, Any] = {}
        if arm == "parts":
            reasoner = reasoner_of(folders["weak"], options, place / "reasoner")
        elif reasoner is not None:
            both = joined(folders["answers"], Starts(planner, reasoner), options, place / "joint")
            planner, reasoner, result = Run(both.folder / "planner"), Run(both.folder / "reasoner"), both.result
        if not kept.exists():
            found = {one.trace.question.id: scores(graph, one) for one in asked(graph, rows, planner, reasoner)}
            kept.write_text(json.dumps({"seed": options.seed, "machine": machine(), "result": result, "rows": found}))
            mean = bootstrap([row["f1"] or 0.0 for row in found.values()])
            print(f"seed {options.seed}, {arm}: F1 {mean}", flush=True)


def report_of(work: Path, title: str) -> list[str]:
    """The table over the seeds that have all arms; a question counts with its mean over the seeds."""
    found = {arm: [json.loads(path.read_text()) for path in sorted(work.glob(f"joint-*-{arm}.json"))] for arm in ARMS}
    seeds = set.intersection(*({one["seed"] for one in some} for some in found.values()))
    if not seeds:
        raise ModelError(f"{work} has no seed with {', '.join(ARMS)}")
    found = {arm: [one for one in some if one["seed"] in seeds] for arm, some in found.items()}
    ids = sorted(found["joint"][0]["rows"])
    lines = [
        f"# Planner and reasoner refined together, {title}, {len(seeds)} seed(s), {len(ids)} test questions\n",
        f"{found['joint'][0]['machine']}. Intervals are over questions; those of verified, necessary and sufficient "
        "over those that were answered.\n",
        f"| arm | {' | '.join(MEASURES.values())} | F1 of each seed |",
        "|---|" + "---|" * (len(MEASURES) + 1),
    ]
    for arm, some in found.items():
        cells = [cell(some, ids, name) for name in MEASURES]
        each = " ".join(f"{np.mean([row['f1'] for row in one['rows'].values()]):.3f}" for one in some)
        lines.append(f"| {arm} | {' | '.join(cells)} | {each} |")
    lines.append("")
    for name in ("f1", "right", "necessary", "tokens"):
        for other in ("parts", "planner"):
            before, after = (means(found[arm], ids, name) for arm in (other, "joint"))
            both = ~np.isnan(before + after)
            lines.append(f"- {MEASURES[name]}, joint against {other}: {paired(before[both], after[both]).interval}")
    passes, tokens, seconds = (
        np.mean([one["result"][name] for one in found["joint"]]) for name in ("passes", "tokens", "seconds")
    )
    return [*lines, f"- refining took {passes:,.0f} passes, {tokens:,.0f} tokens, {seconds:,.0f} s a seed"]


def means(some: Sequence[dict[str, Any]], ids: Sequence[str], name: str) -> npt.NDArray[np.float64]:
    """The mean of each question over the seeds, NaN where a measure does not apply to it."""
    each = [[value for one in some if (value := one["rows"][i][name]) is not None] for i in ids]
    return np.array([np.mean(values) if values else np.nan for values in each])


def cell(some: Sequence[dict[str, Any]], ids: Sequence[str], name: str) -> str:
    """A measure over all questions."""
    values = means(some, ids, name)
    values = values[~np.isnan(values)]
    if not len(values):
        return "–"
    return f"{values.mean():,.0f}" if name == "tokens" else str(bootstrap(list(values)))


def main() -> None:
    """Train and measure a seed, or report on all."""
    parser = arguments(__doc__)
    parser.add_argument("--reasoner-epochs", type=float, default=2, help="Passes over the reasoner's samples.")
    parser.add_argument("--joint-epochs", type=float, default=1, help="Passes of refining both.")
    parser.add_argument("--joint-learning-rate", type=float, default=Joint.learning_rate)
    options = parsed(parser, "rl-joint")
    if not options.report:
        measured(kinds_of(options), options)
        return
    lines = report_of(options.work, SETS[options.set])
    print("\n".join(lines))
    write_report(options.out / f"{options.name}.md", lines)


if __name__ == "__main__":
    main()
