"""Ask a knowledge graph in words and get the answer with the paths that prove it.

import rog
kg = rog.open_graph("my.kg")
answer = rog.RoG(kg).ask("Who …?")
"""

from __future__ import annotations

from importlib import import_module, metadata
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kg.errors import RogError
    from kg.open import open_graph
    from reasoner.base import Answer, Trace
    from rog.picture.notebook import RoG

__version__ = metadata.version("rog")
__all__ = ["Answer", "RoG", "RogError", "Trace", "open_graph"]

_HOMES = {
    "Answer": "reasoner.base",
    "RoG": "rog.picture.notebook",
    "RogError": "kg.errors",
    "Trace": "reasoner.base",
    "open_graph": "kg.open",
}


def __getattr__(name: str) -> Any:
    """The public names, each imported when it is first used, so that `import rog` is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'rog' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    """The public names, for tab completion."""
    return [*__all__, "__version__"]
