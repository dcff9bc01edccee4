"""How wide a text is, and how it is made to fit: pictures are laid out without asking a font."""

from __future__ import annotations

import re
import unicodedata

from kg.visible import visible

NARROW, WIDE = frozenset(" .,:;'`|!ijlI[]()/\\"), frozenset("mwMW@%&—")
# Anything that XML 1.0 cannot hold, and lone surrogates, which no file can.
UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST = 500  # characters of a text that is shown
JOINERS = frozenset("\u200d\ufe0f")


def clean(text: str) -> str:
    """The text on one line, with a sign for what is obeyed unseen, and cut with an ellipsis where it is endless."""
    text = " ".join(writable(visible(text[: 2 * LONGEST])).split())
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def writable(text: str) -> str:
    """The text with a sign for everything that XML cannot hold."""
    return UNWRITABLE.sub("\ufffd", text)


def width(text: str, size: float) -> float:
    """About how wide a text is in pixels at a font size in pixels; rather too wide than too narrow."""
    return size * sum(map(advance, text))


def advance(character: str) -> float:
    """The width of a character in a sans-serif font, as a share of the font size."""
    if character in NARROW:
        return 0.36
    if character in JOINERS or unicodedata.combining(character):
        return 0.0
    if unicodedata.east_asian_width(character) in "WF" or ord(character) > 0x1F000:
        return 1.25
    if character in WIDE:
        return 0.97
    return 0.7 if character.isupper() else 0.61


def fit(text: str, size: float, room: float) -> str:
    """The text, or as much of its beginning as fits into so many pixels, with an ellipsis."""
    text = clean(text)
    if width(text, size) <= room:
        return text
    left, end = room - width("…", size), 0
    for end, character in enumerate(text):  # noqa: B007 - where it stops is what is wanted
        left -= size * advance(character)
        if left < 0:
            break
    while end and (text[end] in JOINERS or text[end - 1] == "\u200d" or unicodedata.combining(text[end])):
        end -= 1  # no sign is cut in two
    return text[:end].rstrip() + "…"


def wrap(text: str, size: float, room: float, lines: int) -> list[str]:
    """The text in at most so many lines of so many pixels; the last one ends with an ellipsis if there is more."""
    words, found = clean(text).split(" "), [""]
    for number, word in enumerate(words):
        longer = f"{found[-1]} {word}".strip()
        if width(longer, size) <= room or not found[-1]:
            found[-1] = longer
        elif len(found) < lines:
            found.append(word)
        else:
            found[-1] += " " + " ".join(words[number:])
            break
    return [fit(line, size, room) for line in found]
