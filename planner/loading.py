"""Loading models through transformers, without its talk on the user's terminal."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors import SafetensorError

from kg.errors import ModelError, first_line

# What transformers raises for folders that hold something else, or the wrong kind of model.
UNLOADABLE = (OSError, ValueError, KeyError, RuntimeError, TypeError, AttributeError, ImportError, SafetensorError)

# What the declared versions of peft and TRL are told by transformers, and what TRL tells of a hook that it has.
EXPECTED = (
    (FutureWarning, "`is_gradient_checkpointing` is deprecated"),
    (UserWarning, "You are using 'rollout_func'"),
)


def load_causal(name: str, folder: Path, dtype: Any) -> Any:
    """The causal language model in a folder, in a torch number format; `name` is for errors.

    Raises ModelError if it does not load, or if the folder lacks some of its weights: transformers would draw those.
    """
    from transformers import AutoModelForCausalLM

    try:
        with quietly():
            loaded: Any = AutoModelForCausalLM.from_pretrained(
                folder, local_files_only=True, dtype=dtype, output_loading_info=True
            )
            model, found = loaded
    except UNLOADABLE as error:
        raise not_causal(name, error) from error
    if missing := sorted(found["missing_keys"]):
        raise ModelError(f"{name} lacks {len(missing)} of the weights of a {type(model).__name__}, as {missing[0]}")
    return model


def load_tokenizer(name: str, folder: Path) -> Any:
    """The tokenizer of a causal language model in a folder; `name` is for errors. Raises ModelError."""
    from transformers import AutoTokenizer

    try:
        with quietly():
            return AutoTokenizer.from_pretrained(folder, local_files_only=True)
    except UNLOADABLE as error:
        raise not_causal(name, error) from error


def not_causal(name: str, error: BaseException) -> ModelError:
    """The error of a folder that transformers does not load."""
    return ModelError(f"{name} does not load as a causal language model: {first_line(error)}")


@contextmanager
def quietly() -> Iterator[None]:
    """Without what transformers logs and its progress bars: ours say what is going on, errors are raised."""
    from transformers.utils import logging

    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()  # type: ignore[no-untyped-call]


@contextmanager
def expected_warnings() -> Iterator[None]:
    """Without the warnings of `EXPECTED`, which are for the libraries' authors. Others are shown, and fail a test."""
    with warnings.catch_warnings():
        for category, message in EXPECTED:
            warnings.filterwarnings("ignore", message, category)
        yield
