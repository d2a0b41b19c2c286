"""A finished dataset file that the tests of the store share; whoever damages one takes a copy."""

import pytest
from making import make


@pytest.fixture(scope="session")
def finished(tmp_path_factory):
    return make(tmp_path_factory.mktemp("store") / "a.h5")
