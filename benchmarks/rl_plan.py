"""What the plan gradient adds to a weak planner from answers alone; beside it more of the same, and full supervision.

    python -m benchmarks.rl_plan --data ../shared/data --work runs/rl --seed 0     # once a seed, in any order
    python -m benchmarks.rl_plan --work runs/rl --report                           # the seeds together
    python -m benchmarks.rl_plan --data ../shared/data --work runs/rlpq --set pathquestion-3H

MetaQA or PathQuestion, questions split by topic. Four planners a seed: `start` (fine-tuned on 99 questions with plans
mined from their answers), `longer` (the same, twice the passes), `rl` (from `start`, on 240 other questions with
answers only), `full` (fine-tuned on all 339). Everything that is there already is used again; what was stopped goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import machine, write_report
from benchmarks.trained import HELD_OUT, Kind, kinds
from kg.build import Sources, build
from kg.datasets import read_questions
from kg.errors import ModelError
from kg.questions import RawQuestion
from kg.store import Store
from planner.data.folder import open_folder, write_folder
from planner.data.make import Made, make, split_of
from planner.training.run import Run
from rl.settings import PlanGradient
from rog.evaluation.arms import parse_system
from rog.evaluation.evaluate import evaluate
from rog.evaluation.results import Options
from rog.evaluation.stats import bootstrap, paired
from rog.reinforce import questions_of, refine
from rog.settings import PlannerTraining, RowTraining
from rog.training import config_of, material, train

ARMS = ("start", "longer", "rl", "full")
SETS = {"metaqa": "MetaQA", "pathquestion-2H": "PathQuestion 2H", "pathquestion-3H": "PathQuestion 3H"}
LIMIT = 2000  # entities of an answer; some three-hop questions have a thousand
RESULTS = Path(__file__).parent / "results"


def questions(some: Sequence[Kind], counts: dict[str, int], seed: int) -> Iterator[tuple[str, RawQuestion]]:
    """Questions of all kinds by split, ids begin with the kind; dev and test are the same for every seed.

    Those of `train` are in the order of drawing, so that the first ones are a sample too.
    """
    for kind in some:
        known = read_questions([str(kind.questions)])
        for split, count in counts.items():
            own = [question for question in known if split_of(question.topics[0], HELD_OUT) == split]
            draw = random.Random(f"{seed if split == 'train' else 0} {split}")
            for question in draw.sample(own, len(own))[:count]:
                yield split, replace(question, id=f"{kind.name} {question.id}")


def prepared(some: Sequence[Kind], work: Path, options: argparse.Namespace) -> dict[str, Path]:
    """The data folders of the weak start, of all questions, and of the questions whose plans are not told."""
    store = work / f"{options.set}.kg"
    if not store.exists():
        build(Sources((some[0].facts,), returning=some[0].returning), store)
    name = f"{options.weak}-{options.more}-{options.test}-{options.seed}"
    folders = {part: work / f"data-{name}-{part}" for part in ("weak", "full", "answers")}
    if all(folder.exists() for folder in folders.values()):
        return folders
    graph, each = Store(store), len(some)
    counts = {"train": (options.weak + options.more) // each, "dev": options.dev // each, "test": options.test // each}
    drawn = list(questions(some, counts, options.seed))
    others = [question for split, question in drawn if split != "train"]
    by_kind = [[q for split, q in drawn if split == "train" and q.id.startswith(f"{k.name} ")] for k in some]
    weak = [question for own in by_kind for question in own[: options.weak // each]]
    for part in ("weak", "full"):
        told = weak if part == "weak" else [question for own in by_kind for question in own]
        made = make(graph, [*told, *others], HELD_OUT)
        write_folder(folders[part], made, graph, str(store), [str(k.questions) for k in some], True)
    known = {question.id for question in weak}
    rest = [replace(row, plans=(), paths=()) for row in made.rows["train"] if row.id not in known]
    answers = Made({**made.rows, "train": rest}, made.settings)
    write_folder(folders["answers"], answers, graph, str(store), [], True)
    return folders


def supervised(data: Path, epochs: float, options: argparse.Namespace, out: Path) -> Run:
    """A planner fine-tuned on the plans mined from a folder's answers, trained if it is not there."""
    return fine_tuned(data, PlannerTraining(seed=options.seed, gold=False, epochs=epochs, model=options.model), out)


