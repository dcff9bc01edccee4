"""JSON as it leaves the server: the data as they are, with escapes for what a terminal would obey unseen."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

from kg.visible import json_text


class Json(JSONResponse):
    """A document as JSON."""

    def render(self, content: Any) -> bytes:
        """The bytes of the response."""
        return json_text(content).encode()
