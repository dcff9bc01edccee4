"""`rog train`: from a folder of `rog data make` to the directory of a run."""

from __future__ import annotations

import hashlib
import json
import math
import os
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from kg.errors import LoadError, ModelError
from kg.graph import Graph
from kg.link import link
from kg.types import Progress, Question
from kg.vocabulary import identity
from planner.cases import write_cases
from planner.data.check import row_problems
from planner.data.folder import Folder, open_folder
from planner.data.rows import Row
from planner.encoder import Encoder
from planner.models import locate
from planner.prompts import relation_words
from planner.training.finetune import fit, prepare, trial_seconds
from planner.training.run import BASE_HASH, Run, is_main
from planner.training.samples import training_samples
from planner.training.sequences import Sample
from planner.training.settings import Training
from planner.weights import weights_sha256
from reasoner.calibrate import Case, calibrated, cases
from reasoner.examples import Raft, reasoning_samples
from rog.settings import PlannerTraining, ReasonerTraining, RowTraining

SHOWN = 20  # samples kept for reading
SCORE = "dev F1, "  # what the keys of a planner's parts in its result begin with
CALIBRATED = 200  # dev questions that say how much a model's word counts


@dataclass(frozen=True)
class Material:
    """What a run is made from: its graph, its samples and those held out, and what the config says of it.

    `cases` are a reasoner's questions of dev, `questions` a planner's: they say how much the model's word counts.
    """

    graph: Graph
    samples: list[Sample]
    dev: list[Sample]
    about: dict[str, Any]
    cases: tuple[Case, ...] = ()
    questions: tuple[Question, ...] = ()


def material(
    data: Path, kg: str, settings: Training, progress: Progress | None = None, data_name: str = ""
) -> Material:
    """The samples of a data folder for a planner or a reasoner; RogError where folder or graph is not what it says.

    `data_name` is what config and card call the data, where the folder is not there to stay.
    """
    folder = open_folder(data)
    graph = folder.graph(kg, progress)
    assert isinstance(settings, PlannerTraining | ReasonerTraining)
    rows, dev = (
        prepared(sound_rows(folder, split, graph), settings, limit)
        for split, limit in (("train", settings.limit), ("dev", 0))
    )
    held_out: tuple[Case, ...] = ()
    questions: tuple[Question, ...] = ()
    if isinstance(settings, ReasonerTraining):
        samples, dev_samples, held_out = reasoning(rows, dev, graph, settings, progress)
    else:
        samples, dev_samples = (training_samples(some, graph, settings.none, settings.seed) for some in (rows, dev))
        questions = tuple(Question(row.question, id=row.id, answers=row.answers) for row in dev)
    if not samples:
        raise ModelError(f"{data}: no question to train on; `rog data check {data}` says why")
    about = {
        "role": "reasoner" if isinstance(settings, ReasonerTraining) else "planner",
        "data": data_name or str(data),
        "data_files": folder.manifest.files,
        "kg": kg or folder.manifest.kg,
        **identity(graph),
        "questions": len(rows),
        "samples_sha256": samples_hash([*samples, *dev_samples]),
    }
    return Material(graph, samples, dev_samples, about, held_out, questions)


def sound_rows(folder: Folder, split: str, graph: Graph) -> list[Row]:
    """The rows of a split; LoadError where one does not fit the graph."""
    rows = folder.rows(split)
    wrong = [(number, what) for number, row in enumerate(rows, 1) for what in row_problems(row, graph)]
    if wrong:
        (number, what), more = wrong[0], len(wrong) - 1
        rest = f", and {more:,} more problem{'s' * (more > 1)}" if more else ""
        raise LoadError(
            f"{folder.path / split}.jsonl, line {number}: {what}{rest}; `rog data check {folder.path}` lists all"
        )
    return rows


