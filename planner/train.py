"""Fine-tuning the planner: questions and the relation paths that were mined for them (RoG's planning optimisation).

(Luo et al., ICLR 2024, arXiv:2310.01061.) Prompts are those of inference, without worked examples.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from kg.errors import ModelError
from kg.graph import Graph
from planner.data import Row
from planner.finetune import Sample
from planner.prompts import END, NONE, plan_question, plan_words, relation_words
from planner.space import PlanSpace


def plan_samples(rows: Sequence[Row], words: Mapping[str, str]) -> list[Sample]:
    """What a planner learns from rows: a plan for each that has one, `none` for those that the graph cannot answer."""
    samples = []
    for row in rows:
        targets = tuple((f" {plan_words(plan.path, words)}{END}", plan.weight) for plan in row.plans if plan.weight > 0)
        if not row.answers:
            targets = ((NONE + END, 1.0),)
        if targets:
            samples.append(Sample(plan_question(row.question, row.mention), targets))
    return samples


def misplaced(rows: Sequence[Row], graph: Graph, share: float, seed: int) -> Iterator[Row]:
    """Questions with another's topic in place of their own, from which none of their plans leads anywhere.

    What a planner has to say `none` to, made from questions that have answers; `share` of the rows, or as many as
    there are.
    """
    draw = random.Random(seed)
    topics = sorted({(row.topics[0], row.mention) for row in rows if row.topics and row.mention})
    wanted = round(share * len(rows))
    for row in draw.sample(list(rows), len(rows)):
        if wanted <= 0:
            return
        if not row.mention or row.mention not in row.question or not row.plans:
            continue
        for key, mention in draw.sample(topics, min(5, len(topics))):
            space = PlanSpace(graph, [key], 1)
            if not any(plan.path[0] in space.options(()) for plan in row.plans):
                asked = row.question.replace(row.mention, mention, 1)
                yield Row(f"{row.id}-none", asked, (), (key,), mention)
                wanted -= 1
                break


def training_samples(rows: Sequence[Row], graph: Graph, none_share: float, seed: int) -> list[Sample]:
    """All that a planner is trained on; ModelError if nothing is."""
    samples = plan_samples([*rows, *misplaced(rows, graph, none_share, seed)], relation_words(graph))
    if not samples:
        raise ModelError("no row has a plan to learn: `rog data check` says why")
    return samples
