"""The poses of a camera that shifts and rolls, and the tiles that they need."""

import math

import numpy as np

from blurkit.errors import SettingError

FARTHEST = 1000.0  # px: no pixel may move that far
SMALLEST, LARGEST = 8, 64  # px: side of a tile
_APART = 0.5  # px: largest difference between paths at a tile's corners, where sides allow it
_SAMPLES = 2**22  # most samples of a path


def camera_poses(
    trajectory: np.ndarray, shape: tuple[int, ...], focal: float | None, near: float
) -> np.ndarray:
    """Check a path by the rules of `blurkit.shake` and turn it into poses.

    Parameters
    ----------
    trajectory : (n, 3) array, columns x, y (px) and roll (degrees)
    shape : (H, W, ...), px, of the image
    focal : float, px, or None
    near : float, px
        Poses closer to each other than this are merged.

    Returns
    -------
    poses : (m, POSE) float64, sampled so finely that no pixel moves by more than 0.5 px per step
    """
    from blurkit._loops import poses as loops

    path = np.array(trajectory, dtype=float)
    if path.ndim != 2 or path.shape[1] != 3 or not len(path):
        raise SettingError(
            f"trajectory must be a finite (n, 3) array, n >= 1, got shape {path.shape}"
        )
    if not np.isfinite(path).all():
        raise SettingError("trajectory must be a finite (n, 3) array, n >= 1, got nan or inf")
    if focal is not None and not 0 < focal < np.inf:
        raise SettingError(f"focal must be > 0 px, got {focal}")
    if len(path) == 1:  # a camera at rest
        path = np.repeat(path, 2, axis=0)
    per_focal = 0.0 if focal is None else 1.0 / focal
    path[:, 2] /= 360.0
    _check_reach(path, shape, per_focal)
    radius = 0.5 * math.sqrt(shape[0] ** 2 + shape[1] ** 2)
    jumps = np.abs(np.diff(path, axis=0))
    longest = (jumps[:, :2].max(axis=1) + 2 * np.pi * radius * jumps[:, 2]).max()
    parts = min(max(1, int(np.ceil(2.0 * longest))), max(1, _SAMPLES // len(path)))
    samples = np.empty((parts * (len(path) - 1), 3))
    loops.cut(samples, path, parts)
    share = np.full(len(samples), 1.0 / len(samples))
    count = loops.merge(samples, share, radius, near)
    poses = np.empty((count, loops.POSE))
    loops.fill_poses(poses, samples, share, per_focal)
    return poses


def _check_reach(path: np.ndarray, shape: tuple[int, ...], per_focal: float) -> None:
    """Refuse paths that move a pixel by FARTHEST or more."""
    from blurkit._loops import poses as loops

    poses, moved = np.empty((len(path), loops.POSE)), np.empty((len(path), 2))
    loops.fill_poses(poses, path, np.ones(len(path)), per_focal)
    reach = 0.0
    for x, y in _corners(shape):
        u, v = poses[:, 0] * x + poses[:, 1] * y, poses[:, 0] * y - poses[:, 1] * x
        depth = poses[:, 7] * v + poses[:, 5] * (poses[:, 6] * u + poses[:, 4])
        loops.fill_path(moved, poses, x, y)
        reach = max(reach, float(np.abs(moved).max()) if depth.min() > 0.1 else np.inf)
    if not reach < FARTHEST:
        rule = f"trajectory must move every pixel by less than {FARTHEST:g} px"
        raise SettingError(f"{rule}, got {reach:g}")


def tile_edges(shape: tuple[int, ...], poses: np.ndarray) -> tuple[list[int], list[int]]:
    """Rows and columns of the tile boundaries."""
    from blurkit._loops.poses import fill_path

    paths = np.empty((3, len(poses), 2))
    steepest = 1e-9  # px: largest difference between the paths of neighbouring pixels
    for x, y in _corners(shape):
        for path, (right, down) in zip(paths, ((0, 0), (1, 0), (0, 1)), strict=True):
            fill_path(path, poses, x + right, y + down)
        steepest = max(steepest, float(np.abs(paths[1:] - paths[0]).max()))
    side = min(max(_APART / steepest, SMALLEST), LARGEST)
    counts = (int(np.ceil(length / side)) for length in shape[:2])
    rows, columns = (
        [i * length // count for i in range(count + 1)]
        for count, length in zip(counts, shape[:2], strict=True)
    )
    return rows, columns


def _corners(shape: tuple[int, ...]) -> list[tuple[float, float]]:
    """(x, y) of the image's corners, px from its middle."""
    return [(x * 0.5 * shape[1], y * 0.5 * shape[0]) for y in (-1, 1) for x in (-1, 1)]
