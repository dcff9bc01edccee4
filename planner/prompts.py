"""The words that stand for relations and plans, and the planner's prompt: the same in training and inference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from kg.graph import Graph
from kg.types import Question, RelationPath, inverse
from planner.mentions import mention_at
from planner.padding import without_padding

SEPARATOR = " ->"
END = "\n"

# The same the other way round, for the likelihood of a question given a plan; the topic is only its type.
ASKED = (
    ("person -> place of birth -> river", "What river flows through the city where [person] was born?"),
    ("book -> author", "Who wrote [book]?"),
    ("film -> director -> director of", "Which films were made by the director of [film]?"),
    ("band -> member", "What are the members of [band]?"),
    (
        "player -> member of -> first cup -> year",
        "In which year did the club that signed [player] win its first cup?",
    ),
)

PATH = "\nPath:"  # what a trained planner's prompt ends with
NONE = "none"  # what a trained planner says of a question that no relation path answers

INSTRUCTION = "Each question is answered by following a path of relations from an entity."
# Worked examples in the form the model has to continue. Their facts are of no graph in particular.
EXAMPLES = (
    ("What river flows through the city where Ada Byron was born?", "Ada Byron", "place of birth -> river"),
    ("Who wrote Hamlet?", "Hamlet", "author"),
    ("Which films were made by the director of Jaws?", "Jaws", "director -> director of"),
    ("What are the members of the band Toto?", "Toto", "member"),
    (
        "In which year did the club that signed Pelé win its first cup?",
        "Pelé",
        "member of -> first cup -> year",
    ),
)


def relation_words(graph: Graph) -> dict[str, str]:
    """Signed relation → its words, all different: labels, with the key added where two relations share one."""
    words = {}
    for key, relation in graph.relations.items():
        for signed in (key, inverse(key)):
            words[signed] = " ".join(relation.read(signed).split()) or signed
    counts = Counter(words.values())
    return {signed: text if counts[text] == 1 else f"{text} ({signed})" for signed, text in words.items()}


def plan_words(path: RelationPath, words: Mapping[str, str]) -> str:
    """A plan in words, as the model writes it: `capital of -> currency`."""
    return f"{SEPARATOR} ".join(words[relation] for relation in path)


def plan_pieces(path: RelationPath, words: Mapping[str, str]) -> tuple[str, ...]:
    """A plan in words, in the pieces that become tokens one by one: ` capital of`, ` ->`, ` currency`, the end."""
    pieces = [piece for relation in path for piece in (SEPARATOR, f" {words[relation]}")]
    return (*pieces[1:], END)


def parse_plan(text: str, words: Mapping[str, str]) -> RelationPath | None:
    """The relation path that `plan_words` wrote, or None if some part of it names no relation."""
    by_words = {written: signed for signed, written in words.items()}
    parts = [by_words.get(part.strip()) for part in text.strip().split(SEPARATOR)]
    return None if None in parts else tuple(part for part in parts if part is not None)


def plan_preamble() -> str:
    """The part of the planner's prompt that is the same for all questions."""
    shots = "".join(plan_question(text, topic) + f" {path}{END}\n" for text, topic, path in EXAMPLES)
    return f"{INSTRUCTION}\n\n{shots}"


def plan_question(text: str, topic: str) -> str:
    """The part of the planner's prompt that is the question; the plan follows, with a leading space."""
    return f"Question: {text}\nEntity: {topic}\nPath:"


def planner_question(question: Question) -> str:
    """`plan_question` of a linked question, with the words that its best topic stands on."""
    return plan_question(without_padding(question).text, question.topics[0].mention if question.topics else "")


def trained_question(question: Question) -> str:
    """The prompt of a planner that was trained."""
    return f"{masked_question(question)}{PATH}"


def masked_question(question: Question) -> str:
    """A question with its best topic's type for the topic's name.

    What is asked does not depend on of whom, so that questions about different entities teach the same thing.
    """
    text = without_padding(question).text
    if question.topics:
        topic = question.topics[0]
        kind = topic.entity.types[0] if topic.entity.types else "X"
        text = masked(text, topic.mention, f"[{kind}]")
    return text


def masked(text: str, mention: str, instead: str) -> str:
    """The text with its first mention replaced; as it is where there is none."""
    place = mention_at(text, mention)
    return text if place is None else text[: place[0]] + instead + text[place[1] :]


def channel_preamble() -> str:
    """The part of the prompt "plan, then question" that is the same for all questions."""
    return "".join(f"Path: {path}{END}Question: {question}{END}\n" for path, question in ASKED) + "Path:"


def channel_plan(kind: str, path: RelationPath, words: Mapping[str, str]) -> str:
    """A plan from a topic of some type, in that prompt."""
    return f" {kind}{SEPARATOR} {plan_words(path, words)}"


def channel_question(asked: str) -> str:
    """The question that such a plan is to explain."""
    return f"{END}Question: {asked}{END}"
