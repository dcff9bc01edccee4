"""README and docs cannot lie: their commands exist with these options, their Python runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg.store import Store
from rog.cli import app
from tests.commands import rog
from tests.rog.serving import live

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *(page for page in sorted((ROOT / "docs").rglob("*.md")) if page.name != "LOG.md")]
GROUPS = {"kg", "data", "train", "rl"}  # commands that have commands of their own


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text("utf-8"), re.DOTALL | re.MULTILINE)


def commands() -> Iterator[str]:
    """Each command of `rog`, with the comment that stands behind it."""
    for page in PAGES:
        for block in blocks(page, "bash"):
            for line in block.replace("\\\n", " ").split("\n"):
                told, mark, comment = line.partition(" #")
                some = [part.strip() for part in re.split(r"&&|\|\|?|;", told) if part.strip().startswith("rog ")]
                yield from some[:-1]
                yield from (f"{last}{mark}{comment}" for last in some[-1:])


def test_every_page_that_shows_commands_is_read() -> None:
    said = "\n".join(page.read_text("utf-8") for page in PAGES)
    assert "```sh\n" not in said
    assert not re.search(r"^    (rog|import|from) ", said, re.MULTILINE), "code stands in ```bash and ```python"


@pytest.mark.parametrize("line", dict.fromkeys(commands()))
def test_commands_exist_with_these_options(line: str) -> None:
    command, _, comment = line.partition(" #")
    words = shlex.split(command)[1:]
    helped = CliRunner().invoke(app, [*[w for w in words[:2] if w.isalpha()][: 1 + (words[0] in GROUPS)], "--help"])
    assert helped.exit_code == 0, helped.output
    for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", f"{command} {comment}"):
        assert re.search(rf"{option}\b(?!-)", helped.output), f"{option} is not an option of {' '.join(words[:2])}"


@pytest.fixture
def here(films: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A folder with what the pages name: my.kg, and data/ made from it; the address of a server over that graph."""
    from planner.lexical import LexicalPlanner
    from reasoner import pipeline
    from rog.serve.app import make_app
    from rog.serve.engine import Engine

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(pipeline, "make_planner", lambda name, graph: LexicalPlanner(graph))
    made = rog("data", "make", "--kg", films.name, "--out", "data", "--n", "30")
    assert made.returncode == 0, made.stderr
    with live(make_app(Engine(pipeline.RoG(films, LexicalPlanner(films))), "films")) as url:
        yield url


PYTHON = [(page, number) for page in PAGES for number in range(len(blocks(page, "python")))]


@pytest.mark.parametrize(("page", "number"), PYTHON, ids=[f"{page.name}-{number}" for page, number in PYTHON])
def test_python_runs(page: Path, number: int, here: str, films: Store) -> None:
    code = blocks(page, "python")[number]
    code = code.replace('"my.kg"', repr(films.name)).replace("http://127.0.0.1:8000", here)
    scope: dict[str, object] = {}
    exec(code, scope)
    if page.name == "README.md":
        answer = scope["answer"]
        assert getattr(answer, "entities", None) == ("mann",)


def test_python_stands_in_four_pages() -> None:
    assert {page.name for page, _ in PYTHON} >= {"README.md", "data.md", "pictures.md", "serve.md"}
