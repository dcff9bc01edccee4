"""Files to facts: what is understood, and one clear line for everything that is not."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.bulk import read_blocks
from kg.errors import LoadError
from kg.load import Options, Report, parse_columns, read_names, read_relations, read_triples
from kg.names import EntityNames, RelationNames, is_unnamed, named_relation, readable
from kg.rdf import unescape
from kg.types import Entity, Relation, Triple


def read(path: Path, **options: object) -> list[tuple[str, str, str]]:
    return [tuple(triple) for triple in read_triples(path, Options(**{"strict": True, **options}), Report())]  # type: ignore[arg-type, misc]


def file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_tsv_with_and_without_header(tmp_path: Path) -> None:
    facts = [("NA", "r 1", "null"), ('"x', "r", "None")]
    rows = "".join("\t".join(fact) + "\r\n" for fact in facts)
    assert read(file(tmp_path, "a.tsv", rows)) == facts
    assert read(file(tmp_path, "b.tsv", "\ufeffHead\tRelation\tTail\n" + rows + "\n")) == facts
    swapped = "tail\tweight\thead\trelation\nb\t1\ta\tr\n"
    assert read(file(tmp_path, "c.tsv", swapped)) == [("a", "r", "b")]


def test_columns_by_name_and_number(tmp_path: Path) -> None:
    path = file(tmp_path, "a.tsv", "x\ty\tz\tw\n1\t2\t3\t4\n")
    assert read(path, columns=("w", "x", "y")) == [("4", "1", "2")]
    assert read(path, columns=("1", "2", "4"))[1] == ("1", "2", "4")
    with pytest.raises(LoadError, match="4 columns and no header"):
        read(path)
    with pytest.raises(LoadError, match="no column 'q' in its first line; found: x, y, z, w"):
        read(path, columns=("x", "q", "z"))
    for text in ("1,2", "a,,b", "0,1,2", "00,1,2"):
        with pytest.raises(LoadError, match="expected three names"):
            parse_columns(text)


def test_csv_fields_may_hold_commas_and_line_breaks(tmp_path: Path) -> None:
    path = file(tmp_path, "a.csv", 'head,relation,tail\n"a, b",r,"line\nbreak ""q"""\nc,r,d\n')
    assert read(path) == [("a, b", "r", 'line\nbreak "q"'), ("c", "r", "d")]
    with pytest.raises(LoadError, match=r"b.csv, line 1"):
        read(file(tmp_path, "b.csv", 'a,r,"never closed\n'))


def test_a_stray_quote_costs_its_line_alone(tmp_path: Path) -> None:
    lines = [f"a{number},r,b{number}" for number in range(9)]
    for strays in ((3,), (8,), (0, 8), (2, 5), (1, 2, 6)):
        text = "head,relation,tail\n" + "".join(f'"{x}\n' if n in strays else f"{x}\n" for n, x in enumerate(lines))
        report, path = Report(), file(tmp_path, "a.csv", text)
        found = [triple.head for triple in read_triples(path, Options(strict=False), report)]
        assert found == [f"a{number}" for number in range(9) if number not in strays]
        assert (report.bad, report.lines) == (len(strays), 10)
        assert report.shown[0] == f"{path}, line {strays[0] + 2}: a quote that its line does not close"
    several = file(tmp_path, "b.csv", 'a,r,"b\nc\nd",r\ne,r,f\n')  # closed, and yet no row like the others
    first = file(tmp_path, "c.csv", "a,r,b\n" + several.read_text())
    assert [triple.head for triple in read_triples(first, Options(strict=False), Report())] == ["a", "e"]


def test_jsonl(tmp_path: Path) -> None:
    lines = '["a","r","b"]\n\n{"head":"c","relation":"r","tail":"d"}\n{"s":"e","p":"r","o":1995,"x":1}\n'
    assert read(file(tmp_path, "a.jsonl", lines)) == [("a", "r", "b"), ("c", "r", "d"), ("e", "r", "1995")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "not JSON"),
        ("3", "expected an object or a list of three"),
        ('["a", "b"]', "expected an object or a list of three"),
        ('{"head": "a", "tail": "b"}', "expected the keys head, relation, tail; found head, tail"),
        ('["a", "r", 3.5]', "expected three texts, found 3.5"),
        ('["a", "r", true]', "expected three texts, found True"),
        ('["a", "r", ""]', "an empty head, relation or tail"),
        ('["\\ud800", "r", "b"]', "holds half a surrogate pair"),
        ("[" * 200_000, "not JSON"),
        ("9" * 5_000, "not JSON"),
    ],
)
def test_jsonl_that_is_no_fact(tmp_path: Path, line: str, reason: str) -> None:
    with pytest.raises(LoadError, match=rf"a.jsonl, line 2: {reason}"):
        read(file(tmp_path, "a.jsonl", '["a","r","b"]\n' + line + "\n"))


