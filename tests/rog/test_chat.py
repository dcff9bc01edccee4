"""The conversation in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from kg.store import Store
from planner.lexical import LexicalPlanner
from reasoner.pipeline import RoG
from rog.chat import Chat
from rog.cli import app


@pytest.fixture
def talk(demo: Store) -> Callable[..., str]:
    def talk(*lines: str | BaseException) -> str:
        console = Console(width=200)
        left = list(lines)

        def read() -> str:
            line = left.pop(0) if left else EOFError()
            if isinstance(line, BaseException):
                raise line
            return line

        with console.capture() as said:
            Chat(RoG(demo, LexicalPlanner(demo)), console).run(read)
        return said.get()

    return talk


def test_questions_and_commands_about_them(
    talk: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    said = talk("What country is Lima in?", "/entity", "/entity city:lima-us", "/paths", "/html", "/html why.html")
    assert said.count("city:lima-us of the same name could be meant (/entity KEY)") == 1
    assert "--entity" not in said
    assert "0.50  Lima  city, capital  4 facts  city:lima-pe" in said
    assert "Lima ─country→ United States ✓" in said
    assert said.count("United States") > 2
    assert "<svg" in (tmp_path / "answer.html").read_text("utf-8")
    assert (tmp_path / "why.html").exists()


def test_mistakes_do_not_end_it(talk: Callable[..., str]) -> None:
    said = talk("/paths", "", "/dance", "x" * 3000, KeyboardInterrupt(), "/help", "What is the capital of Australia?")
    assert "nothing has been asked yet" in said
    assert "unknown command /dance: expected /paths, /html, /entity, /help or /quit" in said
    assert "at most 2,000 are read" in said
    assert "given up" in said
    assert "Ctrl-D also ends" in said
    assert "Canberra" in said
    assert "Canberra" not in talk("/quit", "What is the capital of Australia?")


def test_the_command_reads_lines(films: Store) -> None:
    ran = CliRunner().invoke(
        app, ["chat", "--kg", films.name, "--planner", "lexical"], input="Who directed Heat?\n/q\n"
    )
    assert ran.exit_code == 0
    assert "Michael Mann" in ran.stdout
