"""`rog rl`: refine by reward what `rog train` taught."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from rl.internalization.settings import Internalization
from rl.settings import DEFAULT_REWARD, Grpo, Joint, JointDrawn, PlanGradient
from rog.cli_train import KG, Config, Data, Force, Out, Resume, resumable
from rog.config import with_flags
from rog.settings import HEART_PRESETS, RL_PRESETS

rl_app = typer.Typer(
    help="Refine by reward: plans that lead to the right answers.", no_args_is_help=True, rich_markup_mode=None
)

From = Annotated[Path, typer.Option("--from", help="The run to start from.")]
Preset = Annotated[Literal["smoke", "laptop", "gpu"], typer.Option(help="Where the other settings start from.")]
Method = Annotated[
    Literal["gradient", "grpo"],
    typer.Option(help="The exact gradient over probable plans, or GRPO over drawn ones."),
]


@rl_app.callback()
def options() -> None:
    """Refine by reward: plans that lead to the right answers."""


@rl_app.command("plan", help="Refine a planner on questions with answers only, by what its plans lead to.")
@with_flags(Grpo)
def plan_command(
    data: Data,
    start: From,
    to: Out,
    method: Method = "gradient",
    kg: KG = "",
    preset: Preset = "laptop",
    config: Config = None,
    resume: Resume = False,
    force: Force = False,
    **flags: Any,
) -> None:
    """Refine, and say what came of it."""
    from planner.training.run import Run, is_main
    from rog.config import resolve
    from rog.console import err, out
    from rog.progress import progress
    from rog.reinforce import dev_change, of_method, questions_of, refine

    settings = of_method(method, PlanGradient, resolve(Grpo(), RL_PRESETS[preset], config, flags), flags)
    Run(to).check_target(resume, force)
    with resumable(to), progress(err) as shown:
        report = shown if is_main() else None
        found = questions_of(data, Run(start), kg, settings, report)
        result, advice = refine(found, Run(start), settings, to, resume, force, report)
    if not is_main():
        return
    if advice:
        err.print(f"stopped early: {advice}", soft_wrap=True)
    out.print(
        f"{to}: {result['steps']:,.0f} steps · {result['plans_scored']:,.0f} plans tried · {result['passes']:,.0f} "
        f"passes · {result['seconds']:,.0f} s{dev_change(result)}"
    )


@rl_app.command("joint", help="Refine a planner and a reasoner together, by the answers that they come to.")
@with_flags(JointDrawn)
def joint_command(
    data: Data,
    start: Annotated[str, typer.Option("--from", help="The runs to start from: PLANNER,REASONER.")],
    to: Out,
    method: Method = "gradient",
    kg: KG = "",
    preset: Preset = "laptop",
    config: Config = None,
    resume: Resume = False,
    force: Force = False,
    **flags: Any,
) -> None:
    """Refine both, and say what came of it."""
    from planner.training.run import Run, is_main
    from rog.config import resolve
    from rog.console import err, out
    from rog.joining import join, material, starts_of
    from rog.progress import progress
    from rog.reinforce import dev_change, of_method

    settings = of_method(method, Joint, resolve(JointDrawn(), RL_PRESETS[preset], config, flags), flags)
    starts = starts_of(start)
    Run(to).check_target(resume, force)
    with resumable(to), progress(err) as shown:
        report = shown if is_main() else None
        found = material(data, starts, kg, settings, report)
        result, advice = join(found, starts, settings, to, resume, force, report)
    if not is_main():
        return
    if advice:
        err.print(f"stopped early: {advice}", soft_wrap=True)
    out.print(
        f"{to}: {result['steps']:,.0f} steps · {result['passes']:,.0f} passes · {result['seconds']:,.0f} s"
        f"{dev_change(result)}"
    )


@rl_app.command("internalize", help="Put facts into the weights: what retrieved paths answer, answered without them.")
@with_flags(Internalization)
def internalize_command(
    data: Data,
    to: Out,
    start: Annotated[Path | None, typer.Option("--from", help="The run to start from, if any.")] = None,
    kg: KG = "",
    preset: Preset = "laptop",
    config: Config = None,
    resume: Resume = False,
    force: Force = False,
    **flags: Any,
) -> None:
    """Learn by heart, and say what came of it."""
    from planner.training.run import Run
    from rog.config import resolve
    from rog.console import err, out
    from rog.internalizing import internalize, lessons_of
    from rog.progress import progress

    settings = resolve(Internalization(), HEART_PRESETS[preset], config, flags)
    Run(to).check_target(resume, force)
    begin = Run(start) if start else None
    with resumable(to), progress(err) as report:
        found = lessons_of(data, begin, kg, settings, report)
        result = internalize(found, begin, settings, to, resume, force, report)
    about = found.about
    out.print(
        f"{to}: {about['facts']:,} facts by {about['questions']:,} questions ({about['left_out']:,} left out) · "
        f"{result['tokens']:,.0f} tokens · {result['seconds']:,.0f} s"
    )
    if "closed_after" in result:
        out.print(
            f"right on questions that were trained on: from memory {result['closed_before']:.3f} → "
            f"{result['closed_after']:.3f}, with the paths {result['open_before']:.3f} → {result['open_after']:.3f}"
        )


@rl_app.command("probe")
def probe_command(
    data: Data,
    reward: Annotated[str, typer.Option(help="The reward to try, as for `rog rl plan`.")] = DEFAULT_REWARD,
    plausibility: Annotated[str, typer.Option(help="For the part plausible, as for `rog rl plan`.")] = "",
    kg: KG = "",
    limit: Annotated[int, typer.Option(min=1, help="Questions at most.")] = 200,
) -> None:
    """Try a reward on policies that cheat. Exit code 1 says that one earns what an honest mediocre policy does."""
    from rich.table import Table

    from rl.probes import HACKS, probed, winning_hacks
    from rog.console import err, out
    from rog.reinforce import cases_of

    cases, judged = cases_of(data, kg, reward, plausibility, limit)
    outcomes = probed(cases, judged)
    parts = [name for name in outcomes[0].parts if judged.weights.get(name)]
    table = Table("policy", "reward", *parts, box=None, title=f"{len(cases):,} questions", title_justify="left")
    for outcome in outcomes:
        row = [f"{outcome.parts[name]:.3f}" for name in parts]
        table.add_row(outcome.policy, f"{outcome.reward:.3f}", *row, style="" if outcome.policy in HACKS else "bold")
    out.print(table)
    if winning := winning_hacks(outcomes):
        err.print(f"cheating pays: {', '.join(winning)}", soft_wrap=True)
        raise typer.Exit(1)
