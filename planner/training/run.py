"""The directory of a training run: what it was told, what it measured, and what came out of it.

config.yaml        the resolved settings, and what the run was made from (data and graph, each with its hashes)
metrics.jsonl      a line for every tenth step, and for every evaluation
vocabulary.json    the relations and types of the graph that it was trained on, with their words
calibration.json   how much its model's word counts beside other voices
samples.jsonl      some of what the model was trained on, as it saw it
environment.json   versions and machine
cases.npz          of a planner: the questions that it learned from, as vectors, and a classifier of their plans
adapter/           low-rank adapters (or `model/`, whole weights)
README.md          the model card
checkpoints/       while the run lasts: from here a run that was killed goes on
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from math import inf, isfinite
from pathlib import Path
from typing import Any, TypeVar

import yaml

from kg.errors import ModelError, disk_errors, first_line
from kg.graph import Graph
from kg.types import Progress
from planner.loading import UNLOADABLE, expected_warnings
from planner.models import OtherWeightsError, locate
from planner.training.environment import environment
from planner.training.vocabulary import VOCABULARY, VOCABULARY_HASH, unlearned

LOG = logging.getLogger("rog.runs")
BASE_HASH = "base_sha256"  # in the config: of the weights that it was trained on, as `planner.weights` has it
KNOWN_BASE = "Trained on the weights of the base model that have the SHA-256\n`{}`; on others it is of no use."
CASES = "cases.npz"
CALIBRATION = "calibration.json"
FILES = (
    "config.yaml",
    VOCABULARY,
    "environment.json",
    "metrics.jsonl",
    "samples.jsonl",
    CALIBRATION,
    CASES,
    "README.md",
)
FOLDERS = ("adapter", "model", "checkpoints", "planner", "reasoner")  # the last two: runs of their own in a joint one
NAMES = {*FILES, *FOLDERS, *(f".{name}.part" for name in FILES), ".weights"}  # all that a run's directory may hold
DATA = (
    "data_files",
    "samples_sha256",
    "questions",
    "passes",
    "facts",
    "left_out",
)  # keys of the config that follow from the data
Kind = TypeVar("Kind", bound=tuple[float, ...])
WAIT = 600.0  # seconds that the other processes wait for the first one
FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file would be larger than is allowed",
}


@dataclass(frozen=True)
class Run:
    """A run's directory."""

    folder: Path

    @property
    def checkpoints(self) -> Path:
        """Where a run that lasts keeps its checkpoints."""
        return self.folder / "checkpoints"

    @property
    def is_done(self) -> bool:
        """Whether the run has finished."""
        return (self.folder / "README.md").exists()

    @property
    def has_cases(self) -> bool:
        """Whether it keeps the questions that a planner learned from."""
        return (self.folder / CASES).exists()

    @property
    def config(self) -> dict[str, Any]:
        """What the run was told. Raises ModelError if this is no run's directory."""
        file = self.folder / "config.yaml"
        try:
            config = yaml.safe_load(file.read_text("utf-8"))
        except OSError:
            raise ModelError(f"{self.folder} is not the directory of a training run: it has no config.yaml") from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            raise ModelError(f"{file} is damaged: {' '.join(str(error).split())}") from None
        if not isinstance(config, dict) or not isinstance(config.get("role"), str):
            raise ModelError(f"{self.folder} is not the directory of a training run: its config.yaml names no role")
        return config

    @property
    def result(self) -> dict[str, float]:
        """What a finished run came to. Raises ModelError if its metrics are damaged."""
        try:
            result: dict[str, float] = json.loads((self.folder / "metrics.jsonl").read_text("utf-8").splitlines()[-1])
        except (OSError, ValueError, IndexError) as error:
            raise ModelError(f"{self.folder}/metrics.jsonl is damaged: {error}") from None
        return result

    def check(self, role: str, graph: Graph, anyway: bool = False) -> tuple[str, ...]:
        """The relations of this graph, by key, that a run of a `role` (planner, reasoner …) never learned.

        ModelError if it trained another role, or for another vocabulary (`planner.training.vocabulary`) that
        is not to be used `anyway`.
        """
        config = self.config
        if config["role"] != role:
            inside = f": that is in {self.folder / role}" if (self.folder / role).is_dir() else ""
            raise ModelError(f"{self.folder} trained a {config['role']}, not a {role}{inside}")
        return unlearned(self.folder, config, graph, anyway)

    @property
    def base(self) -> str:
        """The name or folder of the model that the run ends with: its own weights, or the one that it adapted."""
        whole = self.folder / "model"
        if whole.exists():
            return str(whole)
        model = self.config.get("model")
        if not isinstance(model, str):
            raise ModelError(f"{self.folder}/config.yaml is damaged: it names no model")
        return model

    def locate_base(self, progress: Progress | None = None) -> Path:
        """The folder of that model, with the weights that the run was trained on.

        Raises ModelError if only others can be had. A run that does not say which they were takes what there is, and
        a note in the log says so.
        """
        if (self.folder / "model").exists():
            return locate(self.base, progress)
        wanted = self.config.get(BASE_HASH, "")
        if not wanted:
            note_unknown_base(self.folder, self.base)
        try:
            return locate(self.base, progress, wanted)
        except OtherWeightsError as error:
            raise ModelError(
                f"{self.folder} was trained on other weights: {error}; train again, or give the folder that has them "
                "as `model` in its config.yaml"
            ) from None

    def with_adapters(self, model: Any) -> Any:
        """The model with the run's adapters merged into its weights; ModelError if they do not load."""
        adapter = self.folder / "adapter"
        if (self.folder / "model").exists():
            return model
        if not adapter.exists():
            raise ModelError(f"the run in {self.folder} has not finished: its command with --resume goes on")
        from peft import PeftModel

        try:
            with expected_warnings():
                return PeftModel.from_pretrained(model, adapter).merge_and_unload()
        except UNLOADABLE as error:
            raise ModelError(f"{adapter} does not load: {first_line(error)}") from error

    def check_target(self, resume: bool, force: bool) -> None:
        """ModelError where `begin` would lose or mix up something, whatever the settings are."""
        if not is_main():
            return  # the first process may be ahead, and have made the directory
        try:
            found = sorted(path.name for path in self.folder.iterdir())
        except FileNotFoundError:
            return
        except OSError as error:
            raise ModelError(f"{self.folder}: {(error.strerror or '').lower()}; choose another --out") from None
        if not found:
            return
        if force and (strange := [name for name in found if name not in NAMES]):
            raise ModelError(
                f"{self.folder} is not just the directory of a training run (it holds {strange[0]}): it will not be "
                "replaced; choose another --out"
            )
        _ = self.config
        if force and int(os.environ.get("WORLD_SIZE", "1")) > 1:
            raise ModelError(f"--force does not go with several processes: remove {self.folder} first")
        if not force and self.is_done:
            raise ModelError(f"{self.folder} holds a finished run; choose another --out, or --force to replace it")
        if not force and not resume:
            raise ModelError(f"{self.folder} holds a run that was stopped; --resume goes on, --force starts again")

    def begin(self, config: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], resume: bool, force: bool) -> bool:
        """Make the directory, or go on with it: whether it is new.

        ModelError as by `check_target`, or if the run was begun with other settings. Other processes than the first
        wait for it.
        """
        if not is_main():
            self._wait(config)
            return False
        self.check_target(resume, force)
        if not force and self.folder.exists() and any(self.folder.iterdir()):
            self._check_same(config)
            return False
        with disk_errors(self.folder):
            self._clear()
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                self.write("config.yaml", yaml.safe_dump(_told(config), sort_keys=False, allow_unicode=True))
                if "vocabulary" in config:
                    self.write(VOCABULARY, config["vocabulary"])
                self.write("environment.json", json.dumps(environment(), indent=1))
                self.write("samples.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in samples))
            except BaseException:
                self._clear()
                raise
        return True

    @contextmanager
    def begun(
        self, config: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], resume: bool, force: bool
    ) -> Iterator[None]:
        """Within it the run goes on, from `begin`; one that was new and came to nothing is removed again."""
        is_new = self.begin(config, samples, resume, force)
        try:
            with self.disk_errors():
                yield
        except BaseException:
            has_begun = (self.folder / "metrics.jsonl").exists() or self.last_checkpoint()
            if is_new and is_main() and not has_begun:
                self._clear()
            raise

    def differences(self, config: Mapping[str, Any]) -> list[str]:
        """The keys of a config that the run was told otherwise. Raises ModelError if this is no run's directory."""
        own, config = self.config, _told(config)
        for key in (BASE_HASH, VOCABULARY_HASH):
            if key not in own:  # begun before runs kept it
                config.pop(key, None)
        return sorted(key for key in config if key not in own or own[key] != config[key])

    def _check_same(self, config: Mapping[str, Any]) -> None:
        changed = self.differences(config)
        if settings := [key for key in changed if key not in DATA]:
            raise ModelError(
                f"{self.folder} was begun with other settings ({', '.join(settings)}); --force starts again"
            )
        if changed:
            raise ModelError(f"the data changed since {self.folder} was begun; --force starts again")

    def _wait(self, config: Mapping[str, Any]) -> None:
        until = time.monotonic() + WAIT
        while time.monotonic() < until:
            with suppress(ModelError):  # not there yet
                if not self.differences(config):
                    return
            time.sleep(0.1)
        raise ModelError(f"{self.folder}: the first process has not begun this run in {WAIT:.0f} s")

    def _clear(self) -> None:
        """Remove what a run leaves, and the folder if nothing else is in it."""
        try:
            for path in self.folder.glob("*"):
                if path.name in NAMES:
                    shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        except OSError as error:
            raise ModelError(f"{self.folder} cannot be removed: {(error.strerror or '').lower()}") from error
        with suppress(OSError):  # not there, not empty, or where we stand
            self.folder.rmdir()

    def write(self, name: str, text: str) -> None:
        """Write a file of the run, whole or not at all."""
        beside = self.folder / f".{name}.part"
        beside.write_text(text, "utf-8")
        beside.replace(self.folder / name)

    def log(self, row: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        if not is_main():
            return
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    def forget_after(self, key: str, last: int) -> None:
        """Drop the metrics of later steps, or of whatever `key` counts, which are taken again, and a torn line."""
        file = self.folder / "metrics.jsonl"
        if is_main() and file.exists():
            lines = (line for line in file.read_text("utf-8").splitlines(keepends=True) if line.endswith("\n"))
            self.write(file.name, "".join(line for line in lines if json.loads(line).get(key, inf) <= last))

    @property
    def seconds(self) -> float:
        """How long the run had gone on by its last line of metrics."""
        file = self.folder / "metrics.jsonl"
        lines = file.read_text("utf-8").splitlines() if file.exists() else []
        return float(json.loads(lines[-1]).get("seconds", 0.0)) if lines else 0.0

    def keep_only(self, checkpoint: Path) -> None:
        """Remove all checkpoints but this one."""
        for other in self.checkpoints.glob("checkpoint-*"):
            if other != checkpoint:
                shutil.rmtree(other)

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that was written to its end, or None; unfinished ones are removed."""
        found = sorted(self.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
        while found:
            try:
                json.loads((found[-1] / "trainer_state.json").read_text("utf-8"))  # what is written last
            except (OSError, ValueError):
                unfinished = found.pop()
                if is_main():
                    shutil.rmtree(unfinished)
            else:
                return found[-1]
        return None

    def save_weights(self, model: Any, tokenizer: Any) -> None:
        """Keep the adapters, or the whole model with its tokenizer, in one step."""
        if not is_main():
            return
        is_adapter = hasattr(model, "peft_config")
        beside, target = self.folder / ".weights", self.folder / ("adapter" if is_adapter else "model")
        shutil.rmtree(beside, ignore_errors=True)
        # Adapters hold no embeddings; left to itself, peft would ask the network whether they should.
        model.save_pretrained(beside, **({"save_embedding_layers": False} if is_adapter else {}))
        if is_adapter:
            (beside / "README.md").unlink(missing_ok=True)  # peft's card; the run has its own
        else:
            tokenizer.save_pretrained(beside)
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)

    def write_calibration(self, weights: Kind) -> None:
        """Keep weights, a NamedTuple of floats, as the run's own."""
        self.write(CALIBRATION, json.dumps(weights._asdict(), indent=1) + "\n")  # type: ignore[attr-defined]

    def calibration(self, kind: type[Kind], least: float = -inf) -> Kind:
        """The run's weights of that kind (a NamedTuple), its defaults if none were kept; ModelError if damaged."""
        file = self.folder / CALIBRATION
        try:
            found = json.loads(file.read_text("utf-8"))
            weights = kind(**{name: float(value) for name, value in found.items()})
            if len(found) < len(weights):
                raise ValueError(f"it has {len(found)} of {len(weights)} weights")
            if wrong := [value for value in weights if not (isfinite(value) and value >= least)]:
                raise ValueError(f"{wrong[0]} is no weight")
        except FileNotFoundError:
            return kind()
        except (OSError, ValueError, TypeError, AttributeError) as error:
            raise ModelError(f"{file} is damaged: {error}") from None
        return weights

    def keep_cases(self, start: Run) -> None:
        """Take over the questions that the run one started from keeps, if it does, and how much they count."""
        for name in (CASES, CALIBRATION):
            if is_main() and start.has_cases and (start.folder / name).exists():
                shutil.copyfile(start.folder / name, self.folder / f".{name}.part")
                (self.folder / f".{name}.part").replace(self.folder / name)

    def finish(self, card: str) -> None:
        """Write the model card, which says that the run is done, and drop the checkpoints."""
        if not is_main():
            return
        if wanted := self.config.get(BASE_HASH):
            card = f"{card.rstrip()}\n\n{KNOWN_BASE.format(wanted)}\n"
        self.write("README.md", card)
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    @contextmanager
    def disk_errors(self) -> Iterator[None]:
        """A full disk while training as one clear line: checkpoints that were whole are still there."""
        try:
            yield
        except Exception as error:
            reason = disk_reason(error)
            if not reason:
                raise
            left = (
                "its last checkpoint is kept, --resume goes on"
                if self.last_checkpoint()
                else "it had no checkpoint yet, and starts again"
            )
            raise ModelError(f"{reason}: the run in {self.folder} stopped; {left}") from error


@cache
def note_unknown_base(folder: Path, base: str) -> None:
    """Log, once a process, that a run was made before runs kept the hash of the weights they were trained on."""
    LOG.warning("%s does not say which weights of %s it was trained on: those at hand are taken", folder, base)


def _told(config: Mapping[str, Any]) -> dict[str, Any]:
    """A config as it is written: with the vocabulary's hash for the vocabulary, which has a file of its own."""
    told = dict(config)
    if "vocabulary" in told:
        told[VOCABULARY_HASH] = hashlib.sha256(told.pop("vocabulary").encode()).hexdigest()
    return told


def is_main() -> bool:
    """Whether this is the only process, or the first of those that a launcher started: the one that may write."""
    return os.environ.get("RANK", "0") == "0"


def disk_reason(error: Exception) -> str:
    """What an error says of a disk that takes no more, or ''; safetensors and torch have words of their own for it."""
    if isinstance(error, OSError) and error.errno in FULL:
        return FULL[error.errno]
    for code, reason in FULL.items():
        if f"(os error {code})" in str(error):
            return reason
    is_full = "No space left" in str(error) or "PytorchStreamWriter" in str(error)
    return FULL[errno.ENOSPC] if is_full else ""


def run_of(name: str) -> Run | None:
    """The run in a folder of this name, or None if it holds none. ModelError if it holds one that is damaged."""
    run = Run(Path(name).expanduser())
    try:
        _ = run.config
    except ModelError:
        if (run.folder / "samples.jsonl").exists() and (run.folder / "environment.json").exists():
            raise
        return None  # a model's folder may have a config.yaml of its own
    return run
