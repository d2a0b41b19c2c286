"""The set of Levin et al. 2009: 32 grey images of 255x255, blurred by a real camera's shake."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from blurkit.errors import FileError
from nas.evaluation.pairs import Image, pairs_of_folder
from nas.evaluation.protocols.benchmark import Benchmark, Case
from nas.evaluation.protocols.kohler_score import LUMA
from nas.evaluation.protocols.levin_score import LEAST
from nas.evaluation.protocols.levin_score import levin as score_levin
from nas.evaluation.table import Score

IMAGES = 32
NOTE = "PSNR: grey, 15 px left out at each border, after the best shift of +-5 px by quarters"
SHOWN = "PSNR of the grey image inside its borders, after the best shift"


def levin(folder: Path, *, progress: bool = False) -> Benchmark:
    """Grey images in blur/ and sharp/, or input/ and target/, partners of one name.

    Parameters
    ----------
    folder : Path
        See `nas.evaluation.pairs.pairs_of_folder`; every blurry image has a sharp file of its own.
    progress : bool

    Raises
    ------
    FileError
        "levin: im05_flit01: must be grey, as all of Levin's images are",
        "levin: im05_flit01: must be at least 31x31, got 20x20",
        or as of `nas.evaluation.pairs.pairs_of_folder`

    Notes
    -----
    The score is `nas.evaluation.protocols.levin_score.levin`. A network sees the grey image as
    three equal channels; of what it returns the luma is scored, not rounded.
    """
    pairs = pairs_of_folder(folder, progress=progress)
    for i, name in enumerate(pairs.names):
        for image in pairs.read(i):
            height, width = image.shape[:2]
            if min(height, width) < LEAST:
                rule = f"must be at least {LEAST}x{LEAST}, got {height}x{width}"
                raise FileError(f"{folder}: {name}: {rule}")
            if (image != image[..., :1]).any():
                raise FileError(f"{folder}: {name}: must be grey, as all of Levin's images are")

    def read(i: int) -> Case:
        blurry, sharp = pairs.read(i)

        def score(
            images: Sequence[Image], pool: Executor, done: Callable[[], object]
        ) -> list[Score]:
            grey = _grey(sharp)
            found = list(pool.map(lambda image: score_levin(_grey(image), grey), images))
            done()
            return [Score(pairs.names[i], each.psnr) for each in found]

        return Case(blurry, sharp, score)

    what, steps = f"grey images of {pairs.source}", (1,) * len(pairs.names)
    return Benchmark(
        "levin", pairs.source, what, NOTE, SHOWN, pairs.names, steps, read, published=IMAGES
    )


def _grey(image: Image) -> NDArray[np.float64]:
    return image @ np.array(LUMA)
