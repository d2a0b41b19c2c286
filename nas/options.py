"""Click options from a settings dataclass, whose fields are the only place for defaults.

A field is declared with `setting(default, help, cuda=...)`; `cuda` is its default on CUDA.
"""

import math
from collections.abc import Callable
from dataclasses import field, fields
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import click
import torch

from blurkit.errors import SettingError
from blurkit.store import is_pattern

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


class _Dataset(click.Path):
    """A dataset file that exists, or a pattern such as "blur-*.h5" for PairSet to expand."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        return value if is_pattern(value) else super().convert(value, param, ctx)


DATASET = _Dataset(exists=True, dir_okay=False)


def setting(
    default: Any, help: str, cuda: Any = None, least: float | None = None, most: float | None = None
) -> Any:
    """A field of a settings dataclass; `least` and `most` are inclusive bounds."""
    bounds = {"least": least, "most": most}
    return field(default=default, metadata={"help": help, "cuda": cuda, **bounds})


def check(settings: Any) -> None:
    """SettingError "steps must be >= 1, got 0" for the first field out of its bounds."""
    for f in fields(settings):
        name, value = f.name.replace("_", "-"), getattr(settings, f.name)
        least, most = f.metadata.get("least"), f.metadata.get("most")
        if isinstance(value, float) and not math.isfinite(value):
            raise SettingError(f"{name} must be finite, got {value}")
        if isinstance(value, tuple):
            continue
        if least is not None and value < least:
            raise SettingError(f"{name} must be >= {least:g}, got {value}")
        if most is not None and value > most:
            raise SettingError(f"{name} must be <= {most:g}, got {value}")


def for_device(kind: type[T], device: torch.device, given: dict[str, Any]) -> T:
    """The settings of class `kind`: the given values, otherwise the defaults for the device."""
    values = {}
    for f in fields(kind):
        value = given.get(f.name)
        if value is None:
            cuda = f.metadata.get("cuda")
            value = cuda if device.type == "cuda" and cuda is not None else f.default
        values[f.name] = value
    return kind(**values)


def options(kind: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: an option for each field of the dataclass `kind`, None if not given."""
    types = get_type_hints(kind)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for f in reversed(fields(kind)):
            if "help" not in f.metadata:  # the command declares this option itself
                continue
            value_type, inner = types[f.name], get_args(types[f.name])
            if get_origin(value_type) is Literal:
                value_type = click.Choice(inner)
            elif inner:  # a tuple
                value_type = inner
            cuda = f.metadata["cuda"]
            value = " ".join(map(str, f.default)) if isinstance(f.default, tuple) else f.default
            default = f"{value}" + (f"; {cuda} on CUDA" if cuda not in (None, f.default) else "")
            text = f.metadata["help"]
            command = click.option(
                f"--{f.name.replace('_', '-')}",
                f.name,
                type=value_type,
                default=None,
                help=f"{text[0].upper()}{text[1:]}.  [default: {default}]",
            )(command)
        return command

    return decorate
