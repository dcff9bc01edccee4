"""Texts that came from somewhere, as they may be shown: in one line, not endless, no control characters in them."""

from __future__ import annotations

import reprlib

from kg.visible import visible

MESSAGE = 400  # characters of a message: two long paths and a sentence
VALUE = 200  # of a value in it
_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother, _BRIEF.maxlong = 3, 60, 60, 60


def one_line(text: str, most: int = MESSAGE) -> str:
    """A text as one line of `most` characters that shows all it holds: "…" for what is left out of the middle."""
    if len(text) > most:
        text = f"{text[: most // 2]}…{text[len(text) + most // 2 + 1 - most :]}"
    shown = visible(text)
    return shown if len(shown) <= most else one_line(shown, most)


def is_text(text: str) -> bool:
    """Whether a text can be stored: JSON and RDF can write halves of surrogate pairs, which stand for no character."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def brief(value: object) -> str:
    """A value as Python writes it, in about 60 characters a text and three levels of nesting at most."""
    try:
        return one_line(_BRIEF.repr(value), VALUE)
    except ValueError:  # Python writes no number of more than 4,300 digits
        return "a number of thousands of digits"
