"""Fine-tuning the planner: questions and the relation paths that were mined for them (RoG's planning optimisation).

(Luo et al., ICLR 2024, arXiv:2310.01061.) Prompts are those of inference, without worked examples.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from kg.graph import Graph
from kg.types import Question, Topic
from planner.data.rows import Row
from planner.prompts import END, NONE, masked, plan_pieces, relation_words, trained_question
from planner.space import PlanSpace
from planner.training.sequences import Pieces, Sample

LEAST = 0.01  # share of a prompt's targets below which one is noise


def plan_samples(rows: Sequence[Row], graph: Graph) -> list[Sample]:
    """What a planner learns from rows: a plan for each that has one, `none` for those that the graph cannot answer.

    Questions that read alike but for their topic are one sample, which may have several plans.
    """
    words = relation_words(graph)
    shares: dict[str, dict[Pieces, float]] = defaultdict(lambda: defaultdict(float))
    for row in rows:
        topics = tuple(Topic(graph.entity(key), 1.0, row.mention) for key in row.topics[:1])
        prompt = trained_question(Question(row.question, topics))
        if not row.answers:
            shares[prompt][(f" {NONE}", END)] += 1.0
        for plan in row.targets:
            if plan.weight > 0 and row.answers:
                shares[prompt][plan_pieces(plan.path, words)] += plan.weight
    return [Sample(prompt, normalised(targets)) for prompt, targets in shares.items()]


def normalised(targets: Mapping[Pieces, float]) -> tuple[tuple[Pieces, float], ...]:
    """Targets with shares that add up to 1; those of less than a hundredth are left out, unless none has more."""
    least = min(LEAST * sum(targets.values()), max(targets.values()))
    kept = {pieces: share for pieces, share in targets.items() if share >= least}
    return tuple((pieces, share / sum(kept.values())) for pieces, share in kept.items())


def misplaced(rows: Sequence[Row], graph: Graph, share: float, seed: int) -> Iterator[Row]:
    """Questions with a topic of another type in place of their own, from which none of their plans leads anywhere.

    What a planner has to say `none` to, made from questions that have answers; `share` of the rows, or as many as
    there are. Where entities have no types a prompt does not tell who is asked about, and there are none.
    """
    draw = random.Random(seed)
    topics = [(row.topics[0], row.mention, kind_of(graph, row.topics[0])) for row in rows if row.topics]
    wanted = round(share * len(rows))
    for row in draw.sample(list(rows), len(rows)):
        if wanted <= 0:
            return
        if not row.topics or not row.targets or masked(row.question, row.mention, "") == row.question:
            continue
        own = kind_of(graph, row.topics[0])
        for key, mention, kind in draw.sample(topics, min(5, len(topics))):
            legal = PlanSpace(graph, [key], 1).options(())
            if kind and kind != own and not any(plan.path[0] in legal for plan in row.targets):
                yield Row(f"{row.id}-none", masked(row.question, row.mention, mention), (), (key,), mention)
                wanted -= 1
                break


def kind_of(graph: Graph, key: str) -> str:
    """An entity's first type, or ''."""
    return (*graph.entity(key).types, "")[0]


def training_samples(rows: Sequence[Row], graph: Graph, none_share: float, seed: int) -> list[Sample]:
    """All that a planner is trained on."""
    return plan_samples([*rows, *misplaced(rows, graph, none_share, seed)], graph)
