"""Compiled searches for the relation sequences between two entities, over the index of `kg.kernels`."""

# Without annotations: numba compiles by the types it is called with. Shapes stand in the docstrings.
# mypy: ignore-errors

import numpy as np
from numba import njit

from kg.kernels import NOWHERE, contains, degree, first_at, follow, slot_end, slot_relation, slots_of, span


@njit(cache=True, nogil=True)
def edges_of(rows, adj, node):
    """The edges of a node, sorted by neighbour: neighbours and signed relations."""
    first, count, slots, neighbours = slots_of(rows, adj, node)
    key = np.empty(slot_end(adj, first, count, slots - 1), np.int64)
    for slot in range(slots):
        rel = slot_relation(adj, first, count, slot)
        for i in range(slot_end(adj, first, count, slot - 1), slot_end(adj, first, count, slot)):
            key[i] = (np.int64(adj[neighbours + i]) << 32) | rel
    key.sort()
    return (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int64)


@njit(cache=True, nogil=True)
def distinct_codes(codes):
    """The codes sorted and each once."""
    codes.sort()
    count = 0
    for i in range(len(codes)):
        if i == 0 or codes[i] != codes[count - 1]:
            codes[count] = codes[i]
            count += 1
    return codes[:count]


@njit(cache=True, nogil=True)
def middle_steps(rows, adj, near, near_rel, far, far_rel, flip, relations, seen):
    """Codes of all `r1 r2 r3` with an edge `r2` from a neighbour `near` of one end to a neighbour `far` of the other.

    `flip` says that `near` belongs to the last entity of the walk, so that its steps are read backwards.
    """
    both = np.int64(2 * relations)
    for node in far:
        seen[node >> 6] |= np.uint64(1) << np.uint64(node & 63)
    codes = np.empty(64, np.int64)
    count, i = 0, 0
    while i < len(near):
        stop = i
        while stop < len(near) and near[stop] == near[i]:
            stop += 1
        first, stored, slots, neighbours = slots_of(rows, adj, near[i])
        for slot in range(slots):
            step = slot_relation(adj, first, stored, slot)
            for j in range(slot_end(adj, first, stored, slot - 1), slot_end(adj, first, stored, slot)):
                end = adj[neighbours + j]
                if not seen[end >> 6] & (np.uint64(1) << np.uint64(end & 63)):
                    continue
                place = first_at(far, 0, len(far), end)
                while place < len(far) and far[place] == end:
                    for k in range(i, stop):
                        if count == len(codes):
                            kept = distinct_codes(codes)
                            count = len(kept)
                            if 2 * count > len(codes):
                                grown = np.empty(2 * len(codes), np.int64)
                                grown[:count] = kept
                                codes = grown
                        if flip:
                            middle = (step + relations) % both
                            codes[count] = (far_rel[place] * both + middle) * both + (near_rel[k] + relations) % both
                        else:
                            codes[count] = (near_rel[k] * both + step) * both + (far_rel[place] + relations) % both
                        count += 1
                    place += 1
        i = stop
    for node in far:
        seen[node >> 6] = 0
    return distinct_codes(codes[:count])


@njit(cache=True, nogil=True)
def meeting(near, near_rel, far, far_rel, relations):
    """Codes of all `r1 r2` that join two entities, given the edges of each sorted by neighbour."""
    both = np.int64(2 * relations)
    codes = np.empty(64, np.int64)
    count, i, j = 0, 0, 0
    while i < len(near) and j < len(far):
        if near[i] < far[j]:
            i = first_at(near, i, len(near), far[j]) if len(near) > 8 * len(far) else i + 1
            continue
        if near[i] > far[j]:
            j = first_at(far, j, len(far), near[i]) if len(far) > 8 * len(near) else j + 1
            continue
        k = j
        while k < len(far) and far[k] == near[i]:
            if count == len(codes):
                count = len(distinct_codes(codes))
                if 2 * count > len(codes):
                    grown = np.empty(2 * len(codes), np.int64)
                    grown[:count] = codes[:count]
                    codes = grown
            codes[count] = near_rel[i] * both + (far_rel[k] + relations) % both
            count += 1
            k += 1
        i += 1
    return distinct_codes(codes[:count])


@njit(cache=True, nogil=True)
def shortest(rows, adj, start, end, relations, hops, seen):
    """All shortest relation sequences of at most `hops` (1 to 3) steps from `start` to another entity `end`.

    Returns their length (0: none) and int64 codes in base 2R. The two ends' edges meet in the middle; from the end
    whose neighbours have fewer edges the middle steps are looked at. `seen` is a zeroed bitmap, zeroed on return.
    """
    near, near_rel = edges_of(rows, adj, start)
    low, high = first_at(near, 0, len(near), end), first_at(near, 0, len(near), end + 1)
    if high > low:
        return 1, distinct_codes(near_rel[low:high].copy())
    none = np.empty(0, np.int64)
    if hops < 2:
        return 0, none
    far, far_rel = edges_of(rows, adj, end)
    codes = meeting(near, near_rel, far, far_rel, relations)
    if len(codes):
        return 2, codes
    if hops < 3:
        return 0, none
    here, there = np.int64(0), np.int64(0)
    for node in near:
        here += degree(rows, adj, node)
    for node in far:
        there += degree(rows, adj, node)
    if here <= there:
        codes = middle_steps(rows, adj, near, near_rel, far, far_rel, False, relations, seen)
    else:
        codes = middle_steps(rows, adj, far, far_rel, near, near_rel, True, relations, seen)
    return (3 if len(codes) else 0), codes


