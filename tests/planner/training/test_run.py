"""The directory of a run: what it replaces and what not, whose it is, full disks, and several processes."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any

import pytest

import planner.training.run
from kg.errors import GraphError, ModelError
from kg.networkx_graph import NetworkXGraph
from kg.store import Store
from planner.registry import make_planner
from planner.training.run import Run, run_of

CONFIG = {"role": "planner", "model": "some/model", "rank": 1, "learning_rate": 1e-5, "samples_sha256": "a"}


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "run")


def begin(run: Run, resume: bool = False, force: bool = False, **more: Any) -> bool:
    return run.begin({**CONFIG, **more}, [{"prompt": "?"}], resume, force)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_force_replaces_a_run_and_nothing_else(run: Run) -> None:
    assert begin(run)
    run.finish("card")
    (run.folder / ".README.md.part").write_text("a kill while this was written")
    assert begin(run, force=True, rank=2)
    assert names(run.folder) == ["config.yaml", "environment.json", "samples.jsonl"]
    assert run.config["rank"] == 2
    (run.folder / ".git").mkdir()
    with pytest.raises(
        ModelError, match=r"not just the directory of a training run \(it holds \.git\).*choose another"
    ):
        begin(run, force=True)
    assert names(run.folder) == [".git", "config.yaml", "environment.json", "samples.jsonl"]


def test_a_project_with_a_config_of_its_own_is_no_run(run: Run) -> None:
    run.folder.mkdir()
    for text in ("", "database: x\n", "- 1\n", "role:\n"):
        (run.folder / "config.yaml").write_text(text)
        for force in (True, False):
            with pytest.raises(ModelError, match="names no role"):
                begin(run, force=force)
        assert run_of(str(run.folder)) is None
    assert names(run.folder) == ["config.yaml"]


def test_a_damaged_config_is_one_line(run: Run, films: Store) -> None:
    begin(run)
    (run.folder / "config.yaml").write_text("role: planner\n")
    with pytest.raises(ModelError, match="it names no model"):
        make_planner(str(run.folder), films)
    for text in ("", "{"):
        (run.folder / "config.yaml").write_text(text)
        with pytest.raises(ModelError, match=r"names no role|is damaged: .*"):
            make_planner(str(run.folder), films)


def test_a_model_with_a_config_yaml_is_no_run(tiny_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "config.yaml").write_text("trainer: x\n")
    assert run_of(str(tmp_path)) is None


def test_lm_and_a_run_is_that_run(run: Run, films: Store) -> None:
    begin(run, role="reasoner")
    with pytest.raises(ModelError, match="trained a reasoner, not a planner"):
        make_planner(f"lm:{run.folder}", films)
    begin(run, force=True, graph_sha256="0" * 64)
    with pytest.raises(ModelError, match="trained on another graph"):
        make_planner(f"lm:{run.folder}", films)


def test_a_run_goes_with_graphs_whose_walks_come_back_as_its_own(run: Run) -> None:
    for own, other in ((False, True), (True, False)):
        ours, theirs = (NetworkXGraph.from_triples([("a", "r", "b")], returning) for returning in (own, other))
        begin(run, force=True, returning=own)  # neither graph has a hash
        run.check("planner", ours)
        where = "walks may come back to their start, and here they may not" if own else "walks may not .* they may:"
        with pytest.raises(ModelError, match=where):
            run.check("planner", theirs)


def test_a_target_that_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for out in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(ModelError, match="not a directory; choose another --out"):
            Run(out).check_target(resume=True, force=True)


def test_a_resumed_run_is_told_the_same(run: Run) -> None:
    begin(run)
    assert not begin(run, resume=True, samples_sha256="a")
    with pytest.raises(ModelError, match=r"begun with other settings \(rank\); --force"):
        begin(run, resume=True, rank=3, samples_sha256="b")
    with pytest.raises(ModelError, match="the data changed since"):
        begin(run, resume=True, samples_sha256="b")
    assert run.differences({**CONFIG, "data": "x"}) == ["data"]


def test_a_disk_that_is_full_at_the_beginning_leaves_nothing(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    write = Run.write

    def full(self: Run, name: str, text: str) -> None:
        if name == "samples.jsonl":
            (self.folder / f".{name}.part").write_text("half")
            raise OSError(errno.ENOSPC, "No space left on device")
        write(self, name, text)

    monkeypatch.setattr(Run, "write", full)
    with pytest.raises(GraphError, match=r"the disk is full: .* nothing is left of it"):
        begin(run)
    assert not run.folder.exists()


def test_only_full_disks_are_full_disks(run: Run) -> None:
    begin(run)
    for error, reason in (
        (OSError(errno.EDQUOT, "x"), "the disk quota is used up"),
        (OSError(errno.EFBIG, "x"), "larger than is allowed"),
        (RuntimeError("Error while serializing: I/O error: x (os error 28)"), "the disk is full"),
    ):
        with pytest.raises(ModelError, match=f"{reason}.* it had no checkpoint yet"), run.disk_errors():
            raise error
    for code in (errno.ENOENT, errno.EACCES, errno.EEXIST):
        with pytest.raises(OSError, match="of some library"), run.disk_errors():
            raise OSError(code, "of some library")


def test_only_a_run_that_came_to_nothing_is_undone(run: Run) -> None:
    def stopped(logged: bool) -> None:
        with run.begun({"role": "planner"}, [], resume=True, force=False):
            assert run.folder.exists()
            if logged:
                run.log({"step": 10})
            raise KeyboardInterrupt

    for logged in (False, True):
        with pytest.raises(KeyboardInterrupt):
            stopped(logged)
        assert run.folder.exists() == logged
    with pytest.raises(KeyboardInterrupt):
        stopped(False)
    assert run.folder.exists(), "it was not new"


def test_metrics_of_later_steps_and_a_torn_line_are_dropped(run: Run) -> None:
    begin(run)
    file = run.folder / "metrics.jsonl"
    file.write_text('{"step": 1}\n{"step": 2}\n{"step": 3}\n{"step": 4, "rew')
    run.forget_after("step", 2)
    assert file.read_text() == '{"step": 1}\n{"step": 2}\n'


def test_one_process_of_several_writes(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planner.training.run, "WAIT", 0.3)
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(ModelError, match="the first process has not begun"):
        begin(run)
    assert not run.folder.exists()
    monkeypatch.setenv("RANK", "0")
    assert begin(run)
    (run.checkpoints / "checkpoint-3").mkdir(parents=True)
    with pytest.raises(ModelError, match="--force does not go with several processes"):
        begin(run, force=True)
    before = sorted(run.folder.rglob("*"))
    monkeypatch.setenv("RANK", "1")
    assert not begin(run)
    with pytest.raises(ModelError, match="the first process has not begun"):
        begin(run, rank=7)
    run.check_target(resume=False, force=False)
    run.log({"step": 1})
    run.save_weights(None, None)
    run.finish("card")
    assert run.last_checkpoint() is None
    assert sorted(run.folder.rglob("*")) == before


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may do anything")
def test_a_target_without_permission(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(GraphError, match="no permission to write there"):
        begin(Run(tmp_path / "run"))
    tmp_path.chmod(0o700)
