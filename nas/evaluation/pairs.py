"""Blurry/sharp pairs to score a network on, from a dataset or a folder of photos."""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import FileError
from blurkit.files import AnyPath
from blurkit.images.files import find_images, read_image
from blurkit.progress import bar
from blurkit.store import PairSet
from nas.data import Data, open_data
from nas.evaluation.metrics import SSIM_WINDOW

Image = NDArray[np.uint8]
LAYOUTS = (("blur", "sharp"), ("input", "target"))


@dataclass(frozen=True)
class ImagePairs:
    """Pairs that are read one at a time, so that a set may exceed memory.

    Parameters
    ----------
    source : str
        Name of the dataset or folder, for display.
    names : tuple of str
        One per pair.
    read : callable
        Index to (blurry, sharp), both (H, W, 3) uint8 sRGB of the same size, at least 11x11.
    """

    source: str
    names: tuple[str, ...]
    read: Callable[[int], tuple[Image, Image]]


def pairs_of_data(data: Data) -> ImagePairs:
    """The pairs of a dataset in one or several files; FileError if they are unusable."""
    pairs = open_data(data)
    _check_size(pairs.paths[0].name, *pairs.sharp.shape[1:3])
    return ImagePairs(
        data_name(pairs),
        tuple(pairs.label(row) for row in range(pairs.n)),
        lambda row: (pairs.blurry[row], pairs.sharp[row]),
    )


def data_name(pairs: PairSet) -> str:
    """Name of a dataset in tables: "test.h5", or "test-00000-of-00003.h5 and 2 more"."""
    more = f" and {len(pairs.paths) - 1} more" if len(pairs.paths) > 1 else ""
    return pairs.paths[0].resolve().name + more


def pairs_of_folder(folder: AnyPath, *, progress: bool = False) -> ImagePairs:
    """The pairs in a folder with blur/ and sharp/, or input/ and target/.

    Parameters
    ----------
    folder : path
        Partners have the same name below the two folders; their suffixes may differ.
    progress : bool
        Show a bar while the images are checked.

    Raises
    ------
    FileError
        "pairs: must contain blur/ and sharp/, or input/ and target/; it contains left/",
        "pairs: contains both blur/ and sharp/ and input/ and target/",
        "pairs: several files with the same name: blur/a.jpg, blur/a.png",
        "pairs: no partner for blur/b.png, sharp/c.png",
        "pairs: partners differ in size: a (20x30 and 20x31)", or see `read_image`

    Notes
    -----
    Every image is read once here, so errors appear before anything is scored.
    """
    folder = Path(folder)
    return paired(folder, [("", *_layout(folder))], progress=progress)


def paired(
    folder: Path, sides: Sequence[tuple[str, str, str]], *, progress: bool = False
) -> ImagePairs:
    """The pairs in several folders.

    Parameters
    ----------
    folder : Path
    sides : (prefix, blurry, sharp)
        Two folders below `folder`, and the prefix of the names of their pairs. Names and errors
        are those of `pairs_of_folder`.
    """
    blurry: dict[str, Path] = {}
    sharp: dict[str, Path] = {}
    for prefix, blurry_folder, sharp_folder in sides:
        for paths, side in ((blurry, blurry_folder), (sharp, sharp_folder)):
            paths |= {prefix + name: path for name, path in _by_name(folder, side).items()}
    unpaired = [blurry[n] for n in blurry.keys() - sharp]
    unpaired += [sharp[n] for n in sharp.keys() - blurry]
    if unpaired:
        files = sorted(path.relative_to(folder).as_posix() for path in unpaired)
        raise FileError(f"{folder}: no partner for {some(files)}")

    names = tuple(sorted(blurry))

    def read(i: int) -> tuple[Image, Image]:
        return read_image(blurry[names[i]]), read_image(sharp[names[i]])

    def sizes(i: int) -> tuple[tuple[int, ...], ...]:
        return tuple(image.shape[:2] for image in read(i))

    mismatches = []
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        bar(len(names), "checking", "pair", disable=not progress) as b,
    ):
        for name, (first, second) in zip(names, pool.map(sizes, range(len(names))), strict=True):
            b.update()
            _check_size(f"{folder}: {name}", *first)
            if first != second:
                mismatches.append(f"{name} ({first[0]}x{first[1]} and {second[0]}x{second[1]})")
    if mismatches:
        raise FileError(f"{folder}: partners differ in size: {some(mismatches)}")
    return ImagePairs(folder.resolve().name, names, read)


def _layout(folder: Path) -> tuple[str, str]:
    layouts = [sides for sides in LAYOUTS if all((folder / side).is_dir() for side in sides)]
    if len(layouts) > 1:
        raise FileError(f"{folder}: contains both blur/ and sharp/ and input/ and target/")
    if not layouts:
        raise FileError(
            f"{folder}: must contain blur/ and sharp/, or input/ and target/; {contents(folder)} "
            "(--protocol reads the layouts of GoPro, Köhler and Levin)"
        )
    return layouts[0]


def _by_name(folder: Path, side: str) -> dict[str, Path]:
    """File by its name below the side's folder, without suffix."""
    files: dict[str, list[Path]] = {}
    for path in find_images(folder / side):
        name = path.relative_to(folder / side).with_suffix("").as_posix()
        files.setdefault(name, []).append(path)
    duplicates = [path for paths in files.values() if len(paths) > 1 for path in paths]
    if duplicates:
        names = (path.relative_to(folder).as_posix() for path in duplicates)
        raise FileError(f"{folder}: several files with the same name: {some(names)}")
    return {name: paths[0] for name, paths in files.items()}


def _check_size(name: str, height: int, width: int) -> None:
    if min(height, width) < SSIM_WINDOW:
        raise FileError(
            f"{name}: images must be at least {SSIM_WINDOW}x{SSIM_WINDOW} for ssim, "
            f"got {height}x{width}"
        )


def contents(folder: Path) -> str:
    """The entries of a folder, for an error message: "it contains a/, b"."""
    entries = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    return f"it contains {some(entries) or 'nothing'}"


def some(names: Iterable[str], most: int = 5) -> str:
    """The first few names and the number of the rest: "a, b, c, d, e and 3 more"."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
