"""What the picture of a trace shows: a lane for every plan, entities in columns by hop, and what is left out in words.

`scene(trace, graph)` → `rog.picture.layout.placed` → `rog.picture.svg.svg` or `rog.picture.html.page`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from kg.types import INVERSE, ReasoningPath, base
from planner.base import ScoredPath
from reasoner.base import Retrieved, Trace
from rog.cypher import cypher
from rog.picture.group import Bundle, Edge, Network, network
from rog.show import counts, plan_label
from rog.traces import Named

LANES = 8  # plans drawn; those that carry the answer always are
ROWS, FEW = 10, 3  # entities drawn one by one in a column of a plan that carries the answer, and of another
LISTED = 4  # names in the note of a group


class Hop(NamedTuple):
    """A step of a plan: the stored relation's name, and whether it is walked backwards."""

    label: str
    back: bool


class Node(NamedTuple):
    """A box: an entity, or several that are drawn as one. `note` is small print: types, or the first names."""

    hop: int
    label: str
    note: str
    keys: tuple[str, ...]
    role: Literal["topic", "between", "end", "answer"]
    cited: bool

    @property
    def group(self) -> bool:
        """Whether it stands for several entities."""
        return len(self.keys) > 1


class Row(NamedTuple):
    """A path in words: names and relations in turn, the edges that it is drawn with, and whether it is cited."""

    names: tuple[str, ...]
    hops: tuple[Hop, ...]
    edges: tuple[int, ...]
    cited: bool


@dataclass(frozen=True)
class Lane:
    """A plan: how it reads, its probability (None where none is known), its network and its paths.

    `why` says why it answers nothing, `said` what is not drawn or was not retrieved, `cypher` holds topics and queries.
    """

    number: int
    title: str
    probability: float | None
    counts: str
    hops: tuple[Hop, ...]
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]
    rows: tuple[Row, ...]
    cited: bool
    why: str
    said: tuple[str, ...]
    cypher: tuple[tuple[str, str], ...]

    @property
    def name(self) -> str:
        """The plan in words, with its probability."""
        return f"Plan {self.number} ({self.percent}): {self.title}" if self.percent else self.title

    @property
    def percent(self) -> str:
        """The probability in per cent, or '' where none is known."""
        if self.probability is None:
            return ""
        return f"{100 * self.probability:.0f} %" if self.probability >= 0.005 else "< 1 %"


@dataclass(frozen=True)
class Scene:
    """Everything that a picture says. `about` are the topics in words, `said` what else must be said.

    `grounded` is None where nothing was asked.
    """

    question: str
    answer: str
    details: str
    grounded: bool | None
    about: tuple[str, ...]
    lanes: tuple[Lane, ...]
    said: tuple[str, ...]

    @property
    def headline(self) -> str:
        """The answer, or that there is none and why."""
        return f"No grounded answer: {self.answer}" if self.grounded is False else self.answer


def scene(trace: Trace, graph: Named, rows: int = ROWS) -> Scene:
    """The scene of a trace; `graph` gives the names. At most `rows` entities of a column are drawn one by one."""
    answer = trace.answer
    grounded = answer.verdict == "grounded"
    cited = {path.relations for path in answer.support}
    shown = [(n, p) for n, p in enumerate(trace.plan.paths, 1) if n <= LANES or p.relations in cited]
    lanes = tuple(lane(trace, graph, number, plan, rows) for number, plan in shown)
    if grounded:
        many = f"{answer.total:,} answer{'s' * (answer.total != 1)}"
        details = f"{many} · proven {len(answer.support)}/{len(answer.entities)} · confidence {answer.confidence:.2f}"
    else:
        details = f"{len(trace.plan.paths)} plan{'s' * (len(trace.plan.paths) != 1)} tried · fit {trace.plan.fits:.2f}"
    said = tuple(whole(trace, len(shown)))
    return Scene(trace.question.text, answer.text, details, grounded, tuple(about(trace)), lanes, said)


def about(trace: Trace) -> Iterator[str]:
    """The linked topics, and whether a name was ambiguous."""
    topics = trace.question.topics
    if not topics:
        yield "no entity of this graph is named in the question"
    for topic in topics:
        mention = f"“{topic.mention}” is " if topic.mention and topic.mention != topic.entity.label else ""
        kind = f", {', '.join(topic.entity.types)}" if topic.entity.types else ""
        yield f"{mention}{topic.entity.label} [{topic.key}]{kind}, link {topic.score:.2f}"


