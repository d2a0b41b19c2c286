"""`blurkit.blur` against SciPy, OpenCV, torch and kornia: python benchmarks/blur.py

RGB images, many kernels, one core; the ratio is against the fastest peer. All methods return the
same number of pixels and agree to within one grey level. uint8: arrays (H, W, 3) in and out.
float32: each method in its preferred layout, without conversions. Then the two methods of blurkit
are compared for different numbers of taps, which gives the rule of `method="auto"`.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import cv2
import numpy as np
import torch
from common import CORES, hardware, interleaved, rounded, save, use_cores
from peers.packages import kornia
from scipy.fft import next_fast_len
from scipy.signal import fftconvolve

from blurkit import blur, dead_leaves, random_walk_kernels

SIDES = (128, 256, 1024)
TAPS = (50, 100, 150, 200, 300)


def kernels():
    """{name: kernels, used in turn}"""
    rng = np.random.default_rng(0)
    dense = {f"dense {k}": [rng.random((k, k), np.float32)] for k in (3, 5, 7, 9, 11, 15, 31)}
    bell = np.exp(-(((np.arange(31) - 15) / 5) ** 2) / 2).astype(np.float32)
    walks = list(random_walk_kernels(8, 31, seed=0))
    cases = {"random walk 31": walks, **dense, "Gaussian 31": [np.outer(bell, bell)]}
    return {name: [kernel / kernel.sum() for kernel in some] for name, some in cases.items()}


def tensor(image):
    """(H, W, 3) -> (1, 3, H, W) float32"""
    return torch.from_numpy(image).permute(2, 0, 1)[None].to(torch.float32).contiguous()


def finish(blurred, dtype):
    """(1, 3, H, W) -> (H, W, 3) of the dtype"""
    if dtype == np.uint8:
        blurred = blurred.add_(0.5).clamp_(0, 255).to(torch.uint8)
    return blurred[0].permute(1, 2, 0).contiguous().numpy()


def torch_fft(image, kernel):
    last = kernel.shape[0] - 1
    height, width = image.shape[2:]
    size = [next_fast_len(height, real=True), next_fast_len(width, real=True)]
    spectrum = torch.fft.rfft2(image, size) * torch.fft.rfft2(kernel, size)
    return torch.fft.irfft2(spectrum, size)[:, :, last:height, last:width]


def kornia_direct(image, kernel):
    return kornia.filters.filter2d(
        image, kernel[None], padding="valid", behaviour="conv", border_type="constant"
    )


def kornia_fft(image, kernel):
    return kornia.filters.fft_conv(
        image, kernel[None], padding="valid", behaviour="conv", border_type="constant"
    )


TENSORS = {
    "torch rfft2": torch_fft,
    "kornia filter2d": kornia_direct,
    "kornia fft_conv": kornia_fft,
}


def scipy_fft(image, kernel):
    blurred = fftconvolve(image.astype(np.float32), kernel[:, :, None], "valid", axes=(0, 1))
    return np.clip(blurred + 0.5, 0, 255).astype(np.uint8)


def scipy_planes(planes, kernel):
    return fftconvolve(planes, kernel[None], "valid", axes=(1, 2))


def opencv(inner, kernel):
    return cv2.filter2D(inner, -1, kernel[::-1, ::-1], borderType=cv2.BORDER_REFLECT_101)


def methods(image, kernel):
    """{name: (function without arguments, function that gives its result as (H, W, 3))}"""
    half = len(kernel) // 2
    inner = np.ascontiguousarray(image[half:-half, half:-half])  # same output size as the others
    dtype, taps = image.dtype, torch.from_numpy(kernel)
    calls = {"blurkit": (lambda: blur(image, kernel), lambda out: out)}
    if dtype == np.uint8:
        calls["scipy fftconvolve"] = (lambda: scipy_fft(image, kernel), lambda out: out)
    else:
        planes = np.ascontiguousarray(np.moveaxis(image, 2, 0))
        calls["scipy fftconvolve"] = (
            lambda: scipy_planes(planes, kernel),
            lambda out: np.moveaxis(out, 0, 2),
        )
    calls["cv2.filter2D"] = (lambda: opencv(inner, kernel), lambda out: out)
    ready = tensor(image)
    for name, function in TENSORS.items():
        if dtype == np.uint8:
            calls[name] = (
                lambda function=function: finish(function(tensor(image), taps), np.uint8),
                lambda out: out,
            )
        else:
            calls[name] = (
                lambda function=function: function(ready, taps),
                lambda out: finish(out, np.float32),
            )
    return calls


def compare(side, dtype, some, seconds):
    """{method: median ms per image}, after a check that all results agree."""
    image = dead_leaves(side + len(some[0]) - 1, seed=0)
    level = 1
    if dtype == np.float32:
        image, level = image / np.float32(255), 1 / 255
    each = [methods(image, kernel) for kernel in some]
    half = len(some[0]) // 2
    middle = slice(half, side - half)  # OpenCV treats the border differently
    expected = each[0]["blurkit"][0]()[middle, middle].astype(np.float32)
    for name, (run, show) in each[0].items():
        off = np.abs(show(run())[middle, middle].astype(np.float32) - expected).max()
        assert off <= level, f"{name} is off by {off / level} grey levels"
    tasks = {name: lambda name=name: [one[name][0]() for one in each] for name in each[0]}
    medians = interleaved(tasks, seconds=seconds, least=3)
    return {name: 1e3 * time / len(some) for name, time in medians.items()}


def with_ratio(medians):
    peer = min((name for name in medians if name != "blurkit"), key=medians.__getitem__)
    return {**medians, "fastest peer": peer, "ratio": medians[peer] / medians["blurkit"]}


def all_cores(side, some):
    """{method: ms per image} on all cores: one image per core or one on all, the faster way."""
    image = dead_leaves(side + len(some[0]) - 1, seed=0)
    each = [methods(image, kernel) for kernel in some]
    best = {}
    with ThreadPoolExecutor(CORES) as pool:
        for cores_a_call in (1, CORES):
            use_cores(cores_a_call)
            run = map if cores_a_call > 1 else pool.map
            tasks = {
                name: lambda name=name, run=run: list(run(lambda one: one[name][0](), each))
                for name in each[0]
            }
            for name, time in interleaved(tasks, seconds=0.3).items():
                best[name] = min(best.get(name, np.inf), 1e3 * time / len(some))
    use_cores(1)
    return best


def break_even(side):
    """{taps: time by FFT / time by taps} of blurkit itself: above 1 the taps are faster."""
    image = dead_leaves(side + 30, seed=0)
    ratios = {}
    for count in TAPS:
        kernel = np.zeros(31 * 31, np.float32)
        kernel[np.random.default_rng(0).choice(31 * 31, count, replace=False)] = 1 / count
        kernel = kernel.reshape(31, 31)
        ways = {way: partial(blur, image, kernel, method=way) for way in ("taps", "fft")}
        medians = interleaved(ways, seconds=0.2)
        ratios[count] = medians["fft"] / medians["taps"]
    return ratios


def show(key, row):
    peer = row["fastest peer"]
    times = f"blurkit {row['blurkit']:7.3f}  {peer:17s} {row[peer]:7.3f}"
    print(f"{key:27s} {times}  ratio {row['ratio']:5.2f}", flush=True)


def main():
    use_cores(1)
    results = {"hardware": hardware("scipy", "opencv-python", "torch", "kornia"), "ms": {}}
    print(f"{results['hardware']['cpu']}, one core; ms an image, RGB")
    cases = kernels()
    for dtype, sides in ((np.uint8, SIDES), (np.float32, (256,))):
        for side in sides:
            for name, some in cases.items():
                row = with_ratio(compare(side, dtype, some, seconds=0.1))
                key = f"{np.dtype(dtype).name} {side} {name}"
                results["ms"][key] = rounded(row)
                show(key, row)
    row = with_ratio(all_cores(256, cases["random walk 31"]))
    results["ms_all_cores"] = {"uint8 256 random walk 31": rounded(row)}
    show(f"{CORES} cores, 256, random walk", row)
    results["fft_time_over_taps_time"] = {}
    for side in SIDES:
        ratios = results["fft_time_over_taps_time"][side] = rounded(break_even(side), 3)
        shown = "  ".join(f"{count}: {ratio:.2f}" for count, ratio in ratios.items())
        print(f"{side:5d} px, time by FFT over time by taps, by number of taps: {shown}")
    save("blur", results)


if __name__ == "__main__":
    main()
