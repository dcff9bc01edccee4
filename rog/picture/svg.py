"""A scene as one SVG: light by attributes that every renderer knows, dark by a style sheet, every text escaped."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from kg.visible import is_visible
from rog.picture.group import Edge
from rog.picture.layout import BOLD, Box, Placed, PlacedLane, gaps, placed
from rog.picture.scene import Hop, Lane, Node, Scene
from rog.picture.text import clean, fit, width, writable

FONT = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', 'Noto Sans', sans-serif"
# By plan, after Okabe and Ito (2008): told apart by the colour-blind, and by contrast with the number on them.
PALETTE = ("#0072b2", "#c24e00", "#007f63", "#512a80", "#5e3c00", "#6b7580")
DARK = ("#4fa8e0", "#ee8a45", "#3fd0a6", "#dcc8fa", "#f6e27a", "#8f99a3")
INK, SOFT, PAPER, SHADE, LINE, GOOD, WARN = "#1c2126", "#59636e", "#ffffff", "#f6f8fa", "#c3cad2", "#0a6b3d", "#8a4700"
NIGHT = {
    "t": "fill:#e6e9ed", "s": "fill:#a8b2bd", "bg": "fill:#14181c", "fr": "fill:#1b2127;stroke:#39424b",
    "b": "fill:#14181c;stroke:#566270", "good": "fill:#5fd39a", "warn": "fill:#f0b866", "on": "fill:#14181c",
    "ink": "stroke:#e6e9ed", "bar": "fill:#39424b",
}  # fmt: skip


def style() -> str:
    """The style sheet: what changes in the dark, and under the pointer."""
    rules = "".join(f".rog-why .{name}{{{rule}}}" for name, rule in NIGHT.items())
    rules += "".join(f".rog-why .c{n}{{stroke:{c}}}.rog-why .f{n}{{fill:{c}}}" for n, c in enumerate(DARK))
    return (
        ".rog-why .e:hover{stroke-width:4;stroke-opacity:1}.rog-why .off{opacity:.13}"
        ".rog-why .hot .e,.rog-why .e.hot{stroke-width:3.4;stroke-opacity:1}"
        f"@media screen and (prefers-color-scheme:dark){{{rules}}}"
    )


def svg(scene: Scene, heading: bool = True, themed: bool = True) -> str:
    """The picture as SVG text; `heading` draws question and answer, `themed` lets it turn dark with its reader."""
    plan = placed(scene, heading)
    title = f"{clean(scene.question)} — {clean(scene.headline)}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rog-why" role="img" aria-label="{escape(title)}" '
        f'viewBox="{plan.left:g} 0 {plan.width:g} {plan.height:g}" width="{plan.width:g}" height="{plan.height:g}" '
        f'font-family="{FONT}" font-size="13" fill="{INK}">',
        f"<title>{escape(title)}</title><desc>{escape(described(scene))}</desc>",
        f"<style>{style()}</style>" if themed else "",
        f'<rect class="bg" x="{plan.left:g}" width="{plan.width:g}" height="{plan.height:g}" fill="{PAPER}"/>',
        *headed(plan),
        *(part for number, lane in enumerate(plan.lanes) for part in drawn_lane(lane, plan, number)),
        *footed(plan),
        "</svg>",
    ]
    return "".join(parts)


def described(scene: Scene) -> str:
    """The picture in words, for those who do not see it."""
    lanes = [
        f"{lane.name}; {lane.counts}"
        + ("; carries the answer" if lane.cited else "")
        + (f"; {lane.why}" if lane.why else "")
        for lane in scene.lanes
    ]
    return clean(". ".join([scene.details, *lanes, *scene.said]) + ".")


def text(x: float, y: float, words: str, kind: str = "t", **attributes: object) -> str:
    """A line of text; the class brings the colour in the dark, the attribute in the light."""
    colour = {"s": SOFT, "good": GOOD, "warn": WARN, "on": PAPER}.get(kind)
    more = "".join(f' {name.replace("_", "-")}="{value}"' for name, value in attributes.items())
    fill = f' fill="{colour}"' if colour else ""
    return f'<text x="{x:g}" y="{y:g}" class="{kind}"{fill}{more}>{escape(clean(words))}</text>'


def headed(plan: Placed) -> Iterator[str]:
    """Question, answer and how sure it is."""
    scene, x, y = plan.scene, 20.0, 20.0
    for line in plan.question:
        y += 25
        yield text(x, y - 5, line, font_size=19, font_weight=700)
    kind, indent = "s", 0
    if plan.answer and scene.grounded is not None:
        yield check(x + 7, y + 13, "good", GOOD) if scene.grounded else cross(x + 7, y + 13)
        kind, indent = "good" if scene.grounded else "warn", 22
    for line in plan.answer:
        y += 21
        yield text(x + indent, y - 3, line, kind, font_size=15, font_weight=600)
    if plan.answer:
        yield text(x, y + 19, scene.details, "s", font_size=12)


def check(x: float, y: float, kind: str, colour: str) -> str:
    """A check mark about a point."""
    path = f"M{x - 5:g} {y + 0.5:g}l3.4 3.6l6.4 -8l1.6 1.3l-7.8 10l-5.2 -5.4z"
    return f'<path class="{kind}" fill="{colour}" d="{path}"/>'


def cross(x: float, y: float) -> str:
    """A cross about a point."""
    arms = "l3.6 3.6l3.6 -3.6l1.4 1.4l-3.6 3.6l3.6 3.6l-1.4 1.4l-3.6 -3.6l-3.6 3.6l-1.4 -1.4l3.6 -3.6l-3.6 -3.6z"
    path = f"M{x - 3.6:g} {y - 5:g}{arms}"
    return f'<path class="warn" fill="{WARN}" d="{path}"/>'


def drawn_lane(placed_lane: PlacedLane, plan: Placed, number: int) -> Iterator[str]:
    """A plan: its frame and title, the relations of its hops, its edges and boxes, and what is said about it."""
    lane, frame = placed_lane.lane, placed_lane.frame
    colour = (lane.number - 1) % len(PALETTE)
    yield f'<g class="lane" data-lane="{lane.number}">'
    yield (
        f'<rect class="fr" x="{frame.x:g}" y="{frame.y:g}" width="{frame.w:g}" height="{frame.h:g}" rx="9" '
        f'fill="{SHADE}" stroke="{LINE}" stroke-opacity=".7"/>'
        f'<rect class="f{colour}" x="{frame.x:g}" y="{frame.y + 8:g}" width="{5 if lane.cited else 3}" '
        f'height="{frame.h - 16:g}" rx="2" fill="{PALETTE[colour]}"/>'
    )
    yield from titled(lane, frame, colour)
    y = placed_lane.hops_y
    if number == 0 and lane.nodes and plan.scene.grounded is not None:
        for hop, (left, right) in enumerate(plan.columns[: len(lane.hops) + 1]):
            yield text((left + right) / 2, y, f"hop {hop}" if hop else "topic", "s", font_size=10, text_anchor="middle")
    for step, (left, right) in zip(lane.hops if lane.edges else (), gaps(plan.columns), strict=False):
        if step.label:
            yield relation((left + right) / 2, y, step, right - left, lane.cited)
    yield f'<g fill="none" stroke="{PALETTE[colour]}" stroke-linecap="round" stroke-linejoin="round">'
    for n, edge in sorted(enumerate(lane.edges), key=lambda item: item[1].cited):
        yield drawn_edge(n, edge, placed_lane, colour)
    yield "</g>"
    for n, (node, box) in enumerate(zip(lane.nodes, placed_lane.boxes, strict=True)):
        yield drawn_node(n, node, box, lane.cited, colour)
    y = placed_lane.said_y
    for line, kind in [(lane.why, "warn")] * bool(lane.why) + [(line, "s") for line in lane.said]:
        y += 19
        yield text(frame.x + 20, y - 4, fit(line, 12, frame.w - 40), kind, font_size=12)
    yield "</g>"


def titled(lane: Lane, frame: Box, colour: int) -> Iterator[str]:
    """Number, reading, counts and probability of a plan."""
    x, y, right = frame.x + 24, frame.y + 19, frame.x + frame.w - 14
    yield f'<circle class="f{colour}" cx="{x:g}" cy="{y:g}" r="10" fill="{PALETTE[colour]}"/>'
    yield text(x, y + 4, str(lane.number), "on", font_size=11.5, font_weight=700, text_anchor="middle")
    if lane.probability is not None:
        yield text(right, y + 4.5, lane.percent, font_size=12.5, font_weight=600, text_anchor="end")
        filled, right = max(1.5, 56 * min(lane.probability, 1.0)), right - 116
        bar = f'x="{right + 12:g}" y="{y - 3:g}" height="6" rx="3"'
        yield f'<rect class="bar" {bar} width="56" fill="#d9dee4"/>'
        yield f'<rect class="f{colour}" {bar} width="{filled:.1f}" fill="{PALETTE[colour]}"/>'
    yield text(right, y + 4.5, lane.counts, "s", font_size=12, text_anchor="end")
    room = right - width(lane.counts, 12) - 14 - (x + 18)
    yield text(
        x + 18,
        y + 4.5,
        fit(lane.title, 13.5 * (BOLD if lane.cited else 1), room),
        font_size=13.5,
        font_weight=600 if lane.cited else 400,
    )


def relation(x: float, y: float, hop: Hop, room: float, cited: bool) -> str:
    """The name of a hop's relation with an arrow in the direction of its facts."""
    label = fit(hop.label, 11.5, room - 24)
    words = f"← {label}" if hop.back else f"{label} →"
    return text(x, y, words, "t" if cited else "s", font_size=11.5, text_anchor="middle")


