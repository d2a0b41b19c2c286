"""Comparison of two sets of kernels by their statistics."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from blurkit.realism.statistics import PUBLISHED, STATISTICS, kernel_statistics


@dataclass(frozen=True)
class Measured:
    """A named set of kernels and its statistics, from `measure`."""

    name: str
    kernels: Sequence[np.ndarray]
    statistics: dict[str, np.ndarray]

    def quartiles(self, statistic: str) -> tuple[float, float, float]:
        """25th, 50th and 75th percentile of a statistic."""
        low, median, high = np.percentile(self.statistics[statistic], [25, 50, 75]).tolist()
        return low, median, high


def measure(name: str, kernels: Sequence[np.ndarray]) -> Measured:
    """A set of kernels together with its `kernel_statistics`; same errors."""
    return Measured(name, kernels, kernel_statistics(kernels))


@dataclass(frozen=True)
class Comparison:
    """How one statistic differs between a set and a reference.

    Attributes
    ----------
    ks : 0 to 1
        Two-sample Kolmogorov-Smirnov statistic: the largest gap between the two distributions.
    p : 0 to 1
        Probability of a gap at least as large if both were drawn from one distribution. In large
        sets any difference is significant; `distance` does not grow with the size of the sets.
    distance : >= 0
        Wasserstein distance in units of the reference's standard deviation: how far values would
        have to move on average. inf if the reference is constant and the set differs from it.
    """

    ks: float
    p: float
    distance: float

    @property
    def short_distance(self) -> str:
        """The distance with two decimals, for display."""
        return f"{self.distance:.2f}" if self.distance < 99.5 else ">99"


def compare(ours: Measured, reference: Measured) -> dict[str, Comparison]:
    """The `Comparison` of each of STATISTICS.

    Example
    -------
    >>> lines = measure("lines", [np.ones((1, n)) for n in (5, 7, 9)])
    >>> compare(lines, lines)["extent"]
    Comparison(ks=0.0, p=1.0, distance=0.0)
    """
    from scipy.stats import ks_2samp, wasserstein_distance

    comparisons = {}
    for name in STATISTICS:
        a, b = ours.statistics[name], reference.statistics[name]
        test = ks_2samp(a, b)
        distance, unit = float(wasserstein_distance(a, b)), float(b.std())
        if distance:
            distance = distance / unit if unit else math.inf
        comparisons[name] = Comparison(float(test.statistic), float(test.pvalue), distance)
    return comparisons


def table(ours: Measured, reference: Measured) -> str:
    """The medians of both sets, the published medians and the comparison, as lines of text."""
    known = PUBLISHED["Levin 2009"]
    names = "ours", "reference", "Levin 2009", "KS", "p", "distance"
    lines = [f"ours       {ours.name}, {len(ours.kernels):,} kernels"]
    lines += [f"reference  {reference.name}, {len(reference.kernels):,} kernels", ""]
    lines += [f"{'medians':<29}" + "".join(f"{name:>12}" for name in names)]
    for name, comparison in compare(ours, reference).items():
        label, unit = STATISTICS[name]
        columns = [f"{part.quartiles(name)[1]:.3f}" for part in (ours, reference)]
        columns += [f"{known[name]:.2f}" if name in known else ""]
        columns += [f"{comparison.ks:.3f}", f"{comparison.p:.2g}", comparison.short_distance]
        row = f"{label}, {unit}" if unit else label
        lines += [f"{row:<29}" + "".join(f"{column:>12}" for column in columns)]
    return "\n".join(lines)


def summary(ours: Measured, reference: Measured) -> dict[str, Any]:
    """The comparison as dicts and numbers for JSON; an infinite distance is None."""
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
                "ks": comparison.ks,
                "p": comparison.p,
                "distance": comparison.distance if math.isfinite(comparison.distance) else None,
            }
            for name, comparison in compare(ours, reference).items()
        },
        "published_medians": PUBLISHED,
    }
