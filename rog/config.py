"""Settings of a command: defaults, a preset, a YAML file and flags, each over the one before."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import Field, fields, replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from kg.errors import RogError
from kg.text import brief, is_text
from kg.yaml_file import read_yaml

Settings = TypeVar("Settings")


class ConfigError(RogError):
    """A setting that is unknown or has a value of another kind."""


def resolve(defaults: Settings, preset: Mapping[str, Any], file: Path | None, flags: Mapping[str, Any]) -> Settings:
    """The settings with everything that was given; ConfigError with the nearest key where one is unknown."""
    given = dict(preset)
    if file is not None:
        given |= read_settings(file)
    given |= {name: value for name, value in flags.items() if value is not None}
    known = {field.name: field for field in fields(defaults)}  # type: ignore[arg-type]
    for name, value in given.items():
        if name not in known:
            raise ConfigError(f"{file}: unknown setting {brief(name)}{nearest(name, list(known))}")
        given[name] = checked(known[name], value, file)
    return replace(defaults, **given)  # type: ignore[type-var]


def read_settings(file: Path) -> dict[str, Any]:
    """The keys of a YAML file."""
    found = read_yaml(file, ConfigError)
    if found is not None and not isinstance(found, dict):
        raise ConfigError(f"{file}: expected lines of `key: value`")
    return {str(name).replace("-", "_"): value for name, value in (found or {}).items()}


def checked(field: Field[Any], value: Any, file: Path | None) -> Any:
    """A value as the kind its default has, within its range; ConfigError otherwise."""
    kind: Any = type(field.default)
    where = f"{file}: " if file else ""
    try:
        if isinstance(value, bool) is not (kind is bool) or (kind is int and isinstance(value, float)):
            raise TypeError
        if kind is str and not (isinstance(value, str) and is_text(value) and (value.strip() or not field.default)):
            raise TypeError
        found = kind(value)  # a float may be written 1e-4, which YAML takes for a text
        if kind is float and not math.isfinite(found):
            raise ValueError
    except (TypeError, ValueError, OverflowError):
        expected = {"str": "a text", "float": "a number"}.get(kind.__name__, kind.__name__)
        raise ConfigError(f"{where}{field.name} is {brief(value)}, expected {expected}") from None
    least, most = field.metadata.get("least"), field.metadata.get("most")
    if least is not None and found < least:
        raise ConfigError(f"{where}{field.name} is {brief(value)}, expected {least} at least")
    if most is not None and found > most:
        raise ConfigError(f"{where}{field.name} is {brief(value)}, expected {most} at most")
    return found


def nearest(name: str, known: list[str]) -> str:
    """A hint at what may have been meant."""
    from rapidfuzz import process

    near = [match[0] for match in process.extract(name, known, limit=2, score_cutoff=60)]
    return f"; did you mean {' or '.join(near)}?" if near else f"; known are {', '.join(known)}"


def with_flags(cls: type[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator: a command whose `**flags` are the keys of a settings class, one option each."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = [p for p in inspect.signature(command, eval_str=True).parameters.values() if p.kind is not p.VAR_KEYWORD]
        options = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None,
                annotation=Annotated[
                    type(field.default) | None,
                    typer.Option(help=f"{field.metadata['help']} [default: {field.default}]", show_default=False),
                ],
            )
            for field in fields(cls)
        ]
        command.__signature__ = inspect.Signature([*own, *options])  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in (*own, *options)}
        return command

    return decorate
