"""`rog rl plan`: from a data folder and the run that taught a planner to a run that is refined by reward."""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kg.errors import ModelError
from kg.graph import Graph
from kg.types import Progress, Question
from kg.vocabulary import identity
from planner.data.folder import open_folder
from planner.training.run import BASE_HASH, Run, is_main
from rl.episode import Executor, asked
from rl.parts import Plausibility
from rl.probes import Case
from rl.rewards import Reward, imported, parse_reward
from rl.settings import Grpo, PlanGradient
from rog.config import ConfigError
from rog.training import SHOWN, calibrate_planner, drawn, sound_rows, target

if TYPE_CHECKING:
    from rl.policy import Policy
    from rl.refine import Refinement

Exact = TypeVar("Exact", bound=PlanGradient)
Drawn = TypeVar("Drawn", bound=Grpo)


@dataclass(frozen=True)
class Questions:
    """What a refinement is made from: the graph, questions with answers, those of dev, and what the config says."""

    graph: Graph
    train: list[Question]
    dev: list[Question]
    reward: Reward
    about: dict[str, Any]

    @property
    def shown(self) -> list[dict[str, Any]]:
        """The first of them, as a run keeps them for reading."""
        return [
            {"question": one.text, "topics": [topic.key for topic in one.topics], "answers": one.answers}
            for one in self.train[:SHOWN]
        ]


def plausibility_of(name: str) -> Plausibility | None:
    """The function `my.module:fn` that scores a fact, if one is named; RewardError if there is none."""
    return imported(name) if name else None


def questions_of(
    data: Path, start: Run, kg: str, settings: PlanGradient, progress: Progress | None = None, data_name: str = ""
) -> Questions:
    """The questions of a data folder with nothing but their answers; RogError where something does not fit.

    `data_name` is what config and card call the data, where the folder is not there to stay.
    """
    from rl.refine import answerable

    folder = open_folder(data)
    graph = folder.graph(kg, progress)
    start.check("planner", graph)
    executor = Executor(graph)
    reward = parse_reward(settings.reward, executor, plausibility_of(settings.plausibility))
    rows = drawn(sound_rows(folder, "train", graph), settings.limit, settings.seed)
    train = answerable([asked(row, graph) for row in rows], executor)
    if not train:
        raise ModelError(f"{data}: no question to learn from; `rog data check {data}` says why")
    held_out = sound_rows(folder, "dev", graph)
    dev = [asked(row, graph) for row in random.Random(settings.seed).sample(held_out, min(settings.dev, len(held_out)))]
    about = {
        "role": "planner",
        "stage": "rl plan",
        "model": start.config.get("model"),
        "start": str(start.folder),
        "start_sha256": weights_hash(start),
        "data": data_name or str(data),
        "data_files": folder.manifest.files,
        "kg": kg or folder.manifest.kg,
        **identity(graph),
        "questions": len(train),
        "samples_sha256": hashlib.sha256(repr([*train, *dev]).encode()).hexdigest(),
    }
    return Questions(graph, train, dev, reward, about)


def of_method(method: str, exact: type[Exact], settings: Drawn, given: Mapping[str, Any]) -> Exact | Drawn:
    """The settings as those of `gradient`, which are `exact` ones, or of `grpo`; ConfigError for a flag of the other's.

    `given` are the flags that were given, by name; one of a file is noticed where it is not the default.
    """
    drawn = [field.name for field in fields(settings) if field.name not in exact.__dataclass_fields__]
    others = [name for name in ("plans", "mass") if hasattr(settings, name)] if method == "grpo" else drawn
    for name in others:
        if given.get(name) is not None or getattr(settings, name) != type(settings).__dataclass_fields__[name].default:
            raise ConfigError(f"--{name.replace('_', '-')} is not for --method {method}")
    if method == "grpo":
        return settings
    return exact(**{field.name: getattr(settings, field.name) for field in fields(exact)})


