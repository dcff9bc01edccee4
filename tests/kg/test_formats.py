"""The other formats: the same facts and names out of each, and one clear line where a file is broken."""

from __future__ import annotations

import bz2
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.build import Sources, build, merged, resolve
from kg.errors import GraphError, LoadError
from kg.export import export
from kg.load import Options, Report, read_triples
from kg.names import EntityNames, RelationNames
from kg.open import open_graph
from kg.store import Store
from kg.types import Triple
from kg.write import Builder, Provenance

FACTS = [("anna", "knows", "ben"), ("anna", "born in", "Ulm"), ("ben", "knows", "anna")]


def read(path: Path, **options: Any) -> tuple[list[tuple[str, ...]], Report]:
    """The facts of a file, and what was seen on the way."""
    report = Report()
    return [tuple(triple) for triple in read_triples(path, Options(**options), report)], report


def parquet(path: Path, **columns: list[Any]) -> Path:
    """A Parquet file of these columns."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


def test_parquet(tmp_path: Path) -> None:
    heads, relations, tails = map(list, zip(*FACTS, strict=True))
    path = parquet(tmp_path / "a.parquet", t=tails, weight=[1.0, 2.0, 3.0], predicate=relations, Source=heads)
    assert read(path)[0] == FACTS
    path = parquet(tmp_path / "b.parquet", x=heads, y=relations, z=[1, None, 3])
    with pytest.raises(LoadError, match=r"no columns head, relation, tail .* found: x, y, z"):
        read(path)
    facts, report = read(path, columns=("x", "y", "z"))
    assert facts == [("anna", "knows", "1"), ("ben", "knows", "3")]
    assert report.shown == [f"{path}, row 2: expected three texts, found None"]
    assert read(path, columns=("3", "2", "1"))[0][0] == ("1", "knows", "anna")
    with pytest.raises(LoadError, match="row 2: expected three texts"):
        read(path, columns=("x", "y", "z"), strict=True)
    with pytest.raises(LoadError, match="3 columns, expected 9"):
        read(path, columns=("1", "2", "9"))
    for content in (b"", b"PAR1 no", path.read_bytes()[:-50]):
        (tmp_path / "c.parquet").write_bytes(content)
        with pytest.raises(LoadError, match=r"c\.parquet: not a whole Parquet file"):
            read(tmp_path / "c.parquet")
    with pytest.raises(LoadError, match="no such file"):
        read(tmp_path / "none.parquet")


@given(st.lists(st.tuples(*[st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)] * 3), min_size=1))
def test_parquet_and_jsonl_say_the_same(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]) -> None:
    folder = tmp_path_factory.mktemp("same")
    heads, relations, tails = map(list, zip(*rows, strict=True))
    (folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    outcomes = []
    for path in (folder / "a.jsonl", parquet(folder / "a.parquet", head=heads, relation=relations, tail=tails)):
        try:
            facts, report = read(path)
            outcomes.append((facts, report.bad))
        except LoadError:  # not one fact
            outcomes.append(([], len(rows)))
    assert outcomes[0] == outcomes[1]


def test_subgraphs_of_questions(tmp_path: Path) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "q1", "question": "who?", "answer": ["ben"], "graph": [list(fact) for fact in FACTS[:2]]},
        {"id": "q2", "question": "where?", "answer": ["Ulm"], "graph": [list(FACTS[1]), ["a", "", "b"]]},
        {"id": "q3", "question": "none", "answer": [], "graph": []},
    ]
    path = tmp_path / "train.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    other = parquet(tmp_path / "train.parquet", **{name: [row[name] for row in rows] for name in rows[0]})
    for file, unit in ((path, "line"), (other, "row")):
        facts, report = read(file)
        assert facts == [*FACTS[:2], FACTS[1]]
        assert report.shown == [f"{file}, {unit} 2: fact 2 of its graph: an empty head, relation or tail"]
        build(Sources((file,)), tmp_path / f"{unit}.kg")
        assert open_graph(tmp_path / f"{unit}.kg").size == (3, 2, 2)


def test_data_frames() -> None:
    pd = pytest.importorskip("pandas")

    frame = pd.DataFrame([(tail, head, relation) for head, relation, tail in FACTS], columns=["o", "S", "predicate"])
    assert open_graph(frame).frontier(["anna"]).follow("born in").entities == ("Ulm",)
    frame.loc[1, "o"] = None
    with pytest.raises(LoadError, match=r"data frame, row 1 \(from 0\): expected three texts, found (None|nan)"):
        open_graph(frame)
    with pytest.raises(LoadError, match=r"data frame: no columns head, relation, tail .* found: a, b"):
        open_graph(pd.DataFrame({"a": [1], "b": [2]}))


NQUADS = """<http://x/a> <http://x/knows> <http://x/b> <http://x/graph> .
_:b1 <http://x/knows> "b"@en _:g . # a comment
<http://x/a> <http://x/likes> <http://x/b> .
<http://x/a> <http://www.w3.org/2000/01/rdf-schema#label> "Anna" <http://x/graph> .
"""


def test_nquads_packed_by_bzip2(tmp_path: Path) -> None:
    path = tmp_path / "a.nq.bz2"
    path.write_bytes(bz2.compress(NQUADS.encode()))
    facts, report = read(path)
    assert facts == [
        ("http://x/a", "http://x/knows", "http://x/b"),
        ("_:x1", "http://x/knows", '"b"@en'),
        ("http://x/a", "http://x/likes", "http://x/b"),
    ]
    assert report.names == {"http://x/a": EntityNames("Anna")}
    (tmp_path / "a.nt").write_text(NQUADS)
    assert [line.rpartition(": ")[2] for line in read(tmp_path / "a.nt")[1].shown] == ["not an N-Triples statement"] * 3


TURTLE = """@prefix x: <http://x/> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> .
x:anna a x:FilmStar ; rdfs:label "Anna \\"q\\""@en, "Änna"@de ; skos:altLabel "Annie" ; x:knows x:ben ;
  x:role [ x:film x:heat ; x:year 1995 ] .
