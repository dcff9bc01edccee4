"""Small valid files of every format that is read, made on the spot; what the fuzzer mutates."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

FACTS = (
    ("anna", "knows", "ben"), ("anna", "born_in", "Ulm"), ("ben", "knows", "anna"), ("ben", "likes", "Käse"),
    ("Ulm", "lies_in", "Deutschland"), ("日本", "borders", "x y"), ("anna", "age", "42"), ("carl", "knows", "ben"),
)  # fmt: skip
BASE = "http://example.org/"
LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


@cache
def facts_files() -> dict[str, bytes]:
    """Files of facts by name; the ending says the format."""
    texts = {
        "a.tsv": "head\trelation\ttail\n" + _rows("\t"),
        "b.tsv": _rows("\t"),
        "a.txt": _rows("|"),
        "a.csv": "head,relation,tail\n" + _rows(",") + '"a ""q"", b",r,"two\nlines"\n',
        "a.jsonl": "".join(json.dumps(row) + "\n" for row in FACTS)
        + json.dumps({"head": "a", "relation": "r", "tail": "b"})
        + "\n"
        + json.dumps({"question": "q", "graph": list(FACTS)})
        + "\n",
        "a.json": json.dumps(_node_link(), indent=1),
        "b.json": json.dumps(FACTS),
        "a.nt": _ntriples(" ."),
        "a.nq": _ntriples(f" <{BASE}g> ."),
        "a.ttl": _turtle(),
        "a.trig": f"@prefix e: <{BASE}> .\ne:g {{ e:a e:knows e:b, [ e:knows (1 2.5 true) ] . }}\n",
        "a.rdf": _rdf_xml(),
        "a.jsonld": json.dumps(_jsonld(), indent=1),
        "a.graphml": _graphml(),
        "a.gexf": _gexf(),
        "nodes.csv": "id:ID(Person),name,aliases:string[],:LABEL\n1,Anna,A.;Annie,person;friend\n2,Ben,,person\n",
        "edges.csv": ":START_ID(Person),:END_ID(Person),:TYPE,since:int{x:1}\n1,2,KNOWS,1999\n2,1,KNOWS,\n",
    }
    columns = dict(zip(("head", "relation", "tail"), zip(*FACTS, strict=True), strict=True))
    return {name: text.encode() for name, text in texts.items()} | {
        "a.parquet": _parquet(columns),
        "b.parquet": _parquet({"graph": [[list(row) for row in FACTS[:4]], [list(row) for row in FACTS[4:]]]}),
    }


@cache
def side_files() -> dict[str, bytes]:
    """Tables of names and of relations."""
    names = [("key", "label", "types", "aliases"), ("anna", "Anna", "person|friend", "A.|An\\|na")]
    relations = [("key", "label", "inverse_label", "hide"), ("knows", "knows", "known by", "no")]
    return {
        f"{stem}.{ending}": "".join(sign.join(row) + "\n" for row in rows).encode()
        for stem, rows in (("labels", names), ("relations", relations))
        for ending, sign in (("tsv", "\t"), ("csv", ","))
    }


@cache
def question_files() -> dict[str, bytes]:
    """Files of questions with answers, in every form that they are published in."""
    plain = [
        {"id": "q1", "question": "Whom does Anna know?", "answers": ["ben"], "topics": ["anna"], "path": ["knows"]},
        {"question": "Where was she born?", "answers": ["Ulm"], "paths": ["born_in -> ~lies_in"]},
    ]
    rog: dict[str, Any] = {"id": "w1", "question": "who", "answer": ["Ben"], "q_entity": ["anna"]}
    rog |= {"a_entity": ["ben"], "graph": [list(row) for row in FACTS]}
    texts = {
        "plain.jsonl": "".join(json.dumps(row) + "\n" for row in plain),
        "rog.jsonl": json.dumps(rog) + "\n",
        "metaqa.txt": "who acted in [Heat]\tAl Pacino|Robert De Niro\nwhat is [x] about\ty\n",
        "path.txt": "who is it ?\tben(ben/)\tanna#knows#ben#<end>#ben\n",
    }
    columns = {name: [value] for name, value in rog.items()}
    return {name: text.encode() for name, text in texts.items()} | {"rog.parquet": _parquet(columns)}


@cache
def other_files() -> dict[str, bytes]:
    """Rows of training data and settings."""
    row = {"id": "1", "question": "Who?", "answers": ["ben"], "topics": ["anna"], "mention": "Anna"}
    plans = [{"path": "knows", "precision": 1.0, "recall": 0.5, "weight": 1.0}]
    return {
        "rows.jsonl": (json.dumps({**row, "paths": ["knows"], "plans": plans}) + "\n").encode(),
        "settings.yaml": b"epochs: 2.5\nbatch: 8\nlearning-rate: 1e-4\nseed: 3\n",
        "neo4j.yaml": b"key: {Person: id}\nname: {Person: [name, label]}\nignore-labels: [_Old]\ntimeout: 5\n",
    }


def _rows(sign: str) -> str:
    return "".join(sign.join(row) + "\n" for row in FACTS)


def _iri(text: str) -> str:
    return f"<{BASE}{text.replace(' ', '_')}>"


def _ntriples(end: str) -> str:
    facts = [" ".join(map(_iri, row)) + end for row in FACTS]
    facts += [f'{_iri("anna")} <{LABEL}> "Anna \\u00e9 \\"A\\""@en{end}', f"_:b1 <{TYPE}> {_iri('Thing')}{end}"]
    return "\n".join(
        [*facts, f'{_iri("anna")} {_iri("age")} "42"^^<http://www.w3.org/2001/XMLSchema#int>{end} # ok', ""]
    )


def _turtle() -> str:
    return (
        f"@prefix e: <{BASE}> .\n@base <{BASE}> .\ne:anna a e:Person ; e:knows e:ben, _:x ;\n"
        f'  <{LABEL}> "Anna"@de, """long\n"text" """ ; e:age 42 .\n<ben> e:knows [ e:likes ( "a" "b" ) ] . # done\n'
    )


def _rdf_xml() -> str:
    return (
        f'<?xml version="1.0"?>\n<!DOCTYPE rdf:RDF [<!ENTITY e "{BASE}"><!ENTITY f "&e;f/">]>\n'
        f'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:e="{BASE}" xml:base="{BASE}">\n'
        '<rdf:Description rdf:about="&e;anna" e:age="42"><e:knows rdf:resource="&f;ben"/>\n'
        '<e:likes rdf:parseType="Collection"><e:Cheese rdf:ID="c"/></e:likes></rdf:Description>\n</rdf:RDF>\n'
    )


def _jsonld() -> object:
    context = {"@vocab": BASE, "label": LABEL, "knows": {"@id": f"{BASE}knows", "@type": "@id"}}
    nodes = [{"@id": f"{BASE}{h}", "label": h, "@type": "P", r: f"{BASE}{t}"} for h, r, t in FACTS[:4]]
    return {"@context": context, "@graph": [*nodes, {"@id": "_:x", "list": {"@list": [1, 2.5, True, None]}}]}


def _node_link() -> object:
    nodes = [{"id": "anna", "label": "Anna", "types": ["person"], "aliases": ["A."]}, {"id": 7, "name": "sieben"}]
    links = [{"source": "anna", "target": 7, "key": 0, "relation": "likes"}, {"source": 7, "target": "x", "key": "r"}]
    return {"directed": True, "multigraph": True, "graph": {}, "nodes": nodes, "links": links}


def _graphml() -> str:
    keys = '<key id="l" for="node" attr.name="label" attr.type="string"><default>none</default></key>'
    keys += '<key id="r" for="edge" attr.name="relation" attr.type="string"/>'
    nodes = "".join(f'<node id="{n}"><data key="l">{n.title()}</data></node>\n' for n in ("anna", "ben", "Ulm"))
    edges = (
        '<edge source="anna" target="ben"><data key="r">knows</data></edge>\n<edge id="e2" source="ben" target="Ulm"/>'
    )
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
    return f'{head}{keys}\n<graph edgedefault="directed">\n{nodes}{edges}\n</graph>\n</graphml>\n'


def _gexf() -> str:
    nodes = "".join(
        f'<node id="{n}" label="{n.title()}"><attvalues><attvalue for="0" value="5"/></attvalues></node>\n'
        for n in ("anna", "ben")
    )
    attributes = '<attributes class="node" mode="static"><attribute id="0" title="size" type="integer"/></attributes>'
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://www.gexf.net/1.2draft" version="1.2">\n'
        f'<graph mode="static" defaultedgetype="directed">{attributes}\n<nodes>\n{nodes}</nodes>\n'
        '<edges><edge id="0" source="anna" target="ben" label="knows" weight="1.5"/></edges>\n</graph>\n</gexf>\n'
    )


def _parquet(columns: Mapping[str, Sequence[object]]) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    stream = io.BytesIO()
    pq.write_table(pa.table({name: list(values) for name, values in columns.items()}), stream, row_group_size=5)
    return stream.getvalue()
