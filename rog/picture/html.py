"""A scene as one page of HTML: the picture, a table of paths for every plan, Cypher. No network, escaped throughout."""

from __future__ import annotations

from html import escape

from kg.visible import visible_lines
from rog.picture.page import CSS, SCRIPT
from rog.picture.scene import Hop, Lane, Row, Scene
from rog.picture.svg import PALETTE, svg
from rog.picture.text import clean, writable

MANY, SOME = 1000, 50  # paths listed of a plan that carries the answer, and of another
POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; base-uri 'none'"


def page(scene: Scene) -> str:
    """The page: whole, readable without its script, fetching nothing."""
    return document(scene.question, f'<main class="rog-page">{body(scene)}</main>', SCRIPT)


def document(title: str, inside: str, script: str = "") -> str:
    """A page with our style sheet around what is inside."""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{words(title)}</title>\n<style>{CSS}</style>\n</head>\n<body>\n{inside}\n"
        + (f"<script>{script}</script>\n" if script else "")
        + "</body>\n</html>\n"
    )


def words(text: str) -> str:
    """A text as HTML."""
    return escape(clean(text))


def body(scene: Scene) -> str:
    """What the page says, to stand in a `<main class="rog-page">`."""
    kind = {True: "", False: " no", None: " soft"}[scene.grounded]
    parts = [
        f'<h1 dir="auto">{words(scene.question)}</h1>',
        f'<p class="answer{kind}" dir="auto">{words(scene.headline)}</p>',
        f'<p class="soft">{words(scene.details)}</p>',
        tools(scene),
        f'<div class="scroll" tabindex="0" role="region" aria-label="Picture">{svg(scene, heading=False)}</div>',
        "<h2>Paths</h2>",
        *(section(lane) for lane in scene.lanes),
    ]
    return "\n".join(part for part in parts if part)


def tools(scene: Scene) -> str:
    """A button for every plan, shown where the script runs."""
    if len(scene.lanes) < 2:
        return ""
    buttons = "".join(
        f'<button type="button" data-filter="{lane.number}" aria-pressed="false">'
        f'<i style="background:{PALETTE[(lane.number - 1) % len(PALETTE)]}"></i>'
        f"{lane.number} · {words(lane.title)}</button>"
        for lane in scene.lanes
    )
    return f'<div class="tools js" role="group" aria-label="Show only one plan" hidden>{buttons}</div>'


def section(lane: Lane) -> str:
    """A plan's paths as a table, and its Cypher."""
    parts = [
        f"<summary><b>{words(lane.name)}</b> · {words(lane.counts)}</summary>",
        f'<p class="why">{words(lane.why)}</p>' if lane.why else "",
        *(f'<p class="soft">{words(line)}</p>' for line in lane.said),
        table(lane) if lane.rows else "",
        *(query_html(topic, query) for topic, query in lane.cypher if query),
    ]
    return f'<details data-plan="{lane.number}"{" open" * lane.cited}>{"".join(parts)}</details>'


def query_html(topic: str, query: str) -> str:
    """A query to copy."""
    shown = escape(writable(visible_lines(query)))
    return (
        f"<details><summary>As Cypher, from <bdi>{words(topic)}</bdi></summary>"
        f'<button type="button" class="js" data-copy hidden>Copy</button><pre>{shown}</pre></details>'
    )


def table(lane: Lane) -> str:
    """The paths, cited ones first; the relations head the columns."""
    head = "".join(f'<th scope="col">{words(title)}</th>' for title in ["topic", *map(headed, lane.rows[0].hops)])
    most = MANY if lane.cited else SOME
    rows = sorted(lane.rows, key=lambda row: not row.cited)
    left = len(rows) - most
    return (
        f'<div class="scroll"><table><thead><tr><td class="mark"></td>{head}</tr></thead>'
        f"<tbody>{''.join(map(row_html, rows[:most]))}</tbody></table></div>"
        + (f'<p class="soft">and {left:,} more path{"s" * (left != 1)}</p>' if left > 0 else "")
    )


def headed(hop: Hop) -> str:
    """A relation with an arrow in the direction of its facts."""
    return f"← {hop.label}" if hop.back else f"{hop.label} →"


def row_html(row: Row) -> str:
    """A path as a row that knows its edges."""
    cells = "".join(f"<td><bdi>{words(name)}</bdi></td>" for name in row.names)
    mark = '<td class="mark" aria-label="cited">✓</td>' if row.cited else '<td class="mark"></td>'
    edges = " ".join(map(str, row.edges))
    return f'<tr data-e="{edges}"{" class=cited" * row.cited}>{mark}{cells}</tr>'
