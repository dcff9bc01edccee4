"""`rog train planner` and `rog train reasoner`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from rog.config import with_flags
from rog.settings import PRESETS, PlannerTraining, ReasonerTraining

if TYPE_CHECKING:
    from planner.training.settings import Training

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


def add_command(name: str, settings_class: type[PlannerTraining | ReasonerTraining], about: str) -> None:
    """Add `rog train NAME`, with a flag for each of its settings."""

    @train_app.command(name, help=about)
    @with_flags(settings_class)
    def command(
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
        from planner.training.run import Run
        from rog.config import resolve

        given = {**flags, **({"rank": 0} if full else {})}
        settings = resolve(settings_class(), PRESETS[preset], config, given)
        if dry_run:
            say_estimate(data, kg, settings)
        else:
            Run(to).check_target(resume, force)  # before the minutes that composing examples may take
            run(data, to, kg, settings, resume, force)


add_command("planner", PlannerTraining, "Learn to plan relation paths from questions and the paths mined for them.")
add_command(
    "reasoner", ReasonerTraining, "Learn to quote the path that answers among some that do not, or to say none."
)


@contextmanager
def resumable(to: Path) -> Iterator[None]:
    """Say on Ctrl-C what is kept of the run in `to`."""
    try:
        yield
    except KeyboardInterrupt:
        from planner.training.run import Run, is_main
        from rog.console import err

        kept = Run(to).last_checkpoint()
        if is_main():
            rest = f"{kept.name} is kept, --resume goes on from it" if kept else "there was no checkpoint yet"
            err.print(f"stopped: {rest}", soft_wrap=True)
        raise


def run(data: Path, to: Path, kg: str, settings: Training, resume: bool, force: bool) -> None:
    """Train, and say what came of it."""
    from planner.training.run import is_main
    from rog.console import err, out
    from rog.progress import progress
    from rog.training import material, parts_line, train

    with resumable(to), progress(err) as shown:
        report = shown if is_main() else None
        result = train(material(data, kg, settings, report), settings, to, resume, force, report)
    if is_main():
        speed = result["tokens"] / result["seconds"]
        has_dev = not math.isnan(result["dev_loss"])
        loss = f"loss on dev {result['dev_loss']:.3f}" if has_dev else "no questions of dev: nothing was calibrated"
        out.print(
            f"{to}: {result['steps']:,.0f} steps · {result['tokens']:,.0f} tokens · {result['seconds']:,.0f} s "
            f"({speed:,.0f} tokens/s) · {loss}",
            soft_wrap=True,
        )
        if parts := parts_line(result):
            out.print(parts, soft_wrap=True)


def say_estimate(data: Path, kg: str, settings: Training) -> None:
    """What training would be: all settings, how much of what, and how long."""
    from rog.console import err, out
    from rog.progress import progress
    from rog.training import estimate, material

    with progress(err) as report:
        found = material(data, kg, settings, report)
        would = estimate(found, settings, report)
    for name, value in {**found.about, **vars(settings)}.items():
        out.print(f"{name}: {value}", soft_wrap=True)
    out.print(
        f"{len(found.samples):,} samples · {would['sequences']:,} sequences · {would['tokens']:,} tokens · "
        f"{would['steps']:,} steps · about {would['seconds'] / 60:,.0f} min here"
    )
