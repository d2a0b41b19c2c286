"""Köhler's score, one frame and one image of the benchmark: python benchmarks/kohler.py

A blurred and shifted scene of 800x800 is scored against the 199 frames of its path, read from PNG
files: by `nas`, and step by step as the benchmark's eval_image.m does, which reads and transforms
every frame anew for each restored image and shifts colours before taking the luma. Both must agree.
Memory: the peak after 20 and after 199 frames. Both CPU and wall time are given, because CPU time
depends less on other load.
"""

import os
import resource
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from common import CORES, hardware, interleaved, rounded, save, use_cores
from scipy.ndimage import gaussian_filter

from blurkit.images.files import read_image, write_image
from blurkit.scenes.dead_leaves import dead_leaves
from nas.evaluation.ms_ssim import ms_ssim
from nas.evaluation.protocols.kohler import kohler
from nas.evaluation.protocols.kohler_score import LUMA, prepare, score_frame

SIDE, FRAMES, FEW = 800, 199, 20
WEIGHTS = np.array(LUMA)


def make(folder):
    """Blurry1_1.png and its frames: one scene, moved along a path by whole pixels."""
    scene = dead_leaves(SIDE + 64, seed=0)
    frames = folder / "GroundTruth1_1"
    frames.mkdir()
    for n in range(FRAMES):
        y, x = 32 + round(12 * np.sin(n / 30)), 32 + n // 10 - 10
        write_image(frames / f"{n:03}.png", scene[y : y + SIDE, x : x + SIDE])
    blurry = gaussian_filter(scene[32:-32, 32:-32].astype(float), (1.5, 1.5, 0)) * 0.9
    write_image(folder / "Blurry1_1.png", np.rint(blurry).astype(np.uint8))


def step_by_step(z, path):
    """PSNR and both MS-SSIM of one frame, computed in the steps of the benchmark's code."""
    x, z = read_image(path).astype(float), z.astype(float)
    z = (x * z).sum() / (z * z).sum() * z
    like = np.fft.ifft2(np.fft.fft2(x.mean(axis=2)) * np.fft.fft2(z.mean(axis=2)).conj()).real
    down, right = (
        i if i < side // 2 else i - side
        for i, side in zip(np.unravel_index(like.argmax(), like.shape), like.shape, strict=True)
    )
    mask = np.zeros(x.shape)
    to = [slice(max(s, 0), SIDE + min(s, 0)) for s in (down, right)]
    mask[*to] = 1
    moved = np.roll(z, (down, right), axis=(0, 1)) * mask
    grey, seen = moved @ WEIGHTS, (x * mask) @ WEIGHTS
    return 10 * np.log10(255**2 / ((grey - seen) ** 2).mean()), *ms_ssim(grey, seen)


def whole(folder):
    """Wall and CPU seconds for two restored images against all frames."""
    case = kohler(folder).read(0)
    restored = [case.blurry, np.roll(case.blurry, 1, axis=1)]
    clock, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        case.score(restored, pool, lambda: None)
    return {"clock": time.perf_counter() - clock, "CPU": time.process_time() - cpu}


def high_water():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


def main():
    use_cores(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        make(folder)
        paths = sorted((folder / "GroundTruth1_1").iterdir())
        z = read_image(folder / "Blurry1_1.png")
        aside = folder / "aside"
        aside.mkdir()
        for path in paths[FEW:]:
            path.rename(aside / path.name)
        whole(folder)
        few_mb = high_water()
        for path in list(aside.iterdir()):
            path.rename(folder / "GroundTruth1_1" / path.name)
        spent = whole(folder)
        many_mb = high_water()

        restored = prepare(z)
        tasks = {
            "read a frame": lambda: read_image(paths[7]),
            "prepare it": lambda: prepare(z),
            "score it": lambda: score_frame(restored, restored),
            "of that MS-SSIM": lambda: ms_ssim(restored.luma, restored.luma),
            "step by step": lambda: step_by_step(z, paths[7]),
        }
        times = interleaved(tasks, seconds=1)
        gap = 0.0
        for path in paths[::20]:
            scores = score_frame(restored, prepare(read_image(path)))[:3]
            gap = max(gap, *np.abs(np.subtract(scores, step_by_step(z, path))))
    results = {
        "hardware": hardware("scipy", "opencv-python"),
        "load": os.getloadavg()[0],
        "ms, one frame, one core": {name: 1e3 * each for name, each in times.items()},
        "s, 199 frames, 2 images": spent,
        "min, the set of 48, 2 images": {name: 48 / 60 * each for name, each in spent.items()},
        "MB, high water": {"20 frames": few_mb, "199 frames": many_mb},
        "largest difference to step by step": float(gap),
    }
    for name, each in results.items():
        print(name, rounded(each))
    assert gap < 1e-8, gap
    save("kohler", rounded(results))


if __name__ == "__main__":
    print(f"{CORES} cores")
    main()