def cases_of(data: Path, kg: str, reward: str, plausibility: str, limit: int) -> tuple[list[Case], Reward]:
    """Questions of the training split with the plans that answer them best, and the reward to try on them."""
    folder = open_folder(data)
    graph = folder.graph(kg)
    rows = [row for row in sound_rows(folder, "train", graph) if row.topics and (row.targets or not row.answers)]
    if not rows:
        raise ModelError(f"{data}: no question with a topic and a plan; `rog data check {data}` says why")
    some = rows[:: -(-len(rows) // limit)]
    right = [max(row.targets, key=lambda plan: plan.f1).path if row.answers else () for row in some]
    cases = [Case(asked(row, graph), path) for row, path in zip(some, right, strict=True)]
    return cases, parse_reward(reward, Executor(graph), plausibility_of(plausibility))


def weights_hash(run: Run) -> str:
    """The SHA-256 of the weights that a run ends with; ModelError if it has none."""
    files = sorted([*run.folder.glob("adapter/*.safetensors"), *run.folder.glob("model/*.safetensors")])
    if not files:
        raise ModelError(f"the run in {run.folder} has not finished: its command with --resume goes on")
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()


def refine(
    found: Questions, start: Run, settings: PlanGradient, out: Path, resume: bool, force: bool,
    progress: Progress | None = None,
) -> tuple[dict[str, float], str]:  # fmt: skip
    """Refine, and leave a finished run in `out`: what it came to, and the advice where it stopped early (else '')."""
    from rl.policy import Policy
    from rl.team import Team

    is_drawn = isinstance(settings, Grpo)
    run = target("rog rl plan" + " --method grpo" * is_drawn, out, [start], resume, force, is_shared=not is_drawn)
    Team.launched()  # before the model is loaded: each process has its own device
    policy = Policy(start, progress)
    method = {"method": "grpo"} if is_drawn else {}
    with run.begun(
        {**found.about, **method, **asdict(settings), BASE_HASH: policy.base_sha256}, found.shown, resume, force
    ):
        refinement = refinement_of(policy, found, settings, run, progress)
        result = refinement.run()
        if not is_main():
            return result, refinement.advice
        run.save_weights(policy.model, policy.tokenizer)
        run.keep_cases(start)
        result |= calibrate_planner(run, found.graph, found.dev, progress)
        run.log({"step": result["steps"], **result, "advice": refinement.advice})
        run.finish(card(found, settings, result, refinement.advice))
    return result, refinement.advice


def refinement_of(
    policy: Policy, found: Questions, settings: PlanGradient, run: Run, progress: Progress | None
) -> Refinement:
    """The plan gradient, or GRPO where the settings are its own."""
    if isinstance(settings, Grpo):
        from rl.grpo import GrpoRefinement

        return GrpoRefinement(policy, found.reward, found.train, found.dev, settings, run, progress)
    from rl.refine import Refinement

    return Refinement(policy, found.reward, found.train, found.dev, settings, run, progress)


def kept(result: Mapping[str, float], dev: int) -> str:
    """Which weights a run ends with, and what dev says of them."""
    if "dev_f1" not in result:
        return "without questions of dev: the last weights are kept"
    change = f"{result['dev_f1_before']:.4f} before, {result['dev_f1']:.4f} after"
    return f"F1 on {dev:,} questions of dev: {change} step {result['best_step']:,.0f}, whose weights are kept"


def dev_change(result: Mapping[str, float]) -> str:
    """What became of F1 on dev, for the end of a line; empty without dev."""
    if "dev_f1" not in result:
        return ""
    return f" · F1 on dev {result['dev_f1_before']:.3f} → {result['dev_f1']:.3f}"


def card(found: Questions, settings: PlanGradient, result: dict[str, float], advice: str) -> str:
    """The run's README."""
    about = found.about
    command = "rog rl plan" + " --method grpo" * isinstance(settings, Grpo)
    return f"""# A planner for {about["kg"]}, refined by reward

The planner of `{about["start"]}` (`{about["model"]}`), refined with `{command}` on {about["questions"]:,} questions
of `{about["data"]}` with answers and no plans, reward `{settings.reward}`, seed {settings.seed}.

- graph: `{about["kg"]}`, SHA-256 `{about["graph_sha256"] or "unknown"}`
- {result["steps"]:,.0f} steps, {result["plans_scored"]:,.0f} plans tried, {result["passes"]:,.0f} passes of the model \
over {result["tokens"]:,.0f} tokens, {result["seconds"]:,.0f} s
- {kept(result, len(found.dev))}
- finished: {time.strftime("%Y-%m-%d")}{f"{chr(10)}- stopped early: {advice}" if advice else ""}

It plans for this graph only. Measure it with
`rog eval --data {about["data"]}/test.jsonl --system sft={about["start"]} --system rl=RUN`.
"""