def whole(trace: Trace, shown: int) -> Iterator[str]:
    """What must be said about the trace as a whole."""
    mentions = [topic.mention.casefold() for topic in trace.question.topics]
    for mention in dict.fromkeys(m for m in mentions if m and mentions.count(m) > 1):
        yield f"“{mention}” may be {mentions.count(mention)} entities of this graph: each was tried"
    if len(trace.plan.paths) > shown:
        yield f"{len(trace.plan.paths) - shown} further plans, less probable, are not drawn"
    if trace.evidence.cut:
        yield f"{trace.evidence.cut:,} path{'s' * (trace.evidence.cut != 1)} in all were counted but not retrieved"
    if trace.plan.note and trace.plan.note != trace.answer.text:
        yield trace.plan.note
    if not trace.plan_reasons and not trace.answer.related:  # else they stand by the plans, or in the headline
        yield from (reason for reason in trace.answer.reasons if reason not in (trace.answer.text, trace.plan.note))


def lane(trace: Trace, graph: Named, number: int, plan: ScoredPath, rows: int) -> Lane:
    """The lane of a plan."""
    found = [entry for entry in trace.evidence.found if entry.relations == plan.relations]
    paths = tuple(dict.fromkeys(path for entry in found for path in entry.paths))
    support = set(trace.answer.support)
    cited = any(path.relations == plan.relations for path in support)
    answers = trace.answer.entities
    drawn = network(paths, support, answers, rows if cited else min(FEW, rows))
    hops = tuple(hop_of(relation, graph) for relation in plan.relations)
    last = len(hops)
    nodes = told_apart(node(bundle, graph, last, set(answers)) for bundle in drawn.bundles)
    if not paths:
        nodes = told_apart(
            Node(0, topic.entity.label, ", ".join(topic.entity.types), (topic.key,), "topic", False)
            for topic in trace.question.topics
        )
    return Lane(
        number,
        plan_label(plan.relations, graph),
        plan.probability,
        counts(found),
        hops,
        nodes,
        drawn.edges,
        tuple(
            row(path, graph, hops, edges, path in support) for path, edges in zip(paths, drawn.path_edges, strict=True)
        ),
        cited,
        why_not(trace, number, found),
        tuple(said(found, drawn)),
        tuple(
            (f"{entry.topic.entity.label} [{entry.topic.key}]", cypher(graph, entry.topic.key, plan.relations))
            for entry in found
        ),
    )


def hop_of(relation: str, graph: Named) -> Hop:
    """A step with the name of its stored relation."""
    return Hop(graph.relations[base(relation)].label, relation.startswith(INVERSE))


def node(bundle: Bundle, graph: Named, last: int, answers: set[str]) -> Node:
    """The box of one or more entities."""
    entities = [graph.entity(key) for key in bundle.keys]
    if bundle.hop == 0:
        role: Literal["topic", "between", "end", "answer"] = "topic"
    elif bundle.hop < last:
        role = "between"
    else:
        role = "answer" if answers.issuperset(bundle.keys) else "end"
    if len(entities) == 1:
        return Node(bundle.hop, entities[0].label, ", ".join(entities[0].types), bundle.keys, role, bundle.cited)
    kinds = {entity.types[:1] for entity in entities}
    kind = f" · {next(iter(kinds))[0]}" if len(kinds) == 1 and all(kinds) else ""
    names = ", ".join(entity.label for entity in entities[:LISTED]) + ("…" if len(entities) > LISTED else "")
    return Node(bundle.hop, f"{len(entities):,} more{kind}", names, bundle.keys, role, bundle.cited)


def told_apart(nodes: Iterable[Node]) -> tuple[Node, ...]:
    """The boxes; those of one column that have the same name show their key."""
    nodes = tuple(nodes)
    counted = Counter((each.hop, each.label) for each in nodes)
    return tuple(
        each if each.group or counted[each.hop, each.label] == 1 else each._replace(note=each.keys[0]) for each in nodes
    )


def row(path: ReasoningPath, graph: Named, hops: tuple[Hop, ...], edges: tuple[int, ...], cited: bool) -> Row:
    """A path in words."""
    return Row(tuple(graph.entity(key).label for key in path.entities), hops, edges, cited)


def why_not(trace: Trace, number: int, found: list[Retrieved]) -> str:
    """Why a plan answers nothing, or ''."""
    if trace.plan_reasons:
        return trace.plan_reasons[number - 1]
    return "" if found else "leads nowhere from here"


def said(found: list[Retrieved], drawn: Network) -> Iterator[str]:
    """What of a plan was not retrieved, and what is drawn as a group."""
    paths, kept = sum(entry.paths_total for entry in found), sum(len(entry.paths) for entry in found)
    if kept < paths:
        yield f"{kept:,} of {paths:,} paths were retrieved, the others only counted"
    ends, reached = sum(entry.ends_total for entry in found), sum(len(entry.ends) for entry in found)
    if reached < ends:
        yield f"{reached:,} of {ends:,} entities at the end were retrieved, the others only counted"
    grouped = [len(bundle.keys) for bundle in drawn.bundles if len(bundle.keys) > 1]
    if grouped:
        yield f"{sum(grouped):,} entities are drawn as {len(grouped)} group{'s' * (len(grouped) != 1)}"
