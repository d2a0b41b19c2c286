"""The rules that settings and arguments of kernels share."""

import os
import secrets
from operator import index as as_integer
from typing import Any

import numpy as np

from blurkit.errors import SettingError

Range = float | tuple[float, float]

INTERPOLATIONS = ("nearest", "linear")


def checked_range(
    name: str, value: Any, lowest: float = 0.0, highest: float = 1e6
) -> tuple[float, float]:
    """The pair (lowest, highest) that a number or a pair stands for."""
    pair = np.atleast_1d(np.asarray(value, dtype=float))
    if pair.shape == (1,):
        pair = np.repeat(pair, 2)
    if pair.shape != (2,) or not lowest <= pair[0] <= pair[1] <= highest:
        rule = f"one number or a pair (lowest, highest) in {lowest:g} .. {highest:g}"
        raise SettingError(f"{name} must be {rule}, got {value}")
    return float(pair[0]), float(pair[1])


def check_ranges(settings: object, **highest: float) -> None:
    """Check fields of frozen settings as ranges in 0 .. highest, and make each a pair."""
    for name, limit in highest.items():
        pair = checked_range(name, getattr(settings, name), 0, limit)
        object.__setattr__(settings, name, pair)


def checked_steps(steps: int) -> int:
    """The number of points of a trajectory."""
    if not 2 <= as_integer(steps) <= 100_000:
        raise SettingError(f"steps must be between 2 and 100000, got {steps}")
    return int(steps)


def checked_size(size: int) -> int:
    """The side of a kernel."""
    if as_integer(size) < 3 or size % 2 == 0:
        raise SettingError(f"size must be odd and >= 3, got {size}")
    return int(size)


def checked_interpolation(interpolation: str) -> str:
    """How a trajectory is rasterised: "nearest" or "linear"."""
    if interpolation not in INTERPOLATIONS:
        names = " or ".join(f'"{name}"' for name in INTERPOLATIONS)
        raise SettingError(f'interpolation must be {names}, got "{interpolation}"')
    return interpolation


def checked_threads(threads: int | None) -> int:
    """The number of threads; None is one per CPU that this process may use."""
    if threads is None:
        usable = getattr(os, "sched_getaffinity", None)  # a container may grant only some
        return len(usable(0)) if usable else os.cpu_count() or 1
    if threads < 1:
        raise SettingError(f"threads must be >= 1, got {threads}")
    return threads


def checked_seed(seed: int | None) -> int:
    """The seed, or a fresh one for None."""
    if seed is None:
        return secrets.randbits(64)
    if not 0 <= as_integer(seed) < 2**64:
        raise SettingError(f"seed must be between 0 and 2**64 - 1, got {seed}")
    return int(seed)


def sample_key(seed: int | None, index: int) -> tuple[np.uint64, np.uint64]:
    """The seed, or a fresh one for None, and the index of a sample, checked, for the loops."""
    return np.uint64(checked_seed(seed)), np.uint64(checked_index(index))


def checked_index(index: int, name: str = "index") -> int:
    """The index of a sample."""
    if not 0 <= as_integer(index) < 2**63:
        raise SettingError(f"{name} must be between 0 and 2**63 - 1, got {index}")
    return int(index)
