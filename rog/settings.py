"""The settings of `rog train`, a flag each; light, since the command line reads them before it does anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from planner.training.settings import Training, key

PRESETS: dict[str, dict[str, Any]] = {
    "smoke": {"epochs": 1.0, "batch": 4, "rank": 4, "limit": 32},
    "laptop": {},
    "gpu": {"batch": 32, "learning_rate": 6e-4},
}


@dataclass(frozen=True)
class RowTraining(Training):
    """Which rows of a data folder are used, and how."""

    limit: int = key(0, "Questions to train on at most, drawn by the seed (0: all).", 0)
    gold: bool = key(True, "Learn from gold paths where the data have them, and not only from mined ones.")


@dataclass(frozen=True)
class PlannerTraining(RowTraining):
    """How a planner is trained."""

    none: float = key(0.1, "Questions with another's topic, to be refused, as a share of the others.", 0, 1)


@dataclass(frozen=True)
class ReasonerTraining(RowTraining):
    """How a reasoner is trained; the defaults are what docs/LOG.md found best on the demo graph's dev questions."""

    epochs: float = key(1.0, "Passes over the samples, of which each question makes several.", 0)
    batch: int = key(8, "Sequences a step.", 1)
    planner: str = key("lexical", "Whose predicted plans make up part of the evidence: a name or a run.")
    calibrate_on: str = key("", "Whose plans it will read in use, where these are others: it is calibrated on them.")
    oracle: float = key(0.55, "RAFT's P: the share of examples that keep what answers.", 0, 1)
    predicted: float = key(0.9, "The share of examples whose evidence is what the planner predicts.", 0, 1)
    distractors: int = key(2, "Paths beside it that do not answer.", 0)
    foreign: float = key(0.25, "The share of these that start from another question's topic.", 0, 1)
    max_hops: int = key(3, "Steps of a plan at most.", 1)
    views: int = key(5, "Examples that each question makes, of other evidence each time.", 1)


RL_PRESETS: dict[str, dict[str, Any]] = {
    "smoke": {"steps": 4, "batch": 4, "limit": 16, "dev": 16},
    "laptop": {},
    "gpu": {"batch": 32, "pass_tokens": 8192},
}
HEART_PRESETS: dict[str, dict[str, Any]] = {
    "smoke": {"tokens": 2_000, "limit": 32, "round": 16},
    "laptop": {},
    "gpu": {"tokens": 3_000_000, "batch": 16, "layers": 1.0, "round": 1024},
}
