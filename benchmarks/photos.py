"""Memory and processor time of `nas.deblur` on one core: python benchmarks/photos.py

Photos of 1 and 24 megapixels, restored by the bundled network with several --tile. Time is the
process's own (user and system), which hardly depends on other processes; memory is the peak of the
resident set.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from common import hardware, rounded, save

from blurkit import dead_leaves
from blurkit.images.files import write_image

RUNS = (((800, 1200), 512), ((4000, 6000), 256), ((4000, 6000), 512), ((4000, 6000), 1280))


def photo(folder, shape):
    """A JPEG of dead leaves: the same 800 x 1200 px, repeated."""
    leaves = np.hstack([dead_leaves(800, seed=seed)[:, :600] for seed in (0, 1)])
    pixels = np.tile(leaves, (shape[0] // 800, shape[1] // 1200, 1))
    pixels = np.rint(pixels * 255).astype(np.uint8) if pixels.dtype != np.uint8 else pixels
    return write_image(Path(folder) / f"{shape[1]}x{shape[0]}.jpg", pixels)


def measure(path, tile):
    """(seconds of processor time, peak of resident memory in bytes) of one run of the command."""
    arguments = ["--device", "cpu", "--tile", str(tile), "--existing", "overwrite"]
    command = [sys.executable, "-m", "nas.deblur", str(path), *arguments]
    one = {**os.environ, "OMP_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
    process = subprocess.Popen(command, env=one, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    assert status == 0, f"{' '.join(command)} failed"
    return used.ru_utime + used.ru_stime, used.ru_maxrss * 1024


def main():
    result = {"hardware": hardware("torch", "opencv-python"), "runs": {}}
    with tempfile.TemporaryDirectory() as folder:
        for shape, tile in RUNS:
            seconds, most = measure(photo(folder, shape), tile)
            run = {"cpu_seconds": seconds, "peak_gb": most / 1e9}
            result["runs"][f"{shape[1]}x{shape[0]}, tile {tile}"] = run
            print(shape, tile, run, flush=True)
            save("photos", rounded(result))


if __name__ == "__main__":
    main()
