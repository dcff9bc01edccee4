"""The token tree gives the same numbers as a plain forward pass over each sequence, for any shape of tree."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from kg.errors import ModelError
from kg.graph import Graph
from kg.link import link
from kg.types import Question
from planner.base import Planner
from planner.lm import LanguageModel
from planner.neural import LmPlanner
from planner.prompts import plan_preamble, planner_question
from planner.space import plan_space


def plain(lm: LanguageModel, before: tuple[int, ...], after: tuple[int, ...]) -> float:
    """The log-probability of `after` following `before`, by one ordinary forward pass."""
    with torch.inference_mode():
        logits = lm.model(torch.tensor([before + after])).logits[0]
    logp = logits.log_softmax(-1)
    return sum(float(logp[len(before) - 1 + i, token]) for i, token in enumerate(after))


def test_a_tree_scores_like_plain_passes(tiny: LanguageModel) -> None:
    prompt = tiny.prompt_tokens("Once. ", "Which?")
    tree = tiny.tree("Once. ", ["Which?"])
    first = [tiny.encode(text) for text in (" alpha", " alpine", " b", " alp")]
    (root,) = tree.begin()
    grown = tree.extend([root], [first])[0]
    assert [logp for logp, _ in grown] == pytest.approx([plain(tiny, prompt, option) for option in first], abs=1e-4)
    second = [tiny.encode(text) for text in ("-x", "-yy")]
    again = tree.extend([grown[1][1], grown[2][1]], [second, second[::-1]])
    for option, row, order in ((first[1], again[0], second), (first[2], again[1], second[::-1])):
        assert [logp for logp, _ in row] == pytest.approx(
            [plain(tiny, prompt + option, after) for after in order], abs=1e-4
        )
    last = again[0][1][1]
    assert last.logp.shape == (tiny.model.config.vocab_size,)
    assert np.exp(last.logp).sum() == pytest.approx(1.0, abs=1e-4)
    assert tree.forwards == 3


def test_likelihoods_of_a_text_after_contexts(tiny: LanguageModel) -> None:
    tree = tiny.tree("Path:", [""])
    contexts = [tiny.encode(text) for text in (" a", " a -> b", " c")]
    text = tiny.encode("\nQuestion")
    expected = [plain(tiny, tiny.prompt_tokens("Path:", "") + context, text) for context in contexts]
    assert tree.likelihood(tree.begin()[0], contexts, text) == pytest.approx(expected, abs=1e-4)


def test_a_preamble_is_read_once_and_not_changed(tiny: LanguageModel) -> None:
    one, other = (tiny.tree("Shared. ", [text]) for text in ("One", "Other"))
    option = [tiny.encode(" x")]
    before = one.extend([one.begin()[0]], [option])[0][0][0]
    other.extend([other.begin()[0]], [option])
    again = tiny.tree("Shared. ", ["One"])
    assert again.extend([again.begin()[0]], [option])[0][0][0] == pytest.approx(before, abs=1e-5)


def test_what_is_read_ahead_is_not_read_again(tiny: LanguageModel) -> None:
    ahead, option = tiny.encode(" stem"), tiny.encode(" x")
    for text in ("Which?", ""):
        tree = tiny.tree("Once. ", [text])
        (root,) = tree.begin([[ahead]])
        step = root.follow(ahead)
        assert step is not None
        prompt = tiny.prompt_tokens("Once. ", text)
        assert step.logp == pytest.approx(plain(tiny, prompt, ahead), abs=1e-4)
        assert tree.extend([step.node], [[option]])[0][0].logp == pytest.approx(
            plain(tiny, prompt + ahead, option), abs=1e-4
        )
        forwards = tree.forwards
        assert tree.extend([root], [[ahead + option]])[0][0].logp == pytest.approx(
            plain(tiny, prompt, ahead + option), abs=1e-4
        )
        assert tree.forwards == forwards


@pytest.mark.parametrize("question", ["Who directed Heat?", "Where was the director of Gladiator born?"])
def test_the_planner_is_exact_over_a_real_model(films: Graph, tiny: LanguageModel, question: str) -> None:
    planner = LmPlanner(films, tiny)
    asked = Question(question, link(films, question))
    plan = planner.plan([asked], k=4, max_hops=2)[0]
    legal, complete = plan_space(films, asked, 2).plans(10_000)
    prompt = tiny.prompt_tokens(plan_preamble(), planner_question(asked))
    scores = {path: plain(tiny, prompt, planner.spelling.plan(path)) for path in legal}
    best = sorted(legal, key=lambda path: -scores[path])[:4]
    assert complete
    assert plan.exact
    assert [path.relations for path in plan.paths] == best
    assert sum(path.probability for path in plan.paths) <= 1 + 1e-6
    total = np.log(sum(np.exp(list(scores.values()))))
    assert all(path.logp <= scores[path.relations] - total + 1e-4 for path in plan.paths)


def test_models_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no such folder"):
        LanguageModel(str(tmp_path / "none"))
    with pytest.raises(ModelError, match=r"folder without config\.json"):
        LanguageModel(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelError, match="does not load as a causal language model"):
        LanguageModel(str(tmp_path))


def test_protocol(films: Graph, tiny: LanguageModel) -> None:
    planner: Planner = LmPlanner(films, tiny)
    nothing = planner.plan([Question("Who?")])[0]
    assert (nothing.paths, nothing.fits) == ((), 0.0)
    assert "no entity of this graph is named" in nothing.note
