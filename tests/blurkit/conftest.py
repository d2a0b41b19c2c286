"""Without numba (NUMBA_DISABLE_JIT=1) the loops run as plain Python."""

import os
from pathlib import Path

import pytest


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
