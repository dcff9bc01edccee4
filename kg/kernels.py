"""Compiled walks over an index that keeps all of an entity together; arrays are read-only and may be memory-mapped.

The index is two arrays. Entity `n` owns the words `adj[rows[n]:rows[n + 1]]`: how many different signed relations it
has (`r` forwards, `r + R` backwards), a word for each of these slots in relation order, and its neighbours, slot after
slot, sorted. A slot's word is `relation << 16 | end`, where `end` is how many of the neighbours come before the next
slot. An entity that this is too narrow for stores its count negated, then all relations, then all ends. So a step
costs two cache misses, one for `rows` and one for `adj`, as long as the entity is no hub.

Walk semantics, the same on every backend: directed facts, explicit inverse steps, parallel edges kept, and a walk
never comes back to the entity it started from, unless the graph is `returning`. The entity that no step may lead to is
`barred` here: where the walk starts, or NOWHERE.
"""

# Without annotations: numba compiles by the types it is called with. Shapes stand in the docstrings.
# mypy: ignore-errors

import numpy as np
from numba import njit

AHEAD = 64  # queries of a batch whose first reads are made together
OVERFLOW = np.int64(2**61)  # two of them still fit
COMPLETE, LIMIT, BUDGET = 0, 1, 2
NOWHERE = np.int64(-1)
NARROW = 2**15  # signed relations, and neighbours of an entity, below which a slot fits one word


@njit(cache=True, nogil=True)
def slot_relation(adj, first, count, slot):
    """The signed relation of the `slot`th of the entity whose words begin at `first` with the number `count`."""
    word = np.int64(adj[first + 1 + slot])
    return word >> 16 if count > 0 else word


@njit(cache=True, nogil=True)
def slot_end(adj, first, count, slot):
    """Where the neighbours of the `slot`th end, in words from the entity's first neighbour; 0 before the first slot."""
    if slot < 0:
        return np.int64(0)
    if count > 0:
        return np.int64(adj[first + 1 + slot]) & 0xFFFF
    return np.int64(adj[first + 1 - count + slot])


@njit(cache=True, nogil=True)
def slots_of(rows, adj, node):
    """Of an entity: its first word, its count as stored (negative if wide), its slots, its first neighbour's place."""
    first = np.int64(rows[node])
    count = np.int64(adj[first])
    if count > 0:
        return first, count, count, first + 1 + count
    return first, count, -count, first + 1 - 2 * count


@njit(cache=True, nogil=True)
def span_at(adj, first, count, rel):
    """Where in `adj` the neighbours along `rel` lie, as (low, high), of the entity that begins at `first`."""
    slots = count if count > 0 else -count
    low, high = np.int64(0), slots
    while low < high:
        middle = (low + high) >> 1
        if slot_relation(adj, first, count, middle) < rel:
            low = middle + 1
        else:
            high = middle
    if low == slots or slot_relation(adj, first, count, low) != rel:
        return np.int64(0), np.int64(0)
    base = first + 1 + (count if count > 0 else -2 * count)
    return base + slot_end(adj, first, count, low - 1), base + slot_end(adj, first, count, low)


@njit(cache=True, nogil=True)
def span(rows, adj, node, rel):
    """Where in `adj` the neighbours of `node` along `rel` lie, as (low, high); empty if there are none."""
    first = np.int64(rows[node])
    return span_at(adj, first, np.int64(adj[first]), rel)


@njit(cache=True, nogil=True)
def degree(rows, adj, node):
    """How many steps leave an entity."""
    first, count, slots, _ = slots_of(rows, adj, node)
    return slot_end(adj, first, count, slots - 1)


@njit(cache=True, nogil=True)
def pack(node, rel, nbr, entities, relations):
    """The index of edges sorted by `node`, then signed `rel`, then `nbr`: rows int64 (entities + 1,), adj int32."""
    rows = np.zeros(entities + 1, np.int64)
    adj = np.empty(0, np.int32)
    for fill in range(2):
        size, i = np.int64(0), 0
        for entity in range(entities):
            begin, slots = i, 0
            while i < len(node) and node[i] == entity:
                slots += i == begin or rel[i] != rel[i - 1]
                i += 1
            wide = i - begin >= NARROW or 2 * relations >= NARROW
            if fill:
                adj[size] = -slots if wide else slots
                slot = np.int64(-1)
                for j in range(begin, i):
                    slot += j == begin or rel[j] != rel[j - 1]
                    if wide:
                        adj[size + 1 + slot] = rel[j]
                        adj[size + 1 + slots + slot] = j + 1 - begin
                    else:
                        adj[size + 1 + slot] = rel[j] << 16 | (j + 1 - begin)
                    adj[size + 1 + (2 * slots if wide else slots) + j - begin] = nbr[j]
            size += 1 + (2 * slots if wide else slots) + i - begin
            rows[entity + 1] = size
        if not fill:
            adj = np.empty(size, np.int32)
    return rows, adj


