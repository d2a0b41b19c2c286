"""What several tests need: small dataset files, and how many inputs a fuzz test tries."""

import hashlib
import os
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, settings

from blurkit.store import open_writer, row_types

N = 20
TYPES = row_types((16, 24), 5, np.dtype([("length", "<f8"), ("jerks", "<f8")]), 20)


def rows(seed: int = 0, types=TYPES) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    made = {}
    for name, kind in types.items():
        if name != "crc":
            data = rng.integers(1, 100, (N, kind.itemsize), dtype=np.uint8)
            made[name] = data.view(kind.base).reshape(N, *kind.shape)
    return made


def begin(path, types=TYPES, overwrite=False, **changed):
    kept = {"seed": 3, "length": [1.0, 2.0]} | changed
    return open_writer(path, types, settings=kept, seed=3, start=0, count=N, overwrite=overwrite)


def make(path, order=range(0, N, 4), types=TYPES, finish=True):
    with begin(path, types) as writer:
        data = rows(types=types)
        for first in order:
            writer.write(first, {name: part[first : first + 4] for name, part in data.items()})
        if finish:
            writer.finish()
    return path


def digest(path) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def fuzz(inputs: int):
    """Settings of a fuzz test: so many inputs, or as many as FUZZ in the environment says."""
    unchecked = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":  # that run is about the loops
        inputs //= 20
    examples = int(os.environ.get("FUZZ", inputs))
    return settings(max_examples=examples, deadline=None, suppress_health_check=unchecked)
