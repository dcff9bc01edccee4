"""How a weak planner gets better by reward: the plan gradient, GRPO through TRL, more supervised steps; and the mask.

    python -m benchmarks.rl_methods --data ../shared/data --work runs/rl --seed 0             # one seed after the other
    python -m benchmarks.rl_methods --data ../shared/data --work runs/rl --seed 0 --arms grpo grpo-unmasked
    python -m benchmarks.rl_methods --work runs/rl --report                                    # all that is there

MetaQA, data folders and weak start of `benchmarks.rl_plan` (its --work can be used, with the same numbers). From there
`gradient` (its `rl`), `grpo`, `grpo-unmasked` (the graph's constraint in drawing, not in the loss), `grpo-free` (in
neither) and `sft` (more steps on the questions whose plans are told). Same questions, rewards, optimizer and looks at
dev. What differs: GRPO goes over the questions twice as often (--grpo-epochs), and without a divergence from the start
(--grpo-beta 0, as TRL has it), which would cost it one more pass a step. What is there already is used again; what was
stopped goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.common import write_report
from benchmarks.rl_plan import SETS, arguments, curve, keep, kinds_of, parsed, prepared, refined, supervised
from benchmarks.trained import Kind
from kg.errors import ModelError
from planner.data.folder import open_folder
from planner.training.run import Run
from planner.training.samples import training_samples
from planner.training.sequences import Encoded
from planner.training.sequences import schedule as supervised_schedule
from rl.policy import Policy
from rl.refine import Refinement, learning_rate, rounded
from rl.settings import Grpo, PlanGradient
from rog.evaluation.stats import bootstrap, paired
from rog.reinforce import questions_of, refine
from rog.settings import PlannerTraining
from rog.training import sound_rows

MASKS: dict[str, dict[str, Any]] = {
    "grpo": {},
    "grpo-unmasked": {"unmasked_loss": True},
    "grpo-free": {"unconstrained": True},
}
ARMS = ("gradient", *MASKS, "sft")
COLOURS = {"gradient": "#0072b2", "grpo": "#d55e00", "sft": "#7f7f7f"}
NAMES = {"gradient": "plan gradient (exact)", "grpo": "GRPO", "sft": "more supervised steps, plans told"}
PLOT = Path(__file__).parents[1] / "docs" / "rl-methods.png"


def settings_of(arm: str, options: argparse.Namespace) -> PlanGradient:
    """What an arm is told."""
    common = {"seed": options.seed, "dev": options.dev, "eval_steps": options.eval_steps}
    if arm in MASKS:
        return Grpo(
            **common,
            epochs=options.grpo_epochs,
            learning_rate=options.grpo_learning_rate,
            generations=options.generations,
            beta=options.grpo_beta,
            **MASKS[arm],
        )
    rare = {**common, "eval_steps": 4 * options.eval_steps}  # its steps are short
    return PlanGradient(**rare, steps=options.sft_steps, learning_rate=options.learning_rate)


class MoreSteps(Refinement):
    """The same optimizer and looks at dev, on plans that are told."""

    told: Sequence[Encoded]

    def _step(self) -> None:
        import torch

        began, before, state, batch = time.monotonic(), self._counts(), self._state, self._settings.batch
        some = self.told[state.step * batch : (state.step + 1) * batch]
        loss = -self._policy.logps(some).sum() / sum(len(one.tokens) - one.prompt for one in some)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self._policy.trained.values(), self._settings.clip)
        for group in self._optimizer.param_groups:
            group["lr"] = learning_rate(state.step, len(self._schedule), self._settings)
        self._optimizer.step()
        self._optimizer.zero_grad()
        self._policy.changed()
        state.step += 1
        self._count(before, began, 0)
        self._run.log({"step": state.step, **rounded({"loss": loss.item(), **state.counts})})
        if state.step % self._settings.eval_steps == 0 or state.step == len(self._schedule):
            self._look()


def more_steps(folders: dict[str, Path], start: Run, options: argparse.Namespace, out: Path) -> Run:
    """The start after more supervised steps, trained if it is not there."""
    run, settings = Run(out), settings_of("sft", options)
    if run.is_done:
        return run
    found = questions_of(folders["answers"], start, "", settings)
    folder = open_folder(folders["weak"])
    rows = [replace(row, paths=()) for row in sound_rows(folder, "train", found.graph)]
    samples = training_samples(rows, found.graph, PlannerTraining().none, options.seed)
    policy = Policy(start)
    epochs = settings.steps * settings.batch / len(samples)
    training = PlannerTraining(seed=options.seed, batch=settings.batch, epochs=epochs, model=options.model)
    run.begin({**found.about, "stage": "more steps", **asdict(settings)}, [], run.folder.exists(), False)
    work = MoreSteps(policy, found.reward, found.train, found.dev, settings, run)
    work.told = supervised_schedule(samples, training, policy.tokenizer)
    result = work.run()
    run.save_weights(policy.model, policy.tokenizer)
    run.log({"step": result["steps"], **result})
    run.finish("More supervised steps, for comparison.")
    return run


def trained(arms: Sequence[str], folders: dict[str, Path], options: argparse.Namespace) -> Iterator[tuple[str, Run]]:
    """The start and the planners made from it."""
    place = options.work / f"seed-{options.seed}"
    start = supervised(folders["weak"], options.epochs, options, place / "start")
    yield "start", start
    for arm in arms:
        if arm == "gradient":
            yield arm, refined(folders["answers"], start, options, place / "rl")
        elif arm == "sft":
            yield arm, more_steps(folders, start, options, place / "sft")
        else:
            run, settings = Run(place / arm), settings_of(arm, options)
            if not run.is_done:
                found = questions_of(folders["answers"], start, "", settings)
                refine(found, start, settings, run.folder, resume=True, force=False)
            yield arm, run


def measured(some: Sequence[Kind], arms: Sequence[str], options: argparse.Namespace) -> None:
    """Train and evaluate one seed; each planner's figures are kept as soon as they are there."""
    folders = prepared(some, options.work, options)
    for arm, run in trained(arms, folders, options):
        kept = options.work / f"methods-{options.seed}-{arm}.json"
        looks, each = curve(run) if arm != "start" else [], steps(run) if arm in MASKS else []
        keep(kept, arm, run, folders["full"], options.seed, looks, each)


