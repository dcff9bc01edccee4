"""Files that are damaged, or were made to do harm: one line each, in bounded time and memory."""

from __future__ import annotations

import bz2
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks.fuzz.mutate_files import run
from benchmarks.fuzz.samples import facts_files
from kg.build import Sources, build, resolve
from kg.datasets import read_questions
from kg.errors import LoadError, RogError
from kg.lines import LINE
from kg.load import Options, Report, read_names, read_triples
from kg.packed import FLOOR, open_binary, parse_size
from kg.store import Store
from kg.text import MESSAGE, brief, one_line
from kg.types import Triple
from kg.visible import is_visible
from tests.kg.test_formats import parquet

RDF = '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="http://e/">'
ATTRIBUTES = " ".join(f"e:a{n}='1'" for n in range(2_000))
FACT_LINE = "<http://a> <http://b> <http://c> .\n"


def read(path: Path, content: str | bytes) -> tuple[list[Triple], Report]:
    """The facts of a file with this content, and what was seen on the way."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    report = Report()
    return list(read_triples(path, Options(), report)), report


def refusal(path: Path, content: str | bytes) -> str:
    """The one line that a file is refused with."""
    with pytest.raises(LoadError) as refused:
        read(path, content)
    message = str(refused.value)
    assert len(message) <= MESSAGE
    assert is_visible(message)
    return message.removeprefix(str(path))


def test_messages_are_one_line() -> None:
    assert str(RogError("a\nb\x1b[0m\ud800")) == "a\\nb\\x1b[0m\\ud800"
    long = str(RogError("begin" + "x" * 9_999 + "end"))
    assert (len(long), long[:6], long[-4:]) == (MESSAGE, "beginx", "xend")
    assert len(one_line("\u202e" * MESSAGE)) == MESSAGE
    assert brief([[[[["deep"]]]]]) == "[[[[...]]]]"
    assert brief(10**5000) == "a number of thousands of digits"


@pytest.mark.parametrize("name", sorted(name for name in facts_files() if not name.endswith(".parquet")))
@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".bz2", bz2.compress)])
def test_a_flipped_byte_in_a_packed_file(
    tmp_path: Path, name: str, ending: str, pack: Callable[[bytes], bytes]
) -> None:
    packed = bytearray(pack(facts_files()[name]))
    packed[len(packed) // 2] ^= 16
    for content in (bytes(packed), bytes(packed[:-9]), b"no", b"\x1f\x8b"):
        path = tmp_path / f"{name}{ending}"
        path.write_bytes(content)
        with pytest.raises(LoadError, match=r": damaged (gzip|bzip2) file after [\d,]+ bytes \("):
            build(Sources((path,)), tmp_path / "a.kg", Options())
    assert not (tmp_path / "a.kg" / "current").exists()


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("a.tsv", b"a\tr\tb\n"),
        ("b.tsv", b"a"),
        ("a.nt", b"a" * 1000 + b"\n"),
        ("a.ttl", b"#" + b"a" * 1000 + b"\n"),
        ("a.rdf", b"<!--" + b"a" * 1000 + b"-->\n"),
        ("a.jsonld", b" "),
        ("a.graphml", b"<a/>" * 1000),
        ("a.gexf", b"<a/>" * 1000),
        ("a.json", b" "),
    ],
)
def test_what_unpacks_to_far_too_much(tmp_path: Path, name: str, unit: bytes) -> None:
    path = tmp_path / f"{name}.gz"
    with gzip.open(path, "wb", 6) as stream:
        for _ in range(20):
            stream.write(unit * ((1 << 20) // len(unit)))
    with pytest.raises(LoadError, match=r"unpacks to more than 16,777,216 bytes.*--max-unpacked"):
        build(Sources((path,)), tmp_path / "a.kg", Options())


def test_how_much_may_be_unpacked_is_a_setting(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(b"a\tr\tb\n" * 1000))
    with pytest.raises(LoadError, match="more than 5,000 bytes"):
        build(Sources((path,)), tmp_path / "a.kg", Options(unpacked=5_000))
    with pytest.raises(LoadError, match="more than 100 bytes"):
        read_names(path, 100)
    assert build(Sources((path,)), tmp_path / "a.kg", Options(unpacked=6_000)).facts == 1000
    assert [parse_size(text) for text in ("7", "2k", "3 MiB", "1G")] == [7, 2048, 3 << 20, 1 << 30]
    for text in ("", "0", "-1", "2X", "1.5G", "9" * 5000):
        with pytest.raises(LoadError, match="expected a size such as 500M or 2G"):
            parse_size(text)
    honest = tmp_path / "b.tsv.gz"  # as much as a small file may always unpack to
    honest.write_bytes(gzip.compress(b"a" * FLOOR, 1))
    with open_binary(honest) as stream:
        assert sum(map(len, iter(lambda: stream.read(1 << 20), b""))) == FLOOR


def test_a_parquet_file_of_one_text_a_million_times(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({name: ["x" * 10_000] * 5_000 for name in ("head", "relation", "tail")}), path)
    assert path.stat().st_size < 100_000
    with pytest.raises(LoadError, match="holds more than 83,886,080 bytes of values"):
        build(Sources((path,)), tmp_path / "a.kg", Options())


def test_parquet_with_bytes_that_are_no_utf_8(tmp_path: Path) -> None:
    import pyarrow as pa

    texts = pa.array([b"a", b"\xff"], pa.binary()).view(pa.string())
    nested = pa.ListArray.from_arrays([0, 1, 2], pa.ListArray.from_arrays([0, 2, 2], texts))
    path = parquet(tmp_path / "a.parquet", head=texts, relation=["r", "r"], tail=["b", "b"])
    facts, report = read(path, path.read_bytes())
    assert facts == [("a", "r", "b")]
    assert report.shown == [f"{path}, row 2: expected three texts, found b'(not UTF-8, or of no type)'"]
    path = parquet(tmp_path / "b.parquet", graph=nested)
    assert "expected a list of facts, found b'(not UTF-8" in refusal(path, path.read_bytes())
    path = parquet(tmp_path / "c.parquet", question=texts, answer=[["x"]] * 2, q_entity=[["x"]] * 2)
    with pytest.raises(LoadError, match=r"row 2: field 'question' is b'\(not UTF-8"):
        read_questions([str(path)])


def laughs(first: str = "<!ENTITY a0 'lol'>") -> str:
    """Entities of which each stands for ten of the one before."""
    return first + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.rdf", f"<!DOCTYPE a [{laughs()}]>{RDF}&a9;</rdf:RDF>", "the entity 'a2' stands for"),
        ("a.rdf", f"<!DOCTYPE a [<!--{laughs()}-->]>{RDF}&a9;</rdf:RDF>", "characters, expected 256 at most"),
        ("a.rdf", f"{RDF}{' ' * 300_000}<!DOCTYPE a [{laughs()}]></rdf:RDF>", "characters, expected 256 at most"),
        ("a.rdf", RDF + "<rdf:Description><e:p>" * 9_000, "more than 256 elements within each other"),
        ("a.rdf", f"{RDF}<a {ATTRIBUTES}/>", "more than 1,000 attributes"),
        ("a.graphml", f"<!DOCTYPE a [{laughs()}]><graphml>&a9;</graphml>", "it declares entities"),
        ("a.graphml", f"<!DOCTYPE a [{laughs()}]><a/>".encode("utf-16"), "it declares entities"),
        ("a.gexf", "<a>" * 100_000, "more than 256 elements"),
        ("a.graphml", '<?xml version="1.0" encoding="klingon"?><graphml/>', "unknown encoding: klingon"),
        ("a.gexf", '<?xml version="1.0" encoding="shift_jis"?><gexf/>', "an encoding that cannot be read"),
        ("a.rdf", '<?xml version="1.0" encoding="klingon"?><a/>', "unknown encoding: klingon"),
        ("a.jsonld", '{"http://p":' * 20_000, "more than 100 objects and lists within each other"),
        ("a.ttl", "<http://a> <http://p> " + "<<( <http://s> <http://p> " * 20_000, "more than 1,000 triple terms"),
        ("a.ttl", f"@prefix a: <http://{'x' * 999_999}> .\n{'a:b a:c a:d .' * 99}", "characters long, made of"),
        ("a.json", "[" * 99_999, "lists and objects within each other"),
        ("a.jsonl", "[" * 99_999 + "\n", "lists and objects within each other"),
        ("a.json", b'["\xff"]', "not JSON"),
        ("a.ttl", b'<http://a> <http://b> """' + b"x" * 2 * LINE, "after statement 0: a text of more than 16,777,216"),
    ],
)
def test_documents_that_would_crash_a_parser_or_fill_the_memory(
    tmp_path: Path, name: str, content: str | bytes, message: str
) -> None:
    assert message in refusal(tmp_path / name, content)


