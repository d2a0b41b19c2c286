"""Click options from a settings dataclass: its fields are the only place defaults stand.

A field is declared with `setting(default, help, cuda=...)`; `cuda` is its default where the
command runs on CUDA.
"""

from collections.abc import Callable
from dataclasses import field, fields
from typing import Any, TypeVar, get_args, get_type_hints

import click
import torch

from blurkit.errors import SettingError

T = TypeVar("T")


def setting(default: Any, help: str, cuda: Any = None, least: float | None = None) -> Any:
    """A field of a settings dataclass. `least`: the smallest value allowed."""
    return field(default=default, metadata={"help": help, "cuda": cuda, "least": least})


def check(settings: Any) -> None:
    """SettingError "steps must be >= 1, got 0" for the first field below its `least`."""
    for f in fields(settings):
        least, value = f.metadata.get("least"), getattr(settings, f.name)
        if least is not None and not value >= least:
            raise SettingError(f"{f.name.replace('_', '-')} must be >= {least}, got {value}")


def for_device(kind: type[T], device: torch.device, given: dict[str, Any]) -> T:
    """The settings of class `kind`: what was given, else the defaults that fit the device."""
    values = {}
    for f in fields(kind):  # type: ignore[arg-type]
        value = given.get(f.name)
        if value is None:
            cuda = f.metadata.get("cuda")
            value = cuda if device.type == "cuda" and cuda is not None else f.default
        values[f.name] = value
    return kind(**values)


def options(kind: type) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: one option for each field of the dataclass `kind`, None where not given."""
    types = get_type_hints(kind)

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for f in reversed(fields(kind)):
            allowed = get_args(types[f.name])  # of a Literal
            cuda = f.metadata["cuda"]
            shown = f"{f.default}" + (f"; {cuda} on CUDA" if cuda is not None else "")
            command = click.option(
                f"--{f.name.replace('_', '-')}",
                f.name,
                type=click.Choice(allowed) if allowed else types[f.name],
                default=None,
                help=f"{f.metadata['help']}  [default: {shown}]",
            )(command)
        return command

    return decorate
