"""YAML files of settings, which somebody else may have written: read in bounded time, refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kg.errors import RogError

LARGEST = 100_000  # bytes; settings take some hundreds
_PAIRS = 10_000  # of one mapping with what is merged into it, which aliases can make as many as they like


def read_yaml(path: Path, kind: type[RogError]) -> Any:
    """The value that a YAML file holds (None if it holds nothing); an error of this kind where it cannot be read."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        """The safe loader, which follows merges only so far."""

        def flatten_mapping(self, node: Any) -> None:
            super().flatten_mapping(node)
            if len(node.value) > _PAIRS:
                raise ValueError("it merges more than it could mean")

    try:
        with path.open("rb") as stream:
            content = stream.read(LARGEST + 1)
    except FileNotFoundError:
        raise kind(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        raise kind(f"{path}: {getattr(error, 'strerror', None) or error}") from None
    if len(content) > LARGEST:
        raise kind(f"{path}: longer than {LARGEST:,} bytes: is it a file of settings?")
    try:
        return yaml.load(content.decode("utf-8-sig"), Loader)
    except RecursionError:
        raise kind(f"{path} is no YAML that can be read: more levels of nesting than can be followed") from None
    except (yaml.YAMLError, ValueError, LookupError, TypeError, AttributeError) as error:  # dates, numbers, tags
        raise kind(f"{path} is no YAML: {' '.join(str(error).split()) or type(error).__name__}") from None
