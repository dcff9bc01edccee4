"""Paths as a network in columns: the entities that matter most one by one, the others in groups by where they hang."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kg.types import INVERSE, ReasoningPath

Walk = tuple[tuple[str, ...], bool]  # the entities of a path, and whether it is cited
GROUPS = 4  # boxes of several entities in a column


class Bundle(NamedTuple):
    """One or more entities of a column, whether a cited path runs through, and how many paths do."""

    hop: int
    keys: tuple[str, ...]
    cited: bool
    paths: int


class Edge(NamedTuple):
    """A line between two boxes (their numbers): for how many paths it stands, whether one of them is cited.

    `back` says that its facts point from target to source.
    """

    source: int
    target: int
    paths: int
    cited: bool
    back: bool


@dataclass(frozen=True)
class Network:
    """Boxes, edges between boxes of neighbouring columns, and for each path the edges that it runs along."""

    bundles: tuple[Bundle, ...]
    edges: tuple[Edge, ...]
    path_edges: tuple[tuple[int, ...], ...]


def network(
    paths: Sequence[ReasoningPath], cited: Collection[ReasoningPath], answers: Sequence[str], rows: int
) -> Network:
    """The network of paths of one length; in each column about `rows` entities stand alone."""
    if not paths:
        return Network((), (), ())
    rank = {key: number for number, key in enumerate(answers)}
    walks = [(path.entities, path in cited) for path in paths]
    kept = chosen(walks, rank, rows)
    bundles: list[Bundle] = []
    where: list[dict[str, int]] = []
    for hop in range(len(walks[0][0])):
        through = Counter(walk[hop] for walk, _ in walks)
        strong = {walk[hop] for walk, is_cited in walks if is_cited}
        where.append({})
        for keys in column(walks, hop, kept[hop], strong, where):
            where[hop] |= dict.fromkeys(keys, len(bundles))
            bundles.append(Bundle(hop, keys, not strong.isdisjoint(keys), sum(through[key] for key in keys)))
    pairs: Counter[tuple[int, int]] = Counter()
    cited_pairs: set[tuple[int, int]] = set()
    steps = []
    for walk, is_cited in walks:
        steps.append(list(pairwise(boxes[key] for boxes, key in zip(where, walk, strict=True))))
        pairs.update(steps[-1])
        cited_pairs.update(steps[-1] if is_cited else ())
    number = {pair: n for n, pair in enumerate(sorted(pairs))}
    back = [relation.startswith(INVERSE) for relation in paths[0].relations]
    edges = tuple(Edge(*pair, pairs[pair], pair in cited_pairs, back[bundles[pair[0]].hop]) for pair in number)
    return Network(tuple(bundles), edges, tuple(tuple(number[pair] for pair in taken) for taken in steps))


def chosen(walks: Sequence[Walk], rank: dict[str, int], rows: int) -> list[set[str]]:
    """For each column the entities that stand alone: from the end backwards, those that lead to what is kept."""
    kept: list[set[str]] = []
    leading = walks
    for hop in range(len(walks[0][0]) - 1, -1, -1):
        strong = Counter(walk[hop] for walk, is_cited in leading if is_cited)
        some = Counter(walk[hop] for walk, _ in leading)
        ranks = {} if kept else rank
        order = sorted(
            dict.fromkeys(walk[hop] for walk, _ in walks),
            key=lambda key: (-min(strong[key], 1), ranks.get(key, len(rank)), -strong[key], -some[key]),
        )
        few = order if len(order) <= rows + 1 else order[:rows]  # one more is no more than a group of one
        kept.insert(0, set(few))
        leading = [walk for walk in leading if walk[0][hop] in kept[0]]
    return kept


def column(
    walks: Sequence[Walk], hop: int, kept: set[str], strong: set[str], where: Sequence[dict[str, int]]
) -> list[tuple[str, ...]]:
    """The entities of a column, alone or in groups: by the box that most of their paths come from."""
    alone = [(key,) for key in dict.fromkeys(walk[hop] for walk, _ in walks) if key in kept]
    parents: dict[str, Counter[int]] = defaultdict(Counter)
    for walk, _ in walks:
        if walk[hop] not in kept:
            parents[walk[hop]][where[hop - 1][walk[hop - 1]] if hop else 0] += 1
    groups: dict[tuple[bool, int], list[str]] = defaultdict(list)
    for key, counted in parents.items():
        groups[key in strong, min(counted, key=lambda box: (-counted[box], box))].append(key)
    ranked = sorted(groups, key=lambda name: (not name[0], -len(groups[name]), name[1]))
    if len(ranked) > GROUPS:
        for name in ranked[GROUPS - 1 :]:
            rest = groups.pop(name)
            groups.setdefault((name[0], -1), []).extend(rest)
    return [*alone, *(tuple(keys) for keys in groups.values())]
