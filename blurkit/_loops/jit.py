"""The decorator of all loops: how they compile, are cached and announce the first compilation."""

import sys
import zlib
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import numba
from numba.core import event

Loop = TypeVar("Loop", bound=Callable[..., Any])

# To detect stale machine code numba only looks at the file of the loop itself, although the cached
# code includes the loops that it calls. So the sources of all loops are added to the stamp.
SOURCES = zlib.crc32(b"".join(f.read_bytes() for f in sorted(Path(__file__).parent.glob("*.py"))))
NOTICE = "blurkit: compiling its loops for this machine, once; this takes 5 to 20 seconds\n"


class Notice(event.Listener):
    """Writes one line to stderr when the first loop compiles; cached loops are silent."""

    shown = False

    def on_start(self, event: Any) -> None:
        module = event.data["dispatcher"].py_func.__module__
        if not self.shown and module.startswith("blurkit."):
            Notice.shown = True
            sys.stderr.write(NOTICE)
            sys.stderr.flush()

    def on_end(self, event: Any) -> None:
        pass


event.register("numba:compile", Notice())


def loop(function: Loop) -> Loop:
    """Compile `function` on its first call and cache the machine code for later processes."""
    config: Any = numba.config
    if config.DISABLE_JIT:
        return function
    jit: Any = partial(numba.njit, function, nogil=True, error_model="numpy")
    try:
        compiled = jit(cache=True)
    except RuntimeError:  # the cache cannot be written: compile in each process
        return jit()
    cache = compiled._cache._cache_file
    cache._source_stamp = (cache._source_stamp, SOURCES)
    return compiled
