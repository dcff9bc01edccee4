"""Where everything in a picture lies: columns by hop, rows by barycentres (Sugiyama et al., 1981), no overlap."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from rog.picture.group import Edge
from rog.picture.scene import Lane, Scene
from rog.picture.text import width, wrap

MARGIN, PAD = 20.0, 14.0  # around everything, inside a lane
BOX, GAP = 38.0, 9.0  # height of a box, and what lies between two of them
NARROWEST, WIDEST = 76.0, 210.0  # boxes
SPACE_MIN, SPACE_MAX = 84.0, 190.0  # between two columns
TITLE, HOPS, SAID, APART = 34.0, 22.0, 19.0, 12.0  # heights in a lane, and between lanes
LABEL, SMALL, BOLD = 13.0, 10.5, 1.08  # font sizes, and how much wider bold text is
LEAST = 660.0  # width of a picture
SWEEPS = 6


class Box(NamedTuple):
    """A rectangle in pixels."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class PlacedLane:
    """A lane's frame, its boxes in the order of its nodes, and the middles of the gaps between its columns."""

    lane: Lane
    frame: Box
    boxes: tuple[Box, ...]
    hops_y: float
    said_y: float


@dataclass(frozen=True)
class Placed:
    """A picture's left edge and size, its heading (lines of question and answer), columns (edges), lanes and notes."""

    scene: Scene
    left: float
    width: float
    height: float
    question: tuple[str, ...]
    answer: tuple[str, ...]
    columns: tuple[tuple[float, float], ...]
    lanes: tuple[PlacedLane, ...]
    notes: tuple[str, ...]
    notes_y: float


def placed(scene: Scene, heading: bool = True) -> Placed:
    """The scene with a place for everything; without its heading where a page has one."""
    columns = columns_of(scene.lanes)
    wide = max(LEAST, (columns[-1][1] if columns else 0.0) + PAD + MARGIN)
    question = tuple(wrap(scene.question, 19 * BOLD, wide - 2 * MARGIN, 3)) if heading else ()
    answer = tuple(wrap(scene.headline, 15 * BOLD, wide - 2 * MARGIN - 24, 3)) if heading else ()
    y = MARGIN if heading else 4.0
    if heading:
        y += 25 * len(question) + 21 * len(answer) + 22 + 14
    lanes = []
    for lane in scene.lanes:
        drawn = placed_lane(lane, columns, y, wide)
        lanes.append(drawn)
        y = drawn.frame.y + drawn.frame.h + APART
    lines = [line for note in notes(scene) for line in wrap(note, 11.5, wide - 2 * MARGIN, 3)]
    height = y + 18 * len(lines) + MARGIN
    left, drawn_width = (0.0, wide) if heading else (MARGIN - 2, wide - 2 * MARGIN + 4)  # a page has margins of its own
    return Placed(scene, left, drawn_width, height, question, answer, tuple(columns), tuple(lanes), tuple(lines), y)


def notes(scene: Scene) -> Iterator[str]:
    """What stands below the lanes: topics, what else is said, and how to read what is there."""
    yield from (f"About {line}" for line in scene.about)
    yield from scene.said
    edges = [edge for lane in scene.lanes for edge in lane.edges]
    nodes = [node for lane in scene.lanes for node in lane.nodes]
    if not edges:
        return
    legend = {
        "strong line: the cited path": any(edge.cited for edge in edges),
        "faint line: another path that was found": bool(scene.grounded) and not all(edge.cited for edge in edges),
        "faint line: a path that was found, none is cited": scene.grounded is False,
        "✓ answer": any(node.role == "answer" for node in nodes),
        "stack: several entities": any(node.group for node in nodes),
        "arrows point as facts are stored; against the flow, the step is walked backwards": any(
            hop.back for lane in scene.lanes if lane.edges for hop in lane.hops
        ),
    }
    yield " · ".join(line for line, true in legend.items() if true)


def columns_of(lanes: Sequence[Lane]) -> list[tuple[float, float]]:
    """The left and right edge of each column, wide enough for its boxes, far enough apart for its relations."""
    columns: list[tuple[float, float]] = []
    x = MARGIN + PAD + 6
    for hop in range(max((len(lane.hops) for lane in lanes), default=-1) + 1):
        nodes = [node for lane in lanes for node in lane.nodes if node.hop == hop]
        if hop:
            labels = [lane.hops[hop - 1].label for lane in lanes if len(lane.hops) >= hop]
            x += max(SPACE_MIN, min(SPACE_MAX, max(width(label, 11.5) for label in labels) + 38))
        room = [
            max(
                width(node.label, LABEL * BOLD) + (44 if node.role == "answer" else 30),
                min(width(node.note, SMALL) + 22, 150),
            )
            for node in nodes
        ]
        wide = max(NARROWEST, min(WIDEST, max(room, default=0)))
        columns.append((x, x + wide))
        x += wide
    return columns