def steps(run: Run) -> list[dict[str, float]]:
    """What a run of GRPO measured at each step."""
    rows = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    return [{name: row[name] for name in ("reward", "entropy", "legal", "flat")} for row in rows if "reward" in row]


def kept_results(work: Path) -> dict[str, list[dict[str, Any]]]:
    """What was measured, by arm."""
    found = {
        arm: [json.loads(path.read_text()) for path in sorted(work.glob(f"methods-?-{arm}.json"))]
        for arm in ("start", *ARMS)
    }
    if not any(found.values()):
        raise ModelError(f"{work} holds nothing that was measured")
    return {arm: some for arm, some in found.items() if some}


def first_reached(points: Sequence[dict[str, float]], f1: float, count: str) -> float | None:
    """How much was spent when F1 on dev was first so high; None if it never was."""
    return next((point[count] for point in points if point["dev_f1"] >= f1), None)


def report_of(work: Path, title: str) -> list[str]:
    """Both tables; a question counts with its mean over the seeds, intervals are over questions."""
    found = kept_results(work)
    ids = sorted(next(iter(found.values()))[0]["f1"])
    f1 = {arm: np.array([[one["f1"][i] for i in ids] for one in some]).mean(0) for arm, some in found.items()}
    lines = [
        f"# Ways to refine a planner, {title}, {len(ids)} test questions\n",
        f"{next(iter(found.values()))[0]['machine']}. Passes and tokens come on top of those of `start`.\n",
        "| arm | seeds | F1 | each seed | against start | F1 on dev | passes | tokens | plans | seconds |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for arm, some in found.items():
        each = " ".join(f"{np.mean(list(one['f1'].values())):.3f}" for one in some)
        if arm == "start":
            lines.append(f"| start | {len(some)} | {bootstrap(f1[arm])} | {each} | | | | | | |")
            continue
        starts = {one["seed"]: one["f1"] for one in found.get("start", [])}
        same = [[starts[one["seed"]][i] for i in ids] for one in some if one["seed"] in starts]
        gain = paired(np.mean(same, 0), f1[arm]).interval if len(same) == len(some) else ""
        spent = ("passes", "tokens", "plans_scored", "seconds")
        means = " | ".join(f"{np.mean([one['result'][name] for one in some]):,.0f}" for name in spent)
        dev = np.mean([one["result"]["dev_f1"] for one in some])
        lines.append(f"| {arm} | {len(some)} | {bootstrap(f1[arm])} | {each} | {gain} | {dev:.3f} | {means} |")
    return [*lines, *race(found), *masks(found, f1)]


def race(found: dict[str, list[dict[str, Any]]]) -> list[str]:
    """What the plan gradient had spent when it was as good on dev as GRPO ever got, seed by seed."""
    lines = []
    for drawn in found.get("grpo", []):
        best = max(point["dev_f1"] for point in drawn["curve"])
        for exact in (one for one in found.get("gradient", []) if one["seed"] == drawn["seed"]):
            for count in ("passes", "tokens"):
                theirs, ours = (first_reached(one["curve"], best, count) for one in (drawn, exact))
                other = "never got there" if ours is None else f"needed {ours:,.0f}"
                if not theirs:
                    lines.append(f"- seed {drawn['seed']}: GRPO never got better on dev than the start")
                    break
                times = f", {theirs / ours:.1f} times fewer" if ours else ""
                lines.append(
                    f"- seed {drawn['seed']}: GRPO's best F1 on dev, {best:.3f}, took {theirs:,.0f} {count}; the plan "
                    f"gradient {other}{times}"
                )
    return ["", *lines] if lines else []


def masks(found: dict[str, list[dict[str, Any]]], f1: dict[str, Any]) -> list[str]:
    """The table of the constraint, with and without."""
    lines = [
        "\n## The graph's constraint\n",
        "Reward, and legal plans among those drawn, in the first, middle and last third of the steps. A loss under the "
        "mask needs plans drawn under it: outside of it a plan has no probability.\n",
        "| drawing | loss | F1 | each seed | reward | legal | entropy |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm, told in MASKS.items():
        if arm not in found:
            continue
        some = found[arm]
        each = " ".join(f"{np.mean(list(one['f1'].values())):.3f}" for one in some)
        columns = " | ".join(
            " ".join(f"{value:.2f}" for value in np.mean([thirds(one["steps"], name) for one in some], axis=0))
            for name in ("reward", "legal", "entropy")
        )
        drawing = "free" if told.get("unconstrained") else "constrained"
        lines.append(f"| {drawing} | {'unmasked' if told else 'masked'} | {bootstrap(f1[arm])} | {each} | {columns} |")
    return lines if len(lines) > 4 else []


def thirds(rows: Sequence[dict[str, float]], name: str) -> list[float]:
    """The means of the first, middle and last third of the steps."""
    return [float(np.mean(part)) for part in np.array_split([row[name] for row in rows], 3)]


def write_curves(work: Path, out: Path) -> None:
    """The curves on dev as a table: arm, seed, step, passes, tokens, plans, seconds, F1."""
    found = kept_results(work)
    rows = [{"arm": arm, "seed": one["seed"], **p} for arm, some in found.items() for one in some for p in one["curve"]]
    if not rows:
        return
    with out.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def plot(work: Path, out: Path) -> None:
    """F1 on dev over passes of the model, and over the tokens read: each seed, and their mean."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    found = kept_results(work)
    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.6), sharey=True, layout="constrained")
    for axis, count in zip(axes, ("passes", "tokens"), strict=True):
        for arm, colour in COLOURS.items():
            some = [one["curve"] for one in found.get(arm, []) if one["curve"]]
            for points in some:
                axis.plot([p[count] for p in points], [p["dev_f1"] for p in points], color=colour, alpha=0.3, lw=1)
            if some:
                length = min(map(len, some))
                mean = [[np.mean([c[i][name] for c in some]) for i in range(length)] for name in (count, "dev_f1")]
                axis.plot(*mean, color=colour, lw=2, label=NAMES[arm])
        axis.set_xlabel({"passes": "forward passes of the model", "tokens": "tokens read"}[count])
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("F1 on dev")
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=3, frameon=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=150)
    pyplot.close(figure)


def main() -> None:
    """Train and measure a seed, or report on all."""
    parser = arguments(__doc__)
    parser.add_argument("--arms", nargs="*", default=ARMS, choices=ARMS, help="Which, in which order.")
    parser.add_argument("--plot", type=Path, default=PLOT)
    parser.add_argument("--grpo-epochs", type=float, default=3, help="Passes of GRPO.")
    parser.add_argument("--grpo-learning-rate", type=float, default=PlanGradient.learning_rate)
    parser.add_argument(
        "--grpo-beta", type=float, default=0.0, help="TRL's default; with KL a step takes one more pass."
    )
    parser.add_argument("--generations", type=int, default=Grpo.generations)
    parser.add_argument("--sft-steps", type=int, default=200)
    options = parsed(parser, "rl-methods")
    if not options.report:
        measured(kinds_of(options), options.arms, options)
        return
    lines = report_of(options.work, SETS[options.set])
    print("\n".join(lines))
    write_report(options.out / f"{options.name}.md", lines)
    write_curves(options.work, options.out / f"{options.name}.csv")
    plot(options.work, options.plot)


if __name__ == "__main__":
    main()
