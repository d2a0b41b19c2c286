"""Pairs in folders of image files: one function per layout."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path

from blurkit.errors import FileError
from blurkit.images.files import find_images, image_bytes
from blurkit.importers.pairs import Pair, Problem, Source, holds, inside
from blurkit.importers.settings import ImportSettings


def gopro(root: Path, settings: ImportSettings) -> Source:
    """SPLIT/SEQ/{blur or blur_gamma, sharp}: the GoPro set as published."""
    split, blurry = str(settings.split), str(settings.input)
    place, folders, problems = inside(root, split), [], []
    names = sorted(path.name for path in place.iterdir()) if place.is_dir() else []
    sequences = [n for n in names if (place / n).is_dir() and not n.startswith(".")]
    for name in sequences:
        sides = (f"{split}/{name}/{blurry}", f"{split}/{name}/sharp")
        if any((root / side).is_dir() for side in sides):
            folders.append(sides)
        else:
            reason = f"contains neither {blurry}/ nor sharp/"
            problems.append(Problem("no_partner", f"{split}/{name}", reason))
    if not any(all((root / side).is_dir() for side in sides) for sides in folders):
        contents = holds(place / sequences[0] if sequences else place if place.is_dir() else root)
        raise FileError(
            f"{root}: must contain {split}/SEQ/{blurry} and {split}/SEQ/sharp; {contents}"
        )
    return _matched(root, folders, problems)


def nafnet(root: Path, settings: ImportSettings) -> Source:
    """SPLIT/input and SPLIT/target: the layout of MPRNet, NAFNet and Restormer."""
    return _two_folders(root, f"{settings.split}/input", f"{settings.split}/target")


def pairs(root: Path, settings: ImportSettings) -> Source:
    """Two folders in `root` of any name."""
    return _two_folders(root, str(settings.blurry), str(settings.sharp))


def listed(root: Path, settings: ImportSettings) -> Source:
    """A text file with two paths in `root` per line, as published with RealBlur and RSBlur.

    Paths are separated by a tab, or in lines without a tab by spaces.
    """
    source = Path(str(settings.list_file))
    try:
        if source.exists() and not source.is_file():  # reading a pipe would block
            raise FileError(f"{source}: not a file")
        text = source.read_text("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise FileError(f"{source}: {error.strerror}") from error
    listed_pairs: dict[Pair, None] = {}  # an ordered set
    problems = []
    for number, line in enumerate(text.split("\n"), 1):
        where = f"{source.name} line {number}"
        names = [name.strip() for name in line.strip().split("\t" if "\t" in line else None)]
        if not any(names):
            continue
        if len(names) != 2 or not all(names):
            problems.append(Problem("unclear", where, f"two paths expected: {line.strip()[:200]}"))
            continue
        blurry, sharp = names if settings.order == "blurry-sharp" else reversed(names)
        try:
            missing = [n for n in (blurry, sharp) if not os.path.isfile(inside(root, n))]
        except FileError as error:
            raise FileError(f"{where}: {error}") from error
        pair = Pair(blurry, sharp)
        if missing:
            present = blurry if missing == [sharp] else sharp
            reason = f"{where}: no file {' and no file '.join(missing)}"
            problems.append(Problem("no_partner", present, reason))
        elif pair in listed_pairs:
            problems.append(Problem("unclear", sharp, f"{where}: listed before"))
        else:
            listed_pairs[pair] = None
    if not listed_pairs and not problems:
        raise FileError(f"{source}: lists no pair")
    return Source(tuple(listed_pairs), problems, _loader(root))


def _two_folders(root: Path, blurry: str, sharp: str) -> Source:
    if not (inside(root, blurry).is_dir() and inside(root, sharp).is_dir()):
        place = (root / blurry).parent
        contents = holds(place if place.is_dir() else root)
        raise FileError(f"{root}: must contain {blurry}/ and {sharp}/; {contents}")
    return _matched(root, [(blurry, sharp)], [])


def _matched(root: Path, folders: Iterable[tuple[str, str]], problems: list[Problem]) -> Source:
    """Partners have the same name in both folders; their endings may differ."""
    pairs = []
    for couple in folders:
        blurry, sharp = (_by_stem(root, folder) for folder in couple)
        for stem in sorted(blurry.keys() | sharp.keys()):
            files = [*blurry.get(stem, ()), *sharp.get(stem, ())]
            if len(files) == 2 and stem in blurry and stem in sharp:
                pairs.append(Pair(files[0], files[1]))
            elif stem in blurry and stem in sharp:
                reason = f"several of this name: {', '.join(files[1:])}"
                problems.append(Problem("unclear", files[0], reason))
            else:
                lacking = couple[stem in blurry]
                problems += [Problem("no_partner", f, f"not in {lacking}/") for f in files]
    return Source(tuple(pairs), problems, _loader(root))


def _by_stem(root: Path, folder: str) -> dict[str, list[str]]:
    """Each name in the folder, without its ending, and the files of that name in `root`."""
    top = inside(root, folder)
    try:
        paths = find_images(top)
    except FileError:  # no folder, or no image: the other side's images have no partner
        return {}
    stems: dict[str, list[str]] = {}
    for path in paths:
        name = path.relative_to(root).as_posix()
        inside(root, name)
        stems.setdefault(path.relative_to(top).with_suffix("").as_posix(), []).append(name)
    return stems


def _loader(root: Path) -> Callable[[str, str], bytes]:
    def load(_: str, name: str) -> bytes:
        return image_bytes(root / name, name)

    return load
