"""A mix of blur families, from which each sample is drawn by weight."""

import dataclasses
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.families import FAMILIES, Family, family_named, known_families

FAMILY = ("family", "S16")  # the field of /params with a sample's family


@dataclass(frozen=True)
class Mix:
    """Families of blur with their weights, checked.

    Parameters
    ----------
    parts : ((family, weight), ...)
        The settings of each family and its weight, relative to the other weights. A family may
        appear more than once, with different settings.

    Raises
    ------
    SettingError
        "mix must be pairs (family, weight), got (Walk(),)";
        "mix must have at least one family, got ()";
        "weight of linear must be above 0 and finite, got 0"

    Notes
    -----
    The family of a sample is drawn from (seed, index) independently of all other numbers: the
    sample is the kernel that its family alone gives for this seed and index.

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
            if not isinstance(part, Family):
                raise SettingError(f"mix must be made of {known_families()}, got {part!r}")
            if not 0 < weight < math.inf:
                rule = f"weight of {part.name} must be above 0 and finite"
                raise SettingError(f"{rule}, got {weight}")

    @property
    def shares(self) -> np.ndarray:
        """(parts,) float64: where the share of each part in [0, 1) ends."""
        ends = np.cumsum([weight for _, weight in self.parts])
        return np.asarray(ends / ends[-1])

    @property
    def numbers(self) -> list[str]:
        """Names of the numbers drawn for the families of the mix, in a fixed order."""
        drawn = {name for part, _ in self.parts for name in part.numbers} - {"shrink"}
        known = dict.fromkeys(name for family in FAMILIES.values() for name in family.numbers)
        return [name for name in known if name in drawn] + ["shrink"]

    @property
    def params(self) -> np.dtype:
        """The record drawn for a kernel: the name of its family, then all `numbers`.

        Numbers that the sample's own family does not have are NaN.
        """
        return np.dtype([FAMILY] + [(name, "<f8") for name in self.numbers])

    def stored(self) -> list[dict[str, Any]]:
        """The mix as stored in a dataset: name, weight and settings of each part."""
        return [
            {"family": part.name, "weight": weight, **dataclasses.asdict(part)}
            for part, weight in self.parts
        ]

    @classmethod
    def from_stored(cls, stored: Iterable[Mapping[str, Any]]) -> "Mix":
        """The inverse of `stored`, also after a round trip through JSON.

        Raises
        ------
        SettingError
            'family must be "walk", "boracchi-foi", ..., got "x"'
        """
        parts = []
        for entry in stored:
            settings = dict(entry)
            family, weight = family_named(settings.pop("family")), settings.pop("weight")
            parts.append((family(**settings), weight))
        return cls(tuple(parts))


def parse_mix(text: str, *settings: Family) -> Mix:
    """Parse a mix such as "walk=6,linear=1".

    Parameters
    ----------
    text : names and weights; a name alone has weight 1
    settings : family settings, optional
        Replace the defaults of their families.

    Raises
    ------
    SettingError
        'mix must be like "walk=6,linear=1", got "walk=a lot"', and those of `Mix`

    Examples
    --------
    >>> [(type(part).__name__, weight) for part, weight in parse_mix("walk=6,linear").parts]
    [('Walk', 6.0), ('Linear', 1.0)]
    """
    given = {type(family): family for family in settings}
    parts = []
    for item in text.split(","):
        name, _, weight = item.partition("=")
        kind = family_named(name.strip())
        try:
            parts.append((given.get(kind) or kind(), float(weight or 1)))
        except ValueError:
            raise SettingError(f'mix must be like "walk=6,linear=1", got "{text}"') from None
    return Mix(tuple(parts))
