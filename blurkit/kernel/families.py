"""The families of blur that a mix, a dataset and the commands know, each in a file of its own.

A setting that is a pair (lowest, highest) is a range from which each sample draws its own number,
uniformly; a single number is used as is.
"""

from typing import get_args

from blurkit.errors import SettingError
from blurkit.kernel.boracchi_foi import BoracchiFoi
from blurkit.kernel.defocus import Defocus
from blurkit.kernel.gaussian import Gaussian
from blurkit.kernel.linear import Linear
from blurkit.kernel.tremor import Tremor
from blurkit.kernel.walk import Walk

Family = Walk | BoracchiFoi | Tremor | Linear | Defocus | Gaussian

FAMILIES: dict[str, type[Family]] = {family.name: family for family in get_args(Family)}


def known_families() -> str:
    """The names of the families, for messages."""
    *others, last = (f'"{name}"' for name in FAMILIES)
    return f"{', '.join(others)} or {last}"


def family_named(name: str) -> type[Family]:
    """The settings class of a family.

    Raises
    ------
    SettingError
        'family must be "walk", "boracchi-foi", ..., got "x"'
    """
    if name not in FAMILIES:
        raise SettingError(f'family must be {known_families()}, got "{name}"')
    return FAMILIES[name]