def samples_hash(samples: Sequence[Sample]) -> str:
    """The SHA-256 of what is trained on."""
    return hashlib.sha256(json.dumps([asdict(sample) for sample in samples]).encode()).hexdigest()


def drawn(rows: Sequence[Row], limit: int, seed: int) -> list[Row]:
    """At most so many rows (0: all), drawn by the seed, in an order of its own."""
    return random.Random(seed).sample(list(rows), min(limit, len(rows)) or len(rows))


def target(command: str, out: Path, starts: Sequence[Run], resume: bool, force: bool, is_shared: bool = False) -> Run:
    """The run in `out`; ModelError where a command starts from it or would lose something.

    Also where a launcher started several processes, and the command does not share its work among them.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) > 1 and not is_shared:
        raise ModelError(f"`{command}` runs in one process; start it without a launcher")
    if out.resolve() in [start.folder.resolve() for start in starts]:
        raise ModelError(f"{out} is a run to start from; choose another --out")
    run = Run(out)
    run.check_target(resume, force)
    return run


def prepared(rows: Sequence[Row], settings: RowTraining, limit: int) -> list[Row]:
    """The rows to use, in an order of their own, without gold paths unless these are wanted."""
    chosen = drawn(rows, limit, settings.seed)
    return chosen if settings.gold else [replace(row, paths=()) for row in chosen]


def reasoning(
    rows: Sequence[Row], dev: Sequence[Row], graph: Graph, settings: ReasonerTraining, progress: Progress | None
) -> tuple[list[Sample], list[Sample], tuple[Case, ...]]:
    """The reasoner's examples of both splits, and the questions of dev as it will be asked them."""
    from planner.registry import make_planner

    planner = make_planner(settings.planner, graph, progress)
    raft = Raft(
        settings.oracle,
        settings.predicted,
        settings.distractors,
        settings.foreign,
        settings.max_hops,
        settings.seed,
        settings.views,
    )

    asked = dev[:CALIBRATED]

    def tell(done: int) -> None:
        if progress:
            progress("composing examples", done, len(rows) + len(dev) + len(asked))

    samples = reasoning_samples(rows, graph, planner, raft, tell)
    held_out = reasoning_samples(dev, graph, planner, replace(raft, views=1), lambda done: tell(len(rows) + done))
    if settings.calibrate_on:
        planner = make_planner(settings.calibrate_on, graph, progress)
    before = len(rows) + len(dev)
    return samples, held_out, tuple(cases(asked, graph, planner, raft, lambda done: tell(before + done)))


def config_of(found: Material, settings: Training) -> dict[str, Any]:
    """What a run is told, as its config has it."""
    return {**found.about, **asdict(settings)}


def train(
    found: Material, settings: Training, out: Path, resume: bool, force: bool, progress: Progress | None = None
) -> dict[str, float]:
    """Train, and leave a finished run in `out`: the last loss on dev, tokens, seconds, steps, passes.

    The directory is made once model and samples are known to fit, and is removed again if nothing comes of it.
    """
    run = Run(out)
    run.check_target(resume, force)
    ready = prepare(found.samples, settings, progress)
    # Wanted at the end; if it cannot be had, that is to be known before the hours of training.
    encoder = Encoder(progress=progress) if found.about["role"] == "planner" and is_main() else None
    passes = round(len(ready.ordered) / len(found.samples), 2)
    shown = [{"prompt": sample.prompt, "targets": sample.targets} for sample in found.samples[:SHOWN]]
    base = {BASE_HASH: weights_sha256(locate(settings.model, progress))}
    with run.begun({**config_of(found, settings), "passes": passes, **base}, shown, resume, force):
        result = {**fit(ready, found.dev, settings, run, progress), "passes": passes}
        if encoder:
            write_cases(run, found.samples, relation_words(found.graph), encoder, progress)
            result |= calibrate_planner(run, found.graph, found.questions, progress, encoder)
        if found.cases:
            calibrate_reasoner(run, found, progress)
        run.log(result)
        run.finish(model_card(found, settings, result))
    return result


