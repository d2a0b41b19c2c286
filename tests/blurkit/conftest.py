"""Fixtures of several wings; and without numba (NUMBA_DISABLE_JIT=1) the loops run as Python."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from blurkit.images.files import write_image


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("NUMBA_DISABLE_JIT", "0") != "0":
        # 64-bit counters wrap around by design; only interpreted NumPy scalars warn about it
        config.addinivalue_line("filterwarnings", "ignore:overflow encountered:RuntimeWarning")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder to import from; the file goes beside it."""
    place = tmp_path / "data"
    place.mkdir()
    return place


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    """A copy, to be damaged, of the finished dataset file of the wing or module."""
    return Path(shutil.copy(finished, tmp_path / "copy.h5"))


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder of three photos of noise."""
    rng = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for k in range(3):
        photo = rng.integers(0, 256, (30 + k, 40, 3), dtype=np.uint8)
        write_image(tmp_path / "photos" / f"{k}.png", photo)
    return tmp_path / "photos"
