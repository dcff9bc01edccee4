"""Which words of a question a plan leaves out: an answer to half a question is no answer.

A relation path says "what is reached along these relations from this entity" and nothing else: no number of them, no
most, no not, no second condition, no yes or no. So words that ask for such a thing (`reasoner.guard_words`), other
entities that the question names, and values (years, amounts, quoted texts) must be said by the relations themselves
("number of employees", "first name", "not to be combined with"), or the question is not answered. English only: in
another language nothing is found, and every answer passes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

from kg.graph import Graph
from kg.names import normal
from kg.types import Entity, Question, ReasoningPath, RelationPath, Step, Topic, base, inverse
from kg.words import STOP_WORDS
from planner.mentions import mention_at
from reasoner.guard_words import (
    ALSO_SAID,
    BEFORE_NAME,
    CHOICE,
    EVERY_ASKED,
    HARMLESS,
    MEASURED,
    MONTHS,
    NAME,
    NO_NAME,
    NO_SUPERLATIVE,
    NUMBER,
    OPERATORS,
    QUESTION,
    SPEAKER,
    TIMES,
    YES_NO,
)

READ = 5  # ends of an answer whose names and types are read: enough to tell numbers from names
SURE = 0.5  # score of all entities of a mention together from which the question names them
SHOWN = 60  # characters of a question's words that a reason quotes
QUOTED = re.compile(r"\"([^\"]{1,200})\"|“([^”]{1,200})”|‘([^’]{1,200})’(?!\w)|(?<!\w)'([^']{1,200})'(?!\w)")
QUANTITY = re.compile(  # "420", "$2.50", "UTC+05:30", "60 million dollars", "4 g"; "12 Monkeys" is a name
    r"(?:[A-Z]{1,4} ?)?[$€£¥~]?[-+−±]?\d[\d.,:/ ]*(?:[-–]\s?\d[\d.,]*)?\s*(?:[a-z%°²³/$€£µ·.]+\s?){0,5}(?:[A-Z]{1,3})?"
)


def unapplied(
    question: Question, relations: RelationPath, graph: Graph, paths: Sequence[ReasoningPath] = (), total: int = 0
) -> tuple[str, ...]:
    """What a question says and a relation path does not, a reason each ("'not' was not applied"); empty if nothing.

    `paths` are the walks that carry the answer and `total` how many answers there are (0: as many as paths): they
    tell numbers from names and say which entities the answer passes. The cost is a few names of entities.
    """
    plan = Said(question, relations, graph, paths, total or len(paths))
    sentence = Sentence(question, plan)
    found = dict.fromkeys(f"'{words[:SHOWN]}' was not applied" for words in sentence.operators())
    found |= dict.fromkeys(f"'{words[:SHOWN]}' was not used" for words in sentence.unused())
    return tuple(found)


@dataclass(frozen=True)
class Said:
    """What a plan and its answer say: words of relations and types, whether the ends are numbers, where walks pass."""

    question: Question
    relations: RelationPath
    graph: Graph
    paths: Sequence[ReasoningPath]
    total: int

    @cached_property
    def start(self) -> str:
        """The key of the entity that the answer starts from."""
        return self.paths[0].start if self.paths else self.question.topics[0].key if self.question.topics else ""

    @cached_property
    def ends(self) -> tuple[Entity, ...]:
        """Some of the answer's entities."""
        return tuple(self.graph.entity(path.end) for path in islice(self.paths, READ))

    @cached_property
    def end_words(self) -> frozenset[str]:
        """The stems of the types of the ends."""
        last = self.relations[-1] if self.relations else ""
        kinds = [kind for end in self.ends for kind in end.types]
        if last and not kinds:
            kinds.append(self.graph.relations[base(last)].target_type(last))
        return stems(kinds)

    @cached_property
    def words(self) -> frozenset[str]:
        """The stems of everything that the relations, the types at their ends and the topic's own types say."""
        known = [self.graph.relations[base(signed)] for signed in self.relations]
        texts = [text for r in known for text in (r.key, r.label, r.inverse_label, r.head_type, r.tail_type)]
        kinds = [kind for topic in self.question.topics if topic.key == self.start for kind in topic.entity.types]
        return stems([*texts, *kinds]) | self.end_words

    @cached_property
    def number(self) -> bool:
        """Whether the answer is a number, or several along one relation."""
        values = bool(self.ends) and all(QUANTITY.fullmatch(end.label.strip()) for end in self.ends)
        return values and (self.total == 1 or len(self.relations) == 1)

    @cached_property
    def measures(self) -> bool:
        """Whether an answer may be a time or a measure: none of those read could be one if this is False."""
        labels = [end.label for end in self.ends]
        return not labels or any(
            any(letter.isdigit() for letter in label) or not TIMES.isdisjoint(normal(label).split()) for label in labels
        )

    @cached_property
    def returns(self) -> bool:
        """Whether a step is taken back later: "others of the same"."""
        return any(inverse(one) in self.relations[place + 1 :] for place, one in enumerate(self.relations))

    def says(self, name: str, words: str) -> bool:
        """Whether the relations say an operator: its words, or others that mean the same."""
        if stems(words.split()) <= self.words:
            return True
        return not stems(ALSO_SAID.get(name, "").split()).isdisjoint(self.words)

    def passes(self, key: str) -> bool:
        """Whether every walk of the answer passes an entity."""
        return bool(self.paths) and all(key in path.entities for path in self.paths)


