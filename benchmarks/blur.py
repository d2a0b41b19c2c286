"""Blur of one image by `blurkit.blur` against SciPy's FFT and OpenCV's filter2D, one core.

    python benchmarks/blur.py [--json FILE]

Every method blurs the same image with the same random-walk kernels, in turn, in one run; medians
of the times, and the ratio of blurkit to the fastest of the others. Then blurkit's two methods
against each other over the number of taps: the rule of `method="auto"` (taps up to 300).
"""

import argparse
import json
import os
import statistics
import time

os.environ.update(OMP_NUM_THREADS="1")

import cv2
import numpy as np
from scipy.signal import fftconvolve

from blurkit import __version__, blur, dead_leaves, random_walk_kernels

cv2.setNumThreads(1)
ROUNDS, KERNELS, SIZE = 15, 8, 31


def by_scipy(image, kernel):
    blurred = fftconvolve(image.astype(np.float32), kernel[:, :, None], "valid", axes=(0, 1))
    return np.clip(blurred + 0.5, 0, 255).astype(np.uint8)


def by_opencv(image, kernel):
    half = len(kernel) // 2
    return cv2.filter2D(image, -1, kernel[::-1, ::-1])[half:-half, half:-half]


def by_blurkit(image, kernel):
    return blur(image, kernel)


METHODS = {"blurkit": by_blurkit, "scipy fftconvolve": by_scipy, "cv2.filter2D": by_opencv}


def measure(side):
    image = dead_leaves(side + SIZE - 1, seed=0)
    kernels = random_walk_kernels(KERNELS, SIZE, seed=0)
    times = {name: [] for name in METHODS}
    for name, method in METHODS.items():  # warm, and equal within a grey level
        off = np.abs(method(image, kernels[0]).astype(int) - by_blurkit(image, kernels[0]))
        assert off.max() <= 1, name
    for _ in range(ROUNDS):
        for kernel in kernels:
            for name, method in METHODS.items():
                start = time.perf_counter()
                method(image, kernel)
                times[name].append(time.perf_counter() - start)
    return {name: statistics.median(each) * 1e3 for name, each in times.items()}


def methods_by_taps(side, counts=(100, 200, 300, 400, 500)):
    """{taps: time by FFT / time by taps}: above 1 the taps are faster."""
    image = dead_leaves(side + SIZE - 1, seed=0)
    ratios = {}
    for count in counts:
        kernel = np.zeros(SIZE * SIZE, np.float32)
        kernel[np.random.default_rng(0).choice(SIZE * SIZE, count, replace=False)] = 1 / count
        kernel = kernel.reshape(SIZE, SIZE)
        times = {"taps": [], "fft": []}
        for turn in range(ROUNDS + 1):
            for method, measured in times.items():
                start = time.perf_counter()
                blur(image, kernel, method=method)
                if turn:  # the first is warm-up
                    measured.append(time.perf_counter() - start)
        ratios[count] = statistics.median(times["fft"]) / statistics.median(times["taps"])
    return ratios


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="write the figures here")
    arguments = parser.parse_args()
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        cpu = next(line.split(":")[1].strip() for line in lines if "model name" in line)
    print(f"{cpu}, one core; {SIZE}x{SIZE} random-walk kernels, uint8 RGB, valid border")
    results = {"cpu": cpu, "blurkit": __version__, "kernel": SIZE, "milliseconds": {}}
    for side in (128, 256, 1024):
        medians = measure(side)
        best = min(time for name, time in medians.items() if name != "blurkit")
        results["milliseconds"][side] = medians | {"ratio": best / medians["blurkit"]}
        shown = "  ".join(f"{name} {time:.2f} ms" for name, time in medians.items())
        print(f"{side:5d} px: {shown}  -> {best / medians['blurkit']:.1f}x the fastest other")
    results["fft_time_over_taps_time"] = {}
    for side in (128, 256, 1024):
        ratios = results["fft_time_over_taps_time"][side] = methods_by_taps(side)
        shown = "  ".join(f"{count} taps {ratio:.2f}" for count, ratio in ratios.items())
        print(f"{side:5d} px, time by FFT over time by taps: {shown}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            file.write(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
