"""Compiled checks of a stored graph: after them no kernel reads or writes outside an array, whatever the bytes.

One pass over the index and one over the keys; both take the arrays as they are mapped and trust nothing in them.
"""

# Without annotations: numba compiles by the types it is called with. Shapes stand in the docstrings.
# mypy: ignore-errors

import numpy as np
from numba import njit

RIGHT = -1  # no entity is wrong


@njit(cache=True, nogil=True)
def mixed(value):
    """A number scrambled (the finaliser of splitmix64): sums of these tell two multisets of numbers apart."""
    value = (value ^ (value >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    value = (value ^ (value >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return value ^ (value >> np.uint64(31))


@njit(cache=True, nogil=True)
def fact_mark(head, rel, tail):
    """A mark of one fact."""
    ends = (np.uint64(head) << np.uint64(32)) | np.uint64(tail)
    return mixed(ends ^ mixed(np.uint64(rel) + np.uint64(0x9E3779B97F4A7C15)))


@njit(cache=True, nogil=True)
def wrong_entity(rows, adj, relations):
    """The first entity whose words in `adj` are not as `kernels.pack` writes them, or RIGHT; and what there is.

    Also returned: the facts seen forwards and backwards, and whether both are the same facts (by sums of marks).
    Checked of each entity: its words lie within `adj`, it has a slot, its slots' relations rise within (0, 2R), their
    ends rise to exactly its last word, and its neighbours rise within each slot and are entities.
    """
    entities = len(rows) - 1
    forwards, backwards = np.int64(0), np.int64(0)
    balance = np.uint64(0)
    if np.int64(rows[0]) != 0 or np.int64(rows[entities]) != len(adj):
        return np.int64(0), forwards, backwards, False
    for node in range(entities):
        first, stop = np.int64(rows[node]), np.int64(rows[node + 1])
        if first < 0 or stop > len(adj) or stop - first < 3:  # a count, a slot, a neighbour
            return np.int64(node), forwards, backwards, False
        count = np.int64(adj[first])
        slots = abs(count)
        begin = first + 1 + (slots if count > 0 else 2 * slots)  # of the neighbours
        if slots == 0 or begin >= stop:
            return np.int64(node), forwards, backwards, False
        last_rel, low = np.int64(-1), begin
        for slot in range(slots):
            word = np.int64(adj[first + 1 + slot])
            rel = word >> 16 if count > 0 else word
            high = begin + (word & 0xFFFF if count > 0 else np.int64(adj[first + 1 + slots + slot]))
            if rel <= last_rel or rel >= 2 * relations or high <= low or high > stop:
                return np.int64(node), forwards, backwards, False
            last = np.int64(-1)
            for i in range(low, high):
                end = np.int64(adj[i])
                if end <= last or end >= entities:
                    return np.int64(node), forwards, backwards, False
                last = end
                if rel < relations:
                    balance += fact_mark(node, rel, end)
                else:
                    balance -= fact_mark(end, rel - relations, node)
            if rel < relations:
                forwards += high - low
            else:
                backwards += high - low
            last_rel, low = rel, high
        if low != stop:
            return np.int64(node), forwards, backwards, False
    return np.int64(RIGHT), forwards, backwards, balance == 0


@njit(cache=True, nogil=True)
def wrong_key(ends, blob):
    """The first key that does not lie within `blob`, begins inside of a character or does not follow the one before.

    RIGHT if there is none. Keys are `blob[ends[i]:ends[i + 1]]`, in the order of their bytes, each once.
    """
    keys = len(ends) - 1
    if np.int64(ends[0]) != 0 or np.int64(ends[keys]) != len(blob):
        return np.int64(0)
    before = np.int64(0)  # where the key before begins
    for key in range(keys):
        start, stop = np.int64(ends[key]), np.int64(ends[key + 1])
        if start < 0 or stop < start or stop > len(blob):
            return np.int64(key)
        if start < stop and (blob[start] & 0xC0) == 0x80:
            return np.int64(key)
        if key:
            common = min(start - before, stop - start)
            i = np.int64(0)
            while i < common and blob[before + i] == blob[start + i]:
                i += 1
            rises = stop - start > start - before if i == common else blob[before + i] < blob[start + i]
            if not rises:
                return np.int64(key)
        before = start
    return np.int64(RIGHT)
