"""`rog rl joint`: from a data folder, a planner's run and a reasoner's to both, refined together by their answers."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kg.errors import ModelError
from kg.types import Progress
from planner.training.run import BASE_HASH, Run, is_main
from rl.rewards import Reward, parse_reward
from rl.settings import Joint, JointDrawn
from rog.reinforce import Questions, kept, plausibility_of, questions_of, weights_hash
from rog.training import calibrate_planner, target

if TYPE_CHECKING:
    from rl.joint import JointRefinement
    from rl.joint_grpo import JointGrpo
    from rl.pair import Pair


@dataclass(frozen=True)
class Starts:
    """The runs that a joint one starts from."""

    planner: Run
    reasoner: Run


def starts_of(text: str) -> Starts:
    """The runs written as `PLANNER,REASONER`; ModelError if they are not two."""
    parts = [Path(part.strip()).expanduser() for part in text.split(",") if part.strip()]
    if len(parts) != 2:
        raise ModelError(f"--from {text}: expected two runs, PLANNER,REASONER")
    return Starts(*map(Run, parts))


@dataclass(frozen=True)
class Material:
    """Questions, and what answers with reasoning earn beside the reward of all."""

    questions: Questions
    reasoned: Reward


def material(data: Path, starts: Starts, kg: str, settings: Joint, progress: Progress | None = None) -> Material:
    """The questions of a data folder with nothing but their answers; RogError where something does not fit."""
    found = questions_of(data, starts.planner, kg, settings, progress)
    starts.reasoner.check("reasoner", found.graph)
    about = {
        **found.about,
        "role": "joint",
        "stage": "rl joint",
        "reasoner": str(starts.reasoner.folder),
        "reasoner_sha256": weights_hash(starts.reasoner),
        "reasoner_model": starts.reasoner.config.get("model"),
    }
    scores = plausibility_of(settings.plausibility)
    reasoned = parse_reward(settings.reasoned_reward, found.reward.executor, scores, "--reasoned-reward", least=0)
    return Material(replace(found, about=about), reasoned)


def join(
    found: Material, starts: Starts, settings: Joint, out: Path, resume: bool, force: bool,
    progress: Progress | None = None,
) -> tuple[dict[str, float], str]:  # fmt: skip
    """Refine both, and leave a finished run in `out` with theirs in it: what it came to, and why it stopped early."""
    from rl.pair import Pair
    from rl.team import Team

    is_drawn, begin = isinstance(settings, JointDrawn), [starts.planner, starts.reasoner]
    run = target("rog rl joint" + " --method grpo" * is_drawn, out, begin, resume, force, is_shared=not is_drawn)
    some = found.questions
    Team.launched()  # before the models are loaded: each process has its own device
    pair = Pair(starts.planner, starts.reasoner, progress)
    method = {"method": "grpo"} if is_drawn else {}
    base = {BASE_HASH: pair.base_sha256}
    with run.begun({**some.about, **method, **asdict(settings), **base}, some.shown, resume, force):
        work = refinement_of(pair, found, settings, run, progress)
        result = work.run()
        if not is_main():
            return result, work.advice
        text = card(some.about, settings, result, work.advice, len(some.dev))
        for role, policy, start in (
            ("planner", pair, starts.planner),
            ("reasoner", pair.reasoner, starts.reasoner),
        ):
            keep(Run(out / role), policy, {**some.about, **asdict(settings), "role": role}, start)
        Run(out / "reasoner").write_calibration(pair.weights)
        result |= calibrate_planner(Run(out / "planner"), some.graph, some.dev, progress)
        for role in ("planner", "reasoner"):
            Run(out / role).finish(text)
        run.log({"step": result["steps"], **result, "advice": work.advice})
        run.finish(text)
    return result, work.advice


def refinement_of(
    pair: Pair, found: Material, settings: Joint, run: Run, progress: Progress | None
) -> JointRefinement | JointGrpo:
    """The exact gradient, or GRPO where the settings are its own."""
    some = found.questions
    if isinstance(settings, JointDrawn):
        from rl.joint_grpo import JointGrpo

        return JointGrpo(pair, some.reward, found.reasoned, some.train, some.dev, settings, run, progress)
    from rl.joint import JointRefinement

    return JointRefinement(pair, some.reward, found.reasoned, some.train, some.dev, settings, run, progress)


def keep(run: Run, policy: Any, config: Mapping[str, Any], start: Run) -> None:
    """One of the two as a run of its own, all but its card."""
    base = {"model": start.config.get("model"), "start": str(start.folder), BASE_HASH: policy.base_sha256}
    run.begin({**config, **base}, [], False, force=True)
    run.save_weights(policy.model, policy.tokenizer)
    run.keep_cases(start)


def card(about: Mapping[str, Any], settings: Joint, result: Mapping[str, float], advice: str, dev: int) -> str:
    """The run's README."""
    command = "rog rl joint" + " --method grpo" * isinstance(settings, JointDrawn)
    return f"""# A planner and a reasoner for {about["kg"]}, refined together

`{about["start"]}` and `{about["reasoner"]}`, refined with `{command}` on {about["questions"]:,} questions of
`{about["data"]}` with answers only, reward `{settings.reward}`, with reasoning also `{settings.reasoned_reward}`, \
seed {settings.seed}.

- graph: `{about["kg"]}`, SHA-256 `{about["graph_sha256"] or "unknown"}`
- {result["steps"]:,.0f} steps, {result["passes"]:,.0f} passes of the models over {result["tokens"]:,.0f} tokens, \
{result["seconds"]:,.0f} s
- {kept(result, dev)}
- finished: {time.strftime("%Y-%m-%d")}{f"{chr(10)}- stopped early: {advice}" if advice else ""}

They answer from this graph only. Measure them with
`rog eval --data {about["data"]}/test.jsonl --system parts={about["start"]},{about["reasoner"]} --system joint=RUN`.
"""
