"""An independent check of an answer: every step of its proof is asked of the graph as a single fact, and everything
else that is shown of it (text, total, confidence) is recomputed here, without the code that made the answer.

What a reasoner may say. The text of a grounded answer is one of two:

- the listing: the labels of the first five entities in their order, and how many more there are ("Heat and The
  Insider", "A, B, C, D, E and 4 more"). It claims to be all that the cited relation paths lead to, so its total is
  counted again. Every reasoner that answers from evidence says this, a trained or a remote one too: what a model
  writes only chooses among the evidence.
- a recital: the path as a model wrote it from memory, step by step with names ("Heat -> directed by: Michael Mann").
  It claims no more than the entities that it names last, which must be the answer's, and all of them.

A text from memory that is neither comes without support and is never proven. The text of a refusal is a reason in
words, and claims no entity.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from itertools import islice, zip_longest

from kg.graph import Frontier, Graph
from kg.names import UNNAMED, is_unnamed
from kg.types import Question, ReasoningPath, RelationPath, Step
from planner.base import Plan
from planner.prompts import relation_words
from reasoner.base import Answer
from reasoner.recall import AND, ARROW, COLON, keys_of

NAMED = 5  # entities that a listing names
ROUNDING = 1e-9  # by which shares that were added up may be off
SHOWN = 200  # characters of a text that a problem quotes


def problems(graph: Graph, question: Question, plan: Plan, answer: Answer) -> list[str]:
    """What is wrong with an answer, a line each; empty if everything that it says holds.

    An entity is proven by a path that starts at a topic of the question, follows one of the planned relation paths
    through stored facts, never comes back to its start (unless the graph is `returning`), and ends at the entity.
    Each entity stands once, the confidence is a number from 0 to 1, and text and total are those of the entities.
    The cost is a lookup for each step, and one walk along each cited relation path to count what it leads to.
    """
    found = []
    if answer.verdict == "grounded" and not answer.entities:
        found.append("a grounded answer without an entity")
    if not -ROUNDING <= answer.confidence <= 1 + ROUNDING:  # false for nan too
        found.append(f"a confidence of {answer.confidence} is not between 0 and 1")
    if len(set(answer.entities)) < len(answer.entities):
        found.append(f"{len(answer.entities)} entities of which only {len(set(answer.entities))} differ")
    if len(answer.support) != len(answer.entities):
        found.append(f"{len(answer.entities)} entities but {len(answer.support)} supporting paths")
    topics = {topic.key for topic in question.topics}
    planned = {path.relations for path in plan.paths}
    for entity, path in zip(answer.entities, answer.support, strict=False):
        wrong = fault(graph, topics, planned, entity, path)
        if wrong:
            found.append(f"{entity}: {wrong} ({path})")
    if answer.verdict == "grounded" and not found:  # what is said of entities that are there
        found += misstated(graph, answer)
    return found


def fault(
    graph: Graph, topics: Collection[str], planned: Collection[RelationPath], entity: str, path: ReasoningPath
) -> str:
    """Why a path does not prove an entity, or ''."""
    if path.start not in topics:
        return "the path does not start at a topic of the question"
    if path.relations not in planned:
        return "the path follows no planned relation path"
    if not path.steps:
        return "the path has no step"
    here = path.start
    for step in path.steps:
        if step.source != here:
            return f"the path jumps from {here} to {step.source}"
        if not graph.contains(step.triple):
            return f"{' '.join(step.triple)} is not a fact of the graph"
        if step.target == path.start and not graph.returning:
            return "the path comes back to its start"
        here = step.target
    return "" if here == entity else f"the path ends at {here}"


def misstated(graph: Graph, answer: Answer) -> list[str]:
    """What the text or the total of an answer says that its proven entities do not."""
    if answer.total < len(answer.entities):
        return [f"a total of {answer.total:,} for {len(answer.entities):,} entities"]
    said = listing(graph, answer.entities, answer.total)
    if answer.text == said:
        return miscounted(graph, answer)
    if answer.total == len(answer.entities) and is_recital(graph, answer):
        return []
    return [f"the text {answer.text[:SHOWN]!r} is not what the entities are called: {said[:SHOWN]!r}"]


def listing(graph: Graph, entities: Sequence[str], total: int) -> str:
    """Entities in words: the first few by label, and how many more there are of `total`."""
    *some, last = [graph.entity(key).label for key in entities[:NAMED]]
    if total > len(some) + 1:
        return f"{', '.join([*some, last])} and {total - len(some) - 1:,} more"
    return f"{', '.join(some)} and {last}" if some else last


def miscounted(graph: Graph, answer: Answer) -> list[str]:
    """What is wrong with the total of a listing: it must be the number of ends of the cited relation paths.

    Ends without a name of their own may be left out of it, as they answer nothing. Where several relation paths are
    cited, ends that more than one of them has may have been counted for each.
    """
    cited = sorted({(path.start, path.relations) for path in answer.support})
    frontiers = [walked(graph, *each) for each in cited]
    most = sum(map(len, frontiers))
    if answer.total == most:  # as nearly always: no name is read
        return []
    ends = sorted({end for frontier in frontiers for end in frontier.entities})
    if answer.total < most and has_unnamed(graph, ends, len(ends) - answer.total):
        return []
    return [f"a total of {answer.total:,}, but the cited relation paths lead to {len(ends):,} entities"]


def walked(graph: Graph, start: str, relations: RelationPath) -> Frontier:
    """Where a relation path leads to."""
    frontier = graph.frontier([start])
    for relation in relations:
        frontier = frontier.follow(relation)
    return frontier


def has_unnamed(graph: Graph, keys: Iterable[str], number: int) -> bool:
    """Whether at least so many of some entities are only identifiers; no more are read than it takes to see."""
    nameless = (key for key in keys if UNNAMED.fullmatch(key) and is_unnamed(graph.entity(key)))
    return number <= 0 or sum(1 for _ in islice(nameless, number)) == number


def is_recital(graph: Graph, answer: Answer) -> bool:
    """Whether the text recites the answer's relation path, every name after a step being led to by a stored fact,
    and the names after the last step being those of the answer's entities.
    """
    words, relations = relation_words(graph), answer.support[0].relations
    start, *hops = answer.text.strip().split(ARROW)
    reached = {path.start for path in answer.support} & set(keys_of(graph, start))
    for relation, hop in zip_longest(relations, hops, fillvalue=""):
        said, _, listed = hop.partition(COLON)
        if words.get(relation) != said.strip():
            return False
        names = [set(keys_of(graph, name)) for name in map(str.strip, listed.split(AND.strip())) if name]
        led = [{k for k in keys if any(graph.contains(Step(e, relation, k).triple) for e in reached)} for keys in names]
        if not led or not all(led):
            return False
        reached = set().union(*led)
    return all(keys & set(answer.entities) for keys in led) and reached >= set(answer.entities)
