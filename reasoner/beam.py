"""What a language model has for a question: of a recital the most probable, by beam search over its log-probabilities.

Greedily written, a recital goes on where "->" is likelier than the end, though no single way on is as likely as ending
there. In a recital the words after an arrow can only be those of a relation that exists, as in planning.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from planner.decode import Trie, trie_of
from planner.lm import LanguageModel, Node, Tokens
from planner.prompts import SEPARATOR

WIDTH = 4  # beginnings of a recital that are kept in view
BATCH = 8  # questions side by side: attention is over all that was read for them


class Written(NamedTuple):
    """A text, and its natural-log probability with its end (without, if it was cut)."""

    text: str
    logp: float


class Beam(NamedTuple):
    """The beginning of a text; `trie` is where it stands within the words of a relation, None elsewhere."""

    logp: float
    tokens: Tokens
    node: Node
    trie: Trie | None = None


def relation_trie(lm: LanguageModel, words: Iterable[str]) -> Trie:
    """What may stand between an arrow and a colon: relations in words."""
    return trie_of((text, lm.encode(f" {text}:")) for text in words)


def write(
    lm: LanguageModel, preamble: str, prompts: Sequence[str], longest: int, relations: Trie | None = None
) -> list[Written]:
    """What stands after each prompt up to a line break, `longest` tokens at most.

    With `relations` it is a recital, in which every arrow is followed by one of them, and WIDTH beginnings are kept in
    view; any other text is written with the likeliest next token.
    """
    search = Search(lm, longest, relations)
    batches = [prompts[start : start + BATCH] for start in range(0, len(prompts), BATCH)]
    return [found for some in batches for found in search.run(preamble, some)]


class Search:
    """Beam search with a model, in texts of some form."""

    def __init__(self, lm: LanguageModel, longest: int, relations: Trie | None) -> None:
        self._lm, self._longest, self._relations = lm, longest, relations
        self._width = WIDTH if relations else 1

    def run(self, preamble: str, prompts: Sequence[str]) -> list[Written]:
        """The best text for each of a few prompts, which share the passes of the model."""
        tree = self._lm.tree(preamble, prompts)
        open_: list[list[Beam]] = [[Beam(0.0, (), node)] for node in tree.begin()]
        ended: list[list[Beam]] = [[] for _ in prompts]  # the best one of each, if any has
        for _ in range(self._longest):
            for number, beams in enumerate(open_):
                open_[number] = []
                for new in sorted((new for beam in beams for new in self._grown(beam)), key=lambda new: -new.logp):
                    end = ended[number]
                    if end and new.logp <= end[0].logp:
                        break  # it can only become less probable
                    if self._is_over(new.tokens):
                        ended[number] = [new]
                    elif len(open_[number]) < self._width:
                        open_[number].append(new)
            flat = [beam for beams in open_ for beam in beams]
            if not flat:
                break
            steps = iter(tree.extend([beam.node for beam in flat], [[beam.tokens[-1:]] for beam in flat]))
            open_ = [[beam._replace(node=next(steps)[0].node) for beam in beams] for beams in open_]
        # What is still open is more probable than what has ended: then the text is cut.
        best = [(beams or end)[0] for end, beams in zip(ended, open_, strict=True)]
        return [Written(self._text(beam.tokens).strip().partition("\n")[0].strip(), beam.logp) for beam in best]

    def _grown(self, beam: Beam) -> list[Beam]:
        """A beginning with each of the tokens that are most probable next, of those that may come."""
        logp = beam.node.logp
        tokens = (
            np.argpartition(-logp, self._width)[: self._width].tolist()
            if beam.trie is None
            else list(beam.trie.children)
        )
        return [self._with(beam, token, beam.logp + float(logp[token])) for token in tokens]

    def _with(self, beam: Beam, token: int, logp: float) -> Beam:
        tokens = (*beam.tokens, token)
        if beam.trie is not None:
            below = beam.trie.children[token]
            return Beam(logp, tokens, beam.node, None if below.ends else below)
        is_arrow = self._relations is not None and self._text(tokens).endswith(SEPARATOR)
        return Beam(logp, tokens, beam.node, self._relations if is_arrow else None)

    def _is_over(self, tokens: Tokens) -> bool:
        return tokens[-1] == self._lm.tokenizer.eos_token_id or "\n" in self._text(tokens).lstrip()

    def _text(self, tokens: Tokens) -> str:
        text: str = self._lm.tokenizer.decode(tokens, skip_special_tokens=True)
        return text
