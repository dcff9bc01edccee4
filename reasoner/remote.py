"""Answers by a language model behind an OpenAI-compatible server that may only choose among numbered evidence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kg.graph import Graph
from kg.types import Question
from planner.base import Plan
from planner.chat_client import ChatModel
from planner.prompts import NONE, relation_words
from reasoner.base import Answer, Evidence, Retrieved
from reasoner.prompts import path_words, reasoner_preamble, reasoner_question, shortened
from reasoner.symbolic import answer_from, first_paths, no_answer

SHOWN = 8  # lines of evidence that the model reads
NUMBERS = re.compile(r"(?:numbers?:)?\s*(\d{1,3}(?:\s*(?:,\s*and|,|and|\s)\s*\d{1,3})*)\.?", re.IGNORECASE)
SEVERAL = f"Where several answer it, reply with all their numbers, separated by commas; where none does, with {NONE}."


class RemoteReasoner:
    """A `Reasoner` that shows a chat model one path of each kind and reads line numbers off its reply.

    The answer is the ends of those lines, its confidence their share of the planner's weights times `fits`. A reply
    that is anything but numbers of lines is a refusal; nothing else that the model writes is used or shown.
    """

    name = "openai"

    def __init__(self, graph: Graph, chat: ChatModel) -> None:
        self._graph = graph
        self._chat = chat
        self._words = relation_words(graph)

    def answer(
        self, questions: Sequence[Question], plans: Sequence[Plan], evidence: Sequence[Evidence]
    ) -> list[Answer]:
        """An answer for each question. Raises ModelError."""
        answers = [no_answer(plan, found, 1.0) for plan, found in zip(plans, evidence, strict=True)]
        asked = [number for number, found in enumerate(evidence) if found.found]
        prompts = [
            reasoner_question([self._line(each) for each in evidence[number].found[:SHOWN]], questions[number].text)
            for number in asked
        ]
        replies = self._chat.replies(f"{reasoner_preamble()}{SEVERAL}", prompts)
        for number, reply in zip(asked, replies, strict=True):
            answers[number] = self._chosen(reply, plans[number], evidence[number])
        return answers

    def _line(self, retrieved: Retrieved) -> str:
        path = retrieved.paths[0]
        labels = {key: shortened(self._graph.entity(key).label) for key in path.entities}
        more = f" (and {retrieved.ends_total - 1:,} more)" if retrieved.ends_total > 1 else ""
        return path_words(path, labels, self._words) + more

    def _chosen(self, reply: str, plan: Plan, evidence: Evidence) -> Answer:
        """The answer of the lines that the reply names, or the refusal."""
        shown = evidence.found[:SHOWN]
        numbers = line_numbers(reply, len(shown))
        if numbers:
            return answer_from(self._graph, merged([shown[number - 1] for number in numbers]), evidence, plan.fits)
        said = reply.strip(" .`*\n").lower() == NONE
        text = "nothing that was retrieved answers this" if said else "the model's reply names no line of the evidence"
        reasons = ("the model says that no path shown is what is asked" if said else text,) * len(plan.paths)
        return Answer((), (), text, "no grounded answer", 0.0, reasons=reasons)


def line_numbers(reply: str, lines: int) -> list[int]:
    """The line numbers (from 1) that a reply consists of, each once; empty if it holds anything else."""
    found = NUMBERS.fullmatch(reply.strip(" `*\n"))
    numbers = list(dict.fromkeys(map(int, re.findall(r"\d+", found[1])))) if found else []
    return numbers if all(1 <= number <= lines for number in numbers) else []


def merged(chosen: Sequence[Retrieved]) -> Retrieved:
    """What several relation paths lead to, as one; ends that none of them has within its limit are counted apart.

    Those that lead to nothing that one before them does not lead to are left out: no path of theirs is cited.
    """
    ends = tuple(dict.fromkeys(end for each in chosen for end in each.ends))
    first = first_paths(path for each in chosen for path in each.paths)
    cited = {(first[end].start, first[end].relations) for end in ends}
    used = [each for each in chosen if (each.topic.key, each.relations) in cited]
    known = sum(len(each.ends) for each in used)
    return Retrieved(
        chosen[0].topic,
        chosen[0].relations,
        sum(each.weight for each in chosen),
        ends,
        sum(each.ends_total for each in used) - known + len(ends),
        tuple(path for each in chosen for path in each.paths),
        sum(each.paths_total for each in chosen),
    )
