"""The set of Köhler et al. 2012: 48 blurry images, each with the sharp frames of its trajectory."""

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

from blurkit.errors import FileError
from blurkit.images.files import PHOTOS, find_images, read_image
from blurkit.progress import bar
from nas.evaluation.ms_ssim import LEAST
from nas.evaluation.pairs import Image, contents, some
from nas.evaluation.protocols.benchmark import Benchmark, Case
from nas.evaluation.protocols.kohler_score import FrameScore, Prepared, best, prepare, score_frame
from nas.evaluation.table import Score

IMAGES = 48
IDS = "([1-4])_([1-9]|1[0-2])"
BLURRY, FRAMES = re.compile(f"Blurry{IDS}"), re.compile(f"GroundTruth{IDS}")
NOTE = (
    "PSNR and MS-SSIM of the luma after scaling and shifting, best ground-truth frame each; "
    "MS-SSIM: Wang et al.; MSSIM: MeTriX, as in the benchmark's own code"
)
CAPTION = "PSNR after scaling and shifting, best frame (shown: the middle frame)"

Ids = tuple[int, int]


def kohler(folder: Path, *, progress: bool = False) -> Benchmark:
    """Blurry1_1.png to Blurry4_12.png, each with its frames in a folder GroundTruth1_1/ and so on.

    Parameters
    ----------
    folder : Path
        Blurry{scene}_{trajectory} with the suffix of an image format, and for each a folder
        GroundTruth{scene}_{trajectory} with its frames, under any names.
    progress : bool

    Raises
    ------
    FileError
        "kohler: must contain Blurry1_1.png .. Blurry4_12.png and GroundTruth1_1/ ..; it contains
        left/", "kohler: no partner for Blurry1_2.png, GroundTruth1_3/", "kohler: names must be
        Blurry1_1 .. Blurry4_12, got Blurry5_1.png", "kohler: several files with the same name:
        Blurry1_1.jpg, Blurry1_1.png", "kohler/Blurry1_1.png: must be at least 176x176, got
        100x100". Frames whose size differs from their blurry image's raise it when they are read.

    Notes
    -----
    The score is `nas.evaluation.protocols.kohler_score.kohler`. Frames are not kept, so memory
    does not grow with their number.
    """
    blurry, frames = _blurry(folder), _frames(folder)
    if not blurry or not frames:
        rule = "must contain Blurry1_1.png .. Blurry4_12.png and GroundTruth1_1/ .."
        raise FileError(f"{folder}: {rule}; {contents(folder)}")
    unpaired = [blurry[i].name for i in sorted(blurry.keys() - frames)]
    unpaired += [f"{frames[i].name}/" for i in sorted(frames.keys() - blurry)]
    if unpaired:
        raise FileError(f"{folder}: no partner for {some(unpaired)}")
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
        protocol="kohler",
        source=name,
        title=f"images of {name}, each against {counts} ground-truth frames",
        note=NOTE,
        caption=CAPTION,
        names=tuple(blurry[i].stem for i in ids),
        steps=steps,
        read=lambda k: _case(blurry[ids[k]], paths[ids[k]]),
        published=IMAGES,
        facts={"frames": {blurry[i].stem: len(paths[i]) for i in ids}},
    )


def _case(blurry: Path, frames: Sequence[Path]) -> Case:
    image = read_image(blurry)

    def score(images: Sequence[Image], pool: Executor, done: Callable[[], object]) -> list[Score]:
        restored = list(pool.map(prepare, images))
        frame_scores = []
        for scores in pool.map(partial(_score_path, restored), frames):
            frame_scores.append(scores)
            done()
        return [
            Score(blurry.stem, b.psnr, ms_ssim=b.ms_ssim, ms_ssim_metrix=b.ms_ssim_metrix)
            for b in map(best, zip(*frame_scores, strict=True))
        ]

    return Case(image, _same_size(frames[len(frames) // 2], image.shape), score)


def _score_path(restored: Sequence[Prepared], path: Path) -> list[FrameScore]:
    """Scores of every restored image against one frame, which is read once."""
    frame = prepare(_same_size(path, restored[0].pixels.shape))
    return [score_frame(image, frame) for image in restored]


def _same_size(path: Path, shape: tuple[int, ...]) -> Image:
    frame = read_image(path)
    if frame.shape != shape:
        size, expected = (f"{height}x{width}" for height, width, _ in (frame.shape, shape))
        raise FileError(f"{path}: must have the size of its blurry image, {expected}, got {size}")
    return frame


def _blurry(folder: Path) -> dict[Ids, Path]:
    paths: dict[Ids, list[Path]] = {}
    other = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in PHOTOS and path.is_file() and not path.name.startswith("."):
            match = BLURRY.fullmatch(path.stem)
            if match:
                paths.setdefault((int(match[1]), int(match[2])), []).append(path)
            else:
                other.append(path.name)
    if other:
        raise FileError(f"{folder}: names must be Blurry1_1 .. Blurry4_12, got {some(other)}")
    duplicates = [path.name for same in paths.values() if len(same) > 1 for path in same]
    if duplicates:
        raise FileError(f"{folder}: several files with the same name: {some(duplicates)}")
    return {i: same[0] for i, same in paths.items()}


def _frames(folder: Path) -> dict[Ids, Path]:
    frames = {}
    for path in sorted(folder.iterdir()):
        match = FRAMES.fullmatch(path.name)
        if match and path.is_dir():
            frames[int(match[1]), int(match[2])] = path
    return frames
