"""The set of Köhler et al. 2012: 48 blurry images, each with the frames of its camera's path."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from blurkit.errors import FileError
from blurkit.images.files import PHOTOS, find_images, read_image
from blurkit.progress import bar
from nas.evaluation.ms_ssim import LEAST
from nas.evaluation.pairs import Image, holds, some
from nas.evaluation.protocols.benchmark import Benchmark, Case
from nas.evaluation.protocols.kohler_score import FrameScore, Prepared, best, prepare, score_frame
from nas.evaluation.table import Score

IMAGES = 48
IDS = "([1-4])_([1-9]|1[0-2])"
BLURRY, FRAMES = re.compile(f"Blurry{IDS}"), re.compile(f"GroundTruth{IDS}")
NOTE = (
    "PSNR and MS-SSIM of the luma after scale and shift, each of its best ground-truth frame; "
    "MS-SSIM: Wang et al.; MSSIM: MeTriX, as the benchmark's own code"
)
SHOWN = "PSNR after scale and shift, of the best frame (shown: the middle one)"

Ids = tuple[int, int]


def kohler(folder: Path, *, progress: bool = False) -> Benchmark:
    """Blurry1_1.png to Blurry4_12.png, each with its frames in GroundTruth1_1/ and so on.

    Parameters
    ----------
    folder : Path
        Blurry{scene}_{trajectory} with the ending of a lossless image, and beside each a folder
        GroundTruth{scene}_{trajectory} that holds its frames, whatever they are called.
    progress : bool

    Raises
    ------
    FileError
        "kohler: must hold Blurry1_1.png .. Blurry4_12.png and GroundTruth1_1/ ..; it holds left/",
        "kohler: no partner for Blurry1_2.png, GroundTruth1_3/", "kohler: not Blurry1_1 ..
        Blurry4_12: Blurry5_1.png", "kohler: several files of one name: Blurry1_1.jpg,
        Blurry1_1.png", "kohler: Blurry1_1.png: must be at least 176x176, got 100x100"; a frame of
        another size than its blurry image is found when it is read

    Notes
    -----
    The score is `nas.evaluation.protocols.kohler_score.kohler`. Nothing of a frame is kept, so
    memory does not grow with their number.
    """
    blurry, frames = _blurry(folder), _frames(folder)
    if not blurry or not frames:
        rule = "must hold Blurry1_1.png .. Blurry4_12.png and GroundTruth1_1/ .."
        raise FileError(f"{folder}: {rule}; {holds(folder)}")
    alone = [blurry[i].name for i in sorted(blurry.keys() - frames)]
    alone += [f"{frames[i].name}/" for i in sorted(frames.keys() - blurry)]
    if alone:
        raise FileError(f"{folder}: no partner for {some(alone)}")
    ids = sorted(blurry)
    paths = {i: find_images(frames[i]) for i in ids}
    with bar(len(ids), "checking", "image", disable=not progress) as shown:
        for i in ids:
            height, width = read_image(blurry[i]).shape[:2]
            if min(height, width) < LEAST:
                rule = f"must be at least {LEAST}x{LEAST}, got {height}x{width}"
                raise FileError(f"{blurry[i]}: {rule}")
            shown.update()
    steps = tuple(len(paths[i]) for i in ids)
    counts = str(steps[0]) if len(set(steps)) == 1 else f"{min(steps)} .. {max(steps)}"
    name = folder.resolve().name
    return Benchmark(
        "kohler",
        name,
        f"images of {name}, each against {counts} ground-truth frames",
        NOTE,
        SHOWN,
        tuple(blurry[i].stem for i in ids),
        steps,
        lambda k: _case(blurry[ids[k]], paths[ids[k]]),
        IMAGES,
        {"frames": {blurry[i].stem: len(paths[i]) for i in ids}},
    )


def _case(blurry: Path, frames: Sequence[Path]) -> Case:
    image = read_image(blurry)

    def score(images: Sequence[Image], pool: Executor, done: Callable[[], object]) -> list[Score]:
        restored = list(pool.map(prepare, images))
        of_frames = []
        for of_frame in pool.map(partial(_score_path, restored), frames):
            of_frames.append(of_frame)
            done()
        of_images = map(best, zip(*of_frames, strict=True))
        return [
            Score(blurry.stem, b.psnr, ms_ssim=b.ms_ssim, ms_ssim_metrix=b.ms_ssim_metrix)
            for b in of_images
        ]

    return Case(image, _same_size(frames[len(frames) // 2], image.shape), score)


def _score_path(restored: Sequence[Prepared], path: Path) -> list[FrameScore]:
    """Every restored image against one frame, which is read once."""
    frame = prepare(_same_size(path, restored[0].pixels.shape))
    return [score_frame(each, frame) for each in restored]


def _same_size(path: Path, shape: tuple[int, ...]) -> Image:
    frame = read_image(path)
    if frame.shape != shape:
        sizes = ["x".join(map(str, each[:2])) for each in (frame.shape, shape)]
        raise FileError(f"{path}: must be of its blurry image's size {sizes[1]}, got {sizes[0]}")
    return frame


def _blurry(folder: Path) -> dict[Ids, Path]:
    found: dict[Ids, list[Path]] = {}
    other = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PHOTOS and path.is_file() and not path.name.startswith("."):
            match = BLURRY.fullmatch(path.stem)
            if match:
                found.setdefault((int(match[1]), int(match[2])), []).append(path)
            else:
                other.append(path.name)
    if other:
        raise FileError(f"{folder}: not Blurry1_1 .. Blurry4_12: {some(other)}")
    double = [path.name for paths in found.values() if len(paths) > 1 for path in paths]
    if double:
        raise FileError(f"{folder}: several files of one name: {some(double)}")
    return {i: paths[0] for i, paths in found.items()}


def _frames(folder: Path) -> dict[Ids, Path]:
    found = {}
    for path in sorted(folder.iterdir()):
        match = FRAMES.fullmatch(path.name)
        if match and path.is_dir():
            found[int(match[1]), int(match[2])] = path
    return found
