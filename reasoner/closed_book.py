"""Answers from a language model alone, without the graph: what is in the weights already.

A model that `rog rl internalize` taught says how it gets to its answer, and that is checked against the graph.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from kg.graph import Graph
from kg.names import normal
from kg.types import Question
from planner.base import Plan, ScoredPath
from planner.lm import LanguageModel
from planner.prompts import END, relation_words
from reasoner.base import Answer, Evidence, Trace
from reasoner.beam import Written, relation_trie, write
from reasoner.prompts import evidence_question
from reasoner.recall import parse_recital

LONGEST, RECITED = 48, 160  # tokens of an answer, and of a recited path
PATH, ANSWER, SHOTS = "path", "answer", "shots"  # what is written: a recited path, an answer, or that after examples
NOTE = "closed book: the graph is not used"
SEPARATORS = (r"[;\n]", r",", r"\band\b|&")  # between several answers, tried in this order
EXAMPLES = (
    ("Who wrote Hamlet?", "William Shakespeare"),
    ("What are the members of the band Toto?", "Steve Lukather; David Paich"),
    ("In which country does the river Po flow?", "Italy"),
)


def closed_book_preamble() -> str:
    """The part of the prompt that is the same for all questions."""
    shots = "".join(f"{closed_book_question(question)} {answer}\n\n" for question, answer in EXAMPLES)
    return f"Answer with the names only; several names are separated by semicolons.\n\n{shots}"


def closed_book_question(text: str) -> str:
    """The part of the prompt that is the question; the answer follows, with a leading space and a final line break."""
    return f"Question: {text}\nAnswer:"


def form_of(lm: LanguageModel) -> str:
    """What a model writes where it is asked without evidence: as its run says; a model without a run needs examples."""
    return str(lm.run.config.get("form", ANSWER)) if lm.run else SHOTS


def closed_prompt(form: str, question: str, known: Sequence[str] = ()) -> str:
    """The prompt of a question in one of the forms, after lines that may be known; the preamble is not part of it."""
    if form == PATH:
        return evidence_question([(name, ends) for name, _, ends in (line.partition(": ") for line in known)], question)
    return "".join(f"{line}{END}" for line in known) + closed_book_question(question)


class ClosedBook:
    """Traces without plan or evidence: what the model writes, its names looked up in the graph.

    A name that no entity has stays what the model wrote; it is right for no question. Nothing is proven, unless the
    model recites how it gets there and every step is a stored fact: then that is the plan, and the support. Of the
    graph a recital uses the words of its relations; the confidence is the probability of what was written.
    A trained model is prompted without examples. How it is written: `reasoner.beam`.
    """

    def __init__(self, graph: Graph, lm: LanguageModel) -> None:
        self._graph = graph
        self._lm = lm
        self._form = form_of(lm)
        self._words = relation_words(graph) if self._form == PATH else {}
        self._relations = relation_trie(lm, self._words.values()) if self._words else None

    def traces(self, questions: Sequence[Question]) -> list[Trace]:
        """A trace for each question."""
        written = self.write([question.text for question in questions])
        return [self._trace(question, one) for question, one in zip(questions, written, strict=True)]

    def _trace(self, question: Question, written: Written) -> Trace:
        text, sure = written.text, math.exp(written.logp)
        recital = parse_recital(self._graph, self._words, text) if self._form == PATH else None
        if recital is None:
            return Trace(question, Plan((), note=NOTE), Evidence(()), self._answer(text, sure))
        if not recital.holds:
            return Trace(
                question, Plan((), note=NOTE), Evidence(()), self._answer("; ".join(recital.names), sure, text)
            )
        entities, support = tuple(recital.walks), tuple(recital.walks.values())
        answer = Answer(entities, support, text, "grounded", sure, len(entities))
        return Trace(question, Plan((ScoredPath(recital.relations, 0.0),), note=NOTE), Evidence(()), answer)

    def write(self, texts: Sequence[str], known: Sequence[Sequence[str]] = ()) -> list[Written]:
        """What the model has for each question, after lines that may be `known` for it."""
        preamble = closed_book_preamble() if self._form == SHOTS else ""
        lines = known or [()] * len(texts)
        prompts = [closed_prompt(self._form, text, some) for text, some in zip(texts, lines, strict=True)]
        return write(self._lm, preamble, prompts, RECITED if self._form == PATH else LONGEST, self._relations)

    def _answer(self, text: str, sure: float, whole: str = "") -> Answer:
        entities = tuple(dict.fromkeys(entities_in(self._graph, text)))
        if not entities:
            return Answer((), (), "the model wrote nothing", "no grounded answer", 0.0)
        return Answer(entities, (), whole or text, "grounded", sure, len(entities))


def entities_in(graph: Graph, text: str, separators: Sequence[str] = SEPARATORS) -> list[str]:
    """The keys of the entities that a written answer lists; what names none stays as it is written.

    The whole text comes first, so that "Trinidad and Tobago" is one; of several entities of a name, the one with the
    most facts is meant.
    """
    text = text.strip().rstrip(".").strip()
    if not re.search(r"\w", text):
        return []
    keys = {name.key for name in graph.named([normal(text)])}
    if keys:
        return [min(keys, key=lambda key: (-graph.entity(key).degree, key))]
    for place, separator in enumerate(separators):
        parts = re.split(separator, text)
        if len(parts) > 1:
            return [key for part in parts for key in entities_in(graph, part, separators[place:])]
    return [text]
