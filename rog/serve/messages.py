"""What is asked and answered over HTTP: the types of the API's documents."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kg.link import MAX_QUESTION
from reasoner.base import Refusal, Verdict

MOST_PLANS, MOST_HOPS, MOST_PATHS, MOST_FOUND = 20, 4, 200, 50
PICTURE = "also the picture of the answer: as svg, or as html with a table of paths and Cypher for each plan"
PARTIAL = "where a plan cannot say all of the question, also what it leads to, as `related`: that is not the answer"
KEY = 1_000  # characters of an entity's key at most
PATH = 4_000  # characters of a relation path at most

Key = Annotated[str, StringConstraints(min_length=1, max_length=KEY)]
Path = Annotated[str, StringConstraints(min_length=1, max_length=PATH)]
Hop = Annotated[tuple[str, str, str], Field(description="source, signed relation (~ walks it backwards), target")]


class Ask(BaseModel):
    """A question. `entity` (a key or name) settles what it is about; `plan` (relation paths) is walked, not planned."""

    model_config = ConfigDict(extra="forbid")

    question: Annotated[str, StringConstraints(max_length=MAX_QUESTION, pattern=r"\S")]
    entity: Key | None = None
    plan: Annotated[list[Path], Field(min_length=1, max_length=MOST_PLANS)] | None = None
    k: Annotated[int, Field(ge=1, le=MOST_PLANS, description="plans to try")] | None = None
    max_hops: Annotated[int, Field(ge=1, le=MOST_HOPS, description="steps of a plan at most")] | None = None
    paths: Annotated[int, Field(ge=0, le=MOST_PATHS, description="paths shown of each plan at most")] = 20
    picture: Annotated[Literal["svg", "html"] | None, Field(description=PICTURE)] = None
    stream: Annotated[bool, Field(description="server-sent events: link, plan, paths, answer")] = False
    partial: Annotated[bool, Field(description=PARTIAL)] = False


class EntityOut(BaseModel):
    """An entity: `degree` counts its facts."""

    key: str
    label: str
    types: list[str]
    degree: int


class Found(EntityOut):
    """An entity that a text may mean, how well it fits (0 to 1), and the name or words that it fits by."""

    score: float
    mention: str


class Named(BaseModel):
    """An entity by key and label."""

    key: str
    label: str


class PlanOut(BaseModel):
    """A relation path, in words, and its probability."""

    path: str
    words: str
    probability: float


class Linked(BaseModel):
    """What the question is about, the likeliest first. Several entities of one `mention`: the name is ambiguous."""

    question: str
    topics: list[Found]


class Planned(BaseModel):
    """The plans, the most probable first; whether these are provably the best; how likely any of them fits."""

    plans: list[PlanOut]
    exact: bool
    fits: float
    note: str


class EvidenceOut(BaseModel):
    """Where one plan leads from one topic: some of the paths, and how many paths and ends there are in all."""

    topic: str
    path: str
    paths: list[list[Hop]]
    paths_total: int
    ends_total: int


class Walked(BaseModel):
    """What the plans lead to; `cut` paths were left out. The labels name every entity and relation in the paths."""

    evidence: list[EvidenceOut]
    cut: int
    labels: dict[str, str]
    relation_labels: dict[str, str]


class Related(BaseModel):
    """What the plan leads to where it does not say all of the question: related to the answer, and not the answer."""

    answers: list[Named]
    text: str
    total: int
    support: list[list[Hop]]


class Answered(Linked, Planned, Walked):
    """The answer with all that led to it; `support` has one path for each of `answers`.

    `refusal` says what kind of reason there is for no answer: "absent", the graph does not say it, or "not applied", a
    plan cannot say all of the question: `reasons` has the words that it leaves out.
    """

    answers: list[Named]
    text: str
    verdict: Verdict
    confidence: float
    total: int
    reasons: list[str]
    refusal: Refusal
    related: Related | None = None
    support: list[list[Hop]]
    seconds: float
    picture: str | None = None


class Walks(BaseModel):
    """The first paths along a relation path, and how many there are in all."""

    start: Named
    path: str
    paths: list[list[Hop]]
    total: int
    labels: dict[str, str]
    relation_labels: dict[str, str]


class Connections(BaseModel):
    """The shortest relation paths from one entity to another, with the first walks along each."""

    start: Named
    end: Named
    paths: list[Walks]


class SearchResult(BaseModel):
    """Entities that a text may mean, the best first."""

    entities: list[Found]


class RelationOut(BaseModel):
    """A relation: how it reads both ways, its number of facts, the commonest types at its ends."""

    key: str
    label: str
    inverse_label: str
    facts: int
    head_type: str
    tail_type: str
    symmetric: bool
    hidden: bool


class About(BaseModel):
    """The graph, the models that answer, and questions to begin with."""

    name: str
    entities: int
    relations: int
    facts: int
    version: Annotated[str, Field(description="the version of the .kg directory that is served; '' if it has none")]
    newer_version: Annotated[str, Field(description="the version that a build has put in its place; '' if none")]
    by_relation: list[RelationOut]
    planner: str
    reasoner: str
    examples: list[str]


class Neighbours(BaseModel):
    """A relation that leaves an entity (~ backwards): how many facts, and the first entities at their other ends."""

    relation: str
    words: str
    facts: int
    entities: list[EntityOut]


class Neighbourhood(BaseModel):
    """An entity and what is around it, relations with few facts first."""

    entity: EntityOut
    aliases: list[str]
    relations: list[Neighbours]
    relations_total: int
    picture: str | None = None


class Option(BaseModel):
    """A relation that may come next: in words, how many steps it has, and the commonest type it leads to."""

    relation: str
    words: str
    steps: int
    to: str


class Options(BaseModel):
    """What may follow a relation path, and how many entities it has reached."""

    reached: int
    options: list[Option]


class Health(BaseModel):
    """That the server answers, and its version."""

    status: Literal["ok"] = "ok"
    version: str


class Problem(BaseModel):
    """What was wrong, in one line."""

    message: str
    type: str


class Error(BaseModel):
    """A request that was not answered."""

    error: Problem
