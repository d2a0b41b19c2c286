"""Kernels to measure."""

import pytest

from blurkit import random_walk_kernels


@pytest.fixture(scope="module")
def walks():
    return random_walk_kernels(40, 31, steps=60, seed=3).astype(float)


@pytest.fixture
def here(tmp_path, monkeypatch):
    """An empty working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path
