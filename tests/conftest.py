"""Fixtures: a cache of its own for the test run, toy graphs, and a tiny language model made on the spot."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from kg.store import Store
    from planner.lm import LanguageModel

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("OMP_NUM_THREADS", "1")  # tiny models gain nothing from two, and lose much beside other work
# The user's caches are not touched, and the model hub is not asked. Set before any test module is imported:
# huggingface_hub reads its places once.
CACHE = Path(tempfile.mkdtemp(prefix="rog-tests-"))
atexit.register(shutil.rmtree, CACHE, ignore_errors=True)
os.environ |= {"XDG_CACHE_HOME": str(CACHE), "HF_HOME": str(CACHE / "hub"), "HF_HUB_OFFLINE": "1", "NO_COLOR": "1"}
settings.register_profile("rog", deadline=None)  # a first call may compile a kernel
settings.load_profile("rog")

FILMS = """head\trelation\ttail
heat\tdirected_by\tmann
heat\tactor\tpacino
heat\tactor\tde_niro
insider\tdirected_by\tmann
insider\tactor\tpacino
insider\tactor\tcrowe
gladiator\tactor\tcrowe
gladiator\tdirected_by\tscott
mann\tborn_in\tchicago
scott\tborn_in\tsouth_shields
chicago\tcountry\tusa
south_shields\tcountry\tuk
heat\tgenre\tcrime
insider\tgenre\tdrama
"""
NAMES = """key\tlabel\ttypes\taliases
heat\tHeat\tfilm\t
insider\tThe Insider\tfilm\t
gladiator\tGladiator\tfilm\t
mann\tMichael Mann\tperson\tM. Mann
scott\tRidley Scott\tperson\tSir Ridley Scott
pacino\tAl Pacino\tperson\t
de_niro\tRobert De Niro\tperson\tBobby
crowe\tRussell Crowe\tperson\t
chicago\tChicago\tcity\tWindy City
south_shields\tSouth Shields\tcity\t
usa\tUnited States\tcountry\tUS|USA|America
uk\tUnited Kingdom\tcountry\tUK
"""
RELATIONS = """key\tlabel\tinverse_label
directed_by\tdirected by\tdirector of
actor\tactor\tactor in
born_in\tborn in\tbirthplace of
"""


@pytest.fixture(scope="session", autouse=True)
def own_cache() -> Path:
    """Where this run keeps what `rog` would keep in the user's cache."""
    return CACHE


@pytest.fixture(scope="session")
def films_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with facts.tsv, names.tsv and relations.tsv about three films."""
    folder = tmp_path_factory.mktemp("films")
    for name, text in (("facts.tsv", FILMS), ("names.tsv", NAMES), ("relations.tsv", RELATIONS)):
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.fixture(scope="session")
def films(films_folder: Path) -> Store:
    """The graph of three films."""
    from kg.build import Sources, build
    from kg.store import Store

    sources = Sources((films_folder / "facts.tsv",), (films_folder / "names.tsv",), films_folder / "relations.tsv")
    build(sources, films_folder / "films.kg")
    return Store(films_folder / "films.kg")


@pytest.fixture(scope="session")
def demo() -> Store:
    """The bundled demo graph."""
    from kg.build import cached_store
    from kg.store import Store

    return Store(cached_store("demo"))


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A causal language model with random weights, two layers and a byte vocabulary."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny")
    symbols = ["<s>", "</s>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE({symbol: i for i, symbol in enumerate(symbols)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    wrapped: Any = PreTrainedTokenizerFast
    wrapped(tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>").save_pretrained(folder)
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(symbols),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=4096,
        initializer_range=0.6,  # wide, so that some continuations are clearly likelier than others
        bos_token_id=0,
        eos_token_id=1,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny(tiny_folder: Path) -> LanguageModel:
    """That model, loaded."""
    from planner.lm import LanguageModel

    return LanguageModel(str(tiny_folder), dtype="float32")
