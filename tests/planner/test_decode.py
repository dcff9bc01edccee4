"""Exactness: best-first search returns what enumerating everything would."""

from __future__ import annotations

import random
from collections.abc import Sequence
from math import exp

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import ModelError
from kg.open import open_graph
from kg.types import RelationPath
from planner.decode import Decoded, Effort, Spelling, decode, trie_of
from planner.lm import Node, Tokens
from planner.space import PlanSpace

VOCABULARY = 12
SEPARATOR, END = (10,), 11
# Names of one to four tokens; some begin alike, some are the beginning of another.
NAMES = {"r": (1,), "s": (1, 2), "t": (1, 2, 3, 4), "~r": (5, 6), "~s": (5, 6, 7), "~t": (8, 9, 1)}
SPELLING = Spelling(NAMES.__getitem__, SEPARATOR, END)


class FakeTree:
    """A language model of its own: some distribution over the next token for each sequence of tokens."""

    def __init__(self, seed: int, flat: bool = False) -> None:
        self._seed, self._flat = seed, flat
        self._prefixes: dict[int, Tokens] = {}
        self.passes = 0

    def distribution(self, prefix: Tokens) -> np.ndarray:
        weights = [
            1.0 if self._flat else random.Random(f"{self._seed} {prefix} {t}").random() for t in range(VOCABULARY)
        ]
        logp: np.ndarray = np.log(np.array(weights) / sum(weights)).astype(np.float32)
        return logp

    def _node(self, prefix: Tokens) -> Node:
        node = Node(self.distribution(prefix), len(prefix), np.empty(0, np.bool_))
        self._prefixes[id(node)] = prefix
        self._kept = [*getattr(self, "_kept", []), node]  # so that no id is used twice
        return node

    def begin(self, ahead: Sequence[Sequence[Tokens]] = ()) -> list[Node]:
        roots = [self._node(()) for _ in ahead]
        self._read(roots, ahead)
        return roots

    def read(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> None:
        self.passes += 1
        self._read(nodes, options)

    def _read(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> None:
        for node, choices in zip(nodes, options, strict=True):
            for choice in choices:
                place = node
                for token in choice:
                    prefix = (*self._prefixes[id(place)], token)
                    place = place.after.setdefault(token, self._node(prefix))

    def logp(self, path: RelationPath) -> float:
        tokens = SPELLING.plan(path)
        return sum(float(self.distribution(tokens[:i])[token]) for i, token in enumerate(tokens))


def space(facts: list[tuple[str, str, str]], topic: str, hops: int) -> PlanSpace:
    return PlanSpace(open_graph(facts), [topic], hops)


KEYS = st.sampled_from("abcde")
FACTS = st.lists(st.tuples(KEYS, st.sampled_from("rst"), KEYS), min_size=1, max_size=10)


@settings(max_examples=150)
@given(FACTS, st.integers(1, 3), st.integers(1, 6), st.integers(0, 99), st.integers(1, 9))
def test_the_top_k_is_that_of_brute_force(
    facts: list[tuple[str, str, str]], hops: int, k: int, seed: int, batch: int
) -> None:
    legal = space(facts, facts[0][0], hops)
    plans, complete = legal.plans(10**6)
    tree = FakeTree(seed)
    decoded = decode([legal], tree, SPELLING, k, Effort(batch, 10**6))[0]
    logps = {plan: tree.logp(plan) for plan in plans}
    expected = sorted(plans, key=lambda plan: -logps[plan])[:k]
    assert complete
    assert decoded.exact
    assert [best.path for best in decoded.best] == expected
    assert [best.logp for best in decoded.best] == pytest.approx([logps[plan] for plan in expected], abs=1e-5)
    assert exp(decoded.log_total) >= sum(map(exp, logps.values())) - 1e-6


def test_no_legal_plan_is_no_plan() -> None:
    tree = FakeTree(0)
    assert decode([space([("a", "r", "a")], "a", 3)], tree, SPELLING, 3)[0] == Decoded((), float("-inf"), True, 0)
    assert tree.passes == 0


def test_plans_end_where_nothing_continues() -> None:
    decoded = decode([space([("a", "r", "b")], "a", 3)], FakeTree(0), SPELLING, 5)[0]
    assert [best.path for best in decoded.best] == [("r",)]


def test_no_plan_walks_a_hidden_relation() -> None:
    facts = [("a", "r", "b"), ("b", "kg.object_profile.x", "c"), ("d", "type.object.type", "a")]
    assert space(facts, "a", 2).plans(99) == ([("r",)], True)
    hidden = "type.object.type"
    assert open_graph([("a", hidden, "b")]).frontier(["a"]).follow(hidden).entities == ("b",)


def complete_graph(size: int) -> list[tuple[str, str, str]]:
    return [(str(i), relation, str(j)) for i in range(size) for j in range(size) for relation in "rst"]


def test_a_budget_is_kept_and_admitted() -> None:
    decoded = decode([space(complete_graph(4), "0", 4)], FakeTree(0, flat=True), SPELLING, 500, Effort(2, 30))[0]
    assert not decoded.exact
    assert decoded.read <= 31
    assert 0 < len(decoded.best) < 500
    assert len({best.path for best in decoded.best}) == len(decoded.best)


def test_the_batch_does_not_change_the_result() -> None:
    legal = space(complete_graph(3), "0", 3)
    results = {decode([legal], FakeTree(5), SPELLING, 4, Effort(batch))[0].best for batch in (1, 2, 8, 64)}
    assert len(results) == 1


def test_questions_side_by_side_are_decoded_as_alone() -> None:
    spaces = [space(complete_graph(3), "0", 2), space([("a", "r", "b")], "a", 3), space([("a", "r", "a")], "a", 3)]
    tree = FakeTree(7)
    together = decode(spaces, tree, SPELLING, 3)
    alone = [decode([one], FakeTree(7), SPELLING, 3)[0] for one in spaces]
    assert together == alone
    assert tree.passes == max(decoded.read for decoded in alone) or tree.passes < sum(d.read for d in alone)


def test_it_stops_when_the_rest_cannot_matter() -> None:
    legal = space(complete_graph(3), "0", 3)
    whole = decode([legal], FakeTree(5), SPELLING, 50)[0]
    share = exp(whole.best[0].logp - whole.log_total)
    short = decode([legal], FakeTree(5), SPELLING, 50, Effort(mass=share / 2))[0]
    assert short.exact
    assert short.best == whole.best[: len(short.best)]
    assert len(short.best) < 50
    assert sum(exp(best.logp - short.log_total) for best in short.best) >= share / 2


@given(st.integers(0, 99), st.lists(st.sampled_from([("r",), ("r", "s"), ("s", "t", "~t"), ("~r", "t")]), max_size=4))
def test_drafts_change_no_result(seed: int, drafts: list[RelationPath]) -> None:
    legal = space(complete_graph(3), "0", 3)
    plain, drafted = FakeTree(seed), FakeTree(seed)
    before = decode([legal], plain, SPELLING, 4, Effort(batch=4))[0]
    after = decode([legal], drafted, SPELLING, 4, Effort(batch=4), [drafts])[0]
    assert after.best == before.best
    assert after.log_total == pytest.approx(before.log_total, abs=1e-5)


def test_a_draft_that_is_right_needs_no_pass_but_the_first() -> None:
    legal = space(complete_graph(3), "0", 3)
    tree = FakeTree(3)
    best = decode([legal], tree, SPELLING, 1)[0].best
    again = FakeTree(3)
    short = decode([legal], again, SPELLING, 1, Effort(mass=1e-9), [[best[0].path]])[0]
    assert short.best == best
    assert again.passes < tree.passes


def test_little_is_read() -> None:
    """A stretch without a branch is one prefix, and hopeless ones are never read."""
    tree = FakeTree(3)
    legal = space(complete_graph(3), "0", 3)
    decoded = decode([legal], tree, SPELLING, 1, Effort(batch=1))[0]
    assert decoded.exact
    assert decoded.read < len(legal.plans(10**6)[0]) / 5


def test_names_of_the_same_tokens_are_refused() -> None:
    with pytest.raises(ModelError, match="do not tell the relations 'r' and 's' apart"):
        trie_of([("r", (1, 2)), ("s", (1, 2))])


def test_a_trie_keeps_names_that_begin_others() -> None:
    trie = trie_of(NAMES.items())
    assert trie.children[1].ends == "r"
    assert trie.children[1].children[2].ends == "s"
    assert trie.children[1].children[2].children[3].ends is None
