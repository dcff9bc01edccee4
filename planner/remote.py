"""Plans by a language model behind an OpenAI-compatible server, each checked against the graph before it is used."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Mapping, Sequence
from math import log

from kg.graph import Graph
from kg.types import Question, RelationPath
from planner.base import Plan, ScoredPath
from planner.chat_client import ChatModel
from planner.lexical import nothing_to_plan
from planner.prompts import NONE, parse_plan, plan_preamble, plan_words, planner_question, relation_words
from planner.space import PlanSpace, is_legal, plan_space

BUDGET = 6000  # characters of relations in a prompt, some 2,000 tokens: servers' default windows start at 4,096
MARKS = re.compile(r"^\s*(?:(?:[-*•]|\d+[.)])\s+|Path:\s*)*")  # what chat models put before a line
MORE = "(and more that are not listed)"
RANKED = "probabilities go by rank, the model's server gives none"


class RemotePlanner:
    """A `Planner` that asks a chat model for relation paths and keeps those that exist from the topics.

    The model sees the relations that may come next, nearest hops first, up to `BUDGET` characters. What it writes that
    is no legal plan is dropped, and `note` says how many lines. The probability of a plan says only at which rank the
    model named it: 1/rank, divided by their sum. So `exact` is False, and `fits` is 0 where the model says `none` or
    names no legal plan, else 1.
    """

    name = "openai"

    def __init__(self, graph: Graph, chat: ChatModel) -> None:
        self._graph = graph
        self._chat = chat
        self._words = relation_words(graph)

    def plan(self, questions: Sequence[Question], k: int = 3, max_hops: int = 3) -> list[Plan]:
        """A plan for each question: the first `k` legal relation paths that the model names. Raises ModelError."""
        spaces = [plan_space(self._graph, question, max_hops) for question in questions]
        plans = [nothing_to_plan(question) for question in questions]
        asked = [number for number, space in enumerate(spaces) if space.options(())]
        prompts = [planner_prompt(questions[number], spaces[number], self._words, k) for number in asked]
        for number, reply in zip(asked, self._chat.replies(plan_preamble().strip(), prompts), strict=True):
            plans[number] = plan_of_reply(reply, spaces[number], self._words, k)
        return plans


def planner_prompt(question: Question, space: PlanSpace, words: Mapping[str, str], k: int) -> str:
    """What the model is asked after the worked examples."""
    return (
        f"Use only these relations, each written as it is here, {space.max_hops} at most in a path:\n"
        f"{legal_words(space, words)}\n\n"
        f"Reply with the {k} paths that answer the question best, the best first, one a line, and nothing else; "
        f"with fewer where fewer answer it, with {NONE} where none does.\n\n{planner_question(question)}"
    )


def legal_words(space: PlanSpace, words: Mapping[str, str], budget: int = BUDGET) -> str:
    """The relations that may come next in words, a line for each legal path so far, shorter ones first.

    They have at most `budget` characters; where that is not all, the last line says so.
    """
    lines: list[str] = []
    waiting: deque[RelationPath] = deque([()])
    while waiting:
        path = waiting.popleft()
        options = list(space.options(path))
        line = f"After {plan_words(path, words)}: " if path else "From the entity: "
        for number, relation in enumerate(options):
            name = f"{'; ' if number else ''}{words[relation]}"
            if len(line) + len(name) > budget:
                return "\n".join([*lines, *([line] if number else []), MORE])
            line += name
        if options:
            lines.append(line)
            budget -= len(line) + 1
        waiting.extend((*path, relation) for relation in options)
    return "\n".join(lines)


def plan_of_reply(reply: str, space: PlanSpace, words: Mapping[str, str], k: int) -> Plan:
    """The plan that a reply states, without what does not exist from the topics."""
    lines = [line.strip() for line in reply.splitlines() if line.strip(" \t`")]
    if [line.strip(" .`*").lower() for line in lines] == [NONE]:
        return Plan((), exact=False, fits=0.0, note="the planner says that no relation path answers this")
    read = [line_path(line, words) for line in lines]
    legal = [path for path in read if path is not None and is_legal(path, space)]
    dropped = len(lines) - len(legal)
    lost = f"dropped {dropped} of {len(lines)} lines of the model's reply: no path of this graph from here"
    best = list(dict.fromkeys(legal))[:k]
    if not best:
        return Plan((), exact=False, fits=0.0, note=lost if lines else "the model's reply is empty")
    total = sum(1 / rank for rank in range(1, len(best) + 1))
    paths = tuple(ScoredPath(path, -log(rank * total)) for rank, path in enumerate(best, 1))
    return Plan(paths, exact=False, note=f"{RANKED}; {lost}" if dropped else RANKED)


def line_path(line: str, words: Mapping[str, str]) -> RelationPath | None:
    """The relation path of a line as it stands, or without the marks that chat models put around one."""
    bare = re.sub(r"\s*(?:->|→)\s*", " -> ", MARKS.sub("", line).strip(" \t`*"))
    return parse_plan(line, words) or parse_plan(bare, words)
