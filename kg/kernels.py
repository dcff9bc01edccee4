"""Compiled walks over a two-level CSR index; every array is read-only and may be memory-mapped.

An index is four arrays. Node `n` owns the slots `rows[n]:rows[n + 1]`; slot `s` holds the signed relation
`slot_rel[s]` (`r` forwards, `r + R` backwards) and its neighbours `nbr[slot_ptr[s]:slot_ptr[s + 1]]`, sorted.
Walk semantics, the same on every backend: directed facts, explicit inverse steps, parallel edges kept, and a
walk never comes back to the entity it started from.
"""

# Without annotations: numba compiles by the types it is called with. Shapes stand in the docstrings.
# mypy: ignore-errors

import numpy as np
from numba import njit

OVERFLOW = np.int64(2**61)  # two of them still fit
COMPLETE, LIMIT, BUDGET = 0, 1, 2


@njit(cache=True, nogil=True)
def find_slot(rows, slot_rel, node, rel):
    """The slot of `node` that holds `rel`, or -1."""
    low, high = np.int64(rows[node]), np.int64(rows[node + 1])
    while low < high:
        middle = (low + high) >> 1
        if slot_rel[middle] < rel:
            low = middle + 1
        else:
            high = middle
    return low if low < np.int64(rows[node + 1]) and slot_rel[low] == rel else np.int64(-1)


@njit(cache=True, nogil=True)
def contains(values, low, high, wanted):
    """Whether the sorted `values[low:high]` hold `wanted`."""
    end = high
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low < end and values[low] == wanted


@njit(cache=True, nogil=True)
def has_fact(rows, slot_rel, slot_ptr, nbr, head, rel, tail):
    """Whether the index stores `(head, rel, tail)`."""
    slot = find_slot(rows, slot_rel, head, rel)
    return slot >= 0 and contains(nbr, np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1]), tail)


@njit(cache=True, nogil=True)
def find_key(ends, blob, wanted):
    """The position of the bytes `wanted` among the sorted keys `blob[ends[i]:ends[i + 1]]`, or -1."""
    low, high = 0, len(ends) - 1
    while low < high:
        middle = (low + high) >> 1
        start, stop = np.int64(ends[middle]), np.int64(ends[middle + 1])
        size = min(stop - start, len(wanted))
        order = 0
        for i in range(size):
            if blob[start + i] != wanted[i]:
                order = -1 if blob[start + i] < wanted[i] else 1
                break
        if order == 0:
            order = (stop - start) - len(wanted)
        if order < 0:
            low = middle + 1
        elif order > 0:
            high = middle
        else:
            return middle
    return -1


@njit(cache=True, nogil=True)
def follow(rows, slot_rel, slot_ptr, nbr, nodes, rel, start, seen):
    """The distinct ends (sorted, without `start`) of one step along `rel` from the sorted `nodes`.

    `seen` is a zeroed bitmap of uint64 words over all nodes; it is zeroed again on return.
    """
    slots = np.empty(len(nodes), np.int64)
    hits, total = 0, np.int64(0)
    for node in nodes:
        slot = find_slot(rows, slot_rel, node, rel)
        if slot >= 0:
            slots[hits] = slot
            hits += 1
            total += np.int64(slot_ptr[slot + 1]) - np.int64(slot_ptr[slot])
    out = np.empty(min(total, np.int64(len(rows) - 1)), np.int32)
    count = 0
    if hits == 1:
        for i in range(np.int64(slot_ptr[slots[0]]), np.int64(slot_ptr[slots[0] + 1])):
            if nbr[i] != start:
                out[count] = nbr[i]
                count += 1
        return out[:count]
    for slot in slots[:hits]:
        for i in range(np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1])):
            end = nbr[i]
            word, bit = end >> 6, np.uint64(1) << np.uint64(end & 63)
            if end != start and not seen[word] & bit:
                seen[word] |= bit
                out[count] = end
                count += 1
    for end in out[:count]:
        seen[end >> 6] = 0
    out = out[:count]
    out.sort()
    return out