def fine_tuned(data: Path, settings: RowTraining, out: Path) -> Run:
    """The run of these settings on a folder, trained if it is not there; ModelError if another is."""
    run, found = Run(out), material(data, "", settings)
    if run.is_done and run.differences(config_of(found, settings)):
        raise ModelError(f"{out} was trained with other settings; choose another --work")
    if not run.is_done:
        train(found, settings, out, resume=True, force=False)
    return run


def refined(data: Path, start: Run, options: argparse.Namespace, out: Path) -> Run:
    """The planner after the plan gradient, trained if it is not there."""
    settings = PlanGradient(
        seed=options.seed,
        epochs=options.rl_epochs,
        learning_rate=options.learning_rate,
        dev=options.dev,
        eval_steps=options.eval_steps,
    )
    if not Run(out).is_done:
        refine(questions_of(data, start, "", settings), start, settings, out, resume=True, force=False)
    return Run(out)


def trained(folders: dict[str, Path], options: argparse.Namespace) -> Iterator[tuple[str, Run]]:
    """The planners wanted, one after the other; `start`, from which `rl` begins, is always one of them."""
    place = options.work / f"seed-{options.seed}"
    start = supervised(folders["weak"], options.epochs, options, place / "start")
    yield "start", start
    if "rl" in options.arms:
        yield "rl", refined(folders["answers"], start, options, place / "rl")
    if "longer" in options.arms:
        yield "longer", supervised(folders["weak"], 2 * options.epochs, options, place / "longer")
    if "full" in options.arms:
        yield "full", supervised(folders["full"], options.full_epochs, options, place / "full")


def measured(some: Sequence[Kind], options: argparse.Namespace) -> None:
    """Train and evaluate one seed; each planner's figures are kept as soon as they are there."""
    folders = prepared(some, options.work, options)
    for arm, run in trained(folders, options):
        keep(options.work / f"seed-{options.seed}-{arm}.json", arm, run, folders["full"], options.seed, curve(run))


def keep(
    kept: Path,
    arm: str,
    run: Run,
    data: Path,
    seed: int,
    looks: list[dict[str, float]],
    steps: list[dict[str, float]] | None = None,
) -> None:
    """Evaluate a planner's model by itself, which is what was trained, on a folder's test questions, once."""
    if kept.exists():
        return
    folder = open_folder(data)
    alone = parse_system(f"{arm}=lm:{run.folder}")
    report = evaluate([alone], folder.rows("test"), folder.graph(), Options(topics="linked", batch=16, limit=LIMIT))
    f1 = {record.row.id: record.scores.f1 for record in report.records}
    found = {
        "arm": arm,
        "seed": seed,
        "machine": machine(),
        "result": run.result,
        "curve": looks,
        "steps": steps or [],
        "f1": f1,
        "refused": {record.row.id: record.scores.wrong_refusal for record in report.records},
    }
    kept.write_text(json.dumps(found))
    print(f"seed {seed}, {arm}: F1 {bootstrap(list(f1.values()))}", flush=True)


def curve(run: Run) -> list[dict[str, float]]:
    """F1 on dev over passes of the model, tokens and plans, where a run measured it."""
    rows = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    wanted = ("step", "passes", "tokens", "plans_scored", "seconds", "dev_f1", "dev_reward")
    looks = [row for row in rows if "dev_f1" in row and "best_step" not in row]
    return [{name: row[name] for name in wanted if name in row} for row in looks]


def kept_results(work: Path) -> dict[str, list[dict[str, Any]]]:
    """What was measured, by planner; of `start` and `rl` the seeds that have both, of the others what there is."""
    found = {arm: [json.loads(path.read_text()) for path in sorted(work.glob(f"seed-*-{arm}.json"))] for arm in ARMS}
    seeds = {one["seed"] for one in found["start"]} & {one["seed"] for one in found["rl"]}
    if not seeds:
        raise ModelError(f"{work} has no seed with start and rl")
    return {arm: [one for one in some if one["seed"] in seeds] for arm, some in found.items() if some}


