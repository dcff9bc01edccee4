"""The reasoner's prompts: of an untrained model, which answers with a path's number, and of a trained one.

A trained reasoner reads the evidence a relation path a line, and quotes the line that it relies on before it answers
(RAFT, Zhang et al., COLM 2024, arXiv:2403.10131); where no line answers it says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kg.types import ReasoningPath, RelationPath
from planner.prompts import END, plan_words

INSTRUCTION = "Choose the path that answers the question. Reply with its number."
EXAMPLES = (
    (
        ("Hamlet → genre → tragedy", "Hamlet → author → William Shakespeare"),
        "Who wrote Hamlet?",
        2,
    ),
    (
        (
            "Jaws → director → Steven Spielberg → director of → The Post",
            "Jaws → director → Steven Spielberg",
            "Jaws → release year → 1975",
        ),
        "Which other films did the director of Jaws make?",
        1,
    ),
    (
        ("Toto → member → Steve Lukather", "Toto → country → United States"),
        "Where does the band Toto come from?",
        2,
    ),
)


def path_words(path: ReasoningPath, labels: Mapping[str, str], words: Mapping[str, str]) -> str:
    """A reasoning path in words: labels for entities, words for signed relations."""
    text = labels[path.start]
    for step in path.steps:
        text += f" → {words[step.relation]} → {labels[step.target]}"
    return text


def reasoner_preamble() -> str:
    """The part of the prompt that is the same for all questions."""
    shots = "".join(f"{reasoner_question(paths, question)} {number}\n\n" for paths, question, number in EXAMPLES)
    return f"{INSTRUCTION}\n\n{shots}"


def reasoner_question(paths: Sequence[str], question: str) -> str:
    """The part of the prompt that is the question; the number follows, with a leading space."""
    lines = "".join(f"{number}. {path}\n" for number, path in enumerate(paths, 1))
    return f"Paths:\n{lines}Question: {question}\nNumber:"


SHOWN_ENDS = 3  # entities that a line of evidence names
NAME = 48  # characters of a name that are shown
NOT_HERE = " not in this graph"


def quote(topic: str, path: RelationPath, words: Mapping[str, str]) -> str:
    """How evidence is named and quoted: the topic and the relations, `Heat -> actor -> born in`."""
    return f"{shortened(topic)} -> {plan_words(path, words)}"


def ends_words(labels: Sequence[str], total: int) -> str:
    """The first few ends of a relation path in words, and how many more there are."""
    named = [shortened(label) for label in labels[:SHOWN_ENDS]]
    return "; ".join([*named, *([f"{total - len(named)} more"] if total > len(named) else [])])


def evidence_question(lines: Sequence[tuple[str, str]], question: str) -> str:
    """The prompt for evidence (quote and ends of each line) and a question; a quote follows, with a leading space."""
    told = "".join(f"{name}: {ends}{END}" for name, ends in lines)
    return f"{told}Question: {question}{END}Path:"


def evidence_answer(name: str, ends: str) -> tuple[str, ...]:
    """What a trained reasoner writes: the quoted line, and the answer that it gives."""
    return (f" {name}{END}", f"Answer: {ends}{END}")


def shortened(text: str) -> str:
    """A name on one line, cut where it is long."""
    text = " ".join(text.split())
    return text if len(text) <= NAME else text[: NAME - 1] + "…"