@njit(cache=True, nogil=True)
def forwards(rows, adj, relations):
    """Every fact: heads, relations and tails, sorted by head, then relation, then tail (int32)."""
    heads, rels, tails = np.empty(len(adj), np.int32), np.empty(len(adj), np.int32), np.empty(len(adj), np.int32)
    found = 0
    for node in range(len(rows) - 1):
        first, count, slots, neighbours = slots_of(rows, adj, node)
        for slot in range(slots):
            rel = slot_relation(adj, first, count, slot)
            if rel >= relations:
                break
            for i in range(slot_end(adj, first, count, slot - 1), slot_end(adj, first, count, slot)):
                heads[found], rels[found], tails[found] = node, rel, adj[neighbours + i]
                found += 1
    return heads[:found], rels[:found], tails[:found]


@njit(cache=True, nogil=True)
def first_at(values, low, high, wanted):
    """The first place in the sorted `values[low:high]` that holds at least `wanted`; `high` if none does."""
    while low < high:
        middle = (low + high) >> 1
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


@njit(cache=True, nogil=True)
def contains(values, low, high, wanted):
    """Whether the sorted `values[low:high]` hold `wanted`."""
    place = first_at(values, low, high, wanted)
    return place < high and values[place] == wanted


@njit(cache=True, nogil=True)
def has_fact(rows, adj, head, rel, tail):
    """Whether the index stores `(head, rel, tail)`."""
    low, high = span(rows, adj, head, rel)
    return contains(adj, low, high, tail)


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
def without(values, unwanted):
    """A copy of `values` but for the unwanted one."""
    out = np.empty(len(values), np.int32)
    count = 0
    for value in values:
        if value != unwanted:
            out[count] = value
            count += 1
    return out[:count]


@njit(cache=True, nogil=True)
def follow(rows, adj, nodes, rel, barred, seen):
    """The distinct ends (sorted, without `barred`) of one step along `rel` from the sorted `nodes`.

    `seen` is a zeroed bitmap of uint64 words over all nodes; it is zeroed again on return.
    """
    if len(nodes) == 1:
        low, high = span(rows, adj, nodes[0], rel)
        return without(adj[low:high], barred)
    # Loops whose reads do not wait for one another: the processor then has many cache misses under way at once.
    low, high = np.empty(len(nodes), np.int64), np.empty(len(nodes), np.int64)
    for i in range(len(nodes)):
        low[i] = rows[nodes[i]]
    for i in range(len(nodes)):
        high[i] = adj[low[i]]
    hits, total = 0, np.int64(0)
    for i in range(len(nodes)):
        low[hits], high[hits] = span_at(adj, low[i], high[i], rel)
        total += high[hits] - low[hits]
        hits += high[hits] > low[hits]
    if hits == 1:
        return without(adj[low[0] : high[0]], barred)
    out = np.empty(min(total, np.int64(len(rows) - 1)), np.int32)
    count = 0
    first_word, last_word = len(seen), -1
    last, in_order = np.int32(-1), True
    for i in range(hits):
        for j in range(low[i], high[i]):
            end = adj[j]
            word, bit = end >> 6, np.uint64(1) << np.uint64(end & 63)
            if end != barred and not seen[word] & bit:
                seen[word] |= bit
                out[count] = end
                count += 1
                first_word, last_word = min(first_word, word), max(last_word, word)
                in_order &= end > last
                last = end
    if (
        not in_order and last_word - first_word < count // 4
    ):  # so dense that reading the bitmap in order is faster than sorting
        count = 0
        for word in range(first_word, last_word + 1):
            bits = seen[word]
            seen[word] = 0
            place = np.int32(word << 6)
            while bits:
                if bits & np.uint64(1):
                    out[count] = place
                    count += 1
                bits >>= np.uint64(1)
                place += 1
        return out[:count]
    for end in out[:count]:
        seen[end >> 6] = 0
    out = out[:count]
    if not in_order:
        out.sort()
    return out


@njit(cache=True, nogil=True)
def leaving(rows, adj, nodes, barred, relations):
    """Per signed relation, how many steps leave the sorted `nodes` for anywhere but `barred`: int64 (2R,)."""
    counts = np.zeros(2 * relations, np.int64)
    for node in nodes:
        first, count, slots, _ = slots_of(rows, adj, node)
        for slot in range(slots):
            size = slot_end(adj, first, count, slot) - slot_end(adj, first, count, slot - 1)
            counts[slot_relation(adj, first, count, slot)] += size
    if barred == NOWHERE:
        return counts
    # A step to the barred entity is the same fact seen from there, so its own slots list them all.
    first, count, slots, neighbours = slots_of(rows, adj, barred)
    for slot in range(slots):
        low = neighbours + slot_end(adj, first, count, slot - 1)
        high = neighbours + slot_end(adj, first, count, slot)
        rel = slot_relation(adj, first, count, slot)
        back = rel - relations if rel >= relations else rel + relations
        if high - low > 8 * len(nodes):
            for node in nodes:
                counts[back] -= contains(adj, low, high, node)
        else:
            for i in range(low, high):
                counts[back] -= contains(nodes, 0, len(nodes), adj[i])
    return counts


