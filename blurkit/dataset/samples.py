"""A sample is a pure function of (settings, seed, index), in any file, block or thread."""

from collections.abc import Mapping

import numpy as np

from blurkit.camera.camera import NUMBERS
from blurkit.camera.degrade import degrade_patch
from blurkit.dataset.settings import SynthSettings
from blurkit.kernel.batch import fill_mix
from blurkit.kernel.checks import checked_index
from blurkit.scenes.dead_leaves import fill_scene
from blurkit.scenes.photos import Photos, scan
from blurkit.store import row_types

DEAD_LEAVES = "dead-leaves"


def scan_photos(
    settings: SynthSettings, threads: int | None = None, progress: bool = False
) -> Photos | None:
    """The photos used as scenes; None if scenes are generated."""
    if settings.images is None:
        return None
    return scan(
        settings.images,
        side=settings.side,
        n=settings.n,
        seed=settings.seed,
        reduce=settings.reduce,
        threads=threads,
        progress=progress,
    )


def sample_types(settings: SynthSettings, photos: Photos | None) -> dict[str, np.dtype]:
    """The type of one row in each dataset of the file."""
    names = photos.names if photos else [DEAD_LEAVES]
    room = max(len(name.encode(errors="replace")) for name in names) + len("@65535,65535")
    return row_types((settings.patch, settings.patch), settings.kernel, settings.drawn, room)


def sample(
    settings: SynthSettings, index: int, photos: Photos | None = None
) -> dict[str, np.ndarray]:
    """One sample by its index, equal to its row in any file.

    Parameters
    ----------
    settings : SynthSettings
    index : int >= 0
        Row `index - settings.first` of the settings' file.
    photos : from `scan_photos(settings)`; None if scenes are generated

    Returns
    -------
    sample : dict of blurry and sharp (patch, patch, 3) uint8, kernel (kernel, kernel) float32,
        params (structured) and source (bytes)
    """
    checked_index(index)
    rows = empty_rows(sample_types(settings, photos), 1)
    fill_rows(rows, settings, photos, index)
    return {name: data[0] for name, data in rows.items()}


def empty_rows(types: Mapping[str, np.dtype], n: int) -> dict[str, np.ndarray]:
    return {k: np.empty((n, *t.shape), t.base) for k, t in types.items() if k != "crc"}


def fill_rows(
    rows: Mapping[str, np.ndarray], settings: SynthSettings, photos: Photos | None, start: int
) -> None:
    """Write samples start, start + 1, ... into the rows."""
    seed, margin = settings.seed, settings.kernel // 2
    kernels, params, interpolation = rows["kernel"], rows["params"], settings.interpolation
    fill_mix(kernels, params, settings.blur, seed=seed, start=start, interpolation=interpolation)
    camera_numbers = np.empty((len(params), len(NUMBERS)))
    scene = np.empty((settings.side, settings.side, 3), np.uint8)
    for row in range(len(params)):
        source = DEAD_LEAVES
        if photos is None:
            fill_scene(scene, seed=seed, index=start + row)
        else:
            name, y, x, factor = photos.cut(scene, start + row)
            source = f"{name}@{y + int(margin * factor)},{x + int(margin * factor)}"
            if settings.reduced:
                params["reduce"][row] = factor
        rows["source"][row] = source.encode(errors="replace")
        camera_numbers[row] = degrade_patch(
            rows["blurry"][row],
            rows["sharp"][row],
            scene,
            kernels[row],
            settings.camera,
            seed=seed,
            index=start + row,
        )
    for name, numbers in zip(NUMBERS, camera_numbers.T, strict=True):
        params[name] = numbers
