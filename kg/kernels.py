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


@njit(cache=True, nogil=True)
def ends(rows, slot_rel, slot_ptr, nbr, start, rels, seen):
    """The distinct ends (sorted) of the walks from `start` along `rels`."""
    nodes = np.full(1, start, np.int32)
    for rel in rels:
        nodes = follow(rows, slot_rel, slot_ptr, nbr, nodes, rel, start, seen)
    return nodes


@njit(cache=True, nogil=True)
def ends_of_each(rows, slot_rel, slot_ptr, nbr, starts, rels, bounds, seen):
    """The ends for many queries in one array, and where each stops; query `i` walks `rels[bounds[i]:bounds[i + 1]]`."""
    out = np.empty(max(1024, 4 * len(starts)), np.int32)
    stops = np.zeros(len(starts) + 1, np.int64)
    for i in range(len(starts)):
        found = ends(rows, slot_rel, slot_ptr, nbr, starts[i], rels[bounds[i] : bounds[i + 1]], seen)
        stops[i + 1] = stops[i] + len(found)
        if stops[i + 1] > len(out):
            grown = np.empty(2 * stops[i + 1], np.int32)
            grown[: stops[i]] = out[: stops[i]]
            out = grown
        out[stops[i] : stops[i + 1]] = found
    return out[: stops[-1]], stops


@njit(cache=True, nogil=True)
def walks_of_each(rows, slot_rel, slot_ptr, nbr, starts, rels, bounds, limit):
    """How many of the first `limit` walks each of many queries has (see `ends_of_each`); the walks are made too."""
    found = np.zeros(len(starts), np.int64)
    nothing, nowhere = np.empty(0, np.int32), np.empty(0, np.int64)
    for i in range(len(starts)):
        path = rels[bounds[i] : bounds[i + 1]]
        made, _ = walks(rows, slot_rel, slot_ptr, nbr, starts[i], path, limit, 2**62, nothing, nowhere)
        found[i] = len(made)
    return found


@njit(cache=True, nogil=True)
def edges_of(rows, slot_rel, slot_ptr, nbr, node):
    """The edges of a node, sorted by neighbour: neighbours and signed relations."""
    first, last = np.int64(rows[node]), np.int64(rows[node + 1])
    size = np.int64(slot_ptr[last]) - np.int64(slot_ptr[first])
    key = np.empty(size, np.int64)
    count = 0
    for slot in range(first, last):
        for i in range(np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1])):
            key[count] = (np.int64(nbr[i]) << 32) | np.int64(slot_rel[slot])
            count += 1
    key.sort()
    return (key >> 32).astype(np.int32), (key & 0xFFFFFFFF).astype(np.int64)


@njit(cache=True, nogil=True)
def first_at(values, wanted):
    """The first place in sorted `values` that holds at least `wanted`."""
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


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
def middle_steps(rows, slot_rel, slot_ptr, nbr, near, near_rel, far, far_rel, flip, relations, seen):
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
        for slot in range(np.int64(rows[near[i]]), np.int64(rows[near[i] + 1])):
            step = np.int64(slot_rel[slot])
            for j in range(np.int64(slot_ptr[slot]), np.int64(slot_ptr[slot + 1])):
                end = nbr[j]
                if not seen[end >> 6] & (np.uint64(1) << np.uint64(end & 63)):
                    continue
                place = first_at(far, end)
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
def shortest(rows, slot_rel, slot_ptr, nbr, start, end, relations, hops, seen):
    """All shortest relation sequences of at most `hops` (1 to 3) steps from `start` to another entity `end`.

    Returns their length (0: none) and int64 codes in base 2R. The two ends' edges meet in the middle; from the end
    whose neighbours have fewer edges the middle steps are looked at. `seen` is a zeroed bitmap, zeroed on return.
    """
    both = np.int64(2 * relations)
    near, near_rel = edges_of(rows, slot_rel, slot_ptr, nbr, start)
    low, high = first_at(near, end), first_at(near, end + 1)
    if high > low:
        return 1, distinct_codes(near_rel[low:high].copy())
    none = np.empty(0, np.int64)
    if hops < 2:
        return 0, none
    far, far_rel = edges_of(rows, slot_rel, slot_ptr, nbr, end)
    pairs = 0
    for fill in range(2):
        codes = np.empty(pairs, np.int64)
        pairs, i, j = 0, 0, 0
        while i < len(near) and j < len(far):
            if near[i] < far[j]:
                i = first_at(near[i:], far[j]) + i if len(near) > 8 * len(far) else i + 1
            elif near[i] > far[j]:
                j = first_at(far[j:], near[i]) + j if len(far) > 8 * len(near) else j + 1
            else:
                node, top = near[i], j
                while i < len(near) and near[i] == node:
                    top = j
                    while top < len(far) and far[top] == node:
                        if fill:
                            codes[pairs] = near_rel[i] * both + (far_rel[top] + relations) % both
                        pairs += 1
                        top += 1
                    i += 1
                j = top
        if pairs == 0:
            break
        if fill:
            return 2, distinct_codes(codes)
    if hops < 3:
        return 0, none
    here, there = np.int64(0), np.int64(0)
    for node in near:
        here += np.int64(slot_ptr[rows[node + 1]]) - np.int64(slot_ptr[rows[node]])
    for node in far:
        there += np.int64(slot_ptr[rows[node + 1]]) - np.int64(slot_ptr[rows[node]])
    if here <= there:
        codes = middle_steps(rows, slot_rel, slot_ptr, nbr, near, near_rel, far, far_rel, False, relations, seen)
    else:
        codes = middle_steps(rows, slot_rel, slot_ptr, nbr, far, far_rel, near, near_rel, True, relations, seen)
    return (3 if len(codes) else 0), codes


@njit(cache=True, nogil=True)
def shortest_of_each(rows, slot_rel, slot_ptr, nbr, starts, stops, relations, hops, seen):
    """How many shortest relation sequences each of many pairs has; they are made too."""
    found = np.zeros(len(starts), np.int64)
    for i in range(len(starts)):
        _, codes = shortest(rows, slot_rel, slot_ptr, nbr, starts[i], stops[i], relations, hops, seen)
        found[i] = len(codes)
    return found
