"""What `rog train` refuses before it leaves anything behind, and what a run says of its data."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.trained import trained
from kg.errors import LoadError, ModelError
from kg.questions import RawQuestion
from kg.store import Store
from planner.data.folder import write_folder
from planner.data.make import MakeSettings, make
from planner.registry import bundled_run
from planner.training.run import Run
from rog.cli_train import resumable
from rog.evaluation.anonymous import Anonymous
from rog.settings import PlannerTraining
from rog.training import config_of, material, train
from tests.commands import rog

ASKED = (("Who directed Heat?", "mann"), ("Who acted in Gladiator?", "crowe"), ("Where was Ridley Scott born?", "uk"))
SETTINGS = MakeSettings(dev=0, test=0)


@pytest.fixture
def data(films: Store, tmp_path: Path) -> Path:
    questions = [RawQuestion(f"q{i}", text, (answer,), where="x") for i, (text, answer) in enumerate(ASKED)]
    return write_folder(tmp_path / "data", make(films, questions, SETTINGS), films, films.name, []).path


@pytest.fixture
def settings(tiny_folder: Path) -> PlannerTraining:
    return PlannerTraining(model=str(tiny_folder), epochs=1, rank=2, none=0.0)


def changed(data: Path, **fields: object) -> None:
    """Change the first training row."""
    file = data / "train.jsonl"
    first, *rest = file.read_text("utf-8").splitlines()
    file.write_text("\n".join([json.dumps({**json.loads(first), **fields}), *rest]) + "\n", "utf-8")


def test_rows_that_do_not_fit_the_graph_are_refused(data: Path, settings: PlannerTraining) -> None:
    changed(data, paths=["no_such"], answers=["mann", "nobody"])
    with pytest.raises(
        LoadError, match=r"train\.jsonl, line 1: answer 'nobody' is not in .*, and 1 more problem; `rog"
    ):
        material(data, "", settings)
    changed(data, paths=[" -> "], answers=["mann"])
    with pytest.raises(LoadError, match="field 'paths' has the path ' -> '"):
        material(data, "", settings)


def test_a_resumed_run_notices_other_data(data: Path, settings: PlannerTraining, tmp_path: Path) -> None:
    found = material(data, "", settings, data_name="the films")
    assert found.about["data"] == "the films"
    run = Run(tmp_path / "run")
    run.begin(config_of(found, settings), [], resume=False, force=False)
    changed(data, question="Who on earth directed Heat?")
    other = material(data, "", settings, data_name="the films")
    assert other.about["data_files"] == found.about["data_files"]  # an edit by hand: the manifest does not know
    with pytest.raises(ModelError, match="the data changed since"):
        train(other, settings, tmp_path / "run", resume=True, force=False)


@pytest.mark.parametrize(("wrong", "message"), [({"max_tokens": 3}, "3 is max_tokens"), ({"model": "/no"}, "/no")])
def test_a_start_that_fails_leaves_nothing(
    data: Path, settings: PlannerTraining, tmp_path: Path, wrong: dict[str, int], message: str
) -> None:
    bad = replace(settings, **wrong)  # type: ignore[arg-type]
    with pytest.raises(ModelError, match=message):
        train(material(data, "", bad), bad, tmp_path / "runs" / "run", resume=False, force=False)
    assert not (tmp_path / "runs").exists()


def test_a_training_that_fails_at_once_leaves_nothing(
    data: Path, settings: PlannerTraining, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("out of memory")

    monkeypatch.setattr("rog.training.fit", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        train(material(data, "", settings), settings, tmp_path / "run", resume=False, force=False)
    assert not (tmp_path / "run").exists()


def test_a_finished_run_says_its_passes_and_is_refused_before_any_work(
    data: Path, settings: PlannerTraining, tmp_path: Path
) -> None:
    automatic = replace(settings, epochs=0.0)
    found = material(data, "", automatic, data_name="the films")
    result = train(found, automatic, tmp_path / "run", resume=False, force=False)
    assert result["passes"] == 40
    card = (tmp_path / "run" / "README.md").read_text("utf-8")
    assert "40 passes" in card
    assert str(tmp_path) not in card
    assert Run(tmp_path / "run").config["passes"] == 40
    refused = rog("train", "planner", "--data", str(tmp_path / "none"), "--out", str(tmp_path / "run"))
    assert refused.returncode == 1
    assert "holds a finished run" in refused.stderr  # and not that there are no data


def test_a_benchmark_uses_a_run_that_was_told_the_same(data: Path, settings: PlannerTraining, tmp_path: Path) -> None:
    found, out = material(data, "", settings), tmp_path / "run"
    seconds = trained(found, settings, out)["seconds"]
    assert trained(found, settings, out)["seconds"] == seconds  # the same training
    longer = replace(settings, epochs=2.0)
    assert trained(found, longer, out)["passes"] == 2
    assert Run(out).config["epochs"] == 2.0


def test_an_anonymous_graph_gets_the_planner_of_the_graph(
    films: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kg.build.demo_folder", lambda: tmp_path)
    run = Run(tmp_path / "runs" / "planner")
    about = {"role": "planner", "model": "x", "graph_sha256": films.manifest["sha256"]}
    run.begin(about, [], resume=False, force=False)
    run.finish("card")
    assert bundled_run("planner", Anonymous(films)) == bundled_run("planner", films) == str(run.folder)


def test_a_flag_out_of_range_is_one_line(tmp_path: Path) -> None:
    refused = rog("train", "planner", "--data", str(tmp_path), "--out", str(tmp_path / "run"), "--batch", "0")
    assert refused.returncode == 1
    assert "batch is 0, expected 1 at least" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_what_is_kept_is_said_on_ctrl_c(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for step, said in ((0, "stopped: there was no checkpoint yet"), (7, "stopped: checkpoint-7 is kept, --resume")):
        if step:
            folder = tmp_path / "checkpoints" / f"checkpoint-{step}"
            folder.mkdir(parents=True)
            (folder / "trainer_state.json").write_text("{}")
        with pytest.raises(KeyboardInterrupt), resumable(tmp_path):
            raise KeyboardInterrupt
        assert said in capsys.readouterr().err
