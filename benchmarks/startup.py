"""Start-up time: python benchmarks/startup.py

`blurkit --help` and `import blurkit` over bare Python; the first kernel and the first small dataset
with an empty cache of compiled loops, then with a full one. Whole processes, interleaved.
"""

import os
import subprocess
import sys
import tempfile
import time

from common import hardware, interleaved, rounded, save

KERNEL = "import blurkit; blurkit.random_walk_kernel(seed=0)"
QUICK = {
    "bare python": ["-c", ""],
    "import blurkit": ["-c", "import blurkit"],
    "blurkit --help": ["-m", "blurkit", "--help"],
    "import numpy": ["-c", "import numpy"],
    "import numba": ["-c", "import numba"],
}


def run(arguments, environment=None, folder=None):
    """Run Python and return what it wrote to stderr."""
    done = subprocess.run(
        [sys.executable, *arguments],
        env=environment,
        cwd=folder,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    return done.stderr


def first_and_next(arguments):
    """Seconds with an empty cache, then with a full one; only the first run announces compiling."""
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"NUMBA_CACHE_DIR": os.path.join(folder, "cache")}
        seconds = {}
        for turn in ("first", "second", "third"):
            these = [*arguments, f"{turn}.h5"] if "synth" in arguments else arguments
            start = time.perf_counter()
            errors = run(these, environment, folder)
            seconds[turn] = time.perf_counter() - start
            assert ("compiling" in errors) == (turn == "first"), errors
    return seconds


def main():
    results = {"hardware": hardware("click")}
    tasks = {name: lambda arguments=arguments: run(arguments) for name, arguments in QUICK.items()}
    medians = interleaved(tasks, seconds=3, least=9, most=15)
    results["seconds"] = rounded(medians)
    over = medians["blurkit --help"] - medians["bare python"]
    results["blurkit --help over bare python, seconds"] = rounded(over)
    results["first kernel, seconds"] = rounded(first_and_next(["-c", KERNEL]))
    synth = ["-m", "blurkit", "synth", "--n", "8", "--out"]
    results["first dataset of 8 pairs, seconds"] = rounded(first_and_next(synth))
    for name, value in results.items():
        if name != "hardware":
            print(name, value)
    save("startup", results)


if __name__ == "__main__":
    main()
