"""Two sets of kernels side by side: how far apart their statistics lie."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from blurkit.realism.statistics import PUBLISHED, STATISTICS, kernel_statistics


@dataclass(frozen=True)
class Measured:
    """A set of kernels with its name and statistics; make it with `measure`."""

    name: str
    kernels: Sequence[np.ndarray]
    statistics: dict[str, np.ndarray]

    def quartiles(self, statistic: str) -> tuple[float, float, float]:
        """25th, 50th and 75th percentile of a statistic."""
        low, median, high = np.percentile(self.statistics[statistic], [25, 50, 75]).tolist()
        return low, median, high


def measure(name: str, kernels: Sequence[np.ndarray]) -> Measured:
    """`kernel_statistics` of a set, kept together with it; errors as there."""
    return Measured(name, kernels, kernel_statistics(kernels))


@dataclass(frozen=True)
class Comparison:
    """How one statistic differs between a set and a reference.

    Attributes
    ----------
    ks : 0 to 1
        Two-sample Kolmogorov-Smirnov statistic: the largest gap between the two distributions.
    p : 0 to 1
        Chance of such a gap or a larger one if both were drawn from one distribution. Large sets
        make any difference significant: then read `distance`, which does not grow with them.
    distance : >= 0
        Wasserstein distance in units of the reference's standard deviation: how far values must
        move on average. inf where the reference does not vary and the set differs from it.
    """

    ks: float
    p: float
    distance: float

    @property
    def far(self) -> str:
        """The distance in a few characters."""
        return f"{self.distance:.2f}" if self.distance < 99.5 else ">99"


def compare(ours: Measured, reference: Measured) -> dict[str, Comparison]:
    """Two-sample statistics for each of STATISTICS.

    Example
    -------
    >>> lines = measure("lines", [np.ones((1, n)) for n in (5, 7, 9)])
    >>> compare(lines, lines)["extent"]
    Comparison(ks=0.0, p=1.0, distance=0.0)
    """
    from scipy.stats import ks_2samp, wasserstein_distance

    found = {}
    for name in STATISTICS:
        a, b = ours.statistics[name], reference.statistics[name]
        test = ks_2samp(a, b)
        apart, unit = float(wasserstein_distance(a, b)), float(b.std())
        if apart:
            apart = apart / unit if unit else math.inf
        found[name] = Comparison(float(test.statistic), float(test.pvalue), apart)
    return found


def table(ours: Measured, reference: Measured) -> str:
    """Both sets' medians, their differences and the published medians, as lines of text."""
    known = PUBLISHED["Levin 2009"]
    names = "ours", "reference", "Levin 2009", "KS", "p", "distance"
    lines = [f"ours       {ours.name}, {len(ours.kernels):,} kernels"]
    lines += [f"reference  {reference.name}, {len(reference.kernels):,} kernels", ""]
    lines += [f"{'medians':<29}" + "".join(f"{name:>12}" for name in names)]
    for name, found in compare(ours, reference).items():
        label, unit = STATISTICS[name]
        medians = [f"{part.quartiles(name)[1]:.3f}" for part in (ours, reference)]
        published = f"{known[name]:.2f}" if name in known else ""
        differences = f"{found.ks:.3f}", f"{found.p:.2g}", found.far
        row = f"{label}, {unit}" if unit else label
        lines += [f"{row:<29}" + "".join(f"{t:>12}" for t in (*medians, published, *differences))]
    return "\n".join(lines)


def summary(ours: Measured, reference: Measured) -> dict[str, Any]:
    """The comparison as plain dicts and numbers for JSON; an infinite distance is None."""
    both = (("ours", ours), ("reference", reference))
    return {
        "sets": {
            role: {
                "name": part.name,
                "kernels": len(part.kernels),
                "quartiles": {name: list(part.quartiles(name)) for name in STATISTICS},
            }
            for role, part in both
        },
        "comparison": {
            name: {
                "ks": found.ks,
                "p": found.p,
                "distance": found.distance if math.isfinite(found.distance) else None,
            }
            for name, found in compare(ours, reference).items()
        },
        "published_medians": PUBLISHED,
    }
