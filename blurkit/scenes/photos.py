"""A folder of photos as sharp scenes: which are usable, and which sample is cut from which."""

import hashlib
import logging
import math
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from blurkit.errors import FileError, printable
from blurkit.files import AnyPath
from blurkit.images.files import find_images, read_image
from blurkit.kernel.checks import Range, checked_range
from blurkit.progress import bar

MOST_SHARING = 16  # most samples cut from a photo each time it is decoded
NAMED = 3  # skipped photos named in a warning

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Photos:
    """The usable photos of a folder, in the order of their names.

    Attributes
    ----------
    folder : Path
    names : relative POSIX names
    side : int, px, of the square scene that each sample gets
    seed : int
    group : int, number of consecutive samples that are cut from the same photo
    label : str
        Their number, and the SHA-256 of their names and sizes in bytes; identifies them in the
        settings stored in a dataset.
    reduce : (lowest, highest), >= 1
        By what factor photos are reduced before a scene is cut, drawn uniformly for each sample.
    """

    folder: Path
    names: tuple[str, ...]
    side: int
    seed: int
    group: int
    label: str
    reduce: tuple[float, float] = (1.0, 1.0)
    _decoded: threading.local = field(default_factory=threading.local, compare=False, repr=False)

    def __reduce__(self) -> tuple[Any, ...]:
        folder = self.folder.absolute()  # the other process may have another working directory
        return Photos, (
            folder,
            self.names,
            self.side,
            self.seed,
            self.group,
            self.label,
            self.reduce,
        )

    def cut(self, scene: np.ndarray, index: int) -> tuple[str, int, int, float]:
        """Write the scene of sample `index`, cut from its photo.

        Groups of consecutive samples share a photo. The groups go through all photos in an order
        drawn anew for each pass, so all photos are used equally often. The position of the cut is
        drawn for each sample, and so is the factor by which the photo is reduced: each pixel of
        the scene is then the rounded mean of a square of factor x factor pixels of the photo.
        Stored (sRGB) values are averaged, as in an image editor, so that the scene does not depend
        on the camera that then turns it into light.

        Parameters
        ----------
        scene : (side, side, 3) uint8, written

        Returns
        -------
        name, y, x : the photo, and the upper left corner of the scene in it, in its pixels
        factor : float, 1 where the photo is not reduced
        """
        turn, position = divmod(index // self.group, len(self.names))
        name = self.names[_order(len(self.names), self.seed, turn)[position]]
        photo = self._read(name)
        height, width = photo.shape[:2]
        factor = self._factor(index)
        side = square_side(self.side, factor)
        y, x = crop_corner(height, width, side, seed=self.seed, index=index)
        if factor == 1:
            scene[:] = photo[y : y + side, x : x + side]
        else:
            from blurkit._loops.area import fill_area_means

            fill_area_means(scene, photo, y, x, factor)
        return name, y, x, factor

    def _factor(self, index: int) -> float:
        """The factor by which a sample's photo is reduced, from the sample's own stream."""
        lowest, highest = self.reduce
        if lowest == highest:
            return lowest
        from blurkit._loops.stream import reduction

        return float(reduction(np.uint64(self.seed), np.uint64(index), np.array(self.reduce)))

    def _read(self, name: str) -> np.ndarray:
        """The photo, decoded once per thread until another one is needed."""
        if getattr(self._decoded, "name", None) != name:
            photo = read_image(self.folder / name)
            if min(photo.shape[:2]) < square_side(self.side, self.reduce[1]):
                raise FileError(f"{self.folder / name}: has changed since the run began")
            self._decoded.name, self._decoded.photo = name, photo
        return self._decoded.photo


def scan(
    folder: AnyPath,
    *,
    side: int,
    n: int,
    seed: int,
    reduce: Range = 1.0,
    threads: int | None = None,
    progress: bool = True,
) -> Photos:
    """Decode every photo below a folder and keep the usable ones; log the others.

    Parameters
    ----------
    folder : searched recursively for JPEG, PNG, TIFF and WebP
    side : int
        Pixels of the square scene that a sample needs: patch + kernel - 1.
    n : int
        Number of samples; up to 16 consecutive ones share a photo, so that it is decoded once.
    reduce : float or (lowest, highest), >= 1
        As for `Photos`. Usable photos are large enough for the highest factor.

    Raises
    ------
    FileError
        Those of `find_images`; "photos: none of its 3 photos can be read (a.jpg, ...)",
        "photos: no photo is at least 158x158 (patch + kernel - 1); the largest is 100x80",
        "photos: no photo is at least 316x316 (2 x (patch + kernel - 1)); the largest is 300x200"
    """
    folder, factors = Path(folder), checked_range("reduce", reduce, lowest=1)
    least = square_side(side, factors[1])
    paths = find_images(folder)
    with (
        ThreadPoolExecutor(threads) as pool,
        bar(len(paths), "Checking photos", "photo", disable=not progress) as progress_bar,
    ):
        shapes = []
        for shape in pool.map(_shape, paths):
            shapes.append(shape)
            progress_bar.update()
    names = [path.relative_to(folder).as_posix() for path in paths]
    broken = [name for name, shape in zip(names, shapes, strict=True) if shape is None]
    small = [name for name, s in zip(names, shapes, strict=True) if s and min(s) < least]
    if len(broken) == len(names):
        raise FileError(f"{folder}: none of its {len(names)} photos can be read ({_some(broken)})")
    if len(broken) + len(small) == len(names):
        height, width = max((s for s in shapes if s), key=min)
        rule = "patch + kernel - 1" if least == side else f"{factors[1]:g} x (patch + kernel - 1)"
        raise FileError(
            f"{folder}: no photo is at least {least}x{least} ({rule}); "
            f"the largest is {width}x{height}"
        )
    skipped = {*broken, *small}
    if broken:
        log.warning("skipped %d unreadable: %s", len(broken), _some(broken))
    if small:
        log.warning("skipped %d below %dx%d: %s", len(small), least, least, _some(small))
    kept = tuple(name for name in names if name not in skipped)
    group = min(max(-(-n // len(kept)), 1), MOST_SHARING)
    return Photos(folder, kept, side, seed, group, _label(folder, kept), factors)


def square_side(side: int, factor: float) -> int:
    """Side in pixels of the square of a photo that is reduced to side x side pixels."""
    return math.ceil(side * factor)


def _shape(path: Path) -> tuple[int, int] | None:
    """Height and width; None for a photo that cannot be read."""
    try:
        height, width = read_image(path).shape[:2]
    except FileError:
        return None
    return height, width


def _label(folder: Path, names: Sequence[str]) -> str:
    lines = "".join(f"{name}\t{(folder / name).stat().st_size}\n" for name in names)
    digest = hashlib.sha256(lines.encode(errors="surrogateescape")).hexdigest()
    return f"{len(names)} photos, SHA-256 {digest}"


def _some(names: Sequence[str]) -> str:
    return printable(", ".join(names[:NAMED])).replace("\n", "\\n") + (
        ", ..." if len(names) > NAMED else ""
    )


@lru_cache(maxsize=4)
def _order(photos: int, seed: int, turn: int) -> np.ndarray:
    return photo_order(photos, seed=seed, turn=turn)


def crop_corner(height: int, width: int, side: int, *, seed: int, index: int) -> tuple[int, int]:
    """(y, x) of the top left corner of a side x side crop of a photo, uniform over all that fit.

    Parameters
    ----------
    height, width : int >= side, px
    side : int, px
    seed, index : int
        The sample, from whose own stream the corner is drawn.
    """
    from blurkit._loops import stream

    rows, columns = height - side + 1, width - side + 1
    y, x = stream.crop_corner(np.uint64(seed), np.uint64(index), rows, columns)
    return int(y), int(x)


def photo_order(n: int, *, seed: int, turn: int) -> np.ndarray:
    """The order in which n photos are used in the turn-th pass through them: (n,) int64."""
    from blurkit._loops.stream import shuffle

    order = np.arange(n)
    shuffle(order, np.uint64(seed), np.uint64(turn))
    return order
