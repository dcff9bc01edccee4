"""What RDF files mean: blank nodes, escapes and labels in several languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.build import Sources, build
from kg.errors import LoadError
from kg.load import Options, Report, read_triples
from kg.open import open_graph
from kg.types import Triple

LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"


def written(folder: Path, **texts: str) -> tuple[Path, ...]:
    """Files named `a_nt` for `a.nt`, and so on."""
    paths = []
    for name, text in texts.items():
        paths.append(folder / name.replace("_", "."))
        paths[-1].write_text(text, "utf-8")
    return tuple(paths)


def test_blank_nodes_of_two_files_are_two(tmp_path: Path) -> None:
    """A label holds within its file; a parser's own labels must not meet those that a file writes."""
    line = "<http://x/{}> <http://x/r> _:x1 .\n_:x1 <http://x/s> _:other .\n"
    paths = written(tmp_path, a_nt=line.format("a"), b_nq=line.format("b"), c_ttl="<http://x/c> <http://x/r> [] .")
    report = Report()
    facts = [fact for path in paths for fact in read_triples(path, Options(strict=True), report)]
    ends = {fact.head.rpartition("/")[2]: fact.tail for fact in facts}
    assert ends == {"a": "_:x1", "_:x1": "_:x2", "b": "_:x3", "_:x3": "_:x4", "c": "_:x5"}


def test_long_escapes_in_iris(tmp_path: Path) -> None:
    (path,) = written(tmp_path, a_nt="<http://x/\\U0001F600> <http://x/\\u0072> <http://x/a\\U000000E9b> .\n")
    assert list(read_triples(path, Options(strict=True), Report())) == [
        Triple("http://x/😀", "http://x/r", "http://x/aéb")
    ]


def test_a_foreign_label_serves_where_there_is_no_other(tmp_path: Path) -> None:
    """Whichever file the better label stands in; an alias is no label."""
    alt = "<http://www.w3.org/2004/02/skos/core#altLabel>"
    one = f"""<http://x/1> <http://x/r> <http://x/2> .
<http://x/1> {alt} "Eins"@de .
<http://x/1> {LABEL} "Wien"@de .
<http://x/1> {LABEL} "Vienne"@fr .
<http://x/2> {LABEL} "Prag"@de .
"""
    paths = written(tmp_path, a_nt=one, b_ttl=f'<http://x/2> {LABEL} "Prague"@en .')
    build(Sources(paths), tmp_path / "g.kg")
    graph = open_graph(tmp_path / "g.kg")
    first, second = graph.entity("http://x/1"), graph.entity("http://x/2")
    assert (first.label, first.aliases) == ("Wien", ("Eins", "Vienne"))
    assert (second.label, second.aliases) == ("Prague", ("Prag",))


def test_a_remote_context_is_said_to_be_one(tmp_path: Path) -> None:
    (path,) = written(tmp_path, a_jsonld='{"@context": "https://schema.org/", "name": "x"}')
    with pytest.raises(LoadError, match=r"a\.jsonld: its @context is an address, and remote contexts are not loaded"):
        list(read_triples(path, Options(), Report()))
