"""What a round learns from: answers sampled with and without the retrieved paths, judged by the graph.

Answers are the most probable text, not the most probable of listed candidates as in RLAG, whose questions have four
options: ours have as many as the graph has entities of a kind, and to score a few hundred texts a question costs a
hundred times what writing one does. A written answer is also what the model will be asked for.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from statistics import fmean
from typing import Any, NamedTuple

from planner.prompts import SEPARATOR
from reasoner.closed_book import PATH, RECITED, closed_prompt
from reasoner.recall import first_names, last_names
from rl.internalization.branches import Branches, Tokens, write
from rl.internalization.knowledge import Judged, Knowledge, Lesson, others
from rl.internalization.loss import CHOSEN, KNOWLEDGE, REJECTED, Item
from rl.internalization.settings import Internalization

SPARE = 4  # tokens that a written answer may have more than the longest right one


class Round(NamedTuple):
    """What a round learns from, and what is logged of how it came about."""

    items: list[Item]
    log: dict[str, float]


class Sampler:
    """Makes the items of a round with the model as it stands."""

    def __init__(
        self, model: Any, tokenizer: Any, knowledge: Knowledge, lessons: Sequence[Lesson], form: str,
        settings: Internalization,
    ) -> None:  # fmt: skip
        self._model, self._tokenizer, self._knowledge, self._settings = model, tokenizer, knowledge, settings
        self._lessons, self._form = lessons, form
        self._alike = others(lessons)
        begin = tokenizer.bos_token_id
        self._begin: Tokens = () if begin is None else (begin,)
        lengths = (len(self._tokens(lesson.written(form))) for lesson in lessons)
        self._longest = min(RECITED, max(lengths) + SPARE)  # a model that has learned nothing does not stop by itself
        self.tokens_read = 0

    def round(self, number: int, lessons: Sequence[Lesson], is_warming: bool = False) -> Round:
        """What a round learns from these lessons; while a model is warming up that is the right answers."""
        draw = random.Random(f"{self._settings.seed} {number}")
        if self._settings.method == "pretrain":
            texts = [self._knowledge.statement(lesson, draw) for lesson in lessons]
            begin = self._begin or self._tokens("\n")
            return Round([Item((Branches(begin, (self._tokens(f"{text}\n"),)),)) for text in texts], {})
        if is_warming or self._settings.method == "sft":
            return Round([self._taught(lesson) for lesson in lessons], {})
        naive = self.closed(lessons)
        chosen, read, log = self._augmented(lessons, draw)
        judged = self.judge(lessons, naive)
        log |= {"closed": share(judged), "closed_accuracy": fmean(one.accuracy for one in judged)}
        if self._form == PATH:
            log["rationale"] = fmean(one.is_verified for one in judged)
        if read:  # of the same questions
            log["gap"] = log["open"] - share([judged[place] for place in read])
        made = []
        for place, (lesson, better, worse, was) in enumerate(zip(lessons, chosen, naive, judged, strict=True)):
            if better and self._settings.method == "grpo":
                made.append(self._group(lesson, better, worse, draw))
            elif better:
                made.append(self._preferred(lesson, better, worse, was.is_right, place in read, draw))
        return Round([item for item in made if item is not None], log)

    def closed(self, lessons: Sequence[Lesson]) -> list[str]:
        """The naive answers: from the question alone."""
        return self._write([self._prompt(lesson) for lesson in lessons])

    def opened(self, lessons: Sequence[Lesson], draw: random.Random) -> list[str]:
        """The augmented answers: with the retrieved path, and those of other questions, before the question."""
        return self._write([self._prompt(lesson, self._evidence(lesson, draw)) for lesson in lessons])

    def judge(self, lessons: Sequence[Lesson], texts: Sequence[str], is_open: bool = False) -> list[Judged]:
        """What written answers are worth; a quote without ends of a shown path is worth what that leads to."""
        return [
            self._knowledge.judge(lesson, self._completed(lesson, text) if is_open else text, self._form)
            for lesson, text in zip(lessons, texts, strict=True)
        ]

    def _augmented(
        self, lessons: Sequence[Lesson], draw: random.Random
    ) -> tuple[list[str], set[int], dict[str, float]]:
        """The preferred answers, "" where a question is left out; which were the model's to give; its share right."""
        count = len(lessons) if self._settings.wrong == "skip" else round(self._settings.sampled * len(lessons))
        asked = sorted(draw.sample(range(len(lessons)), count))
        texts = self.opened([lessons[place] for place in asked], draw)
        judged = self.judge([lessons[place] for place in asked], texts, is_open=True)
        chosen = [lesson.written(self._form).strip() for lesson in lessons]
        for place, text, one in zip(asked, texts, judged, strict=True):
            if one.is_right:
                chosen[place] = self._completed(lessons[place], text)
            elif self._settings.wrong == "skip":
                chosen[place] = ""
        return chosen, set(asked), {"open": share(judged), "refuted": 1 - share(judged)} if judged else {}

    def _completed(self, lesson: Lesson, text: str) -> str:
        """A written answer; of a trained reasoner's, which quotes a path and not where it leads, the whole path."""
        is_quote = self._form == PATH and SEPARATOR in text and not first_names(text)[1]
        return (self._knowledge.quoted(lesson, text) or text) if is_quote else text

    def _taught(self, lesson: Lesson) -> Item:
        return Item((Branches(self._prompt(lesson), (self._tokens(lesson.written(self._form)),)),))

    def _preferred(
        self, lesson: Lesson, better: str, worse: str, is_right: bool, is_read: bool, draw: random.Random
    ) -> Item:
        """The knowledge, and unless the naive answer is right the preferred and the rejected one (RLAG).

        The preferred answer follows the paths where these were read, as published, else the question alone.
        """
        knowledge = self._known(lesson, draw)
        if is_right or worse == better:
            return Item((knowledge,), (KNOWLEDGE,))
        good, bad = self._tokens(f" {better}\n"), self._tokens(f" {worse}\n")
        if is_read:
            after = self._prompt(lesson, self._evidence(lesson, draw))
            pair: tuple[Branches, ...] = (Branches(after, (good,)), Branches(self._prompt(lesson), (bad,)))
        else:
            pair = (Branches(self._prompt(lesson), (good, bad)),)
        return Item((knowledge, *pair), (KNOWLEDGE, CHOSEN, REJECTED))

    def _group(self, lesson: Lesson, better: str, worse: str, draw: random.Random) -> Item | None:
        """The right answer, the model's own, and those of questions of the same path; None where none is better."""
        alike = [other.written(self._form).strip() for other in self._alike[lesson.path] if other is not lesson]
        if self._form == PATH:  # the same walk to another end
            start, _ = last_names(lesson.recital)
            alike = [start + last_names(text)[1] for text in alike]
        texts = list(dict.fromkeys([better, worse, *draw.sample(alike, min(len(alike), self._settings.group))]))
        texts = texts[: self._settings.group]
        rewards = [self._knowledge.judge(lesson, text, self._form).reward for text in texts]
        if len(set(rewards)) < 2:
            return None
        answers = tuple(self._tokens(f" {text}\n") for text in texts)
        return Item((Branches(self._prompt(lesson), answers),), rewards=tuple(rewards))

    def _known(self, lesson: Lesson, draw: random.Random) -> Branches:
        """The knowledge: of a recited path where it leads (not which relation a topic has: that is no fact to learn).

        Else the facts as sentences.
        """
        if self._form != PATH:
            return Branches(
                self._begin or self._tokens("\n"), (self._tokens(f"{self._knowledge.statement(lesson, draw)}\n"),)
            )
        asked, ends = first_names(lesson.recital)
        return Branches(self._begin + self._tokens(f" {asked.rstrip()}"), (self._tokens(f" {ends}\n"),))

    def _evidence(self, lesson: Lesson, draw: random.Random) -> list[str]:
        beside = draw.sample(self._lessons, min(self._settings.distractors, len(self._lessons)))
        lines = list(dict.fromkeys([lesson.recital, *(other.recital for other in beside)]))
        draw.shuffle(lines)
        return lines

    def _prompt(self, lesson: Lesson, known: Sequence[str] = ()) -> Tokens:
        return self._begin + self._tokens(closed_prompt(self._form, lesson.question, known))

    def _tokens(self, text: str) -> Tokens:
        return tuple(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _write(self, prompts: Sequence[Tokens]) -> list[str]:
        self.tokens_read += sum(map(len, prompts))
        return write(self._model, self._tokenizer, prompts, self._longest)


def share(judged: Sequence[Judged]) -> float:
    """The share of answers that are right."""
    return fmean(one.is_right for one in judged)
