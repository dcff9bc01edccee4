"""Fixtures of refinement: a graph of letters, and a run of a planner that finds all plans there about as probable."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from kg.store import Store
    from planner.training.run import Run

FACTS = """head\trelation\ttail
s\taaaa\tx1
s\taaaa\tx2
s\tabba\tx1
s\tbaab\tx3
s\tcccc\tx4
t\tabba\tx2
t\tbaab\tx1
x1\tcccc\ty
"""


@pytest.fixture(scope="module")
def letters(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """A graph whose relations are as long as `none`: an even model finds their plans about as probable."""
    from kg.build import Sources, build
    from kg.store import Store

    folder = tmp_path_factory.mktemp("letters")
    (folder / "facts.tsv").write_text(FACTS, "utf-8")
    build(Sources((folder / "facts.tsv",)), folder / "letters.kg")
    return Store(folder / "letters.kg")


@pytest.fixture(scope="module")
def start(letters: Store, tiny_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A finished run of a planner, made by hand: an even model, and adapters that change something."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from planner.training.finetune import load_for_training
    from planner.training.run import Run
    from planner.training.settings import Training

    folder = tmp_path_factory.mktemp("even") / "model"
    shutil.copytree(tiny_folder, folder)
    config = LlamaConfig.from_pretrained(folder)
    config.initializer_range = 0.1
    torch.manual_seed(1)
    LlamaForCausalLM(config).save_pretrained(folder)
    model, tokenizer = load_for_training(Training(model=str(folder), rank=2), None)
    with torch.no_grad():
        for number, (name, part) in enumerate(model.named_parameters()):
            if "lora_B" in name:
                part.normal_(0, 0.05, generator=torch.Generator().manual_seed(number))
    run = Run(folder.parent / "run")
    about = {"role": "planner", "model": str(folder), "graph_sha256": letters.manifest["sha256"]}
    run.begin(about, [], resume=False, force=False)
    run.save_weights(model, tokenizer)
    run.finish("card")
    return run
