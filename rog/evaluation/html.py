"""Tables of figures as HTML: everything that comes from data is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan
from typing import NamedTuple

from kg.visible import html
from rog.evaluation.results import Measure
from rog.evaluation.stats import Interval

LEVEL = 0.05  # of a p-value below which a difference is taken to be more than chance


class Cell(NamedTuple):
    """A cell of a table: text that is escaped, a second line, a class, and whether it heads its row."""

    text: str
    below: str = ""
    kind: str = ""
    head: bool = False


def section(title: str, body: str) -> str:
    """A part of the page under a heading."""
    return f"<h2>{html(title)}</h2>\n{body}"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """An HTML table; a row of one cell is a heading for those below it."""
    titles = "".join(f'<th scope="col"{left(n)}>{html(title)}</th>' for n, title in enumerate(head))
    body = "".join(row_html(row, len(head)) for row in rows)
    caption = f"<caption>{html(caption)}</caption>"
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="table"><table>{caption}'
        f"<thead><tr>{titles}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def left(column: int) -> str:
    """The class of the first column's heading."""
    return "" if column else ' class="left"'


def row_html(row: Sequence[Cell], columns: int) -> str:
    """A row of a table."""
    if len(row) == 1:
        return f'<tr class="group"><th scope="colgroup" colspan="{columns}" class="left">{html(row[0].text)}</th></tr>'
    return f"<tr>{''.join(cell_html(cell) for cell in row)}</tr>"


def cell_html(cell: Cell) -> str:
    """A cell, its second line small."""
    below = "".join(f"<small>{html(line)}</small>" for line in cell.below.splitlines())
    kind = f' class="{cell.kind}"' if cell.kind else ""
    if cell.head:
        return f'<th scope="row"{kind}>{html(cell.text)}{below}</th>'
    return f"<td{kind}>{html(cell.text)}{below}</td>"


def measure_cell(measure: Measure) -> Cell:
    """A measure with its interval, and the range of its seeds."""
    cell = interval_cell(measure.interval)
    if measure.least < measure.most:
        return cell._replace(below=f"{cell.below}\nseeds {measure.least:.3f}–{measure.most:.3f}")
    return cell


def interval_cell(interval: Interval) -> Cell:
    """A mean with its interval, a dash for none."""
    if isnan(interval.mean):
        return Cell("–")
    return Cell(f"{interval.mean:.3f}", f"[{interval.low:.3f}, {interval.high:.3f}]")


def difference_cell(interval: Interval, p: float) -> Cell:
    """A difference with its interval, coloured where it is more than chance."""
    kind = "" if p >= LEVEL else "good" if interval.mean > 0 else "bad"
    return Cell(signed(interval.mean), f"[{signed(interval.low)}, {signed(interval.high)}]", kind)


def p_cell(p: float, before: float) -> Cell:
    """A p-value, with what it was before its correction where that makes a difference."""
    return Cell(p_value(p), f"uncorrected {p_value(before)}" if p_value(p) != p_value(before) else "")


def percent(interval: Interval) -> str:
    """A share with its interval in per cent."""
    return f"{interval.mean:.1%} [{interval.low:.1%}, {interval.high:.1%}]"


def signed(value: float) -> str:
    """A difference with its sign."""
    return f"{value:+.3f}".replace("-", "−")


def p_value(p: float) -> str:
    """A p-value in three digits, or below a thousandth."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"
