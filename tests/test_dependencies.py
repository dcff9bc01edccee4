"""What is imported is declared, and the other way round; constraints.txt has an exact version of it all."""

from __future__ import annotations

import re
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.test_house import ORDER, ROOT, imported

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
NEEDED = {canonicalize_name(one.name): one for one in map(Requirement, PROJECT["dependencies"])}
DEV = {canonicalize_name(one.name): one for one in map(Requirement, PROJECT["optional-dependencies"]["dev"])}
NOT_IMPORTED = {
    "pykeen": "its bundled data sets are read as files",
    "build": "a program",
    "mypy": "a program",
    "ruff": "a program",
    "httpx2": "fastapi's test client speaks through it",
}
OURS = {*ORDER, "benchmarks", "data", "tests"}


def distributions(*folders: str) -> set[str]:
    """The distributions that the modules of some folders import."""
    owners = metadata.packages_distributions()
    names = {name for folder in folders for path in (ROOT / folder).rglob("*.py") for name in imported(path)}
    foreign = names - OURS - set(sys.stdlib_module_names)
    return {canonicalize_name(owners[name][0]) for name in foreign if name in owners}


def test_what_is_imported_is_declared_and_used() -> None:
    assert distributions(*ORDER) == NEEDED.keys() - NOT_IMPORTED.keys()
    assert distributions("benchmarks") <= NEEDED.keys()
    assert distributions("tests") <= NEEDED.keys() | DEV.keys()
    assert DEV.keys() - NOT_IMPORTED.keys() <= distributions("tests")
    assert NOT_IMPORTED.keys() <= NEEDED.keys() | DEV.keys()


@pytest.mark.parametrize("wanted", [*NEEDED.values(), *DEV.values()], ids=str)
def test_every_range_has_two_ends_and_what_is_installed_lies_in_it(wanted: Requirement) -> None:
    assert sorted(one.operator for one in wanted.specifier) == ["<", ">="]
    assert metadata.version(wanted.name) in wanted.specifier


def test_constraints_are_exact_and_within_the_ranges() -> None:
    lines = [line for line in Path(ROOT / "constraints.txt").read_text("utf-8").splitlines() if line[:1] != "#"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*", line) for line in lines), "no builds, no addresses"
    known: dict[str, str] = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    assert len(known) == len(lines)
    for wanted in (*NEEDED.values(), *DEV.values()):
        assert known[canonicalize_name(wanted.name)] in wanted.specifier, wanted
    assert Requirement(f"torch=={known['torch']}").specifier.contains(f"{known['torch']}+cpu")
