"""Many traces as a folder of pages: one for each, and an index."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from kg.errors import QuestionError, disk_errors
from kg.write import written_beside
from reasoner.base import Trace
from rog.picture.html import document, page, words
from rog.picture.scene import Scene, scene
from rog.traces import Named

PAGE = re.compile(r"index\.html|\d{4,}\.html")


def write_folder(traces: Sequence[tuple[Trace, Named]], to: Path, force: bool = False) -> None:
    """Write the folder, whole or not at all. Raises QuestionError if there is nothing to write or something there."""
    if not traces:
        raise QuestionError("there are no traces in these files")
    if to.exists() and (not to.is_dir() or any(not PAGE.fullmatch(entry.name) for entry in to.iterdir())):
        raise QuestionError(f"{to} exists and is not just pictures: it will not be replaced; choose another --out")
    if to.exists() and not force and any(to.iterdir()):
        raise QuestionError(f"{to} holds pictures already; choose another --out, or --force to replace them")
    scenes = [scene(trace, names) for trace, names in traces]
    with disk_errors(to), written_beside(to) as folder:
        for number, drawn in enumerate(scenes, 1):
            (folder / f"{number:04}.html").write_text(page(drawn), "utf-8")
        (folder / "index.html").write_text(index(scenes), "utf-8")


def index(scenes: Sequence[Scene]) -> str:
    """The page with a link to every picture."""
    proven = sum(bool(drawn.grounded) for drawn in scenes)
    rows = "".join(
        f'<tr><td>{number}</td><td><a href="{number:04}.html"><bdi>{words(drawn.question)}</bdi></a></td>'
        f'<td class="{"" if drawn.grounded else "why"}"><bdi>{words(drawn.headline)}</bdi></td>'
        f"<td>{words(drawn.lanes[0].title) if drawn.lanes else ''}</td></tr>"
        for number, drawn in enumerate(scenes, 1)
    )
    title = f"{len(scenes):,} question{'s' * (len(scenes) != 1)}"
    return document(
        title,
        f'<main><h1>{title}</h1><p class="soft">{proven:,} with a grounded answer, {len(scenes) - proven:,} without</p>'
        '<div class="scroll"><table><thead><tr><th scope="col">#</th><th scope="col">Question</th>'
        '<th scope="col">Answer</th><th scope="col">Best plan</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></main>",
    )
