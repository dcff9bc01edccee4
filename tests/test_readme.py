"""The README cannot lie: its commands parse, its Python runs."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kg.store import Store
from rog.cli import app

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.DOTALL | re.MULTILINE)


GROUPS = {"kg", "data", "train", "rl"}  # commands that have commands of their own
COMMANDS = [line for block in blocks("bash") for line in re.split(r"\n|&&", block) if line.strip().startswith("rog ")]


@pytest.mark.parametrize("line", COMMANDS)
def test_commands_exist_with_these_options(line: str) -> None:
    command, _, comment = line.partition("#")
    words = shlex.split(command)[1:]
    helped = CliRunner().invoke(app, [*[w for w in words[:2] if w.isalpha()][: 1 + (words[0] in GROUPS)], "--help"])
    assert helped.exit_code == 0
    for option in re.findall(r"--[a-z-]+", f"{command} {comment}"):
        assert re.search(rf"{option}\b(?!-)", helped.output), f"{option} is not an option of {' '.join(words[:2])}"


def test_the_python_block_runs(films: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    import rog
    from planner.lexical import LexicalPlanner
    from reasoner import pipeline

    (code,) = blocks("python")
    monkeypatch.chdir(Path(films.name).parent)
    monkeypatch.setattr(pipeline, "make_planner", lambda name, graph: LexicalPlanner(graph))
    scope: dict[str, object] = {}
    exec(code.replace('"my.kg"', repr(films.name)), scope)
    answer = scope["answer"]
    assert isinstance(answer, rog.Answer)
    assert answer.entities == ("mann",)
