"""A conversation in the terminal: questions, and commands about the last answer."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from kg.errors import QuestionError, RogError
from kg.link import resolve_entity
from kg.visible import visible
from reasoner.base import Trace
from reasoner.pipeline import RoG
from rog.cli_show import Pictures
from rog.show import headline, path_label, plan_label, shown

HELP = """\
/paths          every path behind the last answer, by plan
/html [FILE]    the last answer as a page with its picture (answer.html)
/entity [NAME]  what the last question may be about; with a name or key, ask it again about that
/help, /quit    Ctrl-D also ends"""
MOST = 100  # paths printed of a plan


class Chat:
    """A conversation over one pipeline; answers and errors are printed on `out`."""

    def __init__(self, rog: RoG, out: Console, partial: bool = False) -> None:
        self._rog, self._out, self._partial = rog, out, partial
        self._last: Trace | None = None

    def run(self, read: Callable[[], str]) -> None:
        """Answer what `read` gives, line by line, until it ends or says /quit; Ctrl-C gives up the question at hand."""
        while True:
            try:
                line = read().strip()
                if line in ("/quit", "/exit", "/q"):
                    return
                if line:
                    self.answer(line)
            except EOFError:
                return
            except KeyboardInterrupt:
                self._out.print(Text("given up; /quit or Ctrl-D ends", style="dim"))
            except RogError as error:
                self._out.print(Text.assemble(("error: ", "bold red"), visible(str(error))), soft_wrap=True)

    def answer(self, line: str) -> None:
        """One question or command."""
        if not line.startswith("/"):
            self._ask(line)
            return
        command, _, rest = line.partition(" ")
        commands = {"/paths": self._paths, "/html": self._html, "/entity": self._entity, "/help": self._help}
        if command not in commands:
            raise QuestionError(f"unknown command {command}: expected {', '.join(commands)} or /quit")
        commands[command](rest.strip())

    def _ask(self, text: str, entity: str | None = None) -> None:
        began = time.perf_counter()
        self._last = self._rog.trace(text, entity)
        seconds = time.perf_counter() - began
        self._out.print(shown(self._last, self._rog.graph, seconds, "/entity KEY", self._partial))

    def _trace(self) -> Trace:
        if self._last is None:
            raise QuestionError("nothing has been asked yet")
        return self._last

    def _paths(self, _: str) -> None:
        trace, graph = self._trace(), self._rog.graph
        support = set(trace.answer.support)
        self._out.print(headline(trace, None))
        for entry in trace.evidence.found:
            self._out.print(Text(plan_label(entry.relations, graph), style="cyan"))
            for path in entry.paths[:MOST]:
                mark = (" ✓", "green") if path in support else ("", "")
                self._out.print(Text.assemble("  ", path_label(path, graph), mark), soft_wrap=True)
            left = entry.paths_total - len(entry.paths[:MOST])
            if left:
                self._out.print(Text(f"  and {left:,} more", style="dim"))

    def _html(self, file: str) -> None:
        pictures = Pictures(html=Path(file or "answer.html"))
        pictures.check(1)
        pictures.write(self._trace(), self._rog.graph)

    def _entity(self, name: str) -> None:
        question = self._trace().question
        if name:
            self._ask(question.text, resolve_entity(self._rog.graph, name).key)
            return
        for topic in question.topics:
            kinds = ", ".join(topic.entity.types)
            line = f"{topic.score:.2f}  {topic.entity.label}  {kinds}  {topic.entity.degree:,} facts  {topic.key}"
            self._out.print(Text(visible(line)), soft_wrap=True)
        if not question.topics:
            self._out.print("the graph names nothing in the question; /entity NAME says what it is about")

    def _help(self, _: str) -> None:
        self._out.print(HELP)
