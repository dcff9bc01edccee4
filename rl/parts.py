"""The parts of a reward, each read off the graph and never off strings: 0 to 1, but for `cost`, which is negative.

Where the graph does not know, refusing earns every part and answering none; where it knows, a refusal earns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import wraps

from kg.mine import f1_of
from kg.types import Triple
from rl.episode import Episode, Executor, Walk

WALKED = 100  # paths of a walk whose steps are looked at
Part = Callable[[Episode, Executor], float]
Plausibility = Callable[[Triple], float]


def answered(measure: Part) -> Part:
    """The measure for questions that have an answer and get one; else whether the refusal is right."""

    @wraps(measure)
    def part(episode: Episode, executor: Executor) -> float:
        if not episode.gold or not episode.answer:
            return float(not episode.gold and not episode.answer)
        return measure(episode, executor)

    return part


def proofs(episode: Episode, executor: Executor) -> dict[Walk, set[str]]:
    """What each citation that holds leads to: walks that were retrieved from a topic, and stated paths of facts.

    Stated paths along the same relations from the same topic are one citation.
    """
    topics = episode.topics
    found = {
        walk: set(executor.ends(walk)) for walk in episode.cited if walk in episode.retrieved and walk.start in topics
    }
    for path in episode.stated:
        if executor.holds(path, topics):
            found.setdefault(Walk(path.start, path.relations), set()).add(path.end)
    return found


def proven(episode: Episode, executor: Executor) -> set[str]:
    """The entities of the answer that some citation leads to."""
    return set(episode.answer).intersection(*[set().union(*proofs(episode, executor).values())])


def set_f1(episode: Episode, right: Collection[str]) -> float:
    """F1 of the answer as a set, of which only `right` ones that are gold count."""
    hits = len(set(right) & set(episode.gold))
    return f1_of(hits / len(set(episode.answer)), hits / len(set(episode.gold)))


@answered
def answer_f1(episode: Episode, executor: Executor) -> float:
    """F1 of the answer, where an entity without a verified path counts as wrong."""
    return set_f1(episode, proven(episode, executor))


@answered
def exact(episode: Episode, executor: Executor) -> float:
    """Whether the answer is the gold set, each entity by a verified path."""
    return float(set(episode.answer) == set(episode.gold) == proven(episode, executor))


@answered
def executable(episode: Episode, executor: Executor) -> float:
    """The share of the planned relation paths that lead anywhere from a topic; 0 without a plan."""
    led = [any(executor.ends(Walk(topic, path)) for topic in episode.topics) for path in episode.plans]
    return sum(led) / len(led) if led else 0.0


@answered
def grounded(episode: Episode, executor: Executor) -> float:
    """Whether something is cited or stated, every stated step is a stored fact, and every cited walk was retrieved."""
    steps = [step for path in episode.stated for step in path.steps]
    walked = all(walk in episode.retrieved and executor.ends(walk) for walk in episode.cited)
    is_fact = all(executor.graph.contains(step.triple) for step in steps)
    return float(bool(steps or episode.cited) and walked and is_fact)


@answered
def necessary(episode: Episode, executor: Executor) -> float:
    """Whether the answer changes without what is cited: tried out (`without`), or the share of citations it needs.

    It needs a citation if the others do not lead to all of its proven entities. 0 if nothing is proven.
    """
    found = {walk: ends & set(episode.answer) for walk, ends in proofs(episode, executor).items()}
    whole = set().union(*found.values())
    if not whole:
        return 0.0
    if episode.without is not None:
        return float(set(episode.without) != set(episode.answer))
    needed = [whole != set().union(*(ends for other, ends in found.items() if other != walk)) for walk in found]
    return sum(needed) / len(needed)


@answered
def sufficient(episode: Episode, executor: Executor) -> float:
    """The share of the answer that what is cited leads to by itself."""
    return len(proven(episode, executor)) / len(set(episode.answer))


@answered
def brief(episode: Episode, executor: Executor) -> float:
    """1 by the number of relations in all plans together; 0 without a plan."""
    relations = sum(map(len, set(episode.plans)))
    return 1 / relations if relations else 0.0


def cost(episode: Episode, executor: Executor) -> float:
    """Minus the number of retrievals."""
    return -float(len(episode.retrieved))


def unproven(episode: Episode, executor: Executor) -> float:
    """How much better the answer is than what is proven of it: right, but not by way of a path."""
    if not episode.gold or not episode.answer:
        return 0.0
    return set_f1(episode, episode.answer) - set_f1(episode, proven(episode, executor))


def plausible(score: Plausibility) -> Part:
    """A part: how plausible link prediction finds the steps that are stated, or else those of the cited walks (0 to 1).

    Stored facts are asked about too: a graph may hold doubtful ones. Of a walk the first `WALKED` paths count.
    """

    @answered
    def plausible(episode: Episode, executor: Executor) -> float:
        walked = [path for walk in episode.cited for path in executor.graph.paths(*walk, WALKED).paths]
        facts = {step.triple: None for path in episode.stated or walked for step in path.steps}
        return sum(map(score, facts)) / len(facts) if facts else 0.0

    return plausible


PARTS: dict[str, Part] = {
    part.__name__: part
    for part in (answer_f1, exact, executable, grounded, necessary, sufficient, brief, cost, unproven)
}
