"""Answers from a language model alone, without the graph: what is in the weights already."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from kg.graph import Graph
from kg.names import normal
from kg.types import Question
from planner.base import Plan
from planner.lm import LanguageModel
from reasoner.base import Answer, Evidence, Trace

LONGEST = 48  # tokens of an answer
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


class ClosedBook:
    """Traces without plan or evidence: the model's greedy answer, its names looked up in the graph.

    A name that no entity has stays what the model wrote; it is right for no question. Nothing is proven.
    A trained model is prompted without examples.
    """

    def __init__(self, graph: Graph, lm: LanguageModel) -> None:
        self._graph = graph
        self._lm = lm

    def traces(self, questions: Sequence[Question]) -> list[Trace]:
        """A trace for each question."""
        plan, evidence = Plan((), note="closed book: the graph is not used"), Evidence(())
        written = self.write([question.text for question in questions])
        return [Trace(q, plan, evidence, self._answer(text)) for q, text in zip(questions, written, strict=True)]

    def write(self, texts: Sequence[str]) -> list[str]:
        """The most probable next token again and again, up to a line break, for each question."""
        preamble = "" if self._lm.run else closed_book_preamble()
        tree = self._lm.tree(preamble, [closed_book_question(text) for text in texts])
        nodes = tree.begin()
        written: list[list[int]] = [[] for _ in texts]
        going = list(range(len(texts)))
        for _ in range(LONGEST):
            for number in going:
                written[number].append(int(np.argmax(nodes[number].logp)))
            going = [number for number in going if not self._is_over(written[number])]
            if not going:
                break
            last = [[(written[number][-1],)] for number in going]
            steps = tree.extend([nodes[number] for number in going], last)
            for number, (step,) in zip(going, steps, strict=True):
                nodes[number] = step.node
        return [self._text(tokens) for tokens in written]

    def _is_over(self, tokens: list[int]) -> bool:
        return tokens[-1] == self._lm.tokenizer.eos_token_id or "\n" in self._text(tokens, whole=True).lstrip()

    def _text(self, tokens: list[int], whole: bool = False) -> str:
        text: str = self._lm.tokenizer.decode(tokens, skip_special_tokens=True)
        return text if whole else text.strip().partition("\n")[0].strip()

    def _answer(self, text: str) -> Answer:
        entities = tuple(dict.fromkeys(entities_in(self._graph, text)))
        if not entities:
            return Answer((), (), "the model wrote nothing", "no grounded answer", 0.0)
        return Answer(entities, (), text, "grounded", 1.0, len(entities))


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