@njit(cache=True, nogil=True)
def walks(rows, adj, start, barred, rels, limit, budget, alive, alive_ptr):
    """The first `limit` walks from `start` along `rels` in depth-first (id) order: int32 (n, hops + 1), status.

    Status is COMPLETE (these are all), LIMIT (there may be more) or BUDGET (`budget` steps were spent).
    `alive[alive_ptr[d]:alive_ptr[d + 1]]`, if given, are the only nodes worth visiting after `d` hops.
    """
    hops = len(rels)
    found = np.empty((limit, hops + 1), np.int32)
    here = np.empty(hops + 1, np.int32)
    position, stop = np.zeros(hops + 1, np.int64), np.zeros(hops + 1, np.int64)
    here[0] = start
    position[0], stop[0] = span(rows, adj, start, rels[0])
    count, depth, pruned = 0, 0, len(alive_ptr) > 0
    while depth >= 0:
        if position[depth] == stop[depth]:
            depth -= 1
            continue
        end = adj[position[depth]]
        position[depth] += 1
        budget -= 1
        if budget < 0:
            return found[:count], BUDGET
        if end == barred:
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
        low, high = span(rows, adj, end, rels[depth + 1])
        if low < high:
            depth += 1
            position[depth], stop[depth] = low, high
    return found[:count], COMPLETE


@njit(cache=True, nogil=True)
def count_walks(rows, adj, start, barred, rels, seen, ways):
    """How many walks lead from `start` along `rels`, capped at 2^61.

    `seen` (bitmap) and `ways` (int64 per node) are zeroed scratch space and are zeroed again on return.
    """
    nodes = np.full(1, start, np.int32)
    weights = np.ones(1, np.int64)
    for rel in rels:
        reached = follow(rows, adj, nodes, rel, barred, seen)
        for i in range(len(nodes)):
            low, high = span(rows, adj, nodes[i], rel)
            for j in range(low, high):
                if adj[j] != barred:
                    ways[adj[j]] = min(OVERFLOW, ways[adj[j]] + weights[i])
        weights = ways[reached]
        for node in reached:
            ways[node] = 0
        nodes = reached
    total = np.int64(0)
    for weight in weights:
        total = min(OVERFLOW, total + weight)
    return total


@njit(cache=True, nogil=True)
def step_back(rows, adj, layer, rel, after):
    """Those of the sorted nodes `layer` from which a step along `rel` reaches the sorted nodes `after`."""
    keep = np.zeros(len(layer), np.bool_)
    for i in range(len(layer)):
        low, high = span(rows, adj, layer[i], rel)
        if high - low > len(after):
            for node in after:
                if contains(adj, low, high, node):
                    keep[i] = True
                    break
        else:
            for j in range(low, high):
                if contains(after, 0, len(after), adj[j]):
                    keep[i] = True
                    break
    return layer[keep]


@njit(cache=True, nogil=True)
def ends(rows, adj, start, barred, rels, seen):
    """The distinct ends (sorted) of the walks from `start` along `rels`."""
    nodes = np.full(1, start, np.int32)
    for rel in rels:
        nodes = follow(rows, adj, nodes, rel, barred, seen)
    return nodes


@njit(cache=True, nogil=True)
def ends_of_each(rows, adj, starts, returning, rels, bounds, seen):
    """The ends for many queries in one array, and where each stops; query `i` walks `rels[bounds[i]:bounds[i + 1]]`."""
    out = np.empty(max(1024, 4 * len(starts)), np.int32)
    stops = np.zeros(len(starts) + 1, np.int64)
    ahead = np.empty(AHEAD, np.int64)
    for i in range(len(starts)):
        if i % AHEAD == 0:  # fetch what the next queries begin with, many cache misses at once
            some = starts[i : i + AHEAD]
            for j in range(len(some)):
                ahead[j] = rows[some[j]]
            for j in range(len(some)):
                ahead[j] = adj[ahead[j]]
        barred = NOWHERE if returning else np.int64(starts[i])
        found = ends(rows, adj, starts[i], barred, rels[bounds[i] : bounds[i + 1]], seen)
        stops[i + 1] = stops[i] + len(found)
        if stops[i + 1] > len(out):
            grown = np.empty(2 * stops[i + 1], np.int32)
            grown[: stops[i]] = out[: stops[i]]
            out = grown
        out[stops[i] : stops[i + 1]] = found
    return out[: stops[-1]], stops


@njit(cache=True, nogil=True)
def walks_of_each(rows, adj, starts, rels, bounds, limit):
    """How many of the first `limit` walks each of many queries has (see `ends_of_each`); the walks are made too."""
    found = np.zeros(len(starts), np.int64)
    nothing, nowhere = np.empty(0, np.int32), np.empty(0, np.int64)
    for i in range(len(starts)):
        path = rels[bounds[i] : bounds[i + 1]]
        made, _ = walks(rows, adj, starts[i], np.int64(starts[i]), path, limit, 2**62, nothing, nowhere)
        found[i] = len(made)
    return found
