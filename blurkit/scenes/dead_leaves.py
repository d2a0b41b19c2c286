"""Generated sharp scenes, for use without photos."""

import numpy as np

from blurkit.errors import SettingError
from blurkit.kernel.checks import checked_index, checked_seed

SMALLEST = 8


def fill_scene(scene: np.ndarray, *, seed: int, index: int) -> None:
    """Write the dead-leaves scene of a sample in place. Checks nothing, releases the GIL.

    Parameters
    ----------
    scene : (S, S, 3) uint8, C-contiguous; written
    seed, index : int
    """
    from blurkit._loops.leaves import dead_leaves

    dead_leaves(scene, np.uint64(seed), np.uint64(index))


def dead_leaves(size: int, *, seed: int | None = None, index: int = 0) -> np.ndarray:
    """A sharp scene with the statistics of photographs, from the dead-leaves model.

    Discs of many sizes occlude each other, each with its own colour and texture. Occlusion gives
    hard edges between smooth regions, and with them the heavy-tailed gradients of natural images.

    Parameters
    ----------
    size : int >= 8
        Side of the scene, in pixels.
    seed, index : int
        The same (seed, index) gives the same scene. None draws a fresh seed.

    Returns
    -------
    scene : (size, size, 3) uint8, sRGB

    Raises
    ------
    SettingError
        "size must be >= 8, got 4"

    Notes
    -----
    Radii have density r**-3 between two bounds drawn for each scene, the scale-invariant case of
    Lee, Mumford & Huang, "Occlusion models for natural images" (IJCV 2001). Networks trained on
    such scenes alone restore photos worse than networks trained on photos: use photos if you have
    them.

    Examples
    --------
    >>> from blurkit import dead_leaves
    >>> dead_leaves(64, seed=1).shape
    (64, 64, 3)
    """
    if size < SMALLEST:
        raise SettingError(f"size must be >= {SMALLEST}, got {size}")
    scene = np.empty((size, size, 3), np.uint8)
    fill_scene(scene, seed=checked_seed(seed), index=checked_index(index))
    return scene