NTRIPLES = """# a comment
<http://x/a> <http://x/knows> <http://x/b> .
<http://x/a> <http://www.w3.org/2000/01/rdf-schema#label> "Anna \\u00e9 \\"q\\""@en .
<http://x/a> <http://www.w3.org/2000/01/rdf-schema#label> "Änna"@de .
<http://x/a> <http://www.w3.org/2004/02/skos/core#altLabel> "Annie" .
_:b1 <http://x/born> "1964"^^<http://www.w3.org/2001/XMLSchema#gYear> . # at the end
<http://x/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://x/FilmStar> .
"""


def test_ntriples_facts_and_names(tmp_path: Path) -> None:
    report = Report()
    path = tmp_path / "a.nt.gz"
    path.write_bytes(gzip.compress(NTRIPLES.encode()))
    facts = list(read_triples(path, Options(), report))
    assert [tuple(fact) for fact in facts] == [
        ("http://x/a", "http://x/knows", "http://x/b"),
        ("_:x1", "http://x/born", '"1964"^^<http://www.w3.org/2001/XMLSchema#gYear>'),
        ("http://x/a", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "http://x/FilmStar"),
    ]
    assert report.names["http://x/a"] == EntityNames('Anna é "q"', ("Film Star",), ("Änna", "Annie"))
    assert (report.lines, report.facts, report.bad) == (7, 3, 0)


def test_ntriples_that_are_none(tmp_path: Path) -> None:
    for line in (
        "<http://x/a> <http://x/b> <http://x/c>",
        "a b c .",
        '"literal" <http://x/b> <http://x/c> .',
    ):
        with pytest.raises(LoadError, match="line 1: not an N-Triples statement"):
            read(file(tmp_path, "a.nt", line + "\n"))


def test_escapes_of_no_character_stay() -> None:
    assert unescape("\\UFFFFFFFF\\t\\q") == "\\UFFFFFFFF\tq"


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_ntriples_escapes_are_undone(text: str) -> None:
    escaped = "".join(f"\\U{ord(character):08X}" for character in text)
    assert unescape(escaped) == text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\tr\tb\na\tr\n", r"line 2: 2 columns, expected 3"),
        (b"a r b\n", r"line 1: 1 column, expected 3; separated by tabs\?"),
        (b"a\tr\tb\n\xff\xfe\tr\tb\n", r"line 2: not UTF-8 \(byte 0xff\)"),
        (b"a\tr\tb\x00\n", r"line 1: holds a NUL byte: is this a binary file\?"),
        (b"a\t\tb\n", r"line 1: an empty head, relation or tail"),
        (b"a\t~r\tb\n", r"line 1: relation '~r' begins with '~'"),
        (b"a\tr\tb\x1fc\n", r"line 1: holds a control character"),
    ],
)
def test_bad_lines(tmp_path: Path, content: bytes, message: str) -> None:
    path = file(tmp_path, "bad.tsv", content)
    with pytest.raises(LoadError, match=message):
        read(path)
    report = Report()
    path.write_bytes(content + b"x\tr\ty\n")
    rejects = tmp_path / "rejects.tsv"
    kept = list(read_triples(path, Options(rejects=rejects), report))
    assert report.bad == len(rejects.read_text().splitlines()) - 1 == 1
    assert len(report.shown) == 1
    assert len(kept) == report.facts == content.count(b"\n")


@pytest.mark.parametrize(("line", "hint"), [("a;r;b", "';'? save it with"), ("a\tr\tb", "'\\t'? give --format tsv")])
def test_csv_that_commas_do_not_separate(tmp_path: Path, line: str, hint: str) -> None:
    with pytest.raises(LoadError, match=f"1 column, expected 3; separated by {re.escape(hint)}"):
        read(file(tmp_path, "h.csv", line + "\n"))


def test_rejects_of_several_files_are_one_table(tmp_path: Path) -> None:
    report, rejects = Report(), tmp_path / "rejects.tsv"
    rejects.write_text("of an earlier build\n")
    for name in ("a.csv", "b.csv"):
        path = file(tmp_path, name, 'a,r,b\n"a, b",r\n"c"x,r,d\ne,r,f\n')
        assert len(list(read_triples(path, Options(rejects=rejects), report))) == 2
    rows = [line.split("\t")[1:] for line in rejects.read_text().splitlines()]
    bad = [["2", "2 columns, expected 3", '"a, b",r'], ["3", "',' expected after '\"'", '"c"x,r,d']]
    assert rows == [["line", "reason", "text"], *bad, *bad]


