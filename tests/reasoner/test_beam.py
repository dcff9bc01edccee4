"""Beam search over a model whose next-token probabilities are written down, and over a real one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import exp, log
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from planner.lm import LanguageModel, Node, Step, Tokens
from reasoner import beam
from reasoner.beam import relation_trie, write

PIECES = ["</s>", "\n", " ->", ":", " Ann", " Bob", " Cy", " rival", " foe", " mentor"]


class Table:
    """A model and its tree: what may follow which piece, with probabilities that sum to 1 at most."""

    def __init__(self, follows: Mapping[str, Mapping[str, float]]) -> None:
        self._follows = follows
        self.tokenizer = SimpleNamespace(eos_token_id=0, decode=lambda tokens, **_: "".join(PIECES[t] for t in tokens))

    def encode(self, text: str) -> Tokens:
        relation, colon = text[:-1], text[-1]
        return PIECES.index(relation), PIECES.index(colon)

    def tree(self, preamble: str, prompts: Sequence[str]) -> Table:
        self.prompts = prompts
        return self

    def begin(self) -> list[Node]:
        return [self._node("") for _ in self.prompts]

    def extend(self, nodes: Sequence[Node], options: Sequence[Sequence[Tokens]]) -> list[list[Step]]:
        return [[Step(0.0, self._node(PIECES[token]))] for ((token,),) in options]

    def _node(self, piece: str) -> Node:
        logp = np.full(len(PIECES), -30.0, np.float32)
        for text, share in self._follows[piece].items():
            logp[PIECES.index(text)] = log(share)
        return Node(logp, 0, np.empty(0, np.bool_))


def written(follows: Mapping[str, Mapping[str, float]], relations: Sequence[str] = ()) -> beam.Written:
    model: Any = Table(follows)
    (found,) = write(model, "", ["?"], 12, relation_trie(model, relations) if relations else None)
    return found


GOES_ON = {
    "": {" Ann": 1.0},
    " Ann": {" ->": 1.0},
    " ->": {" rival": 0.4, " foe": 0.3, " mentor": 0.3},
    " rival": {":": 1.0},
    " foe": {":": 1.0},
    " mentor": {":": 1.0},
    ":": {" Bob": 0.9, " Cy": 0.1},
    " Bob": {" ->": 0.6, "\n": 0.4},
    " Cy": {"\n": 1.0},
}


def test_ending_may_be_likelier_than_any_way_on() -> None:
    """Greedily " ->" follows Bob, again and again; the whole text that ends there is the most probable."""
    found = written(GOES_ON, ["foe", "mentor", "rival"])
    assert found.text == "Ann -> rival: Bob"
    assert found.logp == pytest.approx(log(0.4 * 0.9 * 0.4), abs=1e-5)


def test_after_an_arrow_comes_a_relation_that_exists() -> None:
    assert written(GOES_ON, ["mentor"]).text == "Ann -> mentor: Bob"
    assert written(GOES_ON).text.startswith("Ann -> rival: Bob -> rival")  # no recital: the likeliest next token


def test_a_text_that_never_ends_is_cut() -> None:
    found = written({**GOES_ON, " Bob": {" ->": 1.0}, " Cy": {" ->": 1.0}}, ["rival"])
    assert found.text.startswith("Ann -> rival: Bob -> ")


def test_no_less_probable_than_greedily_and_as_probable_as_the_model_says(tiny: LanguageModel) -> None:
    prompts = ["Who directed Heat?", "Where?", "Is it so?"]
    for prompt, found in zip(prompts, write(tiny, "", prompts, 6, relation_trie(tiny, ["rival"])), strict=True):
        tokens = list(tiny.prompt_tokens("", prompt))
        greedy = 0.0
        for _ in range(6):
            with torch.inference_mode():
                logp = tiny.model(torch.tensor([tokens])).logits[0, -1].log_softmax(-1)
            tokens.append(int(logp.argmax()))
            greedy += float(logp.max())
            if tokens[-1] == tiny.tokenizer.eos_token_id:
                break
        assert found.logp >= greedy - 1e-4
        assert 0 < exp(found.logp) <= 1