class Sentence:
    """A question with its names covered; finds the operators and names in it that a plan does not say."""

    def __init__(self, question: Question, plan: Said) -> None:
        self._plan, self._text = plan, question.text
        self._titles = is_title(question.text)
        self._mentions = dict(mentions(question, plan, self._titles))
        self._quotes = list(quotes(question.text))
        covered = question.text
        for start, stop in [*self._mentions.values(), *self._quotes]:
            covered = covered[:start] + NAME * (stop - start) + covered[stop:]
        self._covered = harmless(covered)

    def operators(self) -> Iterator[str]:
        """The words of every operator that the plan does not say, as they are written."""
        asked = YES_NO.search(self._covered)
        if asked and self._is_word(asked.start(1), asked.group(1)) and not CHOICE.search(self._covered):
            yield asked.group(1)
        if self._several():
            yield "two questions"
        for operator in OPERATORS:
            for match in operator.pattern.finditer(self._covered):
                group = next((n for n, text in enumerate(match.groups(), 1) if text), 0)
                words = match.group(group)
                if self._is_word(match.start(group), words) and not self._applied(operator.name, words, match):
                    yield words
        yield from self._attributes()
        measured = MEASURED.match(self._covered)
        if measured and not self._plan.measures:
            yield measured.group(1)

    def unused(self) -> Iterator[str]:
        """Names, quotations and values that the answer has nothing to do with, as they are written."""
        plan, used = self._plan, self._used()
        for mention, (start, stop) in self._mentions.items():
            if (
                self._covered[start] == NAME
                and (start, stop) not in used
                and not self._beside(mention, used)
                and not stems([mention]) <= plan.words
            ):
                yield self._text[start:stop]
        for start, stop in self._quotes:
            words = self._text[start:stop].strip("\"'“”‘’ ")
            overlaps = any(start < end and begin < stop for begin, end in self._mentions.values())
            if not overlaps and words and not stems([words]) <= plan.words:
                yield words
        for match in NUMBER.finditer(self._covered):
            value = match.group(1)
            if not (self._is_name_part(match.start()) or normal(value) in plan.words or value == str(plan.total)):
                yield value

    def _applied(self, name: str, words: str, match: re.Match[str]) -> bool:
        """Whether the plan says an operator, or it turns out to be none."""
        plan, low = self._plan, words.casefold()
        if name in ("count", "total"):
            noun = re.match(
                r"(?: (?!(?:of|from|in|at|on|for|to|do|does|did|is|are|was|were|has|have)\b)[\w'’-]+){0,3}",
                self._covered[match.end() :],
            )
            clash = noun is not None and not stems([noun.group()]).isdisjoint(plan.end_words)
            if plan.number and not clash and (name == "count" or plan.total == 1):
                return True
            if low in ("how many", "how much"):
                return False
        if name == "extreme" and (low in NO_SUPERLATIVE or any(low in same.split() for same in ALSO_SAID.values())):
            return True  # no superlative, or one with a row of its own
        if name == "each":
            return bool(EVERY_ASKED.search(self._covered[: match.end()])) or plan.says(name, words)
        if name == "except" and plan.returns and self._own_behind(match.end()):
            return True  # walks never come back to where they start
        if name == "same" or low == "together with":
            return plan.returns or plan.says(name, words)
        if name == "only":
            definite = re.search(r"\b(?:the|his|her|its|their) $", self._covered[: match.start(1)], re.IGNORECASE)
            return bool(definite) and plan.total == 1
        if name in ("two names", "two questions", "not", "whether", "which of two"):
            return (name == "two names" and self._names_used(match)) or (low == "not" and plan.says(name, words))
        return plan.says(name, words)

    def _own_behind(self, place: int) -> bool:
        """Whether the name behind a place is one that the answer starts from."""
        return any(0 <= start - place <= len(" the ") for start, _ in self._used())

    def _names_used(self, match: re.Match[str]) -> bool:
        """Whether a joint between two names joins names that the answer passes, all but "also"."""
        used = self._used()
        spans = [span for span in self._mentions.values() if span[0] <= match.start() < span[1]]
        spans += [span for span in self._mentions.values() if span[0] < match.end() <= span[1]]
        return match.group().endswith(NAME) and all(span in used for span in spans)

    def _used(self) -> set[tuple[int, int]]:
        """Where the names stand that the answer starts from or always passes."""
        plan = self._plan
        keys = {topic.key for topic in plan.question.topics if topic.key == plan.start or plan.passes(topic.key)}
        return {
            self._mentions[t.mention] for t in plan.question.topics if t.key in keys and t.mention in self._mentions
        }

    def _beside(self, mention: str, used: set[tuple[int, int]]) -> bool:
        """Whether a name only says more about the one before it, as in "Paris, France": the graph must say so too."""
        start = self._mentions[mention][0]
        before = [stop for _, stop in used if stop <= start]
        if not before or not re.fullmatch(r"(?:,| in| of|,? \()? ?(?:the )?", self._text[max(before) : start]):
            return False
        keys = [topic.key for topic in self._plan.question.topics if topic.mention == mention]
        pairs = [(self._plan.start, key) for key in keys]
        graph = self._plan.graph
        return any(
            graph.contains(Step(one, signed, other).triple)
            for one, other in pairs
            for relation in graph.relations
            for signed in (relation, inverse(relation))
        )

    def _attributes(self) -> Iterator[str]:
        """The "and" of "the director and the writer of Heat", where the graph has both and the plan one of them."""
        plan = self._plan
        for match in re.finditer(r"\b([\w'’-]+) (and) (?:the |its |his |her )?([\w'’-]+)\b", self._covered):
            one, other = stems([match.group(1)]), stems([match.group(3)])
            if bool(one & plan.words) == bool(other & plan.words) or not self._is_word(match.start(2), "and"):
                continue
            left_out = other if one & plan.words else one
            if any(left_out & stems([r.key, r.label, r.inverse_label]) for r in plan.graph.relations.values()):
                yield f"and {match.group(3)}"

    def _several(self) -> bool:
        """Whether there are two questions, each with its own question mark."""
        return len(QUESTION.findall(self._covered)) > 1 and self._covered.count("?") > 1

    def _is_word(self, start: int, words: str) -> bool:
        """Whether what is written there is a word and no name: names have capitals amid a sentence."""
        if self._titles or not words[:1].isupper() or (words.isupper() and len(words) > 1):
            return True
        return not re.search(r"[^\W\d_]", re.split(r"[.!?:;\"“—]\s*", self._text[:start])[-1])

    def _is_name_part(self, start: int) -> bool:
        """Whether a number belongs to a name that the graph does not have: "Apollo 13", and not "March 1999"."""
        before = re.search(r"[\w,'’]\s+([^\W\d_][\w'’-]*)\s+$", self._text[:start])
        name = before[1] if before else ""
        return name[:1].isupper() and name.casefold() not in MONTHS