@pytest.mark.parametrize("key", ['"@context"', r'"\u0040context"'])
def test_contexts_that_would_crash_the_parser(tmp_path: Path, key: str) -> None:
    chain = {f"a{n}": f"a{n - 1}:x" for n in range(9_000, 0, -1)}
    assert "a @context of more than 10,000 texts" in refusal(tmp_path / "a.jsonld", f"{{{key}: {json.dumps(chain)}}}")
    scoped = f'{{{key}: {{"T": {{"@id": "http://T", {key}: {json.dumps({f"a{n}": "b" for n in range(200)})}}}}}}}'
    assert "contexts within one of more than 200 texts" in refusal(tmp_path / "a.jsonld", scoped)


def test_what_people_write_is_read_as_before(tmp_path: Path) -> None:
    owl = f'<!DOCTYPE a [<!ENTITY o "http://o/"><!ENTITY p "&o;p/">]>{RDF}<rdf:Description rdf:about="&p;a" e:p="1"/>'
    assert read(tmp_path / "a.rdf", owl + "</rdf:RDF>")[0][0].head == "http://o/p/a"
    text = 'a "quoted" [ { \\ @context'
    node = {"@context": {"@vocab": "http://e/", "p": {"@context": {"q": "http://q"}}}, "@id": "http://x", "n": text}
    many = [{**node, "@id": f"http://x{number}"} for number in range(3_000)]  # more than one block of the guard
    facts = read(tmp_path / "a.jsonld", json.dumps(many))[0]
    assert len(facts) == 3_000
    assert text.replace("\\", "") in facts[0].tail.replace("\\", "")
    assert read(tmp_path / "a b\udcff.ttl", "<x> <y> <z> .")[0][0].head == "file:///x"