@njit(cache=True, nogil=True)
def shortest_of_each(rows, adj, starts, stops, relations, hops, seen):
    """How many shortest relation sequences each of many pairs has; they are made too."""
    found = np.zeros(len(starts), np.int64)
    for i in range(len(starts)):
        _, codes = shortest(rows, adj, starts[i], stops[i], relations, hops, seen)
        found[i] = len(codes)
    return found


@njit(cache=True, nogil=True)
def chosen_edges(rows, adj, node, unwanted, dropped, relations, backwards):
    """The edges of `node` sorted by neighbour, but for those to `unwanted` and along the `dropped` relations (2R,).

    `backwards`: the edges are walked towards `node`, so that the relation is judged the other way round.
    """
    near, rel = edges_of(rows, adj, node)
    keep = near != unwanted
    for i in range(len(near)):
        signed = (rel[i] + relations) % (2 * relations) if backwards else rel[i]
        keep[i] &= not dropped[signed]
    return near[keep], rel[keep]


@njit(cache=True, nogil=True)
def sequences(rows, adj, start, barred, end, relations, hops, dropped, budget, seen):
    """All relation sequences of exactly `hops` (1 to 3) steps from `start` to `end`, and if complete.

    Walks do not come to `barred`, and use none of the `dropped` signed relations (bool (2R,)). Int64 codes in
    base 2R, sorted. Not complete (then without codes): the middle would take more than `budget` steps.
    `seen` is a zeroed bitmap, zeroed on return.
    """
    none = np.empty(0, np.int64)
    if degree(rows, adj, start) + degree(rows, adj, end) > budget:
        return none, False
    near, near_rel = chosen_edges(rows, adj, start, barred, dropped, relations, False)
    if hops == 1:
        low, high = first_at(near, 0, len(near), end), first_at(near, 0, len(near), end + 1)
        return distinct_codes(near_rel[low:high].copy()), True
    far, far_rel = chosen_edges(rows, adj, end, barred, dropped, relations, True)
    if hops == 2:
        return meeting(near, near_rel, far, far_rel, relations), True
    here, there = np.int64(0), np.int64(0)
    for i in range(len(near)):
        if i == 0 or near[i] != near[i - 1]:
            here += degree(rows, adj, near[i])
    for i in range(len(far)):
        if i == 0 or far[i] != far[i - 1]:
            there += degree(rows, adj, far[i])
    if min(here, there) > budget:
        return none, False
    if here <= there:
        codes = middle_steps(rows, adj, near, near_rel, far, far_rel, False, relations, seen)
    else:
        codes = middle_steps(rows, adj, far, far_rel, near, near_rel, True, relations, seen)
    both = np.int64(2 * relations)
    keep = np.empty(len(codes), np.bool_)
    for i in range(len(codes)):
        keep[i] = not dropped[codes[i] // both % both]
    return codes[keep], True


@njit(cache=True, nogil=True)
def reached(rows, adj, start, barred, rels, budget, seen):
    """The distinct ends (sorted) of the walks along `rels`, and whether that took at most `budget` steps."""
    nodes = np.full(1, start, np.int32)
    for rel in rels:
        steps = np.int64(0)
        for node in nodes:
            low, high = span(rows, adj, node, rel)
            steps += high - low
        budget -= steps
        if budget < 0:
            return nodes[:0], False
        nodes = follow(rows, adj, nodes, rel, barred, seen)
    return nodes, True


@njit(cache=True, nogil=True)
def matches(rows, adj, starts, returning, rels, bounds, answers, budget, seen):
    """For many relation paths (see `ends_of_each`), all walked from each of `starts`: ends, and those in `answers`.

    `answers` are sorted. -1 ends: walking it would have taken more than `budget` steps.
    """
    sizes, hits = np.zeros(len(bounds) - 1, np.int64), np.zeros(len(bounds) - 1, np.int64)
    for i in range(len(sizes)):
        path = rels[bounds[i] : bounds[i + 1]]
        ends_, whole = np.empty(0, np.int32), True
        for start in starts:
            more, also = reached(rows, adj, start, NOWHERE if returning else np.int64(start), path, budget, seen)
            ends_ = np.unique(np.concatenate((ends_, more))) if len(ends_) else more
            whole &= also
        if not whole:
            sizes[i] = -1
            continue
        sizes[i] = len(ends_)
        if len(ends_) < len(answers):
            for end in ends_:
                hits[i] += contains(answers, 0, len(answers), end)
        else:
            for answer in answers:
                hits[i] += contains(ends_, 0, len(ends_), answer)
    return sizes, hits