def calibrate_planner(
    run: Run,
    graph: Graph,
    dev: Sequence[Question],
    progress: Progress | None = None,
    encoder: Encoder | None = None,
) -> dict[str, float]:
    """Fit how much each voice of a trained planner counts, keep it in its run, and say what it and its parts score.

    Nothing if the run keeps no cases or dev has no answers. The questions are linked, as they will be when asked.
    """
    some = dev[:CALIBRATED]
    if not any(question.answers for question in some) or not is_main() or not run.has_cases:
        return {}
    from planner.calibrate import calibrated_planner
    from planner.registry import trained_planner
    from planner.trained import Voices

    questions = [replace(question, topics=link(graph, question.text)) for question in some]
    planner = trained_planner(run, graph, voices=Voices(), encoder=encoder)
    found = calibrated_planner(planner, graph, questions, told(progress, len(questions)))
    if not found:
        return {}
    run.write_calibration(found.voices)
    return {f"{SCORE}{name}": score for name, score in found.scores.items()}


def parts_line(result: Mapping[str, float]) -> str:
    """What a trained planner and each of its parts score on dev, from a run's result; '' where nothing was measured."""
    parts = [f"{key.removeprefix(SCORE)} {value:.3f}" for key, value in result.items() if key.startswith(SCORE)]
    return "F1 on dev: " + " · ".join(parts) if parts else ""


def calibrate_reasoner(run: Run, found: Material, progress: Progress | None = None) -> None:
    """Fit how much a trained reasoner's word counts beside the planner's, and keep it in its run."""
    from planner.lm import LanguageModel
    from reasoner.quoting import QuotingReasoner

    if is_main():
        reasoner = QuotingReasoner(found.graph, LanguageModel(str(run.folder)))
        run.write_calibration(calibrated(reasoner, found.cases, told(progress, len(found.cases))))


def told(progress: Progress | None, total: int) -> Callable[[int], None]:
    """What shows how many of the dev questions are done."""
    return lambda done: progress("calibrating on dev", done, total) if progress else None


def estimate(found: Material, settings: Training, progress: Progress | None = None) -> dict[str, float]:
    """What training would take: sequences, tokens, steps, and seconds by the time that three steps take here."""
    model, _, ordered = prepare(found.samples, settings, progress)
    tokens = sum(len(sequence.tokens) for sequence in ordered)
    steps = -(-len(ordered) // settings.batch)
    seconds = trial_seconds(model, ordered, settings.batch)
    return {"sequences": len(ordered), "tokens": tokens, "steps": steps, "seconds": seconds}


def model_card(found: Material, settings: Training, result: dict[str, float]) -> str:
    """The run's README."""
    about = found.about
    weights = "all weights" if settings.rank == 0 else f"low-rank adapters (rank {settings.rank})"
    return f"""# A {about["role"]} for {about["kg"]}

`{settings.model}`, {weights}, fine-tuned with `rog train {about["role"]}` on {len(found.samples):,} samples from
{about["questions"]:,} questions of `{about["data"]}`, {result["passes"]:g} passes, seed {settings.seed}.

- graph: `{about["kg"]}`, SHA-256 `{about["graph_sha256"] or "unknown"}`
- trained on {result["tokens"]:,.0f} tokens in {result["steps"]:,.0f} steps, {result["seconds"]:,.0f} s
- loss on dev: {"none there" if math.isnan(result["dev_loss"]) else format(result["dev_loss"], ".4f")}
- {parts_line(result) or "nothing was calibrated"}
- finished: {time.strftime("%Y-%m-%d")}

It is for graphs with these relations (`vocabulary.json`), whatever their facts. Measure it with
`rog eval --data {about["data"]}/test.jsonl --system {"sft=" if about["role"] == "planner" else "sft=lexical,"}RUN`.
"""
