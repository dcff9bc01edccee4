"""Words → entities: exact spans, aliases and normal forms, then full-text and fuzzy search. Ambiguity is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from typing import NamedTuple

from rapidfuzz.distance.OSA import normalized_similarity as similarity

from kg.errors import QuestionError, UnclearNameError
from kg.graph import Graph, Name
from kg.names import CAMEL, camel_split, normal, other_forms
from kg.spelling import Match, Vocabulary, goes_on, is_code, is_common, is_worded, likeness
from kg.types import Entity, Topic
from kg.words import STOP_WORDS

MAX_QUESTION = 2_000  # characters
MAX_NORMAL = 3 * MAX_QUESTION  # characters of its normal form: Korean has up to three for one, U+FDFA has eighteen
MAX_SPAN = 16  # words
MAX_OTHER = 6  # words of a span that may be one in the graph
MAX_FUZZY = 8  # words of a name that may be misspelt
MAX_FUZZY_SPANS = 12
SEARCHED = 50  # names that are compared with a misspelt one
FUZZY_CUTOFF = 0.75  # normalised Damerau-Levenshtein similarity
WORD = 0.4  # score of a single small word that is a name, beside names with capitals
INSIDE = 0.4  # weight of a name that is part of what is written, beside one that is all of it
OTHER_CASE = 0.2  # the same of a name in other letters
SHORT_NAME = 2  # names this short (O, Em, …) count only when written as they are stored
SHORT_ALIAS = 3  # aliases this short (IN, US, IS …) count only when written as they are stored


@dataclass(frozen=True)
class Span:
    """Consecutive words of a question: where they begin and end (word numbers) and the text."""

    start: int
    stop: int
    text: str

    @property
    def size(self) -> int:
        """The number of words."""
        return self.stop - self.start

    @property
    def content(self) -> int:
        """The number of words that carry a name on their own."""
        return sum(word.casefold() not in STOP_WORDS for word in self.text.split())

    @property
    def capital(self) -> bool:
        """Whether it is written like a name: a word has a capital (not the question's first), a digit, or is a key."""
        words = self.text.split()
        begins = any(word[0].isupper() or word[0].isdigit() for word in (words if self.start else words[1:]))
        return begins or any("_" in word.strip("_") or CAMEL.search(word) for word in words)

    @property
    def is_word(self) -> bool:
        """Whether it may be a mere word: one that carries a name, in small letters."""
        return self.content <= 1 and self.text.islower()

    def covers(self, other: Span) -> bool:
        """Whether the other span lies inside this one, which has more words."""
        return self.start <= other.start and other.stop <= self.stop and other.size < self.size

    def overlaps(self, other: Span) -> bool:
        """Whether they share a word."""
        return self.start < other.stop and other.start < self.stop


class Mention(NamedTuple):
    """A span and the topics that it names."""

    span: Span
    topics: list[Topic]


def checked(text: str) -> str:
    """The question's text trimmed, or QuestionError if it is empty or far too long, as it stands or written out."""
    text = " ".join(text.encode("utf-8", "replace").decode().replace("\0", " ").split())  # no lone surrogates
    if not text:
        raise QuestionError("the question is empty")
    if len(text) > MAX_QUESTION:
        raise QuestionError(f"the question has {len(text):,} characters; at most {MAX_QUESTION:,} are read")
    if (size := len(normal(text))) > MAX_NORMAL:
        raise QuestionError(
            f"the question has {size:,} characters with its signs written out; at most {MAX_NORMAL:,} are read"
        )
    return text


def link(graph: Graph, text: str, limit: int = 5) -> tuple[Topic, ...]:
    """The entities that a question may be about, best first, at most `limit`; empty if none is named.

    Longer spans win over the spans inside them. An ambiguous name gives several topics that share its score by
    how much the graph says about each (square root of the degree). Where no name is written as the graph has it, one
    may be misspelt (`kg.spelling`); numbers, dates and common words never are.
    """
    spans = spans_of(checked(text))
    found = exact_topics(graph, spans)
    misspelt = fuzzy_topics(graph, spans, [mention.span for mention in found if not mention.span.is_word])
    topics: dict[str, Topic] = {}
    for mention in [*found, *misspelt]:
        weight = INSIDE if any(other.span.covers(mention.span) for other in misspelt) else 1.0
        keep_best(topics, (replace(topic, score=topic.score * weight) for topic in mention.topics))
    return tuple(sorted(topics.values(), key=lambda topic: (-topic.score, topic.key))[:limit])


def spans_of(text: str) -> list[Span]:
    """Every run of up to sixteen words, also without a final possessive: longest first, then those with most names."""
    words = re.findall(r"[^\s?!,;:()\"“”]+", text)
    spans = []
    for size in range(min(MAX_SPAN, len(words)), 0, -1):
        for start in range(len(words) - size + 1):
            run = " ".join(words[start : start + size]).rstrip(".")
            spans.append(Span(start, start + size, run))
            if re.search(r"['’]s?$", run):
                spans.append(Span(start, start + size, re.sub(r"['’]s?$", "", run)))
    return sorted((span for span in spans if span.text), key=lambda span: (-span.size, -span.content))


def exact_topics(graph: Graph, spans: Sequence[Span]) -> list[Mention]:
    """Topics for the spans that are names as they stand, the longest spans first and none inside another."""
    title = is_title(spans)
    forms = {
        span: normal(span.text)
        for span in spans
        if not is_stop(span) or (span.capital and (span.size > 1 or (len(span.text) > 1 and not title)))
    }
    others = {span: other_forms(span.text, form) for span, form in forms.items() if span.size <= MAX_OTHER}
    written = any(span.capital and span.content for span in spans)  # names can be told from words by their capitals
    by_form: dict[str, list[Name]] = {}
    for name in graph.named(sorted({*forms.values(), *chain.from_iterable(others.values())})):
        by_form.setdefault(normal(name.text), []).append(name)
    taken: set[int] = set()
    words = {span.start: span.text for span in spans if span.size == 1}
    mentions = []
    for span, form in forms.items():
        names = [name for name in by_form.get(form, ()) if plausible(name, span)]
        if len(form) == 1 and span.start > 1 and words.get(span.start - 1, "")[:1].isupper():
            names = []  # the X of "Model X" is not called X
        if is_stop(span):
            names = [name for name in names if name.text.rstrip("?!.") == span.text]
        elif not names:
            names = [name for other in others.get(span, ()) for name in by_form.get(other, ()) if is_joined(name, span)]
        if not names or not taken.isdisjoint(range(span.start, span.stop)):
            continue
        taken.update(range(span.start, span.stop))
        word = written or is_common(form)
        weight = 1.0 if span.capital or span.content > 1 else WORD if word else 0.8
        scored = [(name, weight * (0.9 if name.alias else 1.0)) for name in names]
        mentions.append(Mention(span, share(graph, scored, span.text)))
    return mentions


def is_title(spans: Sequence[Span]) -> bool:
    """Whether Every Word Has A Capital, so that capitals tell nothing."""
    return all(span.capital for span in spans if span.size == 1 and span.start)


def is_joined(name: Name, span: Span) -> bool:
    """Whether a name that is the span but for blanks can be meant: "You Tube" is YouTube, "a way" is not "away"."""
    if plausible(name, span) and not name.alias:
        return normal(camel_split(name.text)) == normal(span.text) or not stops_at_ends(span)
    return False


def is_stop(span: Span) -> bool:
    """Whether a span is only words like "which" and "of"."""
    return all(word.casefold() in STOP_WORDS for word in span.text.split()) and not (
        span.size == 1 and span.start and span.text.isupper() and len(span.text) > 1
    )


def plausible(name: Name, span: Span) -> bool:
    """Whether the name can be meant: one of a letter or two, and an alias that is a code, only in its own capitals.

    An airport whose code is KIND is not meant by "kind".
    """
    if name.text == span.text:
        return True
    if name.alias and is_code(name) and is_common(span.text):
        return False
    return len(name.text) > (SHORT_ALIAS if name.alias else SHORT_NAME) or (not name.alias and not name.text.isalpha())


def share(graph: Graph, scored: Iterable[tuple[Name, float]], mention: str) -> list[Topic]:
    """Topics for the candidates of one mention: each one's match score times its share of the mention."""
    best: dict[str, float] = {}
    likeness: dict[str, float] = {}
    for name, score in scored:
        best[name.key] = max(best.get(name.key, 0.0), score)
        alike = 1.0 if name.text == mention else INSIDE if name.text in mention else OTHER_CASE
        likeness[name.key] = max(likeness.get(name.key, 0.0), alike)
    entities = {key: graph.entity(key) for key in best}
    weights = {key: score * entities[key].degree ** 0.5 * likeness[key] for key, score in best.items()}
    total = sum(weights.values()) or 1.0
    return [Topic(entities[key], best[key] * weights[key] / total, mention) for key in best]


def keep_best(topics: dict[str, Topic], found: Iterable[Topic]) -> None:
    """Add topics by key, each with its best score."""
    for topic in found:
        if topic.key not in topics or topics[topic.key].score < topic.score:
            topics[topic.key] = topic


def fuzzy_topics(graph: Graph, spans: Sequence[Span], sure: Sequence[Span]) -> list[Mention]:
    """The span that comes closest to some name with its topics, or none.

    Beside a name that is written as the graph has it (`sure`) only a longer one that it is part of is looked for: the
    "Love" of "Lusst for Love".
    """
    vocabulary = Vocabulary(graph)
    if sure:
        spans = longer_spans(spans, sure, vocabulary)
    spans = misspelt_spans(spans, vocabulary, is_title(spans))[:MAX_FUZZY_SPANS]
    for names_like in (searched, scanned):
        best: list[Match] = []
        mention, reached = None, 0.0
        for span in spans:
            matches = closest(likely(span.text, names_like(graph, span.text)), 8)
            # A longer span that matches as well is the better explanation of the question.
            top = matches[0].score * (1 + 0.05 * span.size) if matches else 0.0
            if top > reached:
                best, mention, reached = matches, span, top
        if mention is not None:
            close = [(name, score * score) for name, score in best if score >= best[0].score - 0.05]
            return [Mention(mention, share(graph, close, mention.text))]
    return []


def longer_spans(spans: Sequence[Span], sure: Sequence[Span], vocabulary: Vocabulary) -> list[Span]:
    """The spans that cover a name and have a misspelt word beside it, with a capital where the name has one."""
    capital = any(span.capital for span in sure)
    others = [span for span in spans if span.size == 1 and not any(map(span.overlaps, sure))]
    others = [span for span in others if span.text[0].isupper() or not capital]
    misspelt = [span for span in others if any(map(vocabulary.is_misspelt, normal(span.text).split()))]
    return [
        span
        for span in spans
        if any(map(span.covers, misspelt)) and any(map(span.covers, sure)) and not any(is_cut(span, s) for s in sure)
    ]


def is_cut(span: Span, other: Span) -> bool:
    """Whether a span has some words of another, but not all."""
    return span.overlaps(other) and not span.covers(other)


def searched(graph: Graph, text: str) -> list[Name]:
    """Names that share a word with the text."""
    return graph.search(text, SEARCHED)


def scanned(graph: Graph, text: str) -> list[Name]:
    """Names spelt like the text, out of all."""
    return [name for name, _ in graph.scan(text, SEARCHED, FUZZY_CUTOFF)]


def misspelt_spans(spans: Sequence[Span], vocabulary: Vocabulary, title: bool) -> list[Span]:
    """The spans that may be a misspelt name, the likeliest first.

    Where names have capitals, those that begin and end like a name, whole runs of capitals first; else, and of single
    words, those with a word that nothing says is spelt right, and several words of which none is a common one
    ("tom hank").
    """
    following = {span.start: normal(span.text) for span in spans if span.size == 1}
    spans = [
        span
        for span in spans
        if span.size <= MAX_FUZZY and not stops_at_ends(span) and is_worded(normal(span.text))
        if len(span.text) > SHORT_ALIAS and not goes_on(following.get(span.stop, ""))
    ]
    if not title:
        named = [span for span in spans if span.capital and is_written_name(span, vocabulary)]
        if named:
            return sorted(named, key=lambda span: plain_ends(span, vocabulary))
    unknown = [span for span in spans if is_unknown(span, vocabulary)]
    return sorted(unknown, key=lambda span: sum(map(vocabulary.is_plain, normal(span.text).split())))


def is_written_name(span: Span, vocabulary: Vocabulary) -> bool:
    """Whether a span with capitals may be a name: one word of the graph's schema or a known one is none."""
    words = span.text.split()
    if len(words) == 1:
        return not vocabulary.is_schema(normal(words[0])) and not vocabulary.is_known(normal(words[0]))
    return plain_ends(span, vocabulary) < 2


def plain_ends(span: Span, vocabulary: Vocabulary) -> int:
    """How many of a span's first and last word are no part of a name by themselves: plain and in small letters."""
    words = span.text.split()
    return sum(not word[0].isupper() and vocabulary.is_plain(normal(word)) for word in (words[0], words[-1]))


def is_unknown(span: Span, vocabulary: Vocabulary) -> bool:
    """Whether a span in small letters has a word that may be misspelt, or several that are no common ones."""
    words = normal(span.text).split()
    if any(map(vocabulary.is_misspelt, words)):
        return True
    return len(words) > 1 and not any(map(vocabulary.is_plain, words))


def stops_at_ends(span: Span) -> bool:
    """Whether a span begins or ends with a word like "of"."""
    words = span.text.split()
    return any(word.casefold() in STOP_WORDS and not word.isupper() for word in (words[0], words[-1]))


def likely(text: str, names: Iterable[Name]) -> list[Match]:
    """The names that `text` may be a misspelling of."""
    wanted = normal(text)
    near = ((name, form) for name in names if not is_code(name) for form in forms_of(name))
    scored = (Match(name, likeness(wanted, form)) for name, form in near if similarity(wanted, form) >= FUZZY_CUTOFF)
    return [match for match in scored if match.score]


def forms_of(name: Name) -> set[str]:
    """The normal forms of a name that a misspelt one is compared with: camelCase as it stands, and divided."""
    return {normal(name.text), normal(camel_split(name.text))}


def near_names(graph: Graph, text: str, limit: int) -> list[Match]:
    """Names spelt like `text`, the closest first, whether or not one may be meant by the other: for suggestions."""
    wanted = normal(text)
    scored = (Match(name, similarity(wanted, normal(name.text))) for name in graph.search(text, SEARCHED))
    found = [match for match in scored if match.score >= FUZZY_CUTOFF]
    return closest(found or (Match(*match) for match in graph.scan(text, limit, FUZZY_CUTOFF)), limit)


def closest(matches: Iterable[Match], limit: int) -> list[Match]:
    """The best of the matches, in an order that is always the same."""
    return sorted(matches, key=lambda match: (-match.score, match.name.key, match.name.text))[:limit]


def search(graph: Graph, text: str, limit: int = 10) -> list[Topic]:
    """Entities by key, name, word or approximate spelling, the best first: what `rog kg search` shows."""
    text = checked(text)
    span = Span(1, 1 + len(text.split()), text)
    matches = [(name, 1.0 if not name.alias else 0.95) for name in graph.named([normal(text)])]
    matches += [(name, 0.9 * score) for name, score in near_names(graph, text, limit)]
    if len(matches) < limit:
        words = [(name, similarity(normal(text), normal(name.text))) for name in graph.search(text, limit)]
        matches += [(name, 0.6 * score) for name, score in words]
    best: dict[str, tuple[float, str]] = {}
    for name, score in matches:
        if score > best.get(name.key, (0.0, ""))[0]:
            best[name.key] = (score, name.text)
    topics = [Topic(graph.entity(key), score, found) for key, (score, found) in best.items()]
    if graph.has(text) and text not in best:
        topics.append(Topic(graph.entity(text), 1.0, span.text))
    return sorted(topics, key=lambda topic: (-topic.score, -topic.entity.degree, topic.key))[:limit]


def labels(keys: Iterable[str], graph: Graph) -> list[str]:
    """The names of entities; a text that is no entity's key stays as it is."""
    return [graph.entity(key).label if graph.has(key) else key for key in keys]


def resolve_entity(graph: Graph, text: str) -> Entity:
    """The entity with this key, or else with exactly this name.

    Raises UnclearNameError with the nearest names, or with the keys of those who share the name.
    """
    if graph.has(text):
        return graph.entity(text)
    keys = sorted({name.key for name in graph.named([normal(text)])})
    if len(keys) > 1:
        raise UnclearNameError(f"{text!r} names {len(keys)} entities, say which by its key: {', '.join(keys[:5])}")
    if keys:
        return graph.entity(keys[0])
    near = []
    with suppress(QuestionError):  # nothing but blanks, or far too long
        near = [f"{topic.entity.label} ({topic.key})" for topic in search(graph, text, 3)]
    hint = f"; did you mean {', '.join(near)}?" if near else ""
    raise UnclearNameError(f"no entity has the key or name {text!r}{hint}")
