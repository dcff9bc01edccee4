"""Network files to facts: GraphML, GEXF and node-link JSON through networkx, read whole; and JSON lists of facts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kg.errors import LoadError, first_line
from kg.guards import XmlGuard
from kg.lines import HALVED, Options, Report, bad_line, decoded, fact, guess_format
from kg.networkx_graph import edge_relation, edges_with_keys, node_names
from kg.packed import check_unpacks, open_binary
from kg.tables import facts_of_json
from kg.text import brief, is_text
from kg.types import Triple


def read_network(path: Path, options: Options, report: Report) -> Iterator[Triple]:
    """Facts of a GraphML, GEXF or JSON file; labels, types and aliases of its nodes become names."""
    form = options.format or guess_format(path)
    check_unpacks(path, options.unpacked)  # the whole of it will be in memory, many times as large
    if form == "json":
        row = read_json(path, options)
        if isinstance(row, list) or isinstance(row.get("graph"), list):
            yield from listed_facts(path, row, options, report)
            return
        graph = node_link(path, row)
    else:
        graph = parsed(path, form, options)
    if not graph.is_directed():
        raise LoadError(f"{path}: an undirected graph, the direction of its facts is lost; save it as a directed one")
    for number, (node, data) in enumerate(graph.nodes(data=True), 1):
        names = node_names(data)
        key = str(node).strip()
        if not is_text("".join((key, names.label, *names.types, *names.aliases))):
            bad_line(path, number, HALVED, f"{node}\t{data}", options, report, "node")
        elif any(names):
            report.names[key] = names
    for number, (head, tail, key, data) in enumerate(edges_with_keys(graph), 1):
        report.lines += 1
        numbered = form != "json" and re.fullmatch(r"e?\d+", str(key))  # an edge's id in the file, no relation
        triple = fact((str(head), edge_relation(data, 0 if numbered else key), str(tail)), report)
        if isinstance(triple, str):
            bad_line(path, number, triple, f"{head}\t{key}\t{tail}", options, report, "edge")
        else:
            yield triple


def parsed(path: Path, form: str, options: Options) -> Any:
    """The networkx graph in a GraphML or GEXF file, or LoadError."""
    from xml.etree.ElementTree import ParseError

    import networkx as nx

    with open_binary(path, options.unpacked) as file:
        stream = XmlGuard(path, file, 0).stream()
        try:
            return nx.read_graphml(stream, force_multigraph=True) if form == "graphml" else nx.read_gexf(stream)
        except (LoadError, RecursionError, MemoryError):
            raise
        except ParseError as error:
            raise LoadError(f"{path}, line {error.position[0]}: {error}") from None
        except Exception as error:  # networkx raises whatever it stumbles over in a file that is not as it expects
            reason = f"{type(error).__name__}: {first_line(error)}"
            raise LoadError(f"{path}: cannot be read as {form} ({reason})") from None


def read_json(path: Path, options: Options) -> Any:
    """The list or object in a JSON file, or LoadError."""
    with open_binary(path, options.unpacked) as stream:
        try:
            row = decoded(stream.read().decode("utf-8-sig"))
        except json.JSONDecodeError as error:
            hint = "; one value a line? give --format jsonl" if error.msg == "Extra data" else ""
            raise LoadError(f"{path}, line {error.lineno}: not JSON ({error.msg}){hint}") from None
        except (ValueError, OSError) as error:
            raise LoadError(f"{path}: not JSON ({error})") from None
    if not isinstance(row, list | dict):
        raise LoadError(f"{path}: expected a node-link graph or a list of facts, found {brief(row)}")
    return row


def listed_facts(path: Path, row: Any, options: Options, report: Report) -> Iterator[Triple]:
    """The facts in a JSON list of facts (or of questions with their subgraphs)."""
    for number, item in enumerate(row if isinstance(row, list) else [row], 1):
        report.lines += 1
        for triple, text in facts_of_json(item, options, report):
            if isinstance(triple, str):
                bad_line(path, number, triple, text or json.dumps(item), options, report, "item")
            else:
                yield triple


def node_link(path: Path, row: dict[str, Any]) -> Any:
    """The networkx graph written as nodes and links, or LoadError."""
    import networkx as nx

    edges = next((name for name in ("links", "edges") if isinstance(row.get(name), list)), None)
    if edges is None or not isinstance(row.get("nodes"), list):
        raise LoadError(f"{path}: expected a node-link graph (nodes, and links or edges) or a list of facts")
    try:
        return nx.node_link_graph({"directed": False, **row}, multigraph=True, edges=edges)
    except (nx.NetworkXException, KeyError, TypeError, ValueError, AttributeError) as error:
        raise LoadError(f"{path}: not a whole node-link graph ({type(error).__name__}: {error})") from None
