"""Pictures: nothing overlaps, nothing is lost in silence, the same trace is the same picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from itertools import combinations, pairwise
from math import dist

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.store import Store
from kg.types import Entity
from planner.lexical import LexicalPlanner
from reasoner.base import Trace
from reasoner.pipeline import RoG
from rog.picture.html import page
from rog.picture.layout import BOX, GAP, Box, placed, spread
from rog.picture.neighbourhood import neighbourhood
from rog.picture.scene import scene
from rog.picture.svg import DARK, GOOD, INK, PALETTE, PAPER, SHADE, SOFT, WARN, svg
from rog.picture.text import fit, width, wrap
from rog.traces import Names
from tests.rog.pictures import NASTY, names_of, trace_of, traces


def apart(one: Box, other: Box) -> bool:
    return (
        one.x + one.w <= other.x or other.x + other.w <= one.x or one.y + one.h <= other.y or other.y + other.h <= one.y
    )


def within(inner: Box, outer: Box) -> bool:
    return (
        outer.x <= inner.x
        and inner.x + inner.w <= outer.x + outer.w
        and outer.y <= inner.y
        and inner.y + inner.h <= outer.y + outer.h
    )


@settings(max_examples=50)
@given(traces())
def test_boxes_lie_apart_inside_their_frame_inside_the_canvas(made: tuple[Trace, Names]) -> None:
    plan = placed(scene(*made))
    canvas = Box(0, 0, plan.width, plan.height)
    assert all(within(lane.frame, canvas) for lane in plan.lanes)
    assert all(apart(one.frame, other.frame) for one, other in combinations(plan.lanes, 2))
    for lane in plan.lanes:
        assert all(within(box, lane.frame) for box in lane.boxes)
        assert all(apart(one, other) for one, other in combinations(lane.boxes, 2))


@settings(max_examples=30)
@given(traces())
def test_every_path_runs_along_drawn_edges_and_groups_are_stated(made: tuple[Trace, Names]) -> None:
    trace, names = made
    for lane in scene(trace, names).lanes:
        found = [entry for entry in trace.evidence.found if len(entry.relations) == len(lane.hops)]
        paths = [path for entry in found for path in entry.paths] if lane.number == 1 else []
        assert len(lane.rows) == len(paths)
        for row, path in zip(lane.rows, paths, strict=True):
            drawn = [lane.edges[n] for n in row.edges]
            assert all(one.target == other.source for one, other in pairwise(drawn))
            boxes = [drawn[0].source, *(edge.target for edge in drawn)]
            for key, box in zip(path.entities, boxes, strict=True):
                assert key in lane.nodes[box].keys
            assert row.cited == (path in trace.answer.support)
            if row.cited:
                assert all(edge.cited for edge in drawn)
                assert all(lane.nodes[box].cited for box in boxes)
        assert sum(edge.paths for edge in lane.edges) == len(paths) * len(lane.hops)
        grouped = sum(len(node.keys) for node in lane.nodes if node.group)
        stated = any(f"{grouped:,} entities are drawn as" in line for line in lane.said)
        assert stated == bool(grouped)


@settings(max_examples=15)
@given(traces(most=30))
def test_svg_and_page_are_well_formed_and_the_same_each_time(made: tuple[Trace, Names]) -> None:
    drawn = svg(scene(*made))
    ET.fromstring(drawn)
    ET.fromstring(svg(scene(*made), heading=False, themed=False))
    assert drawn == svg(scene(*made))
    html = page(scene(*made))
    html.encode("utf-8")
    assert tags(html)["script"] == 1
    assert not [name for name in attributes(html) if name.startswith("on")]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.attributes: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}


def tags(html: str) -> dict[str, int]:
    reader = Reader()
    reader.feed(html)
    return reader.tags


def attributes(html: str) -> set[str]:
    reader = Reader()
    reader.feed(html)
    return reader.attributes


@pytest.mark.parametrize("label", NASTY)
def test_every_text_is_escaped_wherever_it_stands(label: str) -> None:
    trace = trace_of(["r", "~s"], [["a", "b", "c"], ["a", "d", "c"]], [0], extra="t")
    names = names_of(trace, dict.fromkeys(["a", "b", "c", "d", "r", "s", "t"], label))
    html = page(scene(trace, names))
    assert tags(html)["script"] == 1
    assert "<script>alert" not in html
    assert "onload" not in attributes(html)
    assert len(html) < 90_000
    ET.fromstring(svg(scene(trace, names)))


def test_many_paths_stay_few_boxes_and_a_small_file() -> None:
    walks = [["t", f"m{n % 60}", f"k{n}", f"e{n % 90}"] for n in range(200)]
    trace = trace_of(["r", "s", "u"], walks, list(range(40)))
    drawn = scene(trace, names_of(trace))
    (lane,) = drawn.lanes
    assert all(sum(node.hop == hop for node in lane.nodes) <= 15 for hop in range(4))
    assert len(lane.rows) == 200
    assert len(page(drawn)) < 100_000
    plan = placed(drawn)
    assert plan.height < 1100


def test_answers_stand_alone_in_their_order_before_others_do() -> None:
    walks = [["t", f"e{n:02}"] for n in range(30)]
    trace = trace_of(["r"], walks, [25, 27, 3])
    (lane,) = scene(trace, names_of(trace)).lanes
    alone = {node.keys[0] for node in lane.nodes if node.role == "answer"}
    assert alone == {"e25", "e27", "e03"}
    (group,) = (node for node in lane.nodes if node.group)
    assert (group.label, len(group.keys), group.cited) == ("20 more · thing", 20, False)


def test_a_refusal_says_what_was_linked_planned_and_why_not(demo: Store) -> None:
    rog = RoG(demo, LexicalPlanner(demo))
    drawn = scene(rog.trace("Who is the president of France?"), demo)
    assert drawn.headline == "No grounded answer: no relation of this graph says what is asked"
    assert drawn.about == ("France [country:FR], country, link 1.00",)
    assert all("does not say what is asked" in lane.why for lane in drawn.lanes)
    assert not any(edge.cited for lane in drawn.lanes for edge in lane.edges)
    picture = svg(drawn)
    assert picture.count("does not say what is asked") >= 2 * len(drawn.lanes)  # seen and read out
    nothing = scene(rog.trace("xyzzy qwop?"), demo)
    assert not nothing.lanes
    assert "no entity of this graph is named in the question" in svg(nothing)
    assert "No grounded answer" in page(nothing)


def test_an_inverse_step_points_against_the_flow(demo: Store) -> None:
    drawn = scene(RoG(demo, LexicalPlanner(demo)).trace("Which country has Canberra as its capital?"), demo)
    lane = drawn.lanes[0]
    assert (lane.title, lane.hops[0].label, lane.hops[0].back) == ("capital of", "capital", True)
    root = ET.fromstring(svg(drawn))
    (edge,) = root.findall(".//{*}path[@class='e c0 cited']")
    start, *head = re.findall(r"[ML]([\d.]+) ([\d.]+)", edge.attrib["d"])
    assert head[-1] == start  # the head is drawn where the line leaves the topic
    assert edge.find("{*}title").text == "Australia — capital → Canberra, walked backwards"  # type: ignore[union-attr]


def test_an_ambiguous_name_shows_its_keys(demo: Store) -> None:
    trace = RoG(demo, LexicalPlanner(demo)).trace("Which country is Lima in?")
    drawn = scene(trace, demo)
    assert "“lima” may be 2 entities of this graph: each was tried" in drawn.said
    topics = [node.note for node in drawn.lanes[0].nodes if node.role == "topic"]
    assert topics == ["city:lima-pe", "city:lima-us"]
    assert [topic for topic, _ in drawn.lanes[0].cypher] == ["Lima [city:lima-pe]", "Lima [city:lima-us]"]


def test_what_was_cut_is_stated(demo: Store) -> None:
    trace = RoG(demo, LexicalPlanner(demo), limit=5).trace("Which airports are in Germany?")
    drawn = scene(trace, demo)
    assert trace.evidence.cut > 0
    assert any("paths were retrieved, the others only counted" in line for lane in drawn.lanes for line in lane.said)
    assert any(f"{trace.evidence.cut:,} paths in all were counted but not retrieved" in line for line in drawn.said)


def test_a_page_is_whole_and_reads_without_script(demo: Store) -> None:
    html = page(scene(RoG(demo, LexicalPlanner(demo)).trace("What is the capital of Australia?"), demo))
    assert len(html) < 40_000
    assert not re.search(r"""(src|href|url)\s*[=(]\s*["']?\s*(https?:)?//""", html)
    assert {"link", "img", "iframe"}.isdisjoint(tags(html))
    still = re.sub(r"<script>.*</script>", "", html, flags=re.DOTALL)
    assert "Canberra" in re.sub(r"<svg.*</svg>", "", still, flags=re.DOTALL)  # in the table, for those who do not see
    assert "MATCH (n0:Entity {id: (&#x27;country:AU&#x27;)})" in still
    assert all("hidden" in button for button in re.findall(r'<(?:button|div)[^>]*class="[^"]*\bjs\b[^>]*>', still))
    root = ET.fromstring(re.search(r"<svg.*?</svg>", html, re.DOTALL).group())  # type: ignore[union-attr]
    assert root.attrib["role"] == "img"
    assert root.find("{*}title").text == root.attrib["aria-label"]  # type: ignore[union-attr]
    assert "Plan 1 (100 %): capital" in (root.find("{*}desc").text or "")  # type: ignore[union-attr]


def test_a_neighbourhood_shows_every_relation_and_states_what_is_left_out(demo: Store) -> None:
    drawn = neighbourhood(demo, demo.entity("country:US"), 2)
    assert {lane.title for lane in drawn.lanes} >= {"capital", "currency", "located in country"}
    last = drawn.lanes[-1]
    assert last.counts == "1,508 entities"
    assert any("1,503 entities are drawn as one group" in line for line in last.said)
    assert {edge.target for edge in last.edges} == set(range(1, len(last.nodes)))  # no box hangs in the air
    few = neighbourhood(demo, demo.entity("country:US"), 1, lanes=2)
    assert few.said == ("8 further relations are not drawn",)
    for picture in (drawn, few):
        ET.fromstring(svg(picture))
        assert len(page(picture)) < 150_000


def test_a_neighbourhood_of_an_entity_without_a_name(films: Store) -> None:
    drawn = neighbourhood(films, Entity("heat", "", ()), 2)
    assert "Robert De Niro" in svg(drawn)


@given(st.text() | st.sampled_from(NASTY))
def test_texts_are_cut_to_their_room(label: str) -> None:
    for room in (20.0, 60.0, 200.0):
        assert width(fit(label, 13, room), 13) <= max(room, width("…", 13))
        assert len(wrap(label, 13, room, 3)) <= 3


def test_a_sign_is_not_cut_in_two() -> None:
    family = "👩\u200d👩\u200d👧"
    assert fit(f"ab{family}", 10, 30) in ("ab…", f"ab{family}")
    assert fit("e\u0301" * 20, 10, 40).removesuffix("…").endswith("\u0301")
    assert wrap("", 10, 10, 2) == [""]


def test_boxes_move_no_further_than_they_must() -> None:
    step = BOX + GAP
    assert spread([0, 0, 0], step) == [-step, 0, step]
    assert spread([0, step, 5 * step], step) == [0, step, 5 * step]
    assert spread([], step) == []


def linear(colour: str) -> list[float]:
    values = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    return [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it."""
    light, dark = sorted(
        (sum(w * v for w, v in zip((0.2126, 0.7152, 0.0722), linear(c), strict=True)) for c in (one, other)),
        reverse=True,
    )
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_enough_to_read() -> None:
    assert all(contrast(colour, PAPER) >= 4.5 for colour in PALETTE)  # white numbers on them
    assert all(contrast(colour, "#14181c") >= 4.5 for colour in DARK)
    assert all(contrast(colour, SHADE) >= 4.5 for colour in (INK, SOFT, GOOD, WARN))


# Machado, Oliveira and Fernandes (2009), severity 1
BLINDNESS = {
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
}


def lab(rgb: list[float]) -> tuple[float, float, float]:
    rows = ((0.4124, 0.3576, 0.1805, 0.9505), (0.2126, 0.7152, 0.0722, 1.0), (0.0193, 0.1192, 0.9505, 1.089))
    xyz = [max(0.0, a * rgb[0] + b * rgb[1] + c * rgb[2]) / white for a, b, c, white in rows]
    x, y, z = (v ** (1 / 3) if v > 0.008856 else 7.787 * v + 16 / 116 for v in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


@pytest.mark.parametrize("palette", [PALETTE, DARK])
@pytest.mark.parametrize("kind", BLINDNESS)
def test_colours_are_told_apart_by_the_colour_blind(palette: tuple[str, ...], kind: str) -> None:
    def seen(colour: str) -> tuple[float, float, float]:
        rgb = linear(colour)
        return lab([min(1.0, max(0.0, sum(w * v for w, v in zip(row, rgb, strict=True)))) for row in BLINDNESS[kind]])

    assert min(dist(seen(one), seen(other)) for one, other in combinations(palette, 2)) >= 10
