"""Progress on stderr: a bar in a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from kg.types import Progress

QUIET = 2.0  # seconds before anything is shown of what does not say how much there is
EVERY = 5.0  # seconds between plain lines


@contextmanager
def progress(console: Console) -> Iterator[Progress]:
    """What long operations report to: what they do, how much is done, and of how much (0: not known)."""
    if console.is_terminal:
        with bars(console) as report:
            yield report
    else:
        yield plain(console)


@contextmanager
def bars(console: Console) -> Iterator[Progress]:
    """One bar for the operation at hand."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as shown:
        task = shown.add_task("", amount="", visible=False)
        began: dict[str, float] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in began:
                began[what] = time.monotonic()
                shown.reset(task, description=what)
            is_shown = time.monotonic() - began[what] > QUIET or total > 0 or done == 0
            shown.update(
                task,
                description=what,
                completed=done,
                total=total or None,
                amount=amount(what, done, total),
                visible=is_shown,
            )

        yield report


def plain(console: Console) -> Progress:
    """A reporter that prints a line when an operation has gone on for a while."""
    last: dict[str, float] = {}

    def report(what: str, done: int, total: int) -> None:
        now = time.monotonic()
        if what not in last:
            last[what] = now - EVERY + QUIET
            if done == 0 and total == 0:  # nothing more will be heard of it until it is done
                console.print(f"{what} …", highlight=False)
        elif (done or total) and now - last[what] >= EVERY:
            last[what] = now
            console.print(f"{what} … {amount(what, done, total)}", highlight=False)

    return report


def amount(what: str, done: int, total: int) -> str:
    """How much of how much, in words; what is downloaded is counted in bytes."""
    if what.startswith("downloading"):
        return f"{done / 1e6:.0f} of {total / 1e6:.0f} MB"
    if total:
        return f"{done:,} of {total:,}"
    return f"{done:,}" if done else ""
