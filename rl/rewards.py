"""A reward: weighted parts, every one of them logged, and what to do when nothing tells good from bad.

reward = parse_reward("answer_f1=1,executable=.3,my.module:fn=.3", Executor(graph))
scored = reward(episode)  # .total, .parts

The default earns an answer by way of a verified path first (KG-R1, GraphWalker and others reward the answer alone;
models then learn to answer without the graph), and a little for plans that can be walked, are needed, and are short.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from kg.errors import RogError, first_line
from rl.episode import Episode, Executor
from rl.parts import PARTS, Part, Plausibility, plausible

FLAT_STEPS = 20  # steps without any spread after which going on is of no use
SPREAD = 1e-9


class RewardError(RogError):
    """A reward that cannot be had: an unknown part, a weight that is no number, a function that cannot be found."""


class Scored(NamedTuple):
    """What an episode earns, and the unweighted value of every part, those of weight 0 too."""

    total: float
    parts: dict[str, float]


@dataclass(frozen=True)
class Reward:
    """Weights by the name of a part; parts without a weight are logged only."""

    executor: Executor
    weights: Mapping[str, float]
    parts: Mapping[str, Part] = field(default_factory=lambda: PARTS)

    @property
    def best(self) -> float:
        """What an episode earns that is perfect in every part."""
        return sum(weight for name, weight in self.weights.items() if weight > 0 and name not in ("cost", "unproven"))

    def __call__(self, episode: Episode) -> Scored:
        """The reward of an episode; RewardError where a part gives no number."""
        values = {name: value_of(name, part, episode, self.executor) for name, part in self.parts.items()}
        return Scored(sum(weight * values[name] for name, weight in self.weights.items()), values)


def alike(*rewards: Reward) -> list[Reward]:
    """The rewards, each with the parts of all, so that the same is logged of every episode."""
    parts = {name: part for reward in rewards for name, part in reward.parts.items()}
    return [replace(reward, parts=parts) for reward in rewards]


def value_of(name: str, part: Part, episode: Episode, executor: Executor) -> float:
    """What a part gives; RewardError where a user's own fails or gives no number."""
    try:
        return number(name, part(episode, executor))
    except RogError:
        raise
    except Exception as error:
        if ":" not in name and name != "plausible":
            raise
        raise RewardError(f"the reward {name} failed with {type(error).__name__}: {first_line(error)}") from error


def number(name: str, value: Any) -> float:
    """A part's value as a number, or RewardError."""
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = float("nan")
    if not isfinite(found):
        raise RewardError(f"the reward {name} gave {value!r:.60}, expected a finite number")
    return found


def parse_reward(
    text: str, executor: Executor, plausibility: Plausibility | None = None, flag: str = "--reward", least: int = 1
) -> Reward:
    """The reward written as `answer_f1=1,executable=.3,my.module:fn=.3`; RewardError where that cannot be.

    `my.module:fn` is called as `fn(episode, executor)`. `plausible` needs a `plausibility` of facts. `least` weights
    have to differ from 0; `flag` is what an error calls it.
    """
    parts = dict(PARTS) | ({"plausible": plausible(plausibility)} if plausibility else {})
    weights: dict[str, float] = {}
    for item in filter(None, map(str.strip, text.split(","))):
        name, _, written = (part.strip() for part in item.partition("="))
        if name in weights:
            raise RewardError(f"{flag} names {name} twice")
        weights[name] = weight_of(name, written, flag)
        if ":" in name:
            parts[name] = imported(name)
        elif name not in parts:
            raise RewardError(unknown(name))
    if sum(map(bool, weights.values())) < least:
        raise RewardError(f"{flag} {text!r} rewards nothing: at least one weight has to differ from 0")
    return Reward(executor, weights, parts)


def weight_of(name: str, written: str, flag: str) -> float:
    """The weight that was written, or RewardError."""
    try:
        weight = float(written)
    except ValueError:
        weight = float("nan")
    if not isfinite(weight):
        raise RewardError(f"{flag} {name} has the weight {written!r}, expected a number, as in {name}=.3")
    return weight


def unknown(name: str) -> str:
    """What to say of a part that there is not."""
    from rapidfuzz import process

    if name == "plausible":
        return "the reward plausible needs link prediction: pass --plausibility my.module:fn, which scores a fact"
    near = [match[0] for match in process.extract(name, list(PARTS), limit=2, score_cutoff=60)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(PARTS)}, plausible and my.module:fn"
    return f"unknown reward {name!r}; {hint}"


def imported(name: str) -> Any:
    """The function `my.module:fn`, looked for in the working directory too; RewardError if there is none."""
    module, _, function = name.partition(":")
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        found = getattr(import_module(module), function)
    except (ImportError, ValueError) as error:
        raise RewardError(f"{name}: {error or 'no such module'}") from error
    except AttributeError:
        raise RewardError(f"{name}: the module {module} has no {function!r}") from None
    except Exception as error:
        raise RewardError(f"{name}: the module fails with {type(error).__name__}: {first_line(error)}") from error
    finally:
        sys.path.remove(here)
    if not callable(found):
        raise RewardError(f"{name} is {found!r:.60}, expected a function")
    return found


def expected_parts(shares: Sequence[float], scored: Sequence[Scored]) -> dict[str, float]:
    """Each part's mean over episodes that come up so often, as it is logged."""
    return {
        f"parts/{name}": sum(share * one.parts[name] for share, one in zip(shares, scored, strict=True))
        for name in scored[0].parts
    }


def flat_share(groups: Sequence[Sequence[float]]) -> float:
    """The share of groups (the rewards of one question) without spread, from which nothing is learned."""
    return sum(max(group) - min(group) <= SPREAD for group in groups) / len(groups)


@dataclass
class Watch:
    """Counts steps in which no group has any spread."""

    flat: int = 0

    def see(self, groups: Sequence[Sequence[float]], best: float, tries: str) -> str:
        """Note a step's rewards; advice, once there were `FLAT_STEPS` flat ones on end, else ''.

        `best` is what a perfect episode earns, `tries` the flags that say how many plans are tried.
        """
        self.flat = self.flat + 1 if flat_share(groups) == 1 else 0
        if self.flat < FLAT_STEPS:
            return ""
        mean = sum(sum(group) / len(group) for group in groups) / len(groups)
        begun = f"{FLAT_STEPS} steps without any difference in reward: "
        if mean >= 0.9 * best:
            return f"{begun}these questions are learned (mean reward {mean:.2f}); harder ones would teach more"
        return (
            f"{begun}nothing that is tried earns more than the rest (mean reward {mean:.2f}); start from a model that "
            f"is right now and then (rog train), try more plans a question ({tries}), or reward what differs"
        )