def drawn_edge(n: int, edge: Edge, placed_lane: PlacedLane, colour: int) -> str:
    """A line between two boxes, its head where its facts point; thicker for many paths, strong where it is cited."""
    lane, source, target = placed_lane.lane, placed_lane.boxes[edge.source], placed_lane.boxes[edge.target]
    beside = 6 if lane.nodes[edge.source].group else 2  # a stack reaches further
    x, y, to, at = source.x + source.w + beside, source.y + source.h / 2, target.x - 2, target.y + target.h / 2
    middle, tip = (x + to) / 2, 5.5 if edge.cited else 4
    head = (
        f"M{x + tip:g} {y - tip * 0.75:g}L{x:g} {y:g}l{tip:g} {tip * 0.75:g}"
        if edge.back
        else (f"M{to - tip:g} {at - tip * 0.75:g}L{to:g} {at:g}l{-tip:g} {tip * 0.75:g}")
    )
    thick = (2.4 if edge.cited else 1.1) + min(1.6, 0.25 * (edge.paths.bit_length() - 1))
    faint = "" if edge.cited else f' stroke-opacity="{0.5 if lane.cited or len(lane.edges) > 20 else 0.65}"'
    ends = f'data-e="{n}" data-s="{edge.source}" data-t="{edge.target}"'
    line = f"H{to:g}" if y == at else f"C{middle:g} {y:g} {middle:g} {at:g} {to:g} {at:g}"
    return (
        f'<path class="e c{colour}{" cited" * edge.cited}" {ends} stroke-width="{thick:g}"{faint} '
        f'd="M{x:g} {y:g}{line}{head}"><title>{escape(clean(edge_words(lane, edge)))}</title></path>'
    )