def report_of(work: Path, title: str) -> list[str]:
    """The table over all seeds; a question counts with its mean over the seeds, intervals are over questions."""
    found = kept_results(work)
    ids = sorted(found["start"][0]["f1"])
    f1 = {arm: np.array([[one["f1"][i] for i in ids] for one in some]).mean(0) for arm, some in found.items()}
    lines = [
        f"# The plan gradient on {title}, {len(found['rl'])} seed(s), {len(ids)} test questions\n",
        f"{found['rl'][0]['machine']}. Passes, tokens and seconds of `rl` come on top of those of `start`.\n",
        "| planner | F1 | each seed | against start | passes | tokens | seconds |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm in found:
        seeds = " ".join(f"{np.mean(list(one['f1'].values())):.3f}" for one in found[arm])
        is_paired = arm != "start" and len(found[arm]) == len(found["start"])  # else means over other seeds
        gain = str(paired(f1["start"], f1[arm]).interval) if is_paired else ""
        results = [one["result"] for one in found[arm]]
        passes = "passes" if arm == "rl" else "steps"  # a step of supervised training is one pass
        spent = [f"{np.mean([each[name] for each in results]):,.0f}" for name in (passes, "tokens", "seconds")]
        lines.append(f"| {arm} | {bootstrap(f1[arm])} | {seeds} | {gain} | {' | '.join(spent)} |")
    lines.append("")
    if len(found.get("full", ())) == len(found["rl"]):
        closed = (f1["rl"].mean() - f1["start"].mean()) / (f1["full"].mean() - f1["start"].mean())
        lines.append(f"{closed:.0%} of the gap between `start` and `full` is closed from answers alone.\n")
    for kind in sorted({i.split()[0] for i in ids}):
        own = [number for number, i in enumerate(ids) if i.startswith(kind)]
        lines.append(f"- {kind}: " + ", ".join(f"{arm} {f1[arm][own].mean():.3f}" for arm in found))
    return lines


def write_curves(work: Path, out: Path) -> None:
    """The curves on dev as a table for a plot: seed, step, passes, tokens, plans, seconds, F1."""
    rows = [{"seed": one["seed"], **point} for one in kept_results(work)["rl"] for point in one["curve"]]
    with out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def arguments(about: str | None) -> argparse.ArgumentParser:
    """What every benchmark that begins with the weak start is told; the defaults are those of the figures."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="The folder of the data sets; not needed with --report.")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--set", choices=SETS, default="metaqa", help="The questions; a --work holds one set.")
    parser.add_argument("--report", action="store_true", help="Put the seeds that are there together.")
    parser.add_argument("--out", type=Path, default=RESULTS, help="Where the report goes.")
    parser.add_argument("--name", default="", help="The report's name, if it is not to replace the one of the set.")
    parser.add_argument("--weak", type=int, default=99, help="Questions whose plans are told.")
    parser.add_argument("--more", type=int, default=240, help="Questions with answers only.")
    parser.add_argument("--dev", type=int, default=60)
    parser.add_argument("--test", type=int, default=240)
    parser.add_argument("--epochs", type=float, default=12, help="Passes over the weak start's samples.")
    parser.add_argument("--rl-epochs", type=float, default=1.5, help="Passes of the plan gradient.")
    parser.add_argument("--learning-rate", type=float, default=PlanGradient.learning_rate)
    parser.add_argument("--eval-steps", type=int, default=PlanGradient.eval_steps)
    parser.add_argument("--model", default=PlannerTraining.model)
    return parser


def parsed(parser: argparse.ArgumentParser, name: str) -> argparse.Namespace:
    """What the command line says, which measures only with data; `name` is how reports of the script begin."""
    options = parser.parse_args()
    if options.data is None and not options.report:
        parser.error("--data is needed to measure")
    options.name = options.name or f"{name}-{options.set}"
    return options


def kinds_of(options: argparse.Namespace) -> list[Kind]:
    """The kinds of questions of the set that is wanted."""
    name, _, hops = options.set.partition("-")
    return next(some for some in kinds(name, options.data) if not hops or some[0].name == hops)


def main() -> None:
    """Train and measure a seed, or report on all."""
    parser = arguments(__doc__)
    parser.add_argument("--arms", nargs="*", default=ARMS, choices=ARMS, help="What to train beside the start.")
    parser.add_argument("--full-epochs", type=float, default=6, help="Passes of full supervision.")
    options = parsed(parser, "rl-plan")
    if not options.report:
        measured(kinds_of(options), options)
        return
    lines = report_of(options.work, SETS[options.set])
    print("\n".join(lines))
    write_report(options.out / f"{options.name}.md", lines)
    write_curves(options.work, options.out / f"{options.name}.csv")


if __name__ == "__main__":
    main()
