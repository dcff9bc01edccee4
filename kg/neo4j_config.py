"""What a user overrides of the guesses about a database: a YAML file, checked against what the database has."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kg.errors import GraphError, UnknownKeyError
from kg.load import read_relations
from kg.neo4j_client import Client
from kg.text import brief
from kg.yaml_file import read_yaml

EVERY = "*"  # under `name`, the label that stands for all that are not mentioned
LISTS = ("exclude_labels", "exclude_types", "exclude_properties")
SETTINGS = ("key", "name", *LISTS, "literals", "relations", "returning", "timeout")


def read_config(path: Path) -> dict[str, Any]:
    """The overrides in a YAML file; GraphError for one that cannot be read or says what cannot be meant."""
    found = read_yaml(path, GraphError) or {}
    if not isinstance(found, dict):
        raise GraphError(f"{path}: expected settings such as `name: {{Person: fullName}}`")
    if not isinstance(found.get("relations", ""), str):
        raise GraphError(f"{path}: relations: {brief(found['relations'])}, expected a file")
    try:
        config = checked_config(found)
    except GraphError as error:
        raise GraphError(f"{path}: {error}") from None
    if "relations" in config:
        config["relations"] = read_relations(path.parent / config["relations"])
    return config


def checked_config(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings with one text where a list is meant as a list of it; GraphError for values of another type."""
    unknown = [name for name in found if name not in SETTINGS]
    if unknown:
        raise GraphError(f"unknown setting {brief(unknown[0])}; known are {', '.join(SETTINGS)}")
    config = dict(found)
    for name in LISTS:
        if name in found:
            config[name] = texts(
                found[name], f"{name}: {brief(found[name])} is no list of texts, as in `{name}: [A, B]`"
            )
    for name in ("key", "name"):
        parts = found.get(name, {})
        wrong = f"{name} maps labels to properties, as in `{name}: {{Person: fullName}}`"
        if not isinstance(parts, Mapping) or not all(isinstance(label, str) for label in parts):
            raise GraphError(wrong)
        config[name] = {label: texts(part, f"{wrong}, not {label} to {brief(part)}") for label, part in parts.items()}
    several = [label for label, parts in config["key"].items() if len(parts) != 1]
    if several:
        raise GraphError(f"key: {several[0]} needs one property that is unique")
    config["key"] = {label: parts[0] for label, parts in config["key"].items()}
    for name in ("literals", "returning"):
        if not isinstance(found.get(name, True), bool):
            raise GraphError(f"{name}: {brief(found[name])}, expected true or false")
    if not isinstance(found.get("relations", ""), str | Mapping):
        raise GraphError(f"relations: {brief(found['relations'])}, expected a file")
    seconds = found.get("timeout", 1)
    if not isinstance(seconds, int | float) or isinstance(seconds, bool) or seconds <= 0:
        raise GraphError(f"timeout: {brief(seconds)}, expected seconds")
    return config


def texts(value: object, wrong: str) -> list[str]:
    """The texts in a list, or one text as such a list; GraphError with the message `wrong` for anything else."""
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list | tuple) or not all(isinstance(text, str) for text in values):
        raise GraphError(wrong)
    return list(values)


def check_names(config: Mapping[str, Any], client: Client, labels: list[str]) -> None:
    """GraphError, with the nearest, for a label, type or property of the settings that the database lacks; None."""
    known = {"label": labels}
    if config.get("exclude_types"):
        known["relationship type"] = column(client, "CALL db.relationshipTypes()")
    if config.get("exclude_properties"):
        known["property"] = column(client, "CALL db.propertyKeys()")
    for setting, kind in (
        ("key", "label"),
        ("name", "label"),
        ("exclude_labels", "label"),
        ("exclude_types", "relationship type"),
        ("exclude_properties", "property"),
    ):
        for name in config.get(setting, ()):
            if name not in known[kind] and (setting, name) != ("name", EVERY):
                raise GraphError(f"configuration, {setting}: {UnknownKeyError(kind, name, known[kind])}")


def column(client: Client, query: str) -> list[str]:
    """The first column of a query."""
    return [row[0] for row in client.read(query)]
