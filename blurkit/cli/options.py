"""Options that several commands share."""

from collections.abc import Callable
from functools import reduce
from typing import Any

import click
from click.core import ParameterSource

from blurkit.errors import SettingError
from blurkit.kernel.families import FAMILIES, Family, family_named
from blurkit.kernel.mix import Mix, parse_mix
from blurkit.kernel.walk import Walk


class _Dataset(click.Path):
    """An existing dataset file, or a pattern such as "blur-*.h5" for PairSet to expand."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        from blurkit.store import is_pattern

        return value if is_pattern(value) else super().convert(value, param, ctx)


dataset_files = click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=_Dataset(exists=True, dir_okay=False),
)
KERNELS = _Dataset(exists=True)  # or a folder
PICTURE = click.Path(dir_okay=False)
PRESET = (
    "Camera model. naive: blur the sRGB values; clean: blur in linear light; realistic: also model "
    "exposure, clipped highlights and noise."
)
SEED = "Random seed; equal seeds and settings give equal output."
THREADS = "Number of threads; the output does not depend on it.  [default: all processors]"
WALK = Walk()

_walk = (
    click.option(
        "--length",
        nargs=2,
        type=float,
        default=WALK.length,
        metavar="LO HI",
        help="Length of the camera's path in pixels, drawn from this range for each sample. A path "
        "wider than the kernel is shrunk to fit.",
    ),
    click.option(
        "--jitter",
        nargs=2,
        type=float,
        default=WALK.jitter,
        metavar="LO HI",
        help="Tremor: random change of velocity at each step, in units of the initial step length, "
        "drawn from this range for each sample.",
    ),
    click.option(
        "--inertia",
        type=float,
        default=WALK.inertia,
        help="Fraction of the velocity kept from step to step: 0 is Brownian motion, 1 without "
        "jitter and jerks a straight line.",
    ),
    click.option(
        "--jerks",
        type=float,
        default=WALK.jerks,
        help="Mean number of sudden reversals per exposure.",
    ),
    click.option("--steps", type=int, default=WALK.steps, help="Number of points on the path."),
    click.option(
        "--interpolation",
        type=click.Choice(["nearest", "linear"]),
        default="nearest",
        help="How the path is rasterised to pixels.",
    ),
)


def walk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of the random walk."""
    return reduce(lambda function, option: option(function), reversed(_walk), command)


mix_option = click.option(
    "--mix",
    metavar="NAME=WEIGHT,...",
    help="Draw each sample's blur from several families with these weights, such as "
    f"walk=6,linear=1,defocus=1. Families: {', '.join(FAMILIES)}. The walk options below apply to "
    "the walk in the mix.  [default: walk only]",
)


def chosen_blur(mix: str | None, family: str, walk: dict[str, Any]) -> Family | Mix:
    """The blur described by --mix, --family and the options of the walk.

    Raises
    ------
    SettingError
        "jitter is not a setting of linear"; "jitter is a setting of the walk, which is not in the
        mix linear=1"; those of the families and of `blurkit.kernel.mix.parse_mix`
    """
    source = click.get_current_context().get_parameter_source
    given = {name: walk[name] for name in walk if source(name) is ParameterSource.COMMANDLINE}
    if mix is None:
        kind = family_named(family)
        for name in given:
            if name not in kind.__dataclass_fields__:
                raise SettingError(f"{name} is not a setting of {family}")
        return kind(**given)
    parsed = parse_mix(mix, Walk(**walk))
    if given and not any(isinstance(part, Walk) for part, _ in parsed.parts):
        rule = f"{next(iter(given))} is a setting of the walk, which is not in the mix"
        raise SettingError(f"{rule} {mix}")
    return parsed
