"""Texts that came from somewhere, as they may be shown: in one line, not endless, no control characters in them."""

from __future__ import annotations

import reprlib
import unicodedata

MESSAGE = 400  # characters of a message: two long paths and a sentence
VALUE = 200  # of a value in it
_UNSEEN = {"Cc", "Cs", "Zl", "Zp"}  # Unicode categories: controls, halves of surrogate pairs, ends of lines
_TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # classes of marks that turn the writing
_BRIEF = reprlib.Repr()
_BRIEF.maxlevel, _BRIEF.maxstring, _BRIEF.maxother, _BRIEF.maxlong = 3, 60, 60, 60


def one_line(text: str, most: int = MESSAGE) -> str:
    """A text as one line of `most` characters: "…" for what is left out of the middle, control characters as escapes.

    Escaped are also marks that turn the direction of writing and halves of surrogate pairs, which no terminal shows.
    """
    if len(text) > most:
        text = f"{text[: most // 2]}…{text[len(text) + most // 2 + 1 - most :]}"
    if text.isprintable():
        return text
    shown = "".join(map(_seen, text))
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


def _seen(sign: str) -> str:
    if unicodedata.category(sign) in _UNSEEN or unicodedata.bidirectional(sign) in _TURNING:
        return sign.encode("unicode_escape").decode("ascii")
    return sign
