"""One question is four lines: plan, retrieve, answer, trace. And the check that no unproven answer gets out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from kg.errors import QuestionError
from kg.graph import Graph
from kg.link import checked, link, resolve_entity
from kg.types import Question, Topic
from planner.base import Planner
from planner.registry import make_planner
from planner.space import AUTO
from reasoner.base import Answer, Reasoner, Trace
from reasoner.guard import unapplied
from reasoner.registry import make_reasoner
from reasoner.retrieve import LIMIT, retrieve
from reasoner.verify import problems


class RoG:
    """Reasoning on a graph (Luo et al., ICLR 2024, arXiv:2310.01061): `RoG(graph).ask("…")`.

    Planner and reasoner are objects or names.
    """

    def __init__(
        self,
        graph: Graph,
        planner: Planner | str = "auto",
        reasoner: Reasoner | str = "symbolic",
        k: int = 3,
        max_hops: int = AUTO,
        limit: int = LIMIT,
    ) -> None:
        """A pipeline over one graph; with names, their models are loaded now.

        Parameters:
            graph: what is asked; `rog.open_graph` opens files, databases and networkx graphs.
            planner: a `Planner`, or a name: "auto" (default), "lexical", "semantic", "combined", "lm" …
                (`planner.registry.PLANNERS`), the folder of a training run, or a language model.
            reasoner: a `Reasoner`, or a name: "symbolic" (default: the ends of the paths, no model), "lm",
                "openai:URL#MODEL", the folder of a training run, or a language model (`reasoner.registry`).
            k: how many relation paths of a plan are followed, the most probable first; at least 1, default 3.
            max_hops: the most steps of a relation path; default 0: 3, and 4 where there are so few paths that it
                costs nothing. A plan that was cut so says so in its note.
            limit: the most entities, and paths, kept for each relation path and topic; at least 1, default 200.

        Raises ModelError for a name that is no planner, reasoner, run or model, QuestionError for a number below 1.
        """
        if min(k, limit) < 1 or max_hops < 0:
            raise QuestionError(f"k and limit are at least 1, and max_hops at least 0, not {k}, {limit} and {max_hops}")
        if isinstance(graph, str):
            raise TypeError(f"a graph is expected, not its name: RoG(rog.open_graph({graph!r}))")
        self.graph = graph
        self.planner = make_planner(planner, graph) if isinstance(planner, str) else planner
        self.reasoner = make_reasoner(reasoner, graph) if isinstance(reasoner, str) else reasoner
        self.k, self.max_hops, self.limit = k, max_hops, limit

    def ask(self, text: str, entity: str | None = None) -> Answer:
        """The answer to a question in words; `entity`, a key or a name, says what it is about.

        GraphError if there is no such entity, or a name is that of several.
        """
        return self.trace(text, entity).answer

    def trace(self, text: str, entity: str | None = None) -> Trace:
        """The answer with everything that led to it."""
        return self.traces([self.question(text, entity)])[0]

    def question(self, text: str, entity: str | None = None) -> Question:
        """The question with its topics linked, or with the one that is given."""
        return linked(self.graph, text, entity)

    def traces(self, questions: Sequence[Question]) -> list[Trace]:
        """A trace for each linked question."""
        plans = self.planner.plan(questions, self.k, self.max_hops)
        evidence = [retrieve(self.graph, q, p, self.limit) for q, p in zip(questions, plans, strict=True)]
        answers = self.reasoner.answer(questions, plans, evidence)
        return [self.verified(Trace(*row)) for row in zip(questions, plans, evidence, answers, strict=True)]

    def verified(self, trace: Trace) -> Trace:
        """The trace, its answer refused if the proof does not hold, or if it leaves out a part of the question."""
        answer = trace.answer
        wrong = problems(self.graph, trace.question, trace.plan, answer)
        if wrong:
            refused = Answer((), (), "the proof did not hold", "no grounded answer", 0.0, reasons=tuple(wrong))
            return replace(trace, answer=replace(refused, refusal="absent"))
        if answer.verdict != "grounded":
            return replace(trace, answer=replace(answer, refusal=answer.refusal or "absent"))
        return guarded(self.graph, trace)


def guarded(graph: Graph, trace: Trace) -> Trace:
    """The trace, its answer refused if the question says more than the plan behind it; it is then what is `related`."""
    answer = trace.answer
    if not answer.support:
        return trace
    relations = answer.support[0].relations
    reasons = unapplied(trace.question, relations, graph, answer.support, answer.total)
    if not reasons:
        return trace
    text = f"{', '.join(reasons)}: a plan cannot say that yet; --partial shows what it can say, as related"
    refused = Answer((), (), text, "no grounded answer", 0.0, 0, reasons, "not applied", answer)
    return replace(trace, answer=refused)


def linked(graph: Graph, text: str, entity: str | None = None) -> Question:
    """The question with the topics that the graph names in it, or with the one that is given by key or name."""
    text = checked(text)
    topics = link(graph, text)
    if entity is not None:
        meant = resolve_entity(graph, entity)
        mentions = {topic.key: topic.mention for topic in topics}
        topics = (Topic(meant, 1.0, mentions.get(meant.key, topics[0].mention if topics else "")),)
    return Question(text, topics)
