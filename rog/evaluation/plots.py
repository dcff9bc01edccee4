"""Bars with error bars as SVG text: written by hand, coloured by the page's style sheet."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import NamedTuple

from kg.visible import html
from rog.evaluation.stats import Interval

WIDTH, LABELS, VALUES = 760, 250, 150  # pixels: all of it, left of the bars, right of them
LINE, BAR, HEADING, AXIS = 26, 14, 30, 26
CHARACTER = 7.2  # width of one, about
# Where no style sheet applies, or until it does; systems beyond six begin again with the first colour.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#9467bd", "#b58900", "#7f7f7f")

GRID = 'class="grid" stroke="#ccc"'
TICK = 'class="tick" text-anchor="middle" font-size="11"'
LABEL = 'class="label" text-anchor="end"'
ERROR = 'class="error" stroke="#222" stroke-width="1.5" fill="none"'
SEED = 'class="seed" stroke="#222" stroke-dasharray="2 2"'


class Bar(NamedTuple):
    """A labelled mean with its interval, the least and most of its seeds (the same if there is one), and a colour."""

    label: str
    interval: Interval
    least: float
    most: float
    colour: int = 0


class Group(NamedTuple):
    """Bars under a heading; '' for none."""

    heading: str
    bars: tuple[Bar, ...]


def bar_chart(title: str, groups: Sequence[Group]) -> str:
    """An SVG of horizontal bars from 0 to 1, the groups one below the other; '' if there is no bar."""
    parts: list[str] = []
    y = 6.0
    for group in groups:
        bars = [bar for bar in group.bars if not isnan(bar.interval.mean)]
        if bars and group.heading:
            parts.append(f'<text class="heading" font-weight="600" x="0" y="{y + 20:g}">{html(group.heading)}</text>')
            y += HEADING
        for bar in bars:
            parts.append(drawn(bar, y))
            y += LINE
    if not parts:
        return ""
    described = "; ".join(
        f"{group.heading + ': ' if group.heading else ''}{bar.label} {bar.interval}"
        for group in groups
        for bar in group.bars
        if not isnan(bar.interval.mean)
    )
    return (
        f'<svg viewBox="0 0 {WIDTH} {y + AXIS:g}" font-size="12.5" font-family="sans-serif" '
        f'role="img" aria-label="{html(f"{title}. {described}")}">'
        f"<title>{html(title)}</title>{axis(y)}{''.join(parts)}</svg>"
    )


def axis(bottom: float) -> str:
    """Lines at 0, 0.25 … 1 with their numbers below."""
    lines = []
    for quarter in range(5):
        x = place(quarter / 4)
        lines.append(f'<line {GRID} x1="{x:g}" x2="{x:g}" y1="2" y2="{bottom:g}"/>')
        lines.append(f'<text {TICK} x="{x:g}" y="{bottom + 18:g}">{quarter / 4:g}</text>')
    return "".join(lines)


def drawn(bar: Bar, y: float) -> str:
    """One bar: label, bar, interval, the spread of its seeds as two ticks, and the mean in figures."""
    mean, low, high = bar.interval
    middle, colour = y + LINE / 2, bar.colour % len(COLOURS)
    whiskers = f"M{place(low):.1f} {middle - 4:g}v8m0 -4H{place(high):.1f}m0 -4v8"
    seeds = (bar.least, bar.most) if bar.least < bar.most else ()
    parts = (
        f'<text {LABEL} x="{LABELS - 10}" y="{middle + 4:g}">{html(clipped(bar.label))}</text>',
        f'<rect class="c{colour}" fill="{COLOURS[colour]}" x="{LABELS}" y="{middle - BAR / 2:g}" '
        f'width="{place(mean) - LABELS:.1f}" height="{BAR}" rx="2"/>',
        f'<path {ERROR} d="{whiskers}"/>',
        *(f'<path {SEED} d="M{place(seed):.1f} {y + 2:g}v{LINE - 4}"/>' for seed in seeds),
        f'<text x="{WIDTH - VALUES + 14}" y="{middle + 4:g}">{mean:.3f} '
        f'<tspan class="range" font-size="11">[{low:.3f}, {high:.3f}]</tspan></text>',
    )
    return "".join(parts)


def clipped(label: str) -> str:
    """A label that fits left of the bars."""
    most = int((LABELS - 12) / CHARACTER)
    return label if len(label) <= most else label[: most - 1] + "…"


def place(value: float) -> float:
    """Where a value from 0 to 1 lies, in pixels from the left."""
    return LABELS + value * (WIDTH - LABELS - VALUES)
