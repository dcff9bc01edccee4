"""`rog rl internalize`: from a data folder, and maybe a run, to a model that answers without the graph."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kg.errors import ModelError
from kg.graph import Graph
from kg.types import Progress
from kg.vocabulary import identity
from planner.data.folder import open_folder
from planner.data.rows import Row
from planner.models import locate
from planner.training.run import BASE_HASH, Run
from planner.weights import weights_sha256
from rl.internalization.knowledge import Knowledge, Lesson
from rl.internalization.settings import Internalization
from rog.reinforce import weights_hash
from rog.training import SHOWN, drawn, sound_rows, target

ROLE = "closed-book"


@dataclass(frozen=True)
class Lessons:
    """What is to be learned, of which graph, and what the config says of it."""

    knowledge: Knowledge
    lessons: list[Lesson]
    about: dict[str, Any]


def lessons_of(
    data: Path, start: Run | None, kg: str, settings: Internalization, progress: Progress | None = None
) -> Lessons:
    """The lessons of a data folder; RogError where folder, run or settings are not what they should be."""
    from rl.internalization.internalizer import form_of

    form = form_of(settings)
    folder = open_folder(data)
    graph = folder.graph(kg, progress)
    rows = sound_rows(folder, "train", graph)
    about = {"data": str(data), "data_files": folder.manifest.files, "kg": kg or folder.manifest.kg}
    if start:
        check_start(start, graph)
    return gathered(rows, graph, start, settings, {"form": form, **about})


def gathered(
    rows: Sequence[Row], graph: Graph, start: Run | None, settings: Internalization, about: dict[str, Any]
) -> Lessons:
    """The lessons of rows; ModelError if none of them can be recited."""
    rows = drawn(rows, settings.limit, settings.seed)
    knowledge = Knowledge(graph, settings.most_answers)
    lessons = knowledge.lessons(rows)
    if not lessons:
        raise ModelError(
            f"none of {len(rows):,} training questions has a path to at most {settings.most_answers} entities a step "
            "that leads to exactly its answers; --most-answers allows more"
        )
    facts = {fact for lesson in lessons for fact in lesson.facts}
    whole = {
        "role": ROLE,
        **about,
        "start": str(start.folder) if start else "",
        "start_sha256": weights_hash(start) if start else "",
        **identity(graph),
        "questions": len(lessons),
        "left_out": len(rows) - len(lessons),
        "facts": len(facts),
        "samples_sha256": hashlib.sha256(repr(lessons).encode()).hexdigest(),
    }
    return Lessons(knowledge, lessons, whole)


def check_start(start: Run, graph: Graph) -> None:
    """ModelError unless a run can be started from: a reasoner's or a closed-book one, of this graph."""
    role = str(start.config["role"])
    start.check(role if role in ("reasoner", ROLE) else "reasoner", graph)


def internalize(
    found: Lessons, start: Run | None, settings: Internalization, out: Path, resume: bool, force: bool,
    progress: Progress | None = None,
) -> dict[str, float]:  # fmt: skip
    """Learn, and leave a finished run in `out`: what it came to."""
    from rl.internalization.internalizer import Internalizer
    from rl.internalization.model import load, merged

    run = target("rog rl internalize", out, [start] if start else [], resume, force)
    model, tokenizer = load(str(start.folder) if start else settings.model, settings, progress)
    base = {BASE_HASH: weights_sha256(start.locate_base(progress) if start else locate(settings.model, progress))}
    with run.begun(
        {**found.about, **asdict(settings), **base}, list(map(asdict, found.lessons[:SHOWN])), resume, force
    ):
        result = Internalizer(model, tokenizer, found.knowledge, found.lessons, settings, run, progress).run()
        run.save_weights(merged(model), tokenizer)
        run.log({"round": result["rounds"], **result})
        run.finish(card(found, settings, result))
    return result


def card(found: Lessons, settings: Internalization, result: dict[str, float]) -> str:
    """The run's README."""
    about = found.about
    asked = "".join(
        f"- {when}: {result[f'closed_{when}']:.3f} right from memory, {result[f'open_{when}']:.3f} with the paths\n"
        for when in ("before", "after")
        if f"closed_{when}" in result
    )
    return f"""# {about["kg"]} by heart

`{about["start"] or settings.model}`, taught with `rog rl internalize --method {settings.method}` \
{about["facts"]:,} facts by {about["questions"]:,} questions of `{about["data"]}` ({about["left_out"]:,} left out), \
seed {settings.seed}.

- graph: `{about["kg"]}`, SHA-256 `{about["graph_sha256"] or "unknown"}`
- {result["tokens"]:,.0f} tokens in {result["steps"]:,.0f} steps, {result["seconds"]:,.0f} s
- {result["tokens_sampled"]:,.0f} tokens of prompts were read to sample answers
{asked}- finished: {time.strftime("%Y-%m-%d")}

The questions above were trained on. What the model says is what it remembers of this graph as it was, true or not.
Measure it with `rog eval --data {about["data"]}/test.jsonl --system closed=RUN,closed-book`.
"""
