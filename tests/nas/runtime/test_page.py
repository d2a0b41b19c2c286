"""The latency page of a measured document."""

import json
from pathlib import Path

import pytest

from nas.runtime.page import latency_page

MEASURED = Path(__file__).parents[3] / "benchmarks/results/latency/latency.json"


@pytest.mark.parametrize(("load", "busy"), [(3.2, True), (0.1, False), (None, False)])
def test_the_page_says_if_the_machine_was_busy(load, busy):
    text = latency_page({**json.loads(MEASURED.read_text()), "load": load})
    assert ("load average 3.2" in text) is busy
    assert ("other programs" in text) is busy