def edge_words(lane: Lane, edge: Edge) -> str:
    """What an edge says, as its fact is stored."""
    source, target = lane.nodes[edge.source], lane.nodes[edge.target]
    label = lane.hops[source.hop].label
    one, other = (target.label, source.label) if edge.back else (source.label, target.label)
    many = f" ({edge.paths:,} paths)" if edge.paths > 1 else ""
    return f"{one} — {label} → {other}{', walked backwards' if edge.back else ''}{many}"


def drawn_node(n: int, node: Node, box: Box, strong: bool, colour: int) -> str:
    """A box with a name and its small print: a pill for a topic, a stack for a group, tinted for an answer."""
    x, y, w, h = box
    rx = 19 if node.role == "topic" else 7
    rect = f'x="{x:g}" y="{y:g}" width="{w:g}" height="{h:g}" rx="{rx}"'
    border = f'class="b" stroke="{LINE}"'
    if node.cited:
        border = f'class="b c{colour}" stroke="{PALETTE[colour]}" stroke-width="1.8"'
    parts = [f'<g class="n" data-n="{n}"']
    parts += [f' data-key="{attribute(node.keys[0])}">'] if not node.group else [">"]
    parts.append(f"<title>{escape(clean(node_words(node)))}</title>")
    if node.group:
        behind = f'x="{x + 4:g}" y="{y + 4:g}" width="{w:g}" height="{h:g}" rx="{rx}"'
        parts.append(f'<rect class="b" {behind} fill="{PAPER}" stroke="{LINE}"/>')
    parts.append(f'<rect {border} {rect} fill="{PAPER}"/>')
    if node.role == "answer" and strong:
        parts.append(f'<rect class="f{colour}" {rect} fill="{PALETTE[colour]}" fill-opacity=".13"/>')
    room = w - 16
    if node.role == "answer":
        parts.append(check(x + w - 11, y + 10, f"f{colour}", PALETTE[colour]))
        room -= 14
    middle, kind = x + w / 2 - (5 if node.role == "answer" else 0), "t" if strong or node.role == "topic" else "s"
    weight = 700 if node.cited or node.role == "topic" else 400
    line = y + (16.5 if node.note else 23.5)
    label = fit(node.label, 13 * (BOLD if weight > 500 else 1), room)
    parts.append(text(middle, line, label, kind, font_weight=weight, text_anchor="middle"))
    if node.note:
        note = fit(node.note, 10.5, w - 14)
        parts.append(text(x + w / 2, y + 30.5, note, "s", font_size=10.5, text_anchor="middle"))
    return "".join([*parts, "</g>"])


def attribute(key: str) -> str:
    """A key as the value of an attribute that scripts read: exact but for what XML cannot hold, and all of it seen."""
    return "".join(c if is_visible(c) else f"&#{ord(c)};" for c in escape(writable(key)))


def node_words(node: Node) -> str:
    """What a box stands for, in full."""
    return f"{node.label}: {node.note}" if node.group else f"{node.label} [{node.keys[0]}] {node.note}".strip()


def footed(plan: Placed) -> Iterator[str]:
    """Topics, what else must be said, and how to read the picture."""
    y = plan.notes_y + 4
    for line in plan.notes:
        y += 18
        yield text(20, y - 4, line, "s", font_size=11.5)
