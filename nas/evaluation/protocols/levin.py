"""The set of Levin et al. 2009: 32 grey images of 255x255, blurred by real camera shake."""

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
NOTE = "PSNR: grey, without 15 px at each border, after the best shift of +-5 px in quarter pixels"
CAPTION = "PSNR of the grey image without its borders, after the best shift"


def levin(folder: Path, *, progress: bool = False) -> Benchmark:
    """Grey images in blur/ and sharp/, or input/ and target/, paired by name.

    Parameters
    ----------
    folder : Path
        See `nas.evaluation.pairs.pairs_of_folder`; every blurry image needs its own sharp file.
    progress : bool

    Raises
    ------
    FileError
        "levin: im05_flit01: must be grey, like all of Levin's images",
        "levin: im05_flit01: must be at least 31x31, got 20x20",
        or see `nas.evaluation.pairs.pairs_of_folder`

    Notes
    -----
    The score is `nas.evaluation.protocols.levin_score.levin`. A network's input
    is the grey image as three equal channels; the luma of its output is scored, not rounded.
    """
    pairs = pairs_of_folder(folder, progress=progress)
    for i, name in enumerate(pairs.names):
        for image in pairs.read(i):
            height, width = image.shape[:2]
            if min(height, width) < LEAST:
                rule = f"must be at least {LEAST}x{LEAST}, got {height}x{width}"
                raise FileError(f"{folder}: {name}: {rule}")
            if (image != image[..., :1]).any():
                raise FileError(f"{folder}: {name}: must be grey, like all of Levin's images")

    def read(i: int) -> Case:
        blurry, sharp = pairs.read(i)

        def score(
            images: Sequence[Image], pool: Executor, done: Callable[[], object]
        ) -> list[Score]:
            grey = _grey(sharp)
            shifted = list(pool.map(lambda image: score_levin(_grey(image), grey), images))
            done()
            return [Score(pairs.names[i], score.psnr) for score in shifted]

        return Case(blurry, sharp, score)

    return Benchmark(
        protocol="levin",
        source=pairs.source,
        title=f"grey images of {pairs.source}",
        note=NOTE,
        caption=CAPTION,
        names=pairs.names,
        steps=(1,) * len(pairs.names),
        read=read,
        published=IMAGES,
    )


def _grey(image: Image) -> NDArray[np.float64]:
    return image @ np.array(LUMA)
