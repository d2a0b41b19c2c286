"""A small dataset file that the tests of nas share."""

import pytest

from blurkit import SynthSettings, Walk, synth


@pytest.fixture(scope="session")
def pairs_file(tmp_path_factory):
    """60 pairs of 32x32 with short 9x9 kernels."""
    path = tmp_path_factory.mktemp("data") / "pairs.h5"
    settings = SynthSettings(n=60, patch=32, kernel=9, walk=Walk(length=(3, 8)))
    return synth(path, settings, progress=False)
