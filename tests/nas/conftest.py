"""A small dataset file that the tests of nas share, and a search on it."""

import making_search
import pytest

from blurkit import SynthSettings, Walk, synth, synth_shards
from nas.search import search

SETTINGS = SynthSettings(n=60, patch=32, kernel=9, walk=Walk(length=(3, 8)))


@pytest.fixture(scope="session")
def pairs_file(tmp_path_factory):
    """60 pairs of 32x32 with short 9x9 kernels."""
    path = tmp_path_factory.mktemp("data") / "pairs.h5"
    return synth(path, SETTINGS, progress=False)


@pytest.fixture(scope="session")
def shards(tmp_path_factory):
    """The same pairs in four files, as a pattern."""
    folder = tmp_path_factory.mktemp("shards")
    synth_shards(folder / "pairs.h5", SETTINGS, shards=4, progress=False)
    return str(folder / "pairs-*.h5")


@pytest.fixture(scope="session")
def searched(pairs_file, tmp_path_factory):
    """(genotype, folder) of a search with `making_search.SMALL`, pictures and all."""
    out = tmp_path_factory.mktemp("search")
    with making_search.one_thread():
        return search(pairs_file, out, making_search.SMALL, progress=False), out


@pytest.fixture(scope="module")
def one_thread():
    with making_search.one_thread():
        yield


@pytest.fixture
def quick(monkeypatch):
    """Searches of a second."""
    making_search.hasten(monkeypatch)
