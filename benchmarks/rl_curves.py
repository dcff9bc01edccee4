"""Whether a reward and what it is meant for part ways: what is earned, and verified F1 on dev, over the steps of runs.

    python -m benchmarks.rl_curves --work runs/rl runs/rlpq

Of every `seed-*/rl` and `seed-*/joint` below the folders of `benchmarks.rl_plan` and `benchmarks.rl_joint`: the reward
expected on training questions (the mean of the steps since the look before), F1 on dev, where an entity without a
verified path counts as wrong, and how much better answers are than what is proven of them (`parts/unproven`).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from benchmarks.common import write_report
from benchmarks.rl_plan import RESULTS
from kg.errors import ModelError
from planner.training.run import Run

COLOURS = {"rl": "#0072b2", "joint": "#d55e00"}
NAMES = {"rl": "planner (plan gradient)", "joint": "planner and reasoner"}
PLOT = Path(__file__).parents[1] / "docs" / "rl-curves.png"


class Look(NamedTuple):
    """One look at dev."""

    step: int
    reward: float
    f1: float
    unproven: float


class Curve(NamedTuple):
    """A run: what it refined (`rl`, `joint`), its data and seed, and its looks at dev but the first."""

    kind: str
    title: str
    looks: list[Look]


def curves(folders: Sequence[Path]) -> Iterator[Curve]:
    """The runs that are there; ModelError if there are none."""
    found = [Run(path) for folder in folders for kind in COLOURS for path in sorted(folder.glob(f"seed-*/{kind}"))]
    done = [run for run in found if run.is_done]
    if not done:
        raise ModelError(f"no finished run of seed-*/rl or seed-*/joint below {', '.join(map(str, folders))}")
    for run in done:
        yield Curve(run.folder.name, f"{Path(run.config['kg']).stem}, seed {run.config['seed']}", list(looks(run)))


def looks(run: Run) -> Iterator[Look]:
    """The looks at dev after the first step, each with the steps since the one before."""
    rows = [json.loads(line) for line in (run.folder / "metrics.jsonl").read_text("utf-8").splitlines()]
    since: list[dict[str, float]] = []
    for row in rows:
        if "reward" in row:
            since.append(row)
        elif "dev_f1" in row and "best_step" not in row and since:
            reward, unproven = (float(np.mean([step[name] for step in since])) for name in ("reward", "parts/unproven"))
            yield Look(row["step"], reward, row["dev_f1"], unproven)
            since = []


def report_of(some: Sequence[Curve]) -> list[str]:
    """A row a run: reward and F1 at the first and the last look, and how they rank the looks alike."""
    lines = [
        "# Reward and verified F1\n",
        "Reward: expected on training questions since the look before; F1: on dev, of the best plans or answers. From "
        "the first to the last look at dev after the start.\n",
        "| refined | run | looks | reward | F1 on dev | rank correlation | right, not proven |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind, title, own in some:
        rank = spearmanr([look.reward for look in own], [look.f1 for look in own]).statistic if len(own) > 2 else np.nan
        ends = [f"{getattr(own[0], name):.3f} → {getattr(own[-1], name):.3f}" for name in ("reward", "f1")]
        most = max(look.unproven for look in own)
        told = "–" if np.isnan(rank) else f"{rank:.2f}"
        lines.append(f"| {NAMES[kind]} | {title} | {len(own)} | {ends[0]} | {ends[1]} | {told} | at most {most:.4f} |")
    return lines


def plot(some: Sequence[Curve], out: Path) -> None:
    """Reward and F1 over the steps, side by side."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(9, 3.4), sharex=True, layout="constrained")
    titles = {"reward": "reward earned in training", "f1": "verified F1 on dev"}
    for axis, (name, title) in zip(axes, titles.items(), strict=True):
        for kind, label, own in some:
            first = next(one.title for one in some if one.kind == kind)
            values = [getattr(look, name) for look in own]
            shown = NAMES[kind] if label == first else None
            axis.plot([look.step for look in own], values, color=COLOURS[kind], alpha=0.8, lw=1.4, label=shown)
        axis.set_title(title, fontsize=10)
        axis.set_xlabel("steps")
        axis.grid(alpha=0.3)
        axis.spines[["top", "right"]].set_visible(False)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=2, frameon=False)
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=150)
    pyplot.close(figure)


def main() -> None:
    """Report on the runs, and draw them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, nargs="+", required=True)
    parser.add_argument("--out", type=Path, default=RESULTS)
    parser.add_argument("--plot", type=Path, default=PLOT)
    options = parser.parse_args()
    some = list(curves(options.work))
    lines = report_of(some)
    print("\n".join(lines))
    write_report(options.out / "rl-curves.md", lines)
    plot(some, options.plot)


if __name__ == "__main__":
    main()
