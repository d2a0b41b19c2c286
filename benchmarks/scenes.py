"""A dead-leaves scene against blurring and storing it: python benchmarks/scenes.py

Default sizes: a scene of 158x158 and a 31x31 kernel, which give a pair of 128x128. The target:
making the scene takes less time than blurring it, its CRC and writing the sample. One core.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
from common import hardware, interleaved, rounded, save, use_cores

from blurkit import SynthSettings
from blurkit.camera.degrade import degrade_patch
from blurkit.dataset.samples import empty_rows, fill_rows, sample_types
from blurkit.kernel.batch import fill_mix
from blurkit.scenes.dead_leaves import fill_scene
from blurkit.store.checksum import as_bytes, row_crcs

COUNT = 64  # samples in a turn: a block of synth
SIDES = (64, 128, 256)


def stages(patch, seconds=1.5):
    """Median seconds per sample of each stage of synth, one thread."""
    settings = SynthSettings(n=COUNT, patch=patch)
    rows = empty_rows(sample_types(settings, None), COUNT)
    fill_rows(rows, settings, None, 0)
    scenes = np.empty((COUNT, settings.side, settings.side, 3), np.uint8)

    def kernel():
        fill_mix(rows["kernel"], rows["params"], settings.blur, seed=0, start=0)

    def scene():
        for i in range(COUNT):
            fill_scene(scenes[i], seed=0, index=i)

    def blurred():
        for i in range(COUNT):
            pair = rows["blurry"][i], rows["sharp"][i]
            camera = settings.camera
            degrade_patch(*pair, scenes[i], rows["kernel"][i], camera, seed=0, index=i)

    before = {name: data.copy() for name, data in rows.items()}
    for run in (kernel, scene, blurred):
        run()
    for name, data in rows.items():  # so these are the stages that synth goes through
        assert np.array_equal(before[name], data), name
    with tempfile.NamedTemporaryFile(dir=Path.cwd()) as file:

        def write():
            at = 0
            for data in rows.values():
                at += os.pwrite(file.fileno(), as_bytes(data).reshape(-1).data, at)

        tasks = {"kernel": kernel, "scene": scene, "blur": blurred}
        tasks |= {"crc": lambda: row_crcs(rows), "write": write}
        medians = interleaved(tasks, seconds=seconds)
    return {name: time / COUNT for name, time in medians.items()}


def main():
    use_cores(1)
    results = {"hardware": hardware(), "us a sample": {}, "ratio": {}}
    print(f"{results['hardware']['cpu']}, one core; microseconds a sample")
    for patch in SIDES:
        row = {name: 1e6 * time for name, time in stages(patch).items()}
        ratio = row["scene"] / (row["blur"] + row["crc"] + row["write"])
        results["us a sample"][patch], results["ratio"][patch] = rounded(row), rounded(ratio)
        shown = "  ".join(f"{name} {time:7.1f}" for name, time in row.items())
        print(f"{patch:4d} px: {shown}   scene over the rest {ratio:.2f}", flush=True)
    save("scenes", results)


if __name__ == "__main__":
    main()
