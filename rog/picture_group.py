"""Paths as a network in columns: the entities that matter most one by one, the others in groups by where they hang."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from kg.types import INVERSE, ReasoningPath

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
    kept = chosen(paths, cited, rank, rows)
    bundles: list[Bundle] = []
    where: dict[tuple[int, str], int] = {}
    for hop in range(len(paths[0].steps) + 1):
        for keys in column(paths, cited, hop, kept[hop], where):
            through = [path for path in paths if path.entities[hop] in keys]
            where |= {(hop, key): len(bundles) for key in keys}
            bundles.append(Bundle(hop, keys, any(path in cited for path in through), len(through)))
    walked = [[where[hop, key] for hop, key in enumerate(path.entities)] for path in paths]
    pairs: Counter[tuple[int, int]] = Counter()
    strong: set[tuple[int, int]] = set()
    for path, boxes in zip(paths, walked, strict=True):
        steps = list(pairwise(boxes))
        pairs.update(steps)
        if path in cited:
            strong.update(steps)
    number = {pair: n for n, pair in enumerate(sorted(pairs))}
    back = [relation.startswith(INVERSE) for relation in paths[0].relations]
    edges = tuple(Edge(*pair, pairs[pair], pair in strong, back[bundles[pair[0]].hop]) for pair in number)
    path_edges = tuple(tuple(number[pair] for pair in pairwise(boxes)) for boxes in walked)
    return Network(tuple(bundles), edges, path_edges)


def chosen(
    paths: Sequence[ReasoningPath], cited: Collection[ReasoningPath], rank: dict[str, int], rows: int
) -> list[set[str]]:
    """For each column the entities that stand alone: from the end backwards, those that lead to what is kept."""
    kept: list[set[str]] = []
    leading = list(paths)
    for hop in range(len(paths[0].steps), -1, -1):
        strong = Counter(path.entities[hop] for path in leading if path in cited)
        some = Counter(path.entities[hop] for path in leading)
        every = list(dict.fromkeys(path.entities[hop] for path in paths))
        last = len(rank) if kept else 0
        order = sorted(
            every, key=lambda key: (-min(strong[key], 1), rank.get(key, len(rank)) - last, -strong[key], -some[key])
        )
        few = order if len(order) <= rows + 1 else order[:rows]  # one more is no more than a group of one
        kept.insert(0, set(few))
        leading = [path for path in leading if path.entities[hop] in kept[0]]
    return kept


def column(
    paths: Sequence[ReasoningPath],
    cited: Collection[ReasoningPath],
    hop: int,
    kept: set[str],
    where: dict[tuple[int, str], int],
) -> list[tuple[str, ...]]:
    """The entities of a column, alone or in groups: by the box that most of their paths come from."""
    every = dict.fromkeys(path.entities[hop] for path in paths)
    alone = [(key,) for key in every if key in kept]
    parents: dict[str, Counter[int]] = defaultdict(Counter)
    strong = {path.entities[hop] for path in paths if path in cited}
    for path in paths:
        key = path.entities[hop]
        if key not in kept:
            parents[key][where[hop - 1, path.entities[hop - 1]] if hop else 0] += 1
    groups: dict[tuple[bool, int], list[str]] = defaultdict(list)
    for key, counted in parents.items():
        groups[key in strong, min(counted, key=lambda box: (-counted[box], box))].append(key)
    ranked = sorted(groups, key=lambda name: (not name[0], -len(groups[name]), name[1]))
    if len(ranked) > GROUPS:
        for name in ranked[GROUPS - 1 :]:
            rest = groups.pop(name)
            groups.setdefault((name[0], -1), []).extend(rest)
    return [*alone, *(tuple(keys) for keys in groups.values())]