def quick(work: Callable[[], object]) -> None:
    """AssertionError if the work takes more than a few seconds of the processor."""
    began = time.process_time()
    work()
    assert time.process_time() - began < 8


def test_time_grows_with_the_file(tmp_path: Path) -> None:
    names = "<http://a> <http://www.w3.org/2004/02/skos/core#altLabel>"
    files = {
        "header.csv": ":a{}" * 50_000 + "\n",
        "wide.csv": ":ID" + ",a" * 25_000 + "\n" + "a\n" * 25_000,
        "quotes.csv": 'a","b\n' * 40_000,
        "mixed.csv": 'a,r,b\n"a\nb","r",c\nx,"y\n' * 10_000,
        "blank.nt": "_:" + "<a>_:y" * 50_000 + "\n" + FACT_LINE,
        "graph.nq": "<http://a> <http://b> _:" + "a_:b" * 50_000 + "\n" + FACT_LINE,
        "aliases.nt": "".join(f'{names} "x{n}" .\n' for n in range(30_000)) + FACT_LINE,
    }
    for name, content in files.items():
        quick(lambda name=name, content=content: tried(tmp_path / name, content))  # type: ignore[misc]
    (tmp_path / "metaqa.txt").write_text("[" * 200_000 + "\tx\n")

    def questions() -> None:
        with pytest.raises(LoadError):
            read_questions([str(tmp_path / "metaqa.txt")], "metaqa")

    quick(questions)


def tried(path: Path, content: str) -> None:
    """Read a file, whatever comes of it."""
    path.write_text(content)
    try:
        list(read_triples(path, Options(), Report()))
    except LoadError:
        return


def test_a_line_longer_than_is_read_is_a_bad_one(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(f"a\tr\tb\nc\tr\t{'d' * LINE}\ne\tr\tf\n{'g' * 3 * LINE}")
    report = build(Sources((path,)), tmp_path / "a.kg", Options(rejects=tmp_path / "rejects.tsv"))
    assert (report.facts, report.bad) == (2, 2)
    assert report.shown[0] == f"{path}, line 2: longer than 16,777,216 bytes"
    assert (tmp_path / "rejects.tsv").stat().st_size < 2_000
    assert Store(tmp_path / "a.kg").size.triples == 2
    with pytest.raises(LoadError, match="line 2: longer than"):
        build(Sources((path,)), tmp_path / "b.kg", Options(strict=True))


def test_halves_of_surrogate_pairs(tmp_path: Path) -> None:
    half = "\ud800"
    row = {
        "directed": True,
        "nodes": [{"id": "a", "label": half}, {"id": half}],
        "links": [{"source": "a", "target": "b"}],
    }
    facts, report = read(tmp_path / "a.json", json.dumps(row))
    assert (len(facts), report.shown[0].partition(", ")[2]) == (1, "node 1: holds half a surrogate pair")
    label = '<http://a> <http://www.w3.org/2000/01/rdf-schema#label> "\\uD800" .\n'
    facts, report = read(tmp_path / "a.nt", label + FACT_LINE)
    assert (len(facts), report.bad, report.names) == (1, 1, {})
    for wrong in (
        {"question": half, "answers": []},
        {"question": "x", "answers": [half]},
        {"question": "x", "answers": [], "path": [half]},
    ):
        (tmp_path / "q.jsonl").write_text(json.dumps(wrong))
        with pytest.raises(LoadError, match="holds half a surrogate pair"):
            read_questions([str(tmp_path / "q.jsonl")])


def test_names_that_no_file_can_have(tmp_path: Path) -> None:
    for name in ("x" * 5_000 + ".tsv", "a\0.tsv"):
        with pytest.raises(LoadError, match=r"no name of a file|no such file"):
            resolve(name)
    with pytest.raises(LoadError, match=r"\.tsv: File name too long"):
        build(Sources((Path("x" * 5_000 + ".tsv"),)), tmp_path / "a.kg", Options())
    path = tmp_path / "\udcff.tsv"
    path.write_text("a\tr\tb\n")
    assert build(Sources((path,)), tmp_path / "a.kg", Options()).facts == 1


def test_mutated_files() -> None:
    results = list(run(0, range(60)))
    assert [result.number for result in results] == list(range(60))
    assert [result for result in results if result.outcome == "fault"] == []
    assert {result.outcome for result in results} == {"read", "refused"}


@pytest.mark.slow
def test_ten_thousand_mutated_files() -> None:
    assert [result for result in run(0, range(10_000)) if result.outcome == "fault"] == []
