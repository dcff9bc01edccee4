"""Questions with stray words: what is asked about is to be heard through words that were never learned.

Taught in a few wordings only, a model takes an unknown word for another step to recite (docs/LOG.md).
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from planner.mentions import mention_at
from rl.internalization.knowledge import Lesson

RATE = 0.2  # of the words that are replaced, and of those after which one is put in
WORD = re.compile("[Ġ▁][a-z]{3,}")  # a whole word of a vocabulary, with what marks its beginning


class Noise:
    """Replaces words of a `share` of the questions, and puts others in; an entity's name stays as it is."""

    def __init__(self, tokenizer: Any, share: float) -> None:
        self._share = share
        self._words = sorted(token[1:] for token in tokenizer.get_vocab() if WORD.fullmatch(token))

    def over(self, lessons: Sequence[Lesson], labels: Sequence[str], draw: random.Random) -> list[Lesson]:
        """Lessons whose topics have these labels, with their questions disturbed or not."""
        return [
            replace(lesson, question=self.disturbed(lesson.question, label, draw))
            if draw.random() < self._share
            else lesson
            for lesson, label in zip(lessons, labels, strict=True)
        ]

    def disturbed(self, question: str, label: str, draw: random.Random) -> str:
        """A question with other words around an entity's name; as it is, where the name or words are wanting."""
        place = mention_at(question, label)
        if place is None or not self._words:
            return question
        start, stop = place
        return self._strewn(question[:start], draw) + question[start:stop] + self._strewn(question[stop:], draw)

    def _strewn(self, text: str, draw: random.Random) -> str:
        def stray(found: re.Match[str]) -> str:
            word = draw.choice(self._words) if draw.random() < RATE else found[0]
            return f"{word} {draw.choice(self._words)}" if draw.random() < RATE else word

        return re.sub(r"\w+", stray, text)
