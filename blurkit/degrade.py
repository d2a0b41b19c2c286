"""From a sharp scene and a kernel to a pair of blurry and sharp patches.

The naive pipeline: the kernel acts on the 8-bit sRGB values as they are, and nothing else happens
to them. Camera response, noise and saturation belong here too, each as a further step.

What synth needs, all of it free of the GIL and safe in any thread, outputs allocated by the caller:

- `blurkit.kernel.fill_kernels(kernels, params, walk, seed=, start=, interpolation=)`
- `blurkit.scenes.fill_scene(scene, seed=, index=)`
- `degrade_patch(blurry, sharp, scene, kernel)`, `crop_corner`, `photo_order` below
"""

import numpy as np


def crop_corner(height: int, width: int, side: int, *, seed: int, index: int) -> tuple[int, int]:
    """(y, x) of the top left corner of a side x side crop of a photo, uniform over all that fit.

    Parameters
    ----------
    height, width : int >= side, px
    side : int, px
    seed, index : int
        The sample whose own stream is drawn from.
    """
    from blurkit._loops import stream

    rooms = height - side + 1, width - side + 1
    y, x = stream.crop_corner(np.uint64(seed), np.uint64(index), *rooms)
    return int(y), int(x)


def photo_order(n: int, *, seed: int, turn: int) -> np.ndarray:
    """The order in which n photos are used on the turn-th pass through them: (n,) int64."""
    from blurkit._loops.stream import shuffle

    order = np.arange(n)
    shuffle(order, np.uint64(seed), np.uint64(turn))
    return order


def degrade_patch(
    blurry: np.ndarray, sharp: np.ndarray, scene: np.ndarray, kernel: np.ndarray
) -> None:
    """Write a blurry/sharp pair in place.

    Parameters
    ----------
    blurry, sharp : (P, P, 3) uint8, C-contiguous; written
    scene : (P+K-1, P+K-1, 3) uint8, C-contiguous
        The sharp scene with a margin of K // 2 on each side, which the blur draws on.
    kernel : (K, K) float32
    """
    from blurkit._loops.taps import blur_integers

    half = len(kernel) // 2
    rows, columns, channels = blurry.shape
    flat = blurry.reshape(rows, columns * channels)
    blur_integers(flat, scene.reshape(-1), scene.shape[1] * channels, kernel, channels)
    sharp[...] = scene[half : half + rows, half : half + columns]
