"""A photo retaken with a shaken camera, and its kernels."""

import os
import threading

import numpy as np

from blurkit.camera.camera import Camera, checked_camera, tables
from blurkit.camera.degrade import compressed
from blurkit.errors import SettingError
from blurkit.files import AnyPath
from blurkit.handheld.motion import Motion, shaken_trajectory
from blurkit.handheld.shake import kernel_at, shake_bands
from blurkit.images.files import opencv
from blurkit.images.sheets import COLOURS, kernel_tile
from blurkit.kernel.checks import checked_index, checked_seed
from blurkit.progress import bar

_DELAY = 2.0  # seconds before the progress bar appears
_PART = 0.36  # of the photo's shorter side: the most that the card of kernels fills
_FRAME = 230  # grey level of its frame


def snapshot(
    photo: np.ndarray,
    motion: Motion | None = None,
    camera: Camera | str = "clean",
    *,
    seed: int | None = None,
    index: int = 0,
    threads: int | None = None,
    progress: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Retake a photo with a camera that shifts and rolls during the exposure.

    Parameters
    ----------
    photo : (H, W) or (H, W, C) uint8, sRGB
    motion : Motion
    camera : Camera, or the name of one of `blurkit.camera.camera.PRESETS`
        "clean" blurs linear light, "naive" the stored values; "realistic" also draws exposure,
        highlights and noise from (seed, index).
    seed, index : int
        The same (seed, index) gives the same path, camera and noise. None draws a fresh seed.
    threads : int >= 1, optional
        Default: one per CPU. The result does not depend on it.
    progress : bool
        Show a progress bar on stderr after two seconds.

    Returns
    -------
    blurred : as photo
    trajectory : (steps, 3) float64, as `shaken_trajectory`

    Raises
    ------
    SettingError
        "photo must be (H, W) or (H, W, C) of uint8, got float32 of shape (8, 8)", and those of
        `shake` and `shaken_trajectory`

    Examples
    --------
    >>> from blurkit import dead_leaves
    >>> blurred, path = snapshot(dead_leaves(96, seed=1), Motion(roll=1), seed=3)
    >>> blurred.shape, path.shape
    ((96, 96, 3), (256, 3))
    """
    from blurkit._loops.camera import expose
    from blurkit._loops.shake import sense_rows

    pixels = np.asarray(photo)
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or 0 in pixels.shape:
        rule = "photo must be (H, W) or (H, W, C) of uint8"
        raise SettingError(f"{rule}, got {pixels.dtype} of shape {pixels.shape}")
    planes = pixels if pixels.ndim == 3 else pixels[:, :, None]
    motion, camera = motion or Motion(), checked_camera(camera)
    seed, index = checked_seed(seed), checked_index(index)
    trajectory = shaken_trajectory(motion, planes.shape, seed=seed, index=index)
    drawn = camera.draw(seed=seed, index=index)
    lights, sharps = np.empty(256, np.float32), np.empty(256, np.uint8)
    linear, encoded = tables(camera.response)
    expose(lights, sharps, drawn, linear, encoded)
    blurred = np.empty(planes.shape, np.uint8)
    sample_seed, sample, lock = np.uint64(seed), np.uint64(index), threading.Lock()

    def finish(top: int, total: np.ndarray) -> None:
        rows = blurred[top : top + len(total)].reshape(len(total), -1)
        sense_rows(rows, total.reshape(rows.shape), drawn, encoded, sample_seed, sample, top)
        with lock:
            progress_bar.update(len(total))

    with bar(len(planes), "Blurring", "row", disable=not progress, delay=_DELAY) as progress_bar:
        focal = motion.focal_px(planes.shape)
        shake_bands(planes, trajectory, finish, focal=focal, threads=threads, table=lights)
    if camera.jpeg:
        blurred = compressed(blurred, round(drawn[-1]))
    return blurred.reshape(pixels.shape), trajectory


def with_kernels(
    photo: np.ndarray, trajectory: np.ndarray, *, focal: float | None = None
) -> np.ndarray:
    """Draw the kernels of corners and middle on a card in the photo's lower right corner.

    Parameters
    ----------
    photo : (H, W, 3) uint8
    trajectory, focal : as for `shake`

    Returns
    -------
    photo : (H, W, 3) uint8, a copy
        All kernels have the same scale; each has its own brightness.
    """
    height, width = photo.shape[:2]
    places = [(y, x) for y in (0, height - 1) for x in (0, width - 1)]
    places.append(((height - 1) / 2, (width - 1) / 2))
    kernels = [kernel_at(trajectory, y, x, photo.shape, focal=focal) for y, x in places]
    side = max(7, *map(len, kernels))
    grid = np.empty((3 * side, 3 * side, 3), np.uint8)
    grid[:] = COLOURS[0]
    cells = ((0, 0), (0, 2), (2, 0), (2, 2), (1, 1))
    for kernel, (row, column) in zip(kernels, cells, strict=True):
        padded = np.pad(kernel, (side - len(kernel)) // 2)
        grid[side * row :, side * column :][:side, :side] = kernel_tile(padded, side)
    room = max(1, int(_PART * min(height, width)))
    times = room // len(grid)
    if times:
        card = grid.repeat(times, axis=0).repeat(times, axis=1)
    else:
        cv2 = opencv()
        card = cv2.resize(grid, (room, room), interpolation=cv2.INTER_AREA)
    gap, edge = min(height, width) // 40, 1 + min(height, width) // 600
    framed = np.pad(card, ((edge, edge), (edge, edge), (0, 0)), constant_values=_FRAME)
    marked = photo.copy()
    corner = marked[max(0, height - gap - len(framed)) :, max(0, width - gap - len(framed)) :]
    rows, columns = min(len(framed), len(corner)), min(len(framed), corner.shape[1])
    corner[:rows, :columns] = framed[:rows, :columns]
    return marked


def check_other_file(photo: AnyPath, out: AnyPath) -> None:
    """Refuse to overwrite the photo, also under another name."""
    if os.path.exists(out) and os.path.samefile(photo, out):
        raise SettingError(f"out must be another file than the photo, got {out}")
