"""Settings and addresses, as far as they can be judged without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kg.errors import GraphError
from kg.names import RelationNames
from kg.neo4j_client import is_quotable, literal, parse_address
from kg.neo4j_config import checked_config, read_config
from kg.neo4j_labels import guess_names


def test_one_text_is_a_list_of_one(tmp_path: Path) -> None:
    path = tmp_path / "rog.yaml"
    (tmp_path / "r.tsv").write_text("R\tlabel\n")
    path.write_text(
        "exclude_labels: Foo\nexclude_properties: bar\nkey: {A: id}\nname: {A: n, B: [f, l]}\nrelations: r.tsv"
    )
    config = read_config(path)
    assert config == {
        "exclude_labels": ["Foo"],
        "exclude_properties": ["bar"],
        "key": {"A": "id"},
        "name": {"A": ["n"], "B": ["f", "l"]},
        "relations": {"R": RelationNames("label")},
    }
    assert checked_config(config) == config  # a second time it changes nothing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exclude_labels: 3", "exclude_labels: 3 is no list of texts"),
        ("exclude_types: [1, 2]", r"exclude_types: \[1, 2\] is no list of texts"),
        ("exclude_properties: {a: b}", "exclude_properties: .* is no list of texts"),
        ("key: Person", "key maps labels to properties"),
        ("key: {Person: 3}", "key maps labels to properties, .* not Person to 3"),
        ("key: {Person: [a, b]}", "key: Person needs one property"),
        ("name: {3: a}", "name maps labels to properties"),
        ("literals: 3", "literals: 3, expected true or false"),
        ("returning: often", "returning: 'often', expected true or false"),
        ("relations: 3", "relations: 3, expected a file"),
        ("timeout: true", "timeout: True, expected seconds"),
        ("timeout: 0", "timeout: 0, expected seconds"),
        ("labels: x", "unknown setting 'labels'; known are key, name"),
        ("- a", "expected settings such as"),
    ],
)
def test_settings_that_cannot_be_meant(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "rog.yaml").write_text(text)
    with pytest.raises(GraphError, match=rf"rog\.yaml: {message}"):
        read_config(tmp_path / "rog.yaml")


@pytest.mark.parametrize("address", ["http://localhost:7474", "localhost:7687", "https://x.databases.neo4j.io"])
def test_addresses_of_another_kind(address: str) -> None:
    with pytest.raises(GraphError, match=f"{address}: expected an address that begins with neo4j://, "):
        parse_address("neo4j", {"NEO4J_URI": address})


def test_texts_in_queries_hold_no_unicode_escape() -> None:
    assert literal("it's \\u0041") == r"('it\'s \\' + 'u0041')"
    assert [is_quotable(name) for name in ("a`b", "a\\u0041", "a\0", "")] == [True, False, False, False]


@pytest.mark.parametrize(
    ("sample", "names"),
    [
        ({"name": 9, "title": 10}, ("name",)),
        ({"title": 1, "firstName": 10, "lastName": 9}, ("firstName", "lastName")),
        ({"title": 5, "id": 10}, ("title",)),
        ({"title": 1, "headline": 10}, ("headline",)),
        ({"title": 1, "id": 10}, ("title",)),
        ({"fullName": 10, "surname": 10, "forename": 10}, ("fullName",)),
        ({"nickName": 10, "surname": 10, "forename": 10}, ("forename", "surname")),
        ({}, ()),
    ],
)
def test_names_that_most_nodes_have(sample: dict[str, int], names: tuple[str, ...]) -> None:
    """Each property with the number of ten nodes that have it."""
    values: dict[str, list[Any]] = {prop: [f"{prop} {i}" for i in range(number)] for prop, number in sample.items()}
    assert guess_names(values, "id", 10) == names