def test_only_the_first_bad_lines_are_shown(tmp_path: Path) -> None:
    report = Report()
    path = file(tmp_path, "a.tsv", "x\n" * 20 + "a\tr\tb\n")
    assert len(list(read_triples(path, Options(), report))) == 1
    assert (report.bad, len(report.shown)) == (20, 5)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(LoadError, match="no such file"):
        read(tmp_path / "none.tsv")
    with pytest.raises(LoadError, match="cannot tell the format"):
        read(file(tmp_path, "a.xyz", "a"))
    with pytest.raises(LoadError, match="--format xml: known are csv, "):
        read(file(tmp_path, "a.tsv", "a"), format="xml")
    with pytest.raises(LoadError, match="damaged gzip"):
        read(file(tmp_path, "a.tsv.gz", b"no gzip"))
    packed = gzip.compress("".join(f"a{i}\tr\tb\n" for i in range(9999)).encode())
    with pytest.raises(LoadError, match="damaged gzip"):
        read(file(tmp_path, "c.tsv.gz", packed[:2000] + b"\xff" * 50 + packed[2050:]))
    with pytest.raises(LoadError, match="damaged gzip"):
        read(file(tmp_path, "b.tsv.gz", gzip.compress(b"a\tr\tb\n" * 9999)[:-20]))
    with pytest.raises(LoadError, match="damaged bzip2"):
        read(file(tmp_path, "a.tsv.bz2", b"no bzip2"))
    (tmp_path / "folder.tsv").mkdir()
    with pytest.raises(LoadError, match="directory"):
        read(tmp_path / "folder.tsv")


def test_side_files(tmp_path: Path) -> None:
    names = file(tmp_path, "n.tsv", "aliases\tkey\tlabel\nB|C\ta\tA\n\td\tD\n")
    assert read_names(names) == {"a": EntityNames("A", (), ("B", "C")), "d": EntityNames("D")}
    assert read_names(file(tmp_path, "m.tsv", "a\tA\tt1|t2\n")) == {"a": EntityNames("A", ("t1", "t2"))}
    assert read_relations(file(tmp_path, "r.csv", "r,likes,liked by\ns,knows\n")) == {
        "r": RelationNames("likes", "liked by"),
        "s": RelationNames("knows"),
    }
    with pytest.raises(LoadError, match="line 1: 1 column, expected at least 2"):
        read_names(file(tmp_path, "x.tsv", "a\n"))
    with pytest.raises(LoadError, match=r"expected a \.tsv or \.csv table"):
        read_names(file(tmp_path, "z.jsonl", "{}"))
    with pytest.raises(LoadError, match="line 2: an empty key"):
        read_names(file(tmp_path, "w.tsv", "aliases\tlabel\tkey\nx\ty\n"))
    with pytest.raises(LoadError, match="line 1: an empty key"):
        read_names(file(tmp_path, "y.tsv", "\tA\n"))


def test_relations_that_are_hidden(tmp_path: Path) -> None:
    path = file(tmp_path, "r.tsv", "hide\tkey\tlabel\nX\ta\tA\nno\ttype.object.name\tname\n\tb\tB\n")
    given = read_relations(path)
    hidden = {key: named_relation(key, given).hidden for key in (*given, "type.object.type")}
    assert hidden == {"a": True, "type.object.name": False, "b": False, "type.object.type": True}
    assert named_relation("a", {"a": RelationNames("A", "B")}) == Relation("a", "A", "B")
    with pytest.raises(LoadError, match="line 1: hide is 'maybe', expected one of true, yes"):
        read_relations(file(tmp_path, "x.tsv", "a\tA\tB\tmaybe\n"))


@pytest.mark.parametrize(
    ("key", "hidden"),
    [
        ("type.object.key", True),
        ("common.topic.notable_types", True),
        ("common.topic.description", False),
        ("kg.object_profile.prominent_type", True),
        ("http://rdf.freebase.com/ns/type.object.name", True),
        ("http://www.w3.org/2002/07/owl#sameAs", True),
        ("people.person.place_of_birth", False),
        ("kg", False),
    ],
)
def test_bookkeeping_is_hidden_by_its_key(key: str, hidden: bool) -> None:
    assert named_relation(key, {}).hidden is hidden


@pytest.mark.parametrize(
    ("key", "label", "unnamed"),
    [
        ("m.0abc", "m.0abc", True),
        ("g.11b_x", "g.11b x", True),
        ("/m/0abc", "/m/0abc", True),
        ("_:x1", ": x1", False),
        ("_:x1", readable("_:x1"), True),
        ("http://rdf.freebase.com/ns/m.0abc", "m.0abc", True),
        ("m.0abc", "Heat", False),
        ("heat", "heat", False),
        ("g.Mann", "g.Mann", False),
    ],
)
def test_unnamed_entities(key: str, label: str, unnamed: bool) -> None:
    assert is_unnamed(Entity(key, label)) is unnamed


def test_a_bar_between_the_fields_is_seen_or_told(tmp_path: Path) -> None:
    """MetaQA's `kb.txt`: `head|relation|tail`, without a header."""
    text = "Heat|directed_by|Michael Mann\nHeat|has_genre|Crime\n"
    (tmp_path / "kb.txt").write_text(text, "utf-8")
    (tmp_path / "kb.tsv").write_text(text, "utf-8")
    wanted = [Triple("Heat", "directed_by", "Michael Mann"), Triple("Heat", "has_genre", "Crime")]
    assert list(read_triples(tmp_path / "kb.txt", Options(), Report())) == wanted
    assert list(read_triples(tmp_path / "kb.tsv", Options("psv"), Report())) == wanted
    assert [len(block.heads) for block in read_blocks(tmp_path / "kb.txt", Options())] == [2]
