"""Where a name stands in a question."""

from __future__ import annotations

import re


def mention_at(text: str, mention: str) -> tuple[int, int] | None:
    """Where whole words of the text are a mention, in any case of letters and with any signs between; or None."""
    words = r"\W+".join(map(re.escape, mention.split()))  # the linker drops punctuation between words
    found = re.search(rf"(?<!\w){words}(?!\w)", text, re.IGNORECASE) if words else None
    return found.span() if found else None
