"""What a reasoner may answer to the paths of some plans: every option, how probable it is, and what it earns.

Evidence, prompt, options and how planner and reasoner decide together are those of `reasoner.quoting`. A short answer
is the quoted path alone; with reasoning its ends are written out after it, and these may be another path's. Both are
rewarded by parts of their own, as in KunLunBaizeRAG (2025).
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import log

from kg.types import Question, RelationPath, Topic
from planner.prompts import END, relation_words
from planner.training.sequences import Encoded, Tokens
from reasoner.base import Retrieved
from reasoner.prompts import NOT_HERE, evidence_answer, evidence_question
from reasoner.quoting import SHOWN, Line, lines_of
from rl.episode import Episode, Executor, Walk
from rl.policy import Policy
from rl.rewards import Reward, Scored


@dataclass(frozen=True, slots=True)
class Quote:
    """What may be quoted, or the refusal: how it is written, the plan it rests on, and what may be answered after it.

    `plan` is the number of one of the planner's plans, None for the refusal; `topic` the log of the topic's score.
    `answers` are written after the quote, none where it is the answer; `scored` is what each earns, or the quote.
    """

    sequence: Encoded
    plan: int | None
    topic: float
    answers: tuple[Encoded, ...]
    scored: tuple[Scored, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reasoner is asked, and its options: the quotes, the refusal last, each with one of its answers."""

    prompt: str
    quotes: tuple[Quote, ...]

    @property
    def scored(self) -> list[Scored]:
        """What each option earns, quote by quote."""
        return [scored for quote in self.quotes for scored in quote.scored]

    @property
    def texts(self) -> list[Tokens]:
        """Each option as it is written after the prompt."""
        return [
            one.tokens[quote.sequence.prompt :] for quote in self.quotes for one in quote.answers or (quote.sequence,)
        ]

    @property
    def sequences(self) -> list[Encoded]:
        """What a model has to read: the quotes, then all answers."""
        return [quote.sequence for quote in self.quotes] + [answer for quote in self.quotes for answer in quote.answers]


@dataclass
class Reader:
    """Composes readings; the same question is always to be answered in the same way, short or with reasoning."""

    reasoner: Policy
    reward: Reward
    reasoned_reward: Reward
    share: float
    seed: int
    _words: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        self._words = relation_words(self.executor.graph)
        weights = dict(self.reward.weights)
        for name, weight in self.reasoned_reward.weights.items():
            weights[name] = weights.get(name, 0.0) + weight
        parts = {**self.reward.parts, **self.reasoned_reward.parts}
        self._whole = replace(self.reward, weights=weights, parts=parts)

    @property
    def executor(self) -> Executor:
        """What walks the paths."""
        return self.reward.executor

    def is_reasoned(self, question: Question) -> bool:
        """Whether a question is to be answered with reasoning."""
        return random.Random(f"{self.seed} {question.id} {question.text}").random() < self.share

    def reward_of(self, question: Question) -> Reward:
        """What is paid for a question in the way that it is to be answered in."""
        return self._whole if self.is_reasoned(question) else self.reward

    def reading(self, question: Question, plans: Sequence[tuple[int, RelationPath, float]]) -> Reading | None:
        """The options after these plans (number, path, probability); None if they lead nowhere that has a name."""
        led = [
            (number, self._retrieved(topic, path, p * topic.score))
            for number, path, p in plans
            for topic in question.topics
            if self.executor.ends(Walk(topic.key, path))
        ]
        led.sort(key=lambda one: -one[1].weight)
        number_of = {(found.topic.key, found.relations): number for number, found in led}
        lines = lines_of(self.executor.graph, [found for _, found in led[:SHOWN]], self._words)
        if not lines:
            return None
        text = evidence_question([(line.name, line.ends) for line in lines], question.text)
        prompt = self.reasoner.prompt_tokens("", text)
        walks = tuple(Walk(line.retrieved.topic.key, line.retrieved.relations) for line in lines)
        quotes = [
            self._quote(question, prompt, number_of[cited.start, cited.relations], place, lines, walks)
            for place, cited in enumerate(walks)
        ]
        refused = self.reward_of(question)(Episode(question, retrieved=walks, text=NOT_HERE))
        refusal = Encoded(prompt + self.reasoner.encode(NOT_HERE + END), len(prompt))
        return Reading(text, (*quotes, Quote(refusal, None, 0.0, (), (refused,))))

    def _quote(
        self, question: Question, prompt: Tokens, plan: int, place: int, lines: Sequence[Line], walks: tuple[Walk, ...]
    ) -> Quote:
        """The line at a place, and where reasoning is wanted the ends of every line as answers, its own first."""
        line, reward = lines[place], self.reward_of(question)
        quoted, _ = evidence_answer(line.name, line.ends)
        start = prompt + self.reasoner.encode(quoted)
        answers: dict[Encoded, Scored] = {}
        for other in [place, *range(len(lines))] if self.is_reasoned(question) else []:
            _, said = evidence_answer(line.name, lines[other].ends)
            sequence = Encoded(start + self.reasoner.encode(said), len(start))
            if sequence not in answers:  # lines may name the same ends
                answers[sequence] = self._judged(reward, question, walks, place, other, quoted + said)
        own = (self._judged(reward, question, walks, place, place, quoted),)
        score = log(line.retrieved.topic.score)
        return Quote(Encoded(start, len(prompt)), plan, score, tuple(answers), tuple(answers.values()) or own)

    def _retrieved(self, topic: Topic, path: RelationPath, weight: float) -> Retrieved:
        ends = self.executor.ends(Walk(topic.key, path))
        return Retrieved(topic, path, weight, ends, len(ends), (), 0)

    def _judged(
        self, reward: Reward, question: Question, walks: tuple[Walk, ...], cited: int, said: int, text: str
    ) -> Scored:
        walk = walks[cited]
        return reward(
            Episode(question, (walk.relations,), walks, self.executor.ends(walks[said]), (walk,), text=text.strip())
        )