def placed_lane(lane: Lane, columns: Sequence[tuple[float, float]], top: float, wide: float) -> PlacedLane:
    """A lane at a height, its boxes ordered and set."""
    order = ordered([node.hop for node in lane.nodes], lane.edges)
    ys = heights(order, lane.edges)
    first = top + TITLE + (HOPS if lane.nodes else 0)
    boxes = tuple(
        Box(columns[node.hop][0], first + y, columns[node.hop][1] - columns[node.hop][0], BOX)
        for node, y in zip(lane.nodes, ys, strict=True)
    )
    bottom = max((box.y + box.h for box in boxes), default=first)
    height = bottom - top + 12 + SAID * (len(lane.said) + bool(lane.why))
    return PlacedLane(lane, Box(MARGIN, top, wide - 2 * MARGIN, height), boxes, top + TITLE + 12, bottom + 4)


def ordered(hops: Sequence[int], edges: Sequence[Edge]) -> list[list[int]]:
    """The nodes of each column from top to bottom: the order with the fewest crossings that sweeping finds."""
    layers = [[n for n, at in enumerate(hops) if at == hop] for hop in range(max(hops, default=-1) + 1)]
    near: list[tuple[list[int], list[int]]] = [([], []) for _ in hops]
    for edge in edges:
        near[edge.target][0].append(edge.source)
        near[edge.source][1].append(edge.target)
    best, fewest = [list(layer) for layer in layers], crossings(layers, edges)
    for sweep in range(SWEEPS):
        if not fewest:
            break
        back = sweep % 2
        for hop in range(len(layers) - 2, -1, -1) if back else range(1, len(layers)):
            other = {n: place for place, n in enumerate(layers[hop + 1 if back else hop - 1])}
            middle = {
                n: sum(other[m] for m in near[n][back]) / len(near[n][back]) if near[n][back] else place
                for place, n in enumerate(layers[hop])
            }
            layers[hop].sort(key=lambda n: middle[n])  # stable: ties keep their order
        if (count := crossings(layers, edges)) < fewest:
            best, fewest = [list(layer) for layer in layers], count
    return best


def crossings(layers: Sequence[Sequence[int]], edges: Sequence[Edge]) -> int:
    """How many pairs of edges cross."""
    at = {n: place for layer in layers for place, n in enumerate(layer)}
    hop = {n: number for number, layer in enumerate(layers) for n in layer}
    lines = [(hop[edge.source], at[edge.source], at[edge.target]) for edge in edges]
    return sum(
        one[0] == other[0] and (one[1] - other[1]) * (one[2] - other[2]) < 0
        for number, one in enumerate(lines)
        for other in lines[:number]
    )


def heights(layers: Sequence[Sequence[int]], edges: Sequence[Edge]) -> list[float]:
    """The top of every node, from 0: the longest column evenly, the others as near to their neighbours as they can."""
    if not layers:
        return []
    ys = [0.0] * sum(map(len, layers))
    step = BOX + GAP
    longest = max(range(len(layers)), key=lambda hop: len(layers[hop]))
    for place, n in enumerate(layers[longest]):
        ys[n] = place * step
    for hop in [*range(longest + 1, len(layers)), *range(longest - 1, -1, -1)]:
        towards = -1 if hop > longest else 1
        known = set(layers[hop + towards])
        wished: list[float] = []
        for n in layers[hop]:
            ends = [e.source if e.target == n else e.target for e in edges if n in (e.source, e.target)]
            near = [ys[m] for m in ends if m in known]
            wished.append(sum(near) / len(near) if near else (wished[-1] + step if wished else 0.0))
        for n, y in zip(layers[hop], spread(wished, step), strict=True):
            ys[n] = y
    least = min(ys)
    return [round(y - least, 1) for y in ys]


def spread(wished: Sequence[float], step: float) -> list[float]:
    """The places nearest to those wished (least squares) that keep their order and lie `step` apart or more.

    Pool adjacent violators: what would overlap is moved together, about its mean.
    """
    pools: list[tuple[float, int]] = []
    for place, wish in enumerate(wished):
        pools.append((wish - place * step, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, n), (other, m) = pools[-2:]
            pools[-2:] = [((one * n + other * m) / (n + m), n + m)]
    flat = [mean for mean, n in pools for _ in range(n)]
    return [value + place * step for place, value in enumerate(flat)]


def gaps(columns: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The spaces between columns: left and right edge."""
    return [(left[1], right[0]) for left, right in pairwise(columns)]
