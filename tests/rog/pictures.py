"""Traces for the tests of pictures: made up, with names and paths of any kind."""

from __future__ import annotations

from math import log

from hypothesis import strategies as st

from kg.types import Entity, Question, ReasoningPath, Relation, Step, Topic
from planner.base import Plan, ScoredPath
from reasoner.base import Answer, Evidence, Retrieved, Trace
from rog.traces import Names

NASTY = (
    "<script>alert(1)</script>", '" onload="alert(1)', "a & b ]]> <!-- c", "שלום עולם", "a\x00b\x0bc\ud800d",
    "👩\u200d👩\u200d👧 family", "x" * 5000, "", "tab\tline\nbreak", "'; DROP TABLE \\u0027",
)  # fmt: skip


def trace_of(
    hops: list[str], walks: list[list[str]], cited: list[int], topics: tuple[str, ...] = (), extra: str = ""
) -> Trace:
    """A trace of one plan with these walks (their entities), the numbered ones cited; `extra` leads nowhere."""
    relations = tuple(hops)
    paths = [
        ReasoningPath(walk[0], tuple(map(Step, walk, relations, walk[1:]))) for walk in dict.fromkeys(map(tuple, walks))
    ]
    starts = topics or tuple(dict.fromkeys(path.start for path in paths))
    linked = tuple(Topic(Entity(key, key), 1.0, key) for key in starts)
    support = {paths[n % len(paths)].end: paths[n % len(paths)] for n in cited} if paths else {}
    found = []
    for topic in linked:
        own = tuple(path for path in paths if path.start == topic.key)
        ends = tuple(sorted({path.end for path in own}))
        if own:
            found.append(Retrieved(topic, relations, 0.6, ends, len(ends), own, len(own)))
    plans = [ScoredPath(relations, log(0.6))] + ([ScoredPath((extra,), log(0.1))] if extra else [])
    reasons = () if support else tuple("leads nowhere from here" for _ in plans)
    answer = Answer(
        tuple(support), tuple(support.values()), " and ".join(support) or "nothing says so",
        "grounded" if support else "no grounded answer", 0.5 if support else 0.0, len(support), reasons,
    )  # fmt: skip
    return Trace(Question("Who is it?", linked), Plan(tuple(plans)), Evidence(tuple(found)), answer)


def names_of(trace: Trace, labels: dict[str, str] | None = None) -> Names:
    """Names for everything in a trace: its keys, or other labels."""
    labels = labels or {}
    paths = [path for entry in trace.evidence.found for path in entry.paths]
    keys = {key for path in paths for key in path.entities} | {topic.key for topic in trace.question.topics}
    signed = {relation for plan in trace.plan.paths for relation in plan.relations}
    entities = {key: Entity(key, labels.get(key, key), ("thing",)) for key in sorted(keys)}
    relations = {key: Relation(key, labels.get(key, key), f"{key} of") for key in sorted(r.lstrip("~") for r in signed)}
    return Names(entities, relations)


@st.composite
def traces(draw: st.DrawFn, most: int = 60) -> tuple[Trace, Names]:
    """A trace of one to four hops and up to `most` walks over few or many entities, with names of any kind."""
    hops = draw(st.lists(st.sampled_from(["r", "~r", "long relation name", "~s"]), min_size=1, max_size=4))
    size = draw(st.integers(1, 40))
    column = st.integers(0, size)
    starts = st.sampled_from(["topic a", "topic b"])
    rows = draw(st.lists(st.tuples(starts, *(column for _ in hops)), max_size=most))
    walks = [[start, *(f"{hop}.{n}" for hop, n in enumerate(row))] for start, *row in rows]
    cited = draw(st.lists(st.integers(0, 100), max_size=20))
    trace = trace_of(hops, walks, cited, ("topic a", "topic b"), draw(st.sampled_from(["", "t"])))
    nasty = draw(st.lists(st.sampled_from(NASTY) | st.text(max_size=30), min_size=1, max_size=8))
    keys = list(names_of(trace).entities)
    return trace, names_of(trace, {key: nasty[n % len(nasty)] for n, key in enumerate(keys) if n % 3})
