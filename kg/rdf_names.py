"""The names that RDF statements give: labels, aliases and types by the usual vocabularies."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from types import TracebackType

from kg.lines import Report
from kg.names import EntityNames

LABELS = {
    "http://www.w3.org/2000/01/rdf-schema#label",
    "http://www.w3.org/2004/02/skos/core#prefLabel",
    "http://schema.org/name",
    "https://schema.org/name",
    "http://xmlns.com/foaf/0.1/name",
}
ALIASES = {"http://www.w3.org/2004/02/skos/core#altLabel", "http://schema.org/alternateName"}
_OTHER_LANGUAGE = re.compile(r"@(?!en\b)[\w-]+$")


def is_naming(predicate: str) -> bool:
    """Whether a literal of this predicate is a name."""
    return predicate in LABELS or predicate in ALIASES


@dataclass
class _Known:
    """What is known of one entity; dicts for their order, so that the thousandth alias costs no more than the first."""

    label: str = ""
    types: dict[str, None] = field(default_factory=dict)
    aliases: dict[str, None] = field(default_factory=dict)


class NameCollector:
    """Collects the names of one file; they are in the report once it is left."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._known: dict[str, _Known] = {}

    def __enter__(self) -> NameCollector:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for key, known in self._known.items():
            self._report.names[key] = EntityNames(known.label, tuple(known.types), tuple(known.aliases))

    def add(self, key: str, predicate: str, text: str, literal: str) -> None:
        """Take in a label or alias; English or untagged labels win, the others become aliases."""
        known = self._of(key)
        preferred = predicate in LABELS and _OTHER_LANGUAGE.search(literal) is None
        if preferred and not known.label:
            known.label = text
            self._report.foreign.pop(key, None)
        elif text != known.label:
            known.aliases[text] = None
            if predicate in LABELS and not known.label:
                self._report.foreign.setdefault(key, text)

    def add_type(self, key: str, name: str) -> None:
        """Take in a type."""
        self._of(key).types[name] = None

    def _of(self, key: str) -> _Known:
        if key not in self._known:
            names = self._report.names.get(key, EntityNames())
            self._known[key] = _Known(names.label, dict.fromkeys(names.types), dict.fromkeys(names.aliases))
        return self._known[key]
