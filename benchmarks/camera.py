"""The camera's pipeline against the bare blur: python benchmarks/camera.py

One pair of 128x128 px from a 158x158 scene and a 31x31 random-walk kernel, each preset in turn, one
core. The target: everything at most 2.5 times the bare blur (preset naive).
"""

import numpy as np
from common import hardware, interleaved, rounded, save, use_cores

from blurkit import dead_leaves, random_walk_kernels
from blurkit.camera.camera import PRESETS
from blurkit.camera.degrade import degrade_patch

COUNT, PATCH, KERNEL = 64, 128, 31


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


if __name__ == "__main__":
    main()
