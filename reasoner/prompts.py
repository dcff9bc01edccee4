"""The reasoner's prompt: numbered paths and a question, answered by a number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from kg.types import ReasoningPath

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
