"""`rog train planner` and `rog train reasoner`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rog.config import with_flags
from rog.settings import PRESETS, PlannerTraining, ReasonerTraining

if TYPE_CHECKING:
    from planner.settings import Training

train_app = typer.Typer(
    help="Fine-tune planner and reasoner on your graph.", no_args_is_help=True, rich_markup_mode=None
)

Data = Annotated[Path, typer.Option("--data", help="A folder that `rog data make` wrote.")]
Out = Annotated[Path, typer.Option("--out", help="The directory of the run.")]
KG = Annotated[str, typer.Option("--kg", help="The graph, if it is no longer where it was when the data were made.")]
Preset = Annotated[Literal["smoke", "laptop", "gpu"], typer.Option(help="Where the other settings start from.")]
Config = Annotated[Path | None, typer.Option("--config", help="YAML with any of the settings below.")]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with a run that was stopped.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is at --out.")]
Full = Annotated[bool, typer.Option("--full", help="Train all weights: --rank 0.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen and how long it may take.")]


@train_app.command("planner")
@with_flags(PlannerTraining)
def planner(
    data: Data,
    to: Out,
    kg: KG = "",
    preset: Preset = "laptop",
    config: Config = None,
    resume: Resume = False,
    force: Force = False,
    full: Full = False,
    dry_run: DryRun = False,
    **flags: Any,
) -> None:
    """Learn to plan relation paths from questions and the paths that were mined for them."""
    run(
        PlannerTraining(),
        data,
        to,
        kg,
        preset,
        config,
        resume,
        force,
        dry_run,
        {**flags, **({"rank": 0} if full else {})},
    )


@train_app.command("reasoner")
@with_flags(ReasonerTraining)
def reasoner(
    data: Data,
    to: Out,
    kg: KG = "",
    preset: Preset = "laptop",
    config: Config = None,
    resume: Resume = False,
    force: Force = False,
    full: Full = False,
    dry_run: DryRun = False,
    **flags: Any,
) -> None:
    """Learn to answer from evidence: to quote the path that answers among some that do not, or to say there is none."""
    run(
        ReasonerTraining(),
        data,
        to,
        kg,
        preset,
        config,
        resume,
        force,
        dry_run,
        {**flags, **({"rank": 0} if full else {})},
    )


def run(
    defaults: Training,
    data: Path,
    to: Path,
    kg: str,
    preset: str,
    config: Path | None,
    resume: bool,
    force: bool,
    dry_run: bool,
    flags: Mapping[str, Any],
) -> None:
    """Resolve the settings and train, or say what training would be."""
    from planner.run import Run, is_main
    from rog.config import resolve
    from rog.console import err, out
    from rog.progress import progress
    from rog.training import estimate, material, train

    settings = resolve(defaults, PRESETS[preset], config, flags)
    if not dry_run:
        Run(to).check_target(resume, force)  # before the minutes that composing examples may take
    with progress(err) as shown:
        report = shown if is_main() else None
        found = material(data, kg, settings, report)
        if not dry_run:
            result = train(found, settings, to, resume, force, report)
    if not is_main():
        return
    if dry_run:
        with progress(err) as report:
            would = estimate(found, settings, report)
        for name, value in {**found.about, **vars(settings)}.items():
            out.print(f"{name}: {value}", soft_wrap=True)
        minutes = would["seconds"] / 60
        out.print(
            f"{len(found.samples):,} samples · {would['sequences']:,} sequences · {would['tokens']:,} tokens · "
            f"{would['steps']:,} steps · about {minutes:,.0f} min here"
        )
        return
    speed = result["tokens"] / result["seconds"]
    out.print(
        f"{to}: {result['steps']:,.0f} steps · {result['tokens']:,.0f} tokens · {result['seconds']:,.0f} s "
        f"({speed:,.0f} tokens/s) · loss on dev {result['dev_loss']:.3f}"
    )
