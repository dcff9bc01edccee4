"""Words → entities: exact spans, aliases and normal forms, then full-text and fuzzy search. Ambiguity is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rapidfuzz.distance.OSA import normalized_similarity as similarity

from kg.errors import QuestionError, UnclearNameError
from kg.graph import Graph, Name
from kg.names import normal
from kg.types import Entity, Topic

MAX_QUESTION = 2_000  # characters
MAX_NORMAL = 3 * MAX_QUESTION  # characters of its normal form: Korean has up to three for one, U+FDFA has eighteen
MAX_SPAN = 16  # words
MAX_FUZZY_SPANS = 12
FUZZY_CUTOFF = 0.75  # normalised Damerau-Levenshtein similarity
WORD = 0.4  # score of a single small word that is a name, beside names with capitals
INSIDE = 0.4  # weight of a name that is part of what is written, beside one that is all of it
OTHER_CASE = 0.2  # the same of a name in other letters
SHORT_ALIAS = 3  # aliases this short (IN, US, IS …) count only when written as they are stored

# Words that carry no name on their own: a question consists mostly of them.
STOP_WORDS = frozenset(
    "a about after all also an and any are as at be been before but by can could did do does for from get give had "
    "has have he her him his how i if in into is it its list many may me more most much my name named no not now of "
    "off on one only or other our out over please she show so some such tell than that the their them then there "
    "these they this those to under up us was we were what whats when where which while who whom whose why will "
    "with would you your find used use using".split()
)


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
        """Whether it is written like a name: some word after the question's first begins with a capital."""
        words = self.text.split()
        return any(word[0].isupper() or word[0].isdigit() for word in (words if self.start else words[1:]))


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
    how much the graph says about each (square root of the degree).
    """
    spans = spans_of(checked(text))
    topics = exact_topics(graph, spans)
    named = any(word[0].isupper() or word[0].isdigit() for topic in topics for word in topic.mention.split())
    if not topics or (not named and any(span.capital and span.content for span in spans)):
        topics += fuzzy_topics(graph, spans)  # the name may be misspelt, and "film" is no name beside one
    return tuple(sorted(topics, key=lambda topic: (-topic.score, topic.key))[:limit])


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


def exact_topics(graph: Graph, spans: Sequence[Span]) -> list[Topic]:
    """Topics for the spans that are names as they stand, the longest spans first and none inside another."""
    title = all(span.capital for span in spans if span.size == 1 and span.start)  # Every Word Has A Capital
    forms = {
        span: normal(span.text)
        for span in spans
        if not is_stop(span) or (span.capital and (span.size > 1 or (len(span.text) > 1 and not title)))
    }
    written = any(span.capital and span.content for span in spans)  # names can be told from words by their capitals
    by_form: dict[str, list[Name]] = {}
    for name in graph.named(sorted(set(forms.values()))):
        by_form.setdefault(normal(name.text), []).append(name)
    taken: set[int] = set()
    topics: dict[str, Topic] = {}
    for span, form in forms.items():
        names = [name for name in by_form.get(form, ()) if plausible(name, span)]
        if is_stop(span):
            names = [name for name in names if name.text.rstrip("?!.") == span.text]
        if not names or not taken.isdisjoint(range(span.start, span.stop)):
            continue
        taken.update(range(span.start, span.stop))
        weight = 1.0 if span.capital or span.content > 1 else WORD if written else 0.8
        scored = [(name, weight * (0.9 if name.alias else 1.0)) for name in names]
        keep_best(topics, share(graph, scored, span.text))
    return list(topics.values())


def is_stop(span: Span) -> bool:
    """Whether a span is only words like "which" and "of"."""
    return all(word.casefold() in STOP_WORDS for word in span.text.split()) and not (
        span.size == 1 and span.start and span.text.isupper() and len(span.text) > 1
    )


def plausible(name: Name, span: Span) -> bool:
    """Whether the name can be meant: short aliases (country and element codes) only in their own capitals."""
    return not (name.alias and len(name.text) <= SHORT_ALIAS and name.text != span.text)


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


def fuzzy_topics(graph: Graph, spans: Sequence[Span]) -> list[Topic]:
    """Topics for the span that comes closest to some name, when no span is one."""
    worded = [
        span
        for span in spans
        if span.size <= 4 and len(span.text) > SHORT_ALIAS and not stops_at_ends(span) and not is_stop(span)
    ]
    named = [span for span in worded if span.capital] or worded
    best: list[tuple[Name, float]] = []
    mention, reached = "", 0.0
    for span in named[:MAX_FUZZY_SPANS]:
        matches = near_names(graph, span.text, 8)
        # A longer span that matches as well is the better explanation of the question.
        top = matches[0][1] * (1 + 0.05 * span.size) if matches else 0.0
        if top > reached:
            best, mention, reached = matches, span.text, top
    near = [(name, score * score) for name, score in best if score >= best[0][1] - 0.05]
    return share(graph, near, mention) if near else []


def stops_at_ends(span: Span) -> bool:
    """Whether a span begins or ends with a word like "of"."""
    words = span.text.casefold().split()
    return words[0] in STOP_WORDS or words[-1] in STOP_WORDS


def near_names(graph: Graph, text: str, limit: int, cutoff: float = FUZZY_CUTOFF) -> list[tuple[Name, float]]:
    """Names like `text`, the closest first: by full-text search, and by a scan of all names if that finds none."""
    wanted = normal(text)
    scored = [(name, similarity(wanted, normal(name.text))) for name in graph.search(text, 50)]
    found = [(name, score) for name, score in scored if score >= cutoff] or graph.scan(text, limit, cutoff)
    return sorted(found, key=lambda match: (-match[1], match[0].key, match[0].text))[:limit]


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
