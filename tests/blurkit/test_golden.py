"""Bytes that were promised: on any x86-64 CPU, compiled or not, until the CHANGELOG tells why."""

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest
from golden.digests import FILE, digests

ROOT = Path(__file__).parent.parent.parent
PROMISE = json.loads(FILE.read_text())
INTERPRETED = os.environ.get("NUMBA_DISABLE_JIT", "0") != "0"

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="promised for x86-64"
)


def different(found):
    return [name for name, sha in found.items() if sha != PROMISE["sha256"][name]]


def test_the_bytes_are_those_that_were_promised():
    # renewed only by tests/golden/digests.py --renew, never by a test
    found = digests(small_only=INTERPRETED)
    assert not different(found)
    assert INTERPRETED or set(found) == set(PROMISE["sha256"])


def test_the_reason_of_the_last_change_stands_in_the_changelog():
    changes = " ".join((ROOT / "CHANGELOG.md").read_text().split())
    assert len(PROMISE["reason"]) > 20
    assert " ".join(PROMISE["reason"].split()) in changes


@pytest.mark.slow
@pytest.mark.compiled
def test_the_bytes_are_the_same_on_the_plainest_cpu(tmp_path):
    # datasets made on several machines must join without a seam; fused or reordered sums differ
    plain = {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    done = subprocess.run(
        [sys.executable, FILE.with_suffix(".py"), "--json"],
        env={**os.environ, **plain, "NUMBA_CACHE_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not different(json.loads(done.stdout))
