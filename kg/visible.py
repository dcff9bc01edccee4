"""Names are data: what a terminal, a browser, a chat or a spreadsheet would obey in them is shown instead.

Whoever writes a graph chooses its names, and whoever reads it may be another person, or their agent. So everything that
shows a name, or a sentence with a name in it, to somebody passes it through one of these:

    visible   terminal, pictures, error messages: one line, no control character, no reversed text
    html      pages: the same, and no element
    markdown  chat clients and agents: the same, and no link, image or heading
    cell      tables that are opened as spreadsheets: the same, and no formula
    json_text JSON: the data as they are, with an escape for what is not to be written raw

Marks that languages need (joiners, left-to-right and right-to-left marks, zero-width spaces) stay.
"""

from __future__ import annotations

import json
import re
from html import escape
from typing import Any

C0 = (0x00, 0x1F)
BLANKS = {"\t": "\\t", "\n": "\\n", "\r": "\\r"}
HIDDEN = (  # code points, first and last
    (0x7F, 0x9F),  # delete and C1: some terminals take U+009B for ESC [
    (0x2028, 0x202E),  # line and paragraph separators, embeddings and overrides of direction
    (0x2066, 0x206F),  # isolates of direction, deprecated format characters
    (0xD800, 0xDFFF),  # lone surrogates
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),  # annotations
    (0xE0000, 0xE007F),  # tags: letters that only programs see
)


def _pattern(*ranges: tuple[int, int]) -> re.Pattern[str]:
    return re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges) + "]")


_SHOWN, _ESCAPED = _pattern(C0, *HIDDEN), _pattern(*HIDDEN)
_MARKS = re.compile(
    r"[\\`*\[\]<~$@]"  # code, emphasis, links, images, HTML, strikethrough, formulas, mail addresses
    r"|(?<![^\W_])_|_(?![^\W_])"  # emphasis; not inside a word
    r"|:(?=//)|(?<=www)\."  # addresses that become links by themselves
    r"|&(?=#?\w+;)"  # character references
    r"|(?<=\A)[#+=|>-]|(?<=\A\d)[.)]|(?<=\A\d\d)[.)]",  # headings, lists, quotes, tables at the beginning
    re.IGNORECASE,
)
_FORMULA = re.compile(r"\s*[=+@-]")


def visible(text: str) -> str:
    r"""The text on one line: `\n` for a line break, `\x1b`, `\u202e` and the like for what else is obeyed unseen."""
    return _SHOWN.sub(_sign, text)


def visible_lines(text: str) -> str:
    """The same of each line of a text that has lines of its own."""
    return "\n".join(map(visible, text.split("\n")))


def html(text: str) -> str:
    """The text on one line as HTML that shows it."""
    return escape(visible(text))


def markdown(text: str) -> str:
    """The text on one line as Markdown that shows it: no link, image, heading, emphasis or HTML is made of it."""
    return _MARKS.sub(r"\\\g<0>", visible(text).strip())


def cell(value: object) -> str:
    """A value as text for a spreadsheet: what is no number and would begin a formula has an apostrophe before it."""
    text = visible(str(value))
    return f"'{text}" if _FORMULA.match(text) and not _is_number(text) else text


def json_text(document: Any) -> str:
    """JSON on one line that reads back to the same: letters as they are, escapes for what is obeyed unseen."""
    return escaped_json(json.dumps(document, ensure_ascii=False))


def escaped_json(text: str) -> str:
    """JSON text that says the same, with escapes for what is obeyed unseen."""
    return _ESCAPED.sub(lambda match: json.dumps(match[0])[1:-1], text)


def is_visible(text: str) -> bool:
    """Whether a text shows all that it holds."""
    return _SHOWN.search(text) is None


def _sign(match: re.Match[str]) -> str:
    number = ord(match[0])
    if number <= 0xFF:
        return BLANKS.get(match[0], f"\\x{number:02x}")
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
