"""The directory of a training run: what it was told, what it measured, and what came out of it.

config.yaml        the resolved settings, and what the run was made from (data, graph and its hash)
metrics.jsonl      a line for every tenth step, and for every evaluation
samples.jsonl      some of what the model was trained on, as it saw it
environment.json   versions and machine
adapter/           low-rank adapters (or `model/`, whole weights)
README.md          the model card
checkpoints/       while the run lasts: from here a run that was killed goes on
"""

from __future__ import annotations

import json
import platform
import shutil
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import yaml

from kg.errors import GraphError, ModelError, disk_errors
from kg.graph import Graph
from planner.device import best_device, cpu_model, free_cores
from planner.models import UNLOADABLE

PACKAGES = ("rog", "torch", "transformers", "trl", "peft", "numpy")


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
    def config(self) -> dict[str, Any]:
        """What the run was told. Raises ModelError if this is no run's directory."""
        try:
            config: dict[str, Any] = yaml.safe_load((self.folder / "config.yaml").read_text("utf-8"))
        except OSError:
            raise ModelError(f"{self.folder} is not the directory of a training run: it has no config.yaml") from None
        except yaml.YAMLError as error:
            raise ModelError(f"{self.folder}/config.yaml is damaged: {error}") from None
        return config

    def check(self, role: str, graph: Graph) -> None:
        """ModelError unless the run trained a `role` (planner, reasoner) for this graph."""
        config = self.config
        if config.get("role") != role:
            raise ModelError(f"{self.folder} trained a {config.get('role')}, not a {role}")
        known, found = config.get("graph_sha256"), graph_hash(graph)
        if known and found and known != found:
            raise ModelError(
                f"{self.folder} was trained on another graph ({config.get('kg')}, SHA-256 {known[:12]}…; this one is "
                f"{found[:12]}…): train again, or open that graph"
            )

    @property
    def base(self) -> str:
        """The name or folder of the model that the run ends with: its own weights, or the one that it adapted."""
        whole = self.folder / "model"
        return str(whole) if whole.exists() else str(self.config["model"])

    def with_adapters(self, model: Any) -> Any:
        """The model with the run's adapters merged into its weights; ModelError if they do not load."""
        adapter = self.folder / "adapter"
        if (self.folder / "model").exists():
            return model
        if not adapter.exists():
            raise ModelError(f"the run in {self.folder} has not finished: `rog train … --resume` goes on with it")
        from peft import PeftModel

        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of peft about transformers
                return PeftModel.from_pretrained(model, adapter).merge_and_unload()
        except UNLOADABLE as error:
            raise ModelError(f"{adapter} does not load: {(str(error).splitlines() or [''])[0]}") from error

    def begin(self, config: Mapping[str, Any], samples: Sequence[Mapping[str, Any]], resume: bool, force: bool) -> None:
        """Make the directory, or go on with it; ModelError where that would lose or mix up something."""
        if self.folder.exists() and any(self.folder.iterdir()) and not force:
            if self.is_done:
                raise ModelError(f"{self.folder} holds a finished run; choose another --out, or --force to replace it")
            if not resume:
                raise ModelError(f"{self.folder} holds a run that was stopped; --resume goes on, --force starts again")
            changed = sorted(key for key in {*config, *self.config} if config.get(key) != self.config.get(key))
            if changed:
                raise ModelError(
                    f"{self.folder} was begun with other settings ({', '.join(changed)}); --force starts again"
                )
            return
        if self.folder.exists() and not (self.folder / "config.yaml").exists() and any(self.folder.iterdir()):
            raise ModelError(f"{self.folder} is not the directory of a training run: it will not be replaced")
        with disk_errors(self.folder):
            shutil.rmtree(self.folder, ignore_errors=True)
            self.folder.mkdir(parents=True)
            self.write("config.yaml", yaml.safe_dump(dict(config), sort_keys=False, allow_unicode=True))
            self.write("environment.json", json.dumps(environment(), indent=1))
            self.write("samples.jsonl", "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in samples))

    def write(self, name: str, text: str) -> None:
        """Write a file of the run, whole or not at all."""
        beside = self.folder / f".{name}.part"
        beside.write_text(text, "utf-8")
        beside.replace(self.folder / name)

    def log(self, row: Mapping[str, Any]) -> None:
        """Add a line to the metrics."""
        with (self.folder / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")

    def last_checkpoint(self) -> Path | None:
        """The newest checkpoint that was written to its end, or None; unfinished ones are removed."""
        found = sorted(self.checkpoints.glob("checkpoint-*"), key=lambda path: int(path.name.rpartition("-")[2]))
        while found:
            try:
                json.loads((found[-1] / "trainer_state.json").read_text("utf-8"))  # what is written last
            except (OSError, ValueError):
                shutil.rmtree(found.pop())
            else:
                return found[-1]
        return None

    def save_weights(self, model: Any, tokenizer: Any) -> None:
        """Keep the adapters, or the whole model with its tokenizer, in one step."""
        is_adapter = hasattr(model, "peft_config")
        beside, target = self.folder / ".weights", self.folder / ("adapter" if is_adapter else "model")
        shutil.rmtree(beside, ignore_errors=True)
        model.save_pretrained(beside)
        if is_adapter:
            (beside / "README.md").unlink(missing_ok=True)  # peft's card; the run has its own
        else:
            tokenizer.save_pretrained(beside)
        shutil.rmtree(target, ignore_errors=True)
        beside.rename(target)

    def finish(self, card: str) -> None:
        """Write the model card, which says that the run is done, and drop the checkpoints."""
        self.write("README.md", card)
        shutil.rmtree(self.checkpoints, ignore_errors=True)

    @contextmanager
    def disk_errors(self) -> Iterator[None]:
        """A full disk while training as one clear line: checkpoints that were whole are still there."""
        try:
            with disk_errors(self.folder):
                yield
        except GraphError as error:
            raise full_disk(self.folder, str(error)) from error
        except Exception as error:  # safetensors and torch have errors of their own for it
            if "No space left" in str(error) or "os error 28" in str(error) or "PytorchStreamWriter" in str(error):
                raise full_disk(self.folder, "the disk is full") from error
            raise


def run_of(name: str) -> Run | None:
    """The run in a folder of this name, or None if it holds none."""
    folder = Path(name).expanduser()
    return Run(folder) if (folder / "config.yaml").exists() else None


def graph_hash(graph: Graph) -> str:
    """The hash of what a graph says, or '' for one that has none (a database may change at any time)."""
    manifest: Mapping[str, Any] = getattr(graph, "manifest", {})
    return str(manifest.get("sha256", ""))


def full_disk(folder: Path, reason: str) -> ModelError:
    """The error for a disk that takes no more."""
    return ModelError(
        f"{reason.partition(':')[0]}: the run in {folder} stopped; its last checkpoint is kept, --resume goes on"
    )


def environment() -> dict[str, str]:
    """Versions and machine."""
    found = {}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    device, dtype = best_device()
    return {
        **found,
        "python": platform.python_version(),
        "machine": f"{cpu_model() or platform.machine()}, {free_cores()} cores",
        "device": f"{device} {dtype}",
    }
