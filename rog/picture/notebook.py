"""`rog.RoG` for people at a keyboard: its traces know their graph, so that they can draw themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from kg.graph import Graph
from reasoner import pipeline
from reasoner.base import Trace
from rog.picture.scene import Scene, scene


@dataclass(frozen=True, slots=True)
class DrawnTrace(Trace):
    """A trace with the graph that names what it holds; a notebook shows it as a picture."""

    graph: Graph = field(repr=False, compare=False)

    @property
    def scene(self) -> Scene:
        """What its picture shows."""
        return scene(self, self.graph)

    def to_svg(self, file: str | Path | None = None) -> str:
        """The picture as SVG text, also written to `file` if one is given."""
        from rog.picture.svg import svg

        return written(svg(self.scene), file)

    def to_html(self, file: str | Path | None = None) -> str:
        """The page as HTML text, also written to `file` if one is given."""
        from rog.picture.html import page

        return written(page(self.scene), file)

    def to_png(self, file: str | Path | None = None) -> bytes:
        """The picture as PNG, also written to `file` if one is given."""
        from rog.files import write_file
        from rog.picture.png import png

        drawn = png(self.scene)
        if file is not None:
            write_file(Path(file), drawn)
        return drawn

    def _repr_html_(self) -> str:
        from rog.picture.svg import svg

        return f'<div style="overflow-x:auto">{svg(self.scene)}</div>'


class RoG(pipeline.RoG):
    """Reasoning on a graph (Luo et al., ICLR 2024, arXiv:2310.01061): `RoG(graph).ask("…")`.

    A pipeline whose traces can draw themselves; the parameters are those of `reasoner.pipeline.RoG`.
    """

    def trace(self, text: str, entity: str | None = None) -> DrawnTrace:
        """The answer with everything that led to it, which can draw itself: `.to_html("why.html")`."""
        found = super().trace(text, entity)
        return DrawnTrace(found.question, found.plan, found.evidence, found.answer, self.graph)


def written(text: str, file: str | Path | None) -> str:
    """The text, written to the file if there is one."""
    from rog.files import write_file

    if file is not None:
        write_file(Path(file), text.encode("utf-8"))
    return text
