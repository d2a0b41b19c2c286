"""Blurry/sharp pairs to score a network on: of a dataset, or of a folder of photos."""

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
    """Pairs read one at a time, so that a set may be larger than the memory.

    Parameters
    ----------
    source : str
        Where they are from, for a reader.
    names : tuple of str
        One for each pair.
    read : callable
        Position to (blurry, sharp), each (H, W, 3) uint8 sRGB of one size, at least 11x11.
    """

    source: str
    names: tuple[str, ...]
    read: Callable[[int], tuple[Image, Image]]


def pairs_of_data(data: Data) -> ImagePairs:
    """The pairs of a dataset in one file or in several; FileError if they cannot be used."""
    pairs = open_data(data)
    _check_size(pairs.paths[0].name, *pairs.sharp.shape[1:3])
    return ImagePairs(
        data_name(pairs),
        tuple(pairs.label(row) for row in range(pairs.n)),
        lambda row: (pairs.blurry[row], pairs.sharp[row]),
    )


def data_name(pairs: PairSet) -> str:
    """What a table calls a dataset: "test.h5", or "test-00000-of-00003.h5 and 2 more"."""
    more = f" and {len(pairs.paths) - 1} more" if len(pairs.paths) > 1 else ""
    return pairs.paths[0].resolve().name + more


def pairs_of_folder(folder: AnyPath, *, progress: bool = False) -> ImagePairs:
    """The pairs of a folder that holds blur/ and sharp/, or input/ and target/.

    Parameters
    ----------
    folder : path
        Partners have equal names below the two folders; their endings may differ.
    progress : bool
        Show a bar while the images are checked.

    Raises
    ------
    FileError
        "pairs: must hold blur/ and sharp/, or input/ and target/; it holds left/",
        "pairs: holds blur/ and sharp/ as well as input/ and target/",
        "pairs: several files of one name: blur/a.jpg, blur/a.png",
        "pairs: no partner for blur/b.png, sharp/c.png",
        "pairs: partners differ in size: a (20x30 and 20x31)", or what `read_image` says.
        Nothing is scored before every image has been read once.
    """
    folder = Path(folder)
    return matched(folder, [("", *_layout(folder))], progress=progress)


def matched(
    folder: Path, couples: Sequence[tuple[str, str, str]], *, progress: bool = False
) -> ImagePairs:
    """The pairs of several couples of folders.

    Parameters
    ----------
    folder : Path
    couples : (prefix, blurry, sharp)
        Two folders below `folder`, and what their pairs' names begin with; errors and names are
        as of `pairs_of_folder`.
    """
    left: dict[str, Path] = {}
    right: dict[str, Path] = {}
    for prefix, blur, sharp in couples:
        left |= {prefix + name: path for name, path in _by_name(folder, blur).items()}
        right |= {prefix + name: path for name, path in _by_name(folder, sharp).items()}
    alone = [left[n] for n in left.keys() - right] + [right[n] for n in right.keys() - left]
    if alone:
        where = sorted(path.relative_to(folder).as_posix() for path in alone)
        raise FileError(f"{folder}: no partner for {some(where)}")

    names = tuple(sorted(left))

    def read(i: int) -> tuple[Image, Image]:
        return read_image(left[names[i]]), read_image(right[names[i]])

    def sizes(i: int) -> tuple[tuple[int, ...], ...]:
        return tuple(image.shape[:2] for image in read(i))

    other = []
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        bar(len(names), "checking", "pair", disable=not progress) as b,
    ):
        for name, (first, second) in zip(names, pool.map(sizes, range(len(names))), strict=True):
            b.update()
            _check_size(f"{folder}: {name}", *first)
            if first != second:
                other.append(f"{name} ({first[0]}x{first[1]} and {second[0]}x{second[1]})")
    if other:
        raise FileError(f"{folder}: partners differ in size: {some(other)}")
    return ImagePairs(folder.resolve().name, names, read)


def _layout(folder: Path) -> tuple[str, str]:
    here = [pair for pair in LAYOUTS if all((folder / side).is_dir() for side in pair)]
    if len(here) > 1:
        raise FileError(f"{folder}: holds blur/ and sharp/ as well as input/ and target/")
    if not here:
        raise FileError(
            f"{folder}: must hold blur/ and sharp/, or input/ and target/; {holds(folder)} "
            "(--protocol reads the layouts of GoPro, Köhler and Levin)"
        )
    return here[0]


def _by_name(folder: Path, side: str) -> dict[str, Path]:
    """Name below the side's folder, without ending, to file."""
    found: dict[str, list[Path]] = {}
    for path in find_images(folder / side):
        name = path.relative_to(folder / side).with_suffix("").as_posix()
        found.setdefault(name, []).append(path)
    double = [path for paths in found.values() if len(paths) > 1 for path in paths]
    if double:
        where = (path.relative_to(folder).as_posix() for path in double)
        raise FileError(f"{folder}: several files of one name: {some(where)}")
    return {name: paths[0] for name, paths in found.items()}


def _check_size(name: str, height: int, width: int) -> None:
    if min(height, width) < SSIM_WINDOW:
        raise FileError(
            f"{name}: images must be at least {SSIM_WINDOW}x{SSIM_WINDOW} for ssim, "
            f"got {height}x{width}"
        )


def holds(folder: Path) -> str:
    """What a folder holds, for the error that something else was to be there: "it holds a/, b"."""
    inside = sorted(path.name + "/" * path.is_dir() for path in folder.iterdir())
    return f"it holds {some(inside) or 'nothing'}"


def some(names: Iterable[str], most: int = 5) -> str:
    """The first few names, and how many more there are: "a, b, c, d, e and 3 more"."""
    names = list(names)
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