@njit(cache=True, nogil=True)
def leaving(rows, slot_rel, slot_ptr, nbr, nodes, start, relations):
    """Per signed relation, how many steps leave the sorted `nodes` for anywhere but `start`: int64 (2R,)."""
    counts = np.zeros(2 * relations, np.int64)
    for node in nodes:
        for slot in range(np.int64(rows[node]), np.int64(rows[node + 1])):
            counts[slot_rel[slot]] += np.int64(slot_ptr[slot + 1]) - np.int64(slot_ptr[slot])
    # A step back to the start is the same fact seen from the start, so its own slots list them all.
    for slot in range(np.int64(rows[start]), np.int64(rows[start + 1])):
        low, high = np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1])
        rel = np.int64(slot_rel[slot])
        back = rel - relations if rel >= relations else rel + relations
        if high - low > 8 * len(nodes):
            for node in nodes:
                counts[back] -= contains(nbr, low, high, node)
        else:
            for i in range(low, high):
                counts[back] -= contains(nodes, 0, len(nodes), nbr[i])
    return counts


@njit(cache=True, nogil=True)
def walks(rows, slot_rel, slot_ptr, nbr, start, rels, limit, budget, alive, alive_ptr):
    """The first `limit` walks from `start` along `rels` in depth-first (id) order: int32 (n, hops + 1), status.

    Status is COMPLETE (these are all), LIMIT (there may be more) or BUDGET (`budget` steps were spent).
    `alive[alive_ptr[d]:alive_ptr[d + 1]]`, if given, are the only nodes worth visiting after `d` hops.
    """
    hops = len(rels)
    found = np.empty((limit, hops + 1), np.int32)
    here = np.empty(hops + 1, np.int32)
    position, stop = np.zeros(hops + 1, np.int64), np.zeros(hops + 1, np.int64)
    here[0] = start
    slot = find_slot(rows, slot_rel, start, rels[0])
    if slot >= 0:
        position[0], stop[0] = np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1])
    count, depth, pruned = 0, 0, len(alive_ptr) > 0
    while depth >= 0:
        if position[depth] == stop[depth]:
            depth -= 1
            continue
        end = nbr[position[depth]]
        position[depth] += 1
        budget -= 1
        if budget < 0:
            return found[:count], BUDGET
        if end == start:
            continue
        if pruned and not contains(alive, alive_ptr[depth + 1], alive_ptr[depth + 2], end):
            continue
        here[depth + 1] = end
        if depth + 1 == hops:
            if count == limit:
                return found, LIMIT
            found[count] = here
            count += 1
            continue
        slot = find_slot(rows, slot_rel, end, rels[depth + 1])
        if slot >= 0:
            depth += 1
            position[depth], stop[depth] = np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1])
    return found[:count], COMPLETE


@njit(cache=True, nogil=True)
def count_walks(rows, slot_rel, slot_ptr, nbr, start, rels, seen, ways):
    """How many walks lead from `start` along `rels`, capped at 2^61.

    `seen` (bitmap) and `ways` (int64 per node) are zeroed scratch space and are zeroed again on return.
    """
    nodes = np.full(1, start, np.int32)
    weights = np.ones(1, np.int64)
    for rel in rels:
        reached = follow(rows, slot_rel, slot_ptr, nbr, nodes, rel, start, seen)
        for i in range(len(nodes)):
            slot = find_slot(rows, slot_rel, nodes[i], rel)
            if slot < 0:
                continue
            for j in range(np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1])):
                if nbr[j] != start:
                    ways[nbr[j]] = min(OVERFLOW, ways[nbr[j]] + weights[i])
        weights = ways[reached]
        for node in reached:
            ways[node] = 0
        nodes = reached
    total = np.int64(0)
    for weight in weights:
        total = min(OVERFLOW, total + weight)
    return total


@njit(cache=True, nogil=True)
def step_back(rows, slot_rel, slot_ptr, nbr, layer, rel, after):
    """Those of the sorted nodes `layer` from which a step along `rel` reaches the sorted nodes `after`."""
    keep = np.zeros(len(layer), np.bool_)
    for i in range(len(layer)):
        slot = find_slot(rows, slot_rel, layer[i], rel)
        if slot < 0:
            continue
        low, high = np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1])
        if high - low > len(after):
            for node in after:
                if contains(nbr, low, high, node):
                    keep[i] = True
                    break
        else:
            for j in range(low, high):
                if contains(after, 0, len(after), nbr[j]):
                    keep[i] = True
                    break
    return layer[keep]
