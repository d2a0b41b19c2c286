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
    """A dataset file that exists, or a pattern such as "blur-*.h5" for PairSet to expand."""

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
WALK = Walk()

_walk = (
    click.option(
        "--length",
        nargs=2,
        type=float,
        default=WALK.length,
        metavar="LO HI",
        help="Length of the camera's path in pixels; each sample draws its own between the two. A "
        "path too wide for the kernel is shrunk to fit.",
    ),
    click.option(
        "--jitter",
        nargs=2,
        type=float,
        default=WALK.jitter,
        metavar="LO HI",
        help="Tremor: random change of the velocity at each step, in first steps' lengths; drawn "
        "likewise.",
    ),
    click.option(
        "--inertia",
        type=float,
        default=WALK.inertia,
        help="Part of the velocity kept from step to step: 1 and no jitter or jerks is a straight "
        "line, 0 is Brownian motion.",
    ),
    click.option(
        "--jerks",
        type=float,
        default=WALK.jerks,
        help="Sudden turns back to expect in an exposure.",
    ),
    click.option(
        "--steps", type=int, default=WALK.steps, help="Points of the path in an exposure."
    ),
    click.option(
        "--interpolation",
        type=click.Choice(["nearest", "linear"]),
        default="nearest",
        help="How the path falls on pixels.",
    ),
)


def walk_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that describe the random walk, each showing its default."""
    return reduce(lambda function, option: option(function), reversed(_walk), command)


mix_option = click.option(
    "--mix",
    metavar="NAME=WEIGHT,...",
    help=f"Draw each sample's blur from these families: {', '.join(FAMILIES)}; for example "
    "walk=6,linear=1,defocus=1. The options of the walk are for the walk in the mix.  "
    "[default: the walk alone]",
)


def chosen_blur(mix: str | None, family: str, walk: dict[str, Any]) -> Family | Mix:
    """The blur that --mix, --family and the walk's options ask for.

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
    made = parse_mix(mix, Walk(**walk))
    if given and not any(isinstance(part, Walk) for part, _ in made.parts):
        rule = f"{next(iter(given))} is a setting of the walk, which is not in the mix"
        raise SettingError(f"{rule} {mix}")
    return made
