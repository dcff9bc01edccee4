"""The rules of the house: imports point left, the command line starts light, nobody else owns our names."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ORDER = ("kg", "planner", "reasoner", "rl", "rog")
HEAVY = {
    "torch",
    "transformers",
    "trl",
    "peft",
    "pykeen",
    "neo4j",
    "numba",
    "pandas",
    "networkx",
    "matplotlib",
    "resvg_py",
    "fastapi",
    "mcp",
}


def imported(path: Path) -> set[str]:
    """The top-level names that a module imports, anywhere in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("package", ORDER)
def test_imports_point_left(package: str) -> None:
    later = set(ORDER[ORDER.index(package) + 1 :])
    wrong = {str(path): found for path in (ROOT / package).rglob("*.py") if (found := imported(path) & later)}
    assert not wrong


@pytest.mark.parametrize(
    "command", [["--help"], ["kg", "--help"], ["ask", "--help"], ["data", "--help"], ["rl", "--help"]]
)
def test_help_loads_nothing_heavy(command: list[str]) -> None:
    code = f"""
import sys
sys.argv = ["rog", *{command!r}]
from rog.cli import main
try:
    main()
except SystemExit as end:
    assert not end.code, end
print("LOADED", *sorted(set(sys.modules) & {HEAVY!r}))
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1].split() == ["LOADED"]


def test_public_names_are_what_is_listed() -> None:
    import rog

    assert sorted(rog.__all__) == rog.__all__
    assert all(getattr(rog, name) is not None for name in rog.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        rog.nothing  # noqa: B018


def test_nobody_else_owns_our_package_names() -> None:
    owners = metadata.packages_distributions()
    for package in ORDER:
        assert set(owners[package]) == {"rog"}, f"{package!r} is also installed by another distribution"


def test_every_module_says_what_it_is() -> None:
    for package in (*ORDER, "benchmarks"):
        for path in (ROOT / package).rglob("*.py"):
            assert ast.get_docstring(ast.parse(path.read_text("utf-8"))), f"{path} has no docstring"
