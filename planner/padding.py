"""What a question asks, without what is said around it: greetings, politeness, reasons for asking.

"I have been wondering for a while, and nobody could tell me: exactly how tall is Bosch, please?" asks "how tall is
Bosch?". A planner that compares words with relations would compare the rest too, so it is cut before planning. Only
what is said outside the topic's name is ever cut, and only English is understood; other words are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache

from kg.types import Question
from planner.mentions import mention_at

_WH = r"(?:who|whom|whose|what|which|where|when|how|why)(?:['’]s|['’]re)?"
_PREPOSITION = r"(?:(?:in|at|of|from|by|to|for|on|with|under|into|through|during|since|until)\s+)?"
_ADVERB = r"(?:(?:exactly|precisely|roughly|approximately|actually|just|really|simply|again|please)\s+)*"
# What an indirect question depends on: "tell me who", "no idea which", "I wonder where", "the question is what".
_CUE = (
    r"(?:tell|telling|told|inform|informing|remind|reminding|show|showing|ask|asked|asking|know|knows|knew|known|knowing|"
    r"wonder|wonders|wondered|wondering|remember|recall|forgot|forgotten|guess|say|see|check|learn|understand|determine|"
    r"find\s+out|finding\s+out|figure\s+out|look\s+up|looking\s+up|work\s+out|me|us|sure|certain|clear|idea|clue|curious|"
    r"interested\s+in|question\s+is|about|regarding|as\s+to)"
)
_INDIRECT = re.compile(
    rf"\b{_CUE}(?:\s+(?:me|us|of|that|is))?\s*,?\s+(?={_ADVERB}{_PREPOSITION}{_WH}\b)", re.IGNORECASE
)
# What a request for a thing depends on: "I need the director of Heat", "please tell me the capital of Peru".
_REQUEST = re.compile(
    r"\b(?:(?:i|we)(?:['’]d|\s+would|['’]ll|\s+will)?(?:\s+(?:really|just|also|only|urgently|still))*\s+"
    r"(?:need|want|like|love|wish|have)(?:\s+to\s+(?:know|find\s+out|find|learn|hear|see|have|get|be\s+told))?"
    r"|(?:i|we)(?:['’]m|['’]re|\s+am|\s+are|\s+was|\s+were)\s+(?:looking|searching)\s+for"
    r"|(?:telling|giving|showing|sending|naming)(?:\s+(?:me|us))?|let\s+(?:me|us)\s+know)(?:\s+(?:of|about))?\s+"
    r"|\b(?=(?:tell|give|show|find|get|send)\s+(?:me|us)\s)",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"^(?:(?:hi|hello|hey|dear|greetings|good\s+(?:morning|afternoon|evening|day)|excuse\s+me|pardon|"
    r"sorry(?:\s+(?:to|for)\s+(?:bother|trouble|disturb|ask|interrupt)(?:ing)?(?:\s+you)?(?:\s+(?:with\s+this|again))?)?)"
    r"(?:\s+(?:there|all|everyone|everybody|folks|guys|again))?(?:\s*[,!.]\s*|\s+)"
    r"|(?:ok|okay|well|so|now|then|and|also|but|um|uh|hmm|please|kindly|thanks|quick\s+question|a\s+quick\s+question|"
    r"just\s+out\s+of\s+curiosity|out\s+of\s+curiosity|by\s+the\s+way|btw|if\s+(?:i|you)\s+may(?:\s+ask)?|"
    r"if\s+possible|exactly|precisely|actually)(?:\s*[,:]\s*|\s+)"
    r"|(?:can|could|would|will|may|might)\s+(?:you|i|we|anyone|anybody|someone|somebody)(?:\s+(?:please|kindly|possibly|maybe|"
    r"perhaps|also|just|ask))*(?:\s+mind)?\s+(?=\S)"
    r"|(?:do|does|did)\s+(?:you|anyone|anybody|someone|somebody)(?:\s+(?:happen\s+to|perhaps|by\s+any\s+chance|maybe))?\s+(?=know\b))",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"[\s,;.!–—-]*\b(?:please|thanks(?:\s+a\s+lot|\s+so\s+much|\s+in\s+advance)?|thank\s+you(?:\s+very\s+much|\s+so\s+much|\s+in\s+advance)?|"
    r"cheers|if\s+you\s+(?:know|can|please|happen\s+to\s+know|don['’]t\s+mind)|(?:do|would)\s+you\s+(?:happen\s+to\s+)?know|"
    r"does\s+any(?:one|body)\s+know|any\s+ideas?|by\s+any\s+chance|by\s+the\s+way|btw|i\s+wonder|i\s+was\s+wondering|"
    r"i\s+would\s+like\s+to\s+know|i['’]d\s+like\s+to\s+know|exactly|precisely|again|actually|really)\s*(?=[\s?.!]*$)",
    re.IGNORECASE,
)
_WITHIN = re.compile(
    r"(?:,\s*)?\b(?:please|by\s+any\s+chance|exactly|precisely|actually|really|perhaps|maybe|kindly|by\s+the\s+way)\b(?:\s*,)?\s+",
    re.IGNORECASE,
)
_BREAK = re.compile(
    rf"(?<=[?!…;:])\s+|(?<=\w{{3}}\.)\s+(?=[A-Z])|\s+[–—-]\s+|(?<=,)\s+(?=(?:so|and|but)\s+{_ADVERB}{_PREPOSITION}{_WH}\b)",
    re.IGNORECASE,
)
_ASKS = re.compile(rf"\b{_WH}\b|^(?:name|list|give|show|find|tell|identify|state|provide|get)\b", re.IGNORECASE)
_PLACE = "\x00"  # stands for the topic's name while the rest is cut; no question holds it (`kg.link.checked`)


def without_padding(question: Question) -> Question:
    """The question with the words around what it asks cut away; the same question where there are none.

    Its topics stay as they are; the best one's mention is kept letter for letter.
    """
    core = core_text(question.text, question.topics[0].mention if question.topics else "")
    return question if core == question.text else replace(question, text=core)


@lru_cache(maxsize=10_000)
def core_text(text: str, mention: str = "") -> str:
    """What `text` asks, where `mention` (may be "") is the name of what it is about."""
    place = mention_at(text, mention)
    if place is None:
        core = _core(text)
    else:
        core = _core(text[: place[0]] + _PLACE + text[place[1] :])
        core = core.replace(_PLACE, text[slice(*place)]) if _PLACE in core else ""
    return core if re.search(r"\w", core) and core != " ".join(text.split()) else text


def _core(text: str) -> str:
    """The parts that ask or hold the topic, without openings, frames and closings."""
    parts = [part.strip() for part in _BREAK.split(text) if part.strip()]
    kept = list(_asking(parts)) or parts
    kept[0] = _unframed(kept[0])
    core = _WITHIN.sub(" ", " ".join(kept)).strip()
    while (shorter := _CLOSING.sub("", core)) != core:
        core = shorter
    return core


def _asking(parts: list[str]) -> Iterator[str]:
    """The parts that hold the topic or an asking word; all of them where no part holds the topic."""
    named = any(_PLACE in part for part in parts)
    for part in parts:
        if not named or _PLACE in part or _ASKS.search(part):
            yield part


def _unframed(part: str) -> str:
    """A part without what its question or request depends on; nothing is cut that stands after the topic."""
    while (shorter := _OPENING.sub("", part, count=1)) != part:
        part = shorter
    end = part.find(_PLACE) if _PLACE in part else len(part)
    asked = re.search(rf"\b{_WH}\b", part, re.IGNORECASE)
    for frame, until in ((_INDIRECT, end), (_REQUEST, min(end, asked.start()) if asked else end)):
        if found := next((match for match in frame.finditer(part) if match.end() <= until), None):
            part = part[found.end() :]
            break
    return re.sub(rf"^{_ADVERB}", "", part, count=1, flags=re.IGNORECASE)
