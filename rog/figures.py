"""Plots of what runs and evaluations left on disk: training curves and scores, by matplotlib, without a display."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import QuestionError
from rog.evaluation.metrics import TITLES

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PALETTE = ("#0072b2", "#d55e00", "#009e73", "#9467bd", "#b58900", "#7f7f7f")
LEFT_OUT = ("runtime", "per_second", "flos", "seconds", "passes", "tokens")  # what a run says about itself, not a curve
PANELS = 12
SHOWN = ("f1", "hits_at_1", "right_refusal")


def is_run(folder: Path) -> bool:
    """Whether a training run left this."""
    return (folder / "metrics.jsonl").is_file()


def is_evaluation(folder: Path) -> bool:
    """Whether an evaluation left this."""
    return (folder / "results.csv").is_file()


def curves(runs: Sequence[Path], form: str) -> bytes:
    """A panel for every measure that runs logged by step; what was measured on dev data is dotted."""
    rows = {run: read_metrics(run) for run in runs}
    names = list(dict.fromkeys(key.removeprefix("eval_") for found in rows.values() for row in found for key in row))
    panels = [name for name in names if name not in ("step", "epoch") and not any(part in name for part in LEFT_OUT)]
    panels = [name for name in panels if any(len(line(found, name)[0]) > 1 for found in rows.values())][:PANELS]
    if not panels:
        raise QuestionError(f"{runs[0]}/metrics.jsonl has no measure at two steps: nothing to plot")
    across = min(3, len(panels))
    figure = new_figure(across, -(-len(panels) // across))
    for number, name in enumerate(panels, 1):
        axes = figure.add_subplot(-(-len(panels) // across), across, number)
        for place, (run, found) in enumerate(rows.items()):
            colour, label = PALETTE[place % len(PALETTE)], run.resolve().name
            for measure, style in ((name, "-"), (f"eval_{name}", "o:")):
                steps, values = line(found, measure)
                if steps:
                    dev = " (dev)" if measure != name else ""
                    axes.plot(steps, values, style, color=colour, label=label + dev, markersize=5, linewidth=1.6)
        axes.set_title(name.replace("_", " "), fontsize=10, loc="left", parse_math=False)
        axes.set_xlabel("step", fontsize=9)
        axes.grid(alpha=0.25)
        if len(axes.lines) > 1:
            axes.legend(fontsize=8, frameon=False)
    return saved(figure, form)


def line(rows: Sequence[Mapping[str, Any]], name: str) -> tuple[list[float], list[float]]:
    """The steps and values of a measure, where it was logged as a number."""
    found = [(row["step"], row[name]) for row in rows if isinstance(row.get(name), int | float) and "step" in row]
    return [step for step, _ in found], [value for _, value in found]


def read_metrics(run: Path) -> list[dict[str, Any]]:
    """The lines of a run's metrics. Raises QuestionError with the line that is damaged."""
    rows = []
    for number, text in enumerate((run / "metrics.jsonl").read_text("utf-8", errors="replace").splitlines(), 1):
        try:
            rows.append(dict(json.loads(text)))
        except (ValueError, TypeError):
            raise QuestionError(f"{run}/metrics.jsonl:{number}: expected a line of JSON, as runs write it") from None
    return rows


def scores(reports: Sequence[Path], form: str) -> bytes:
    """F1, Hits@1 and rightful refusals of every system, with their 95 % intervals; several reports side by side."""
    bars: dict[str, list[tuple[str, float, float, float]]] = {name: [] for name in SHOWN}
    for report in reports:
        for row in read_scores(report):
            if not row["stratum"] and row["measure"] in bars and row["mean"]:
                several = f"{report.resolve().name}: " if len(reports) > 1 else ""
                more = "" if row["names"] == "as they are" else f", {row['names']} names"
                label = f"{several}{row['system']} ({row['topics']} topics{more})"
                figures = (float(row["mean"]), float(row["low"] or row["mean"]), float(row["high"] or row["mean"]))
                bars[row["measure"]].append((label, *figures))
    panels = {name: found for name, found in bars.items() if found}
    if not panels:
        raise QuestionError(f"{reports[0]}/results.csv has no scores to plot")
    figure = new_figure(len(panels), 1, 0.34 * max(map(len, panels.values())) + 1.2)
    systems = list(dict.fromkeys(label for found in panels.values() for label, *_ in found))
    for number, (name, found) in enumerate(panels.items(), 1):
        axes = figure.add_subplot(1, len(panels), number)
        for label, mean, low, high in found:
            place = systems.index(label)
            error = [[max(0.0, mean - low)], [max(0.0, high - mean)]]
            axes.barh(place, mean, xerr=error, color=PALETTE[place % len(PALETTE)], height=0.65, capsize=3)
            axes.text(min(high, 0.98) + 0.015, place, f"{mean:.3f}", va="center", fontsize=8)
        axes.set_yticks(
            range(len(systems)), systems if number == 1 else [""] * len(systems), fontsize=9, parse_math=False
        )
        axes.set(xlim=(0, 1.15), ylim=(len(systems) - 0.4, -0.6), xticks=[0, 0.25, 0.5, 0.75, 1])
        axes.set_title(TITLES[name], fontsize=10, loc="left")
        axes.grid(axis="x", alpha=0.25)
    return saved(figure, form)


def read_scores(report: Path) -> list[dict[str, str]]:
    """The rows of an evaluation's table. Raises QuestionError if it is none."""
    with (report / "results.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not {"system", "topics", "names", "stratum", "measure", "mean", "low", "high"} <= set(rows[0]):
        raise QuestionError(f"{report}/results.csv is not a table that `rog eval` wrote")
    return rows


def new_figure(across: int, down: int, height: float = 0.0) -> Figure:
    """A figure that needs no display and takes no part in pyplot's state."""
    from matplotlib.figure import Figure

    return Figure(figsize=(4.2 * across + 0.6, height or 3.0 * down), layout="constrained", dpi=150)


def saved(figure: Figure, form: str) -> bytes:
    """The figure as bytes, the same for the same input: no date, seeded ids."""
    import matplotlib

    stream = io.BytesIO()
    dateless = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(form, {})
    with matplotlib.rc_context({"svg.hashsalt": "rog"}):
        figure.savefig(stream, format=form, metadata=dateless)
    return stream.getvalue()
