"""A mix of blur families, drawn by weight for each sample."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.families import FAMILIES, NUMBERS, Family

FAMILY = ("family", "S16")  # the field of /params that names a sample's family


@dataclass(frozen=True)
class Mix:
    """Families of blur with their weights, checked.

    Parameters
    ----------
    parts : ((family, weight), ...)
        Each family's settings, and how often it comes in proportion to the others' weights. A
        family may come more than once, with other settings.

    Raises
    ------
    SettingError
        "mix must be pairs (family, weight), got (Walk(),)";
        "mix must have at least one family, got ()";
        "weight of linear must be above 0 and finite, got 0"

    Notes
    -----
    The family of a sample is drawn from (seed, index) apart from all other numbers: a sample of a
    family is the same kernel that the family alone gives for this seed and index.

    Examples
    --------
    >>> from blurkit import Linear, Walk
    >>> Mix(((Walk(), 6), (Linear(length=20), 1))).shares.tolist()
    [0.8571428571428571, 1.0]
    """

    parts: tuple[tuple[Family, float], ...]

    def __post_init__(self) -> None:
        try:
            parts = tuple((part, weight) for part, weight in self.parts)
        except (TypeError, ValueError):
            rule = "mix must be pairs (family, weight)"
            raise SettingError(f"{rule}, got {self.parts!r}") from None
        object.__setattr__(self, "parts", parts)
        if not self.parts:
            raise SettingError("mix must have at least one family, got ()")
        for part, weight in self.parts:
            if type(part) not in NUMBERS:
                raise SettingError(f"mix must be made of {_known()}, got {part!r}")
            if not 0 < weight < math.inf:
                rule = f"weight of {name_of(part)} must be above 0 and finite"
                raise SettingError(f"{rule}, got {weight}")

    @property
    def shares(self) -> np.ndarray:
        """(parts,) float64: where each part's share of [0, 1) ends."""
        ends = np.cumsum([weight for _, weight in self.parts])
        return np.asarray(ends / ends[-1])

    @property
    def numbers(self) -> list[str]:
        """Names of all numbers that are drawn for the families of the mix, in a fixed order."""
        drawn = {name for part, _ in self.parts for name in NUMBERS[type(part)]}
        every = dict.fromkeys(name for numbers in NUMBERS.values() for name in numbers)
        return [name for name in every if name in drawn and name != "shrink"] + ["shrink"]

    @property
    def params(self) -> np.dtype:
        """One row of what is drawn for a kernel: its family's name, then all `numbers`.

        A number that the sample's own family has not is NaN.
        """
        return np.dtype([FAMILY] + [(name, "<f8") for name in self.numbers])

    def stored(self) -> list[dict[str, Any]]:
        """As the dataset's file keeps it: for each part its name, weight and settings."""
        return [
            {"family": name_of(part), "weight": weight, **dataclasses.asdict(part)}
            for part, weight in self.parts
        ]

    @classmethod
    def from_stored(cls, stored: Iterable[Mapping[str, Any]]) -> "Mix":
        """The mix that `stored` made, also by way of JSON.

        Raises
        ------
        SettingError
            'family must be "walk", "boracchi-foi", ..., got "x"'
        """
        parts = []
        for each in stored:
            settings = dict(each)
            family = family_named(settings.pop("family"))
            parts.append((settings.pop("weight"), family(**settings)))
        return cls(tuple((part, weight) for weight, part in parts))


def name_of(family: Family) -> str:
    """The family's short name, as the commands and files have it."""
    return next(name for name, kind in FAMILIES.items() if kind is type(family))


def family_named(name: str) -> type[Family]:
    """The family of a short name."""
    if name not in FAMILIES:
        raise SettingError(f'family must be {_known()}, got "{name}"')
    return FAMILIES[name]


def parse_mix(text: str, *settings: Family) -> Mix:
    """A mix from text such as "walk=6,linear=1".

    Parameters
    ----------
    text : names and weights; a name alone has weight 1
    settings : family settings, optional
        For the families of these kinds; the others have their defaults.

    Raises
    ------
    SettingError
        'mix must be like "walk=6,linear=1", got "walk=a lot"', and those of `Mix`

    Examples
    --------
    >>> [(type(part).__name__, weight) for part, weight in parse_mix("walk=6,linear").parts]
    [('Walk', 6.0), ('Linear', 1.0)]
    """
    given = {type(each): each for each in settings}
    parts = []
    for item in text.split(","):
        name, _, weight = item.partition("=")
        kind = family_named(name.strip())
        try:
            parts.append((given.get(kind) or kind(), float(weight or 1)))
        except ValueError:
            raise SettingError(f'mix must be like "walk=6,linear=1", got "{text}"') from None
    return Mix(tuple(parts))


def _known() -> str:
    *most, last = (f'"{name}"' for name in FAMILIES)
    return f"{', '.join(most)} or {last}"