"""
XSD = "http://www.w3.org/2001/XMLSchema#"
TURTLE_FACTS = {
    ("http://x/anna", "http://www.w3.org/1999/02/22-rdf-syntax-ns#type", "http://x/FilmStar"),
    ("http://x/anna", "http://x/knows", "http://x/ben"),
    ("http://x/anna", "http://x/role", "_:x1"),
    ("_:x1", "http://x/film", "http://x/heat"),
    ("_:x1", "http://x/year", f'"1995"^^<{XSD}integer>'),
}


@pytest.mark.parametrize("ending", ["ttl", "trig", "rdf", "owl", "xml", "jsonld"])
def test_every_syntax_of_rdf_says_the_same(tmp_path: Path, ending: str) -> None:
    import pyoxigraph as ox

    forms = {"ttl": ox.RdfFormat.TURTLE, "trig": ox.RdfFormat.TRIG, "jsonld": ox.RdfFormat.JSON_LD}
    quads = [quad.triple for quad in ox.parse(TURTLE.encode(), format=ox.RdfFormat.TURTLE)]
    path = tmp_path / f"a.{ending}"
    ox.serialize(quads, path, forms.get(ending, ox.RdfFormat.RDF_XML))
    first, second = read(path), read(path)
    assert set(first[0]) == TURTLE_FACTS
    assert first[0] == second[0]
    assert first[1].names["http://x/anna"] == EntityNames('Anna "q"', ("Film Star",), ("Änna", "Annie"))


def test_turtle_relative_names_and_blank_nodes_of_two_files(tmp_path: Path) -> None:
    report = Report()
    for name in ("a.ttl", "b.ttl"):
        (tmp_path / name).write_text("<#me> <#r> [ <#s> <#t> ] .")
    facts = [fact for name in ("a.ttl", "b.ttl") for fact in read_triples(tmp_path / name, Options(), report)]
    assert {part for fact in facts for part in (fact.head, fact.tail) if part.startswith("_:")} == {"_:x1", "_:x2"}
    assert facts[-1].head.startswith("file:///b.ttl#") or facts[-1].tail.startswith("file:///b.ttl#")


def test_broken_rdf_names_file_and_line(tmp_path: Path) -> None:
    for name, text, message in (
        ("a.ttl", "@prefix x: <http://x/> .\nx:a x:b x:c .\nx:d ?? .\n", r"a\.ttl, line 3: "),
        ("a.jsonld", '{\n"a": }', r"a\.jsonld, line 2: "),
        ("a.rdf", "<rdf>\n<x></rdf>", r"a\.rdf, "),
        ("a.ttl.gz", "no gzip", r"damaged gzip"),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(LoadError, match=message):
            read(tmp_path / name)


def network(directed: bool = True, **relation: str) -> Any:
    """FACTS as a networkx graph, with names; `relation` says under which attribute the relation is (else the key)."""
    nx = pytest.importorskip("networkx")
    graph = nx.MultiDiGraph() if directed else nx.MultiGraph()
    graph.add_node("anna", label="Anna", type="person", aliases="Annie|A.")
    for head, name, tail in FACTS:
        if relation:
            graph.add_edge(head, tail, **{relation["at"]: name})
        else:
            graph.add_edge(head, tail, key=name)
    return graph


def write_network(graph: Any, path: Path) -> Path:
    """The graph as networkx writes it."""
    import networkx as nx

    if path.suffix == ".json":
        path.write_text(json.dumps(nx.node_link_data(graph, edges="links")))
    elif path.suffix == ".gexf":
        nx.write_gexf(graph, path)
    else:
        nx.write_graphml(graph, path)
    return path


@pytest.mark.parametrize("name", ["a.graphml", "a.gexf", "a.json"])
def test_network_files(tmp_path: Path, name: str) -> None:
    for at in ("relation", "label", "type"):
        if (name, at) == ("a.gexf", "type"):
            continue  # in GEXF the word says whether an edge is directed
        facts, report = read(write_network(network(at=at), tmp_path / name))
        assert sorted(facts) == sorted(FACTS)
        assert report.names["anna"] == EntityNames("Anna", ("person",), ("Annie", "A."))
    if name != "a.gexf":  # which numbers its edges
        assert sorted(read(write_network(network(), tmp_path / name))[0]) == sorted(FACTS)
    with pytest.raises(LoadError, match=f"{name}: an undirected graph, the direction of its facts is lost"):
        read(write_network(network(False, at="label"), tmp_path / name))


def test_edges_that_say_nothing_are_related_to(tmp_path: Path) -> None:
    nx = pytest.importorskip("networkx")
    facts, _ = read(write_network(nx.DiGraph([("a", "b")]), tmp_path / "a.json"))
    assert facts == [("a", "related to", "b")]
    graph = nx.MultiDiGraph([("a", "b"), ("a", "b")])
    for name in ("b.graphml", "b.gexf", "b.json"):
        assert set(read(write_network(graph, tmp_path / name))[0]) == {("a", "related to", "b")}
    assert set(open_graph(graph).relations) == {"related to"}
    assert set(open_graph([("a", "3", "b")]).relations) == {"3"}


def test_json_lists_of_facts(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps([*FACTS[:2], dict(zip("spo", FACTS[2], strict=True)), 3]))
    facts, report = read(path)
    assert facts == FACTS
    assert report.shown == [f"{path}, item 4: expected an object or a list of three"]
    path.write_text(json.dumps({"graph": FACTS}))
    assert read(path)[0] == FACTS


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.graphml", "<graphml>\n<x>", r"a\.graphml, line 2: "),
        ("a.graphml", "<graphml/>", r"a\.graphml: cannot be read as graphml"),
        ("a.gexf", "no", r"a\.gexf, line 1: "),
        ("a.gexf", "<gexf/>", r"a\.gexf: cannot be read as gexf"),
        ("a.json", '{"a":\n]', r"a\.json, line 2: not JSON"),
        ("a.json", "[]\n[]", "give --format jsonl"),
        ("a.json", "3", "expected a node-link graph or a list of facts, found 3"),
        ("a.json", '{"links": []}', "expected a node-link graph"),
        ("a.json", '{"directed": true, "nodes": [{}], "links": [{"source": 1}]}', "not a whole node-link graph"),
        ("a.json", '{"nodes": [], "links": []}', "undirected"),
    ],
)
def test_broken_network_files(tmp_path: Path, name: str, text: str, message: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(LoadError, match=message):
        read(tmp_path / name)


PEOPLE = """personId:ID(Person),name,born:int,aliases:string[],:LABEL
1,Anna,1990,Annie;A.,Person;Singer
2,"Ben ""B"", jr",,,Person
"""
TOWNS = """:ID(Town),title,:LABEL
1,Ulm,Town
"""
EDGES = """:START_ID(Person),:END_ID(Town),since:int,:TYPE
1,1,2001,LIVES_IN
"""


def test_neo4j_import_files(tmp_path: Path) -> None:
    for name, text in (("nodes-people.csv", PEOPLE), ("nodes-towns.csv", TOWNS), ("relationships.csv", EDGES)):
        (tmp_path / name).write_text(text)
    (tmp_path / "notes.csv").write_text("a,r,b\n")
    (tmp_path / "relations.tsv").write_text("LIVES_IN\tlives in\thome of\n")
    build(merged([str(tmp_path)], (), None, ""), tmp_path / "g.kg")
    graph = open_graph(tmp_path / "g.kg")
    assert graph.frontier(["Person:1"]).follow("LIVES_IN").entities == ("Town:1",)
    assert graph.relations["LIVES_IN"].inverse_label == "home of"
    anna = graph.entity("Person:1")
    assert (anna.label, anna.types, anna.aliases) == ("Anna", ("Person", "Singer"), ("Annie", "A."))
    assert graph.entity("Town:1").label == "Ulm"
    (tmp_path / "plain.tsv").write_text(":START_ID\t:TYPE\t:END_ID\n1\tknows\t2\n\tknows\t2\n1\n")
    facts, report = read(tmp_path / "plain.tsv")
    assert facts == [("1", "knows", "2")]
    assert [line.rpartition("plain.tsv, ")[2] for line in report.shown] == [
        "line 3: an empty head, relation or tail",
        "line 4: 1 column, expected 3",
    ]
    build(Sources((tmp_path / "plain.tsv",)), tmp_path / "plain.kg")  # which also has a faster reader of plain files
    assert open_graph(tmp_path / "plain.kg").size == (2, 1, 1)


def test_neo4j_import_files_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "relationships.csv"
    path.write_text(":START_ID,:END_ID\n1,2\n")
    with pytest.raises(LoadError, match="line 1: expected one column :ID, or the columns :START_ID, :END_ID and :TYPE"):
        read(path)
    path.write_text("x:ID,name\n,Anna\n")
    with pytest.raises(LoadError, match="line 2: an empty :ID"):
        read(path, strict=True)
    (tmp_path / "empty").mkdir()
    with pytest.raises(LoadError, match="holds no import files of Neo4j"):
        resolve(str(tmp_path / "empty"))


TEXTS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=6).map(str.strip)
TEXT = TEXTS.filter(lambda text: text and not text.startswith("~") and "\\" not in text)
NAMED = st.builds(
    EntityNames,
    st.one_of(st.just(""), TEXT),
    st.lists(TEXT, max_size=2).map(tuple),
    st.lists(TEXT, max_size=2).map(tuple),
)


@settings(max_examples=25)
@given(st.lists(st.tuples(TEXT, TEXT, TEXT), min_size=1, max_size=4), st.data())
def test_an_exported_graph_builds_the_same_graph(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("export")
    builder = Builder()
    builder.add([Triple(*row) for row in rows])
    for key in sorted({key for head, _, tail in rows for key in (head, tail)}):
        builder.names[key] = data.draw(NAMED)
    builder.relation_names[rows[0][1]] = RelationNames("a; b", "c|d", data.draw(st.sampled_from([True, False, None])))
    builder.write(folder / "a.kg", Provenance(), False)
    store = Store(folder / "a.kg")
    for form, sides in (("tsv", ("facts.tsv", "entities.tsv")), ("jsonl", ("facts.jsonl", "entities.csv"))):
        written = export(store, folder / form, form)
        facts, labels = (folder / form / side for side in sides)
        relations = (folder / form / "relations").with_suffix(labels.suffix)
        assert (sorted(written.files), written.changed) == (sorted([facts, labels, relations]), 0)
        build(Sources((facts,), (labels,), relations), folder / f"{form}.kg", Options(strict=True))
        assert Store(folder / f"{form}.kg").manifest["sha256"] == store.manifest["sha256"]
    export(store, folder / "neo", "neo4j-csv")
    build(resolve(str(folder / "neo")), folder / "neo.kg", Options(strict=True))
    assert Store(folder / "neo.kg").manifest["sha256"] == store.manifest["sha256"]


def test_exports_that_do_not_fit(tmp_path: Path) -> None:
    builder = Builder()
    builder.add([Triple("a", "r", "b\tc")])
    builder.names["a"] = EntityNames("A;\n1", (), ("x;y",))
    builder.write(tmp_path / "a.kg", Provenance(), False)
    store = Store(tmp_path / "a.kg")
    with pytest.raises(GraphError, match=r"the key 'b\\tc' does not fit into a TSV file; use --format jsonl"):
        export(store, tmp_path / "out", "tsv")
    assert not (tmp_path / "out").exists()
    with pytest.raises(GraphError, match="--format xls: known are neo4j-csv, tsv, jsonl"):
        export(store, tmp_path / "out", "xls")
    written = export(store, tmp_path / "out", "neo4j-csv")
    assert "--array-delimiter=U+001F" in written.command
    assert (tmp_path / "out/nodes.csv").read_text().splitlines()[0] == (
        "id:ID(Entity),name,aliases:string[],:LABEL,U+001F:IGNORE"
    )
    with pytest.raises(GraphError, match="exists already"):
        export(store, tmp_path / "out", "jsonl")
