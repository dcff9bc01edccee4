"""`rog show` and the options of `rog ask` that draw: pictures of traces, of training runs and of evaluations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer
from rich.text import Text

from rog.console import err, out
from rog.files import check_file, write_file

if TYPE_CHECKING:
    from reasoner.base import Trace
    from rog.picture.scene import Scene
    from rog.traces import Named

Html = Annotated[Path | None, typer.Option("--html", help="Write the answer as a page: picture, paths, Cypher.")]
Svg = Annotated[Path | None, typer.Option("--svg", help="Write the picture of the answer as SVG.")]
Png = Annotated[Path | None, typer.Option("--png", help="Write the picture of the answer as PNG.")]


class Pictures(NamedTuple):
    """Where the picture of one answer is to be written."""

    html: Path | None = None
    svg: Path | None = None
    png: Path | None = None

    def check(self, questions: int) -> None:
        """An error, before anything is asked, if a file cannot be written or there are too many questions for one."""
        from kg.errors import QuestionError

        wanted = [file for file in self if file is not None]
        if wanted and questions != 1:
            raise QuestionError(
                f"{wanted[0]} would hold one picture, but {questions} questions are asked: "
                "write --json to a file and draw it with `rog show FILE --out FOLDER`"
            )
        for file in wanted:
            check_file(file)

    def write(self, trace: Trace, graph: Named) -> None:
        """Write what is wanted, and say what was written."""
        from rog.picture.scene import scene

        if any(self):
            drawn = scene(trace, graph)
            for file, form in zip(self, self._fields, strict=True):
                if file is not None:
                    draw(drawn, file, form)


def draw(scene: Scene, file: Path, form: str) -> None:
    """Write a scene as html, svg or png, and say so."""
    if form == "png":
        from rog.picture.png import png

        content = png(scene)
    elif form == "svg":
        from rog.picture.svg import svg

        content = svg(scene).encode()
    else:
        from rog.picture.html import page

        content = page(scene).encode()
    write_file(file, content)
    wrote(file)


def wrote(file: Path) -> None:
    """Say on stderr what was written, and how large it is."""
    err.print(Text(f"wrote {file} ({max(1, round(file.stat().st_size / 1000)):,} KB)"), soft_wrap=True)


def show_command(
    sources: Annotated[
        list[Path],
        typer.Argument(help="Files that `rog ask --json` wrote, or training runs, or folders that `rog eval` wrote."),
    ],
    to: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A folder for traces; a .png, .svg or .pdf for runs and evaluations."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the pictures at --out.")] = False,
) -> None:
    """Draw what was stored: answers as a folder of pages, training runs and evaluations as plots."""
    from kg.errors import QuestionError
    from rog.figures import curves, is_evaluation, is_run, scores

    for source in sources:
        if not source.exists():
            raise QuestionError(f"{source}: no such file")
    for kind, plot in ((is_run, curves), (is_evaluation, scores)):
        if all(map(kind, sources)):
            if to is None:
                raise QuestionError(f"say where the plot goes, as in --out {sources[0].name}.png")
            check_file(to, ".png", ".svg", ".pdf")
            write_file(to, plot(sources, to.suffix[1:].lower()))
            wrote(to)
            return
    if wrong := [source for source in sources if source.is_dir()]:
        raise QuestionError(f"{wrong[0]} holds neither metrics.jsonl (a training run) nor results.csv (an evaluation)")
    show_traces(sources, to, force)


def show_traces(files: list[Path], to: Path | None, force: bool) -> None:
    """Print stored traces, or write them as a folder of pages."""
    from rog.picture.folder import write_folder
    from rog.show import shown
    from rog.traces import read_traces

    traces = [found for file in files for found in read_traces(file)]
    if to is not None:
        write_folder(traces, to, force)
        err.print(Text(f"wrote {to / 'index.html'}: {len(traces):,} answers"), soft_wrap=True)
        return
    for trace, names in traces:
        out.print(shown(trace, names))
