"""`blurkit.shake` against deepinv's spatially varying blurs: python benchmarks/shake.py

One RGB picture, one path of a camera that shifts and rolls, one core. The error is the difference,
in grey levels, from the mean of dense bilinear warps, one for each point of the path
(`shake(method="exact")`). blurkit's time is from picture and path to picture; the peers are given
their kernels, weights and mirrored border. First the alternatives considered for blurkit, then the
peers.
"""

import functools
import itertools

import cv2
import numpy as np
import torch
from common import hardware, interleaved, rounded, save, use_cores
from peers.packages import deepinv

from blurkit import Motion, blur, dead_leaves, kernel_at, shake, shaken_trajectory
from blurkit.handheld.poses import camera_poses

SIDES = (256, 512, 1024)
ROLLS = (0.5, 1.0, 3.0)  # degrees from end to end
SEED = 3


def kernels_at(path, shape, places):
    """Local kernels at the places (y, x), all of one odd side: (n, K, K) float32."""
    each = [kernel_at(path, y, x, shape) for y, x in places]
    side = max(3, *map(len, each))
    return np.stack([np.pad(kernel, (side - len(kernel)) // 2) for kernel in each])


def hats(length, count):
    """(count, length): weights of linear interpolation between nodes spread over the pixels."""
    nodes = np.linspace(0, length - 1, count)
    return np.stack([np.interp(np.arange(length), nodes, row) for row in np.eye(count)])


def mirrored(image, kernels):
    half = kernels.shape[-1] // 2
    return np.pad(image, ((half, half), (half, half), (0, 0)), mode="reflect")


# alternatives considered for blurkit


def warps(image, path, near):
    """The mean of affine warps by OpenCV; poses within `near` px are merged."""
    total = np.zeros_like(image)
    middle = 0.5 * (np.array(image.shape[1::-1]) - 1)
    for cosine, sine, x, y, *_, share in camera_poses(path, image.shape, None, near):
        back = np.array([[cosine, sine], [-sine, cosine]])
        matrix = np.column_stack([back, middle - back @ middle - (x, y)])
        warped = cv2.warpAffine(
            image,
            matrix,
            image.shape[1::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        )
        cv2.scaleAdd(warped, share, total, total)
    return total


def one_kernel_a_tile(image, path, side):
    """Each tile blurred by the kernel of its middle."""
    middles = range(side // 2, len(image), side)
    kernels = kernels_at(path, image.shape, list(itertools.product(middles, middles)))
    wide, last, out = mirrored(image, kernels), kernels.shape[1] - 1, np.empty_like(image)
    corners = itertools.product(range(0, len(image), side), repeat=2)
    for kernel, (y, x) in zip(kernels, corners, strict=True):
        out[y : y + side, x : x + side] = blur(
            wide[y : y + side + last, x : x + side + last], kernel
        )
    return out


def blended_tiles(image, path, side):
    """Tiles of twice the side, blended by hats."""
    count = len(image) // side + 1
    nodes = np.linspace(0, len(image) - 1, count)
    kernels = kernels_at(path, image.shape, list(itertools.product(nodes, nodes)))
    wide, last, out = mirrored(image, kernels), kernels.shape[1] - 1, np.zeros_like(image)
    window = hats(len(image), count).astype(np.float32)
    spans = [(np.flatnonzero(row)[0], np.flatnonzero(row)[-1] + 1) for row in window]
    for kernel, (i, j) in zip(kernels, itertools.product(range(count), repeat=2), strict=True):
        (top, bottom), (left, right) = spans[i], spans[j]
        part = blur(wide[top : bottom + last, left : right + last], kernel)
        part *= (window[i, top:bottom, None] * window[j, None, left:right])[:, :, None]
        out[top:bottom, left:right] += part
    return out


def ways(image, path):
    return {
        "tiles (blurkit)": lambda: shake(image, path, threads=1),
        "one kernel a tile of 32 px": lambda: one_kernel_a_tile(image, path, 32),
        "blended tiles of 64 px": lambda: blended_tiles(image, path, 64),
        "warps, 0.5 px apart": lambda: warps(image, path, 0.5),
        "warps, 1 px apart": lambda: warps(image, path, 1.0),
        "warps, 2 px apart": lambda: warps(image, path, 2.0),
    }


# peers


def tensor(image):
    """(H, W, 3) -> (1, 3, H, W)"""
    return torch.from_numpy(np.moveaxis(image, 2, 0)[None].copy())


def product_convolution(image, path, count, use_fft):
    """deepinv's sum of convolutions, weighted by hats between count x count nodes."""
    nodes = np.linspace(0, len(image) - 1, count)
    kernels = kernels_at(path, image.shape, list(itertools.product(nodes, nodes)))
    row = hats(len(image), count)
    weights = np.stack([np.outer(a, b) for a, b in itertools.product(row, row)]).astype(np.float32)
    physics = deepinv.physics.SpaceVaryingBlur(
        filters=torch.from_numpy(kernels)[None, None],
        multipliers=torch.from_numpy(weights)[None, None],
        padding="valid",
        use_fft=use_fft,
        mask_first=False,
    )
    return functools.partial(physics, tensor(mirrored(image, kernels)))


def tiled(image, path, side, use_fft):
    """deepinv's overlapping tiles of this side, half of it apart."""
    stride = side // 2
    grid = itertools.product(np.linspace(0, len(image) - 1, 9), repeat=2)
    size = kernels_at(path, image.shape, list(grid)).shape[-1] + 2
    half = size // 2
    physics = deepinv.physics.TiledSpaceVaryingBlur(patch_size=side, stride=stride, use_fft=use_fft)
    wide = len(image) + 2 * half
    rows, columns = physics.get_num_patches((wide, wide))
    places = itertools.product(range(rows), range(columns))
    middles = [(i * stride + side / 2 - half, j * stride + side / 2 - half) for i, j in places]
    last = len(image) - 1
    inside = [(min(max(y, 0), last), min(max(x, 0), last)) for y, x in middles]
    kernels = kernels_at(path, image.shape, inside)
    margin = (size - kernels.shape[-1]) // 2
    kernels = np.pad(kernels, ((0, 0), (margin, margin), (margin, margin)))
    filters = torch.from_numpy(kernels)[None, None]
    return functools.partial(physics, tensor(mirrored(image, kernels)), filters=filters)


def peers(image, path):
    """{name: function without arguments that gives (1, 3, H, W)}"""
    tasks = {}
    for count in (5, 9):
        for name, use_fft in (("FFT", True), ("direct", False)):
            if use_fft or len(image) <= 256:
                made = product_convolution(image, path, count, use_fft)
                tasks[f"deepinv product-convolution, {count}x{count}, {name}"] = made
    for side in (64, 128):
        for name, use_fft in (("FFT", True), ("direct", False)):
            tasks[f"deepinv tiled, {side} px, {name}"] = tiled(image, path, side, use_fft)
    return tasks


def as_image(out):
    return out if isinstance(out, np.ndarray) else np.moveaxis(out[0].numpy(), 0, 2)


def compare(tasks, exact, seconds):
    """{name: {"ms", "max", "rms", "psnr"}}, the error in grey levels."""
    with torch.no_grad():
        errors = {name: as_image(task())[: len(exact)] - exact for name, task in tasks.items()}
        medians = interleaved(tasks, seconds=seconds, least=3)
    rows = {}
    for name, error in errors.items():
        square = float((error.astype(np.float64) ** 2).mean())
        rows[name] = {
            "ms": 1e3 * medians[name],
            "max": float(np.abs(error).max()),
            "rms": square**0.5,
            "psnr": 10 * np.log10(255**2 / square),
        }
        shown = "  ".join(f"{key} {value:9.3f}" for key, value in rows[name].items())
        print(f"  {name:43s} {shown}", flush=True)
    return rows


def scene_and_path(side, roll):
    image = dead_leaves(side, seed=0).astype(np.float32)
    path = shaken_trajectory(Motion(roll=roll), image.shape, seed=SEED)
    return image, path, shake(image, path, method="exact")


def main():
    use_cores(1)
    results = {"hardware": hardware("torch", "deepinv", "opencv-python"), "ways": {}, "peers": {}}
    print(f"{results['hardware']['cpu']}, one core; errors in grey levels")
    for roll in ROLLS:
        print(f"\nalternatives, 512 px, roll of {roll} degrees")
        image, path, exact = scene_and_path(512, roll)
        key = f"512 px, roll {roll}"
        results["ways"][key] = rounded(compare(ways(image, path), exact, seconds=0.3))
    for side in SIDES:
        print(f"\npeers, {side} px, roll of 1 degree")
        image, path, exact = scene_and_path(side, 1.0)
        tasks = {"blurkit": lambda image=image, path=path: shake(image, path, threads=1)}
        rows = compare(tasks | peers(image, path), exact, seconds=0.5)
        ratios = {}
        for kind in ("product-convolution", "tiled"):
            best = min((row["ms"], name) for name, row in rows.items() if kind in name)
            ratios[kind] = best[0] / rows["blurkit"]["ms"]
            print(f"  {best[1]} takes {ratios[kind]:.1f} times as long as blurkit")
        results["peers"][f"{side} px"] = rounded({**rows, "ratio to the fastest": ratios})
    save("shake", results)


if __name__ == "__main__":
    main()