def mentions(question: Question, plan: Said, titles: bool) -> Iterator[tuple[str, tuple[int, int]]]:
    """Where the entities stand that the question surely names: the answer's own topic, and names that are exact."""
    groups: dict[str, list[Topic]] = {}
    for topic in question.topics:
        groups.setdefault(topic.mention, []).append(topic)
    for mention, topics in groups.items():
        place = mention_at(question.text, mention)
        own = any(topic.key == plan.start for topic in topics)
        if place and (own or (is_named(topics, question.text[: place[0]]) and sum(t.score for t in topics) >= SURE)):
            yield mention, place


def is_named(topics: Sequence[Topic], before: str) -> bool:
    """Whether a mention is exactly a name of one of its entities and surely meant as one.

    A guess at what was misspelt is not; a word like any other ("kind", "lead") is only behind one like "by" or "and".
    """
    mention = topics[0].mention
    wanted = normal(mention)
    words = [word for word in wanted.split() if word not in NO_NAME and word not in STOP_WORDS]
    if not words or not any(wanted in map(normal, (t.entity.label, *t.entity.aliases, t.key)) for t in topics):
        return False
    capital = re.search(r"[A-Z\d]", mention) if before.strip() else None
    return bool(capital) or len(words) > 1 or bool(BEFORE_NAME.search(before))


def quotes(text: str) -> Iterator[tuple[int, int]]:
    """Where quoted texts stand, with their marks."""
    return (match.span() for match in QUOTED.finditer(text))


def harmless(covered: str) -> str:
    """The text with politeness and turns of phrase covered by blanks."""
    for pattern in HARMLESS:
        covered = pattern.sub(lambda match: " " * len(match.group()), covered)
    return SPEAKER.sub(lambda match: " " * len(match.group()), covered)


def is_title(text: str) -> bool:
    """Whether capitals say nothing here, because nearly all words have one."""
    words = re.findall(r"[^\W\d_]{4,}", text)
    return bool(sum(word[0].isupper() for word in words) > 0.7 * len(words))


def stems(texts: Sequence[str]) -> frozenset[str]:
    """The stems of the words of some texts; keys are split into words."""
    words = (word for text in texts for word in re.findall(r"[^\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)))
    return frozenset(map(stem, words))


def stem(word: str) -> str:
    """A word without its ending: "directed", "director" and "directs" are one."""
    word = normal(word)
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending in ("ations", "ation", "ings", "ing", "ers", "ors", "er", "or", "ed", "es", "s"):
        if word.endswith(ending) and len(word) - len(ending) >= 4 and not word.endswith("ss"):
            return word[: -len(ending)].rstrip("e")
    return word.rstrip("e") if len(word) > 4 else word
