"""The camera's pipeline compared with the bare blur: python benchmarks/camera.py

One pair of 128x128 px from a 158x158 scene and a 31x31 random-walk kernel, each preset in turn, one
core. The target: everything at most 2.5 times the bare blur (preset naive). Then the same pairs cut
from photos of 512x512 px, 16 from each, for several --reduce: everything but writing, decoding the
photos included. The target: at most 1.3 times --reduce 1.
"""

import tempfile
from pathlib import Path

import numpy as np
from common import hardware, interleaved, rounded, save, use_cores

from blurkit import SynthSettings, dead_leaves, random_walk_kernels
from blurkit.camera.camera import PRESETS
from blurkit.camera.degrade import degrade_patch
from blurkit.dataset.samples import empty_rows, fill_rows, sample_types, scan_photos
from blurkit.images.files import write_image

COUNT, PATCH, KERNEL = 64, 128, 31
PHOTO = 512
FACTORS = {"1": 1, "1.5": 1.5, "2": 2, "1 2": (1, 2)}


def from_photos(folder, preset):
    """{--reduce: median seconds a pair}, interleaved."""

    def task(factor):
        settings = SynthSettings(
            n=10_000, patch=PATCH, kernel=KERNEL, images=folder, reduce=factor, camera=preset
        )
        photos = scan_photos(settings)
        rows = empty_rows(sample_types(settings, photos), COUNT)
        return lambda: fill_rows(rows, settings, photos, 0)

    times = interleaved({name: task(factor) for name, factor in FACTORS.items()}, seconds=6.0)
    return {name: time / COUNT for name, time in times.items()}


def main():
    use_cores(1)
    scenes = [dead_leaves(PATCH + KERNEL - 1, seed=0, index=i) for i in range(COUNT)]
    kernels = random_walk_kernels(COUNT, KERNEL, seed=0)
    pair = np.empty((2, PATCH, PATCH, 3), np.uint8)

    def run(camera):
        for i, (scene, kernel) in enumerate(zip(scenes, kernels, strict=True)):
            degrade_patch(*pair, scene, kernel, camera, seed=0, index=i)

    tasks = {name: (lambda camera=camera: run(camera)) for name, camera in PRESETS.items()}
    times = {name: 1e6 * t / COUNT for name, t in interleaved(tasks, seconds=3.0).items()}
    ratios = {name: time / times["naive"] for name, time in times.items()}
    for name, time in times.items():
        print(f"{name:10} {time:7.1f} us a pair, {ratios[name]:.2f} times the bare blur")
    save(
        "camera",
        {"hardware": hardware(), "us a pair": rounded(times), "over the blur": rounded(ratios)},
    )
    results = {"hardware": hardware("opencv-python"), "us a pair": {}, "over reduce 1": {}}
    with tempfile.TemporaryDirectory() as folder:
        for i in range(COUNT // 16):
            write_image(Path(folder, f"{i}.png"), dead_leaves(PHOTO, seed=0, index=i))
        for preset in ("naive", "realistic"):
            reduced = {name: 1e6 * t for name, t in from_photos(folder, preset).items()}
            over = {name: time / reduced["1"] for name, time in reduced.items()}
            for name, time in reduced.items():
                print(f"{preset}, --reduce {name:4} {time:7.1f} us a pair, {over[name]:.2f} times")
            results["us a pair"][preset] = rounded(reduced)
            results["over reduce 1"][preset] = rounded(over)
    save("reduce", results)


if __name__ == "__main__":
    main()
