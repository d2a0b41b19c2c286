"""Importing: quick, every name there, and the one wait for the compiler announced."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import blurkit
from blurkit._loops import jit

HEAVY = ("torch", "numba", "cv2", "scipy", "h5py", "matplotlib", "skimage")


def python(code, folder, **environment):
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,  # Python looks there first
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )


def test_import_loads_nothing_heavy(tmp_path):
    code = f"import sys, blurkit; print([m for m in {HEAVY} if m in sys.modules])"
    assert python(code, tmp_path).stdout.strip() == "[]"


def test_no_module_is_called_like_a_public_name():
    # importing it would put the module in the name's place
    modules = {path.stem for path in Path(blurkit.__file__).parent.iterdir()}
    assert not modules & set(blurkit.__all__)


def test_every_public_name_is_there():
    for name in blurkit.__all__:
        assert getattr(blurkit, name) is not None
    assert set(blurkit.__all__) <= set(dir(blurkit))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="colour"):
        _ = blurkit.colour


@pytest.mark.slow
@pytest.mark.compiled
def test_compiling_is_announced_once_and_cached_until_any_loop_changes(tmp_path):
    # numba alone would keep using old machine code of a loop when one that it calls has changed
    package = tmp_path / "blurkit"
    ignore = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(blurkit.__file__).parent, package, ignore=ignore)
    code = (
        "import zlib; from blurkit import random_walk_kernel;"
        "print(zlib.crc32(random_walk_kernel(seed=1).tobytes()))"
    )
    environment = {"NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first, second = python(code, tmp_path, **environment), python(code, tmp_path, **environment)
    assert first.stderr == jit.NOTICE
    assert second.stderr == ""
    assert first.stdout == second.stdout

    stream = package / "_loops" / "stream.py"
    stream.write_text(stream.read_text().replace("SHAKE = np.uint64(2)", "SHAKE = np.uint64(99)"))
    third = python(code, tmp_path, **environment)
    assert third.stderr == jit.NOTICE
    assert third.stdout != first.stdout


def test_loops_compile_where_no_cache_can_be_written(monkeypatch):
    # containers with a read-only root have no such place, and numba then refuses cache=True
    numba = pytest.importorskip("numba")

    def njit(function, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return function

    monkeypatch.setattr(numba, "njit", njit)
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 0)
    assert jit.loop(len) is len
