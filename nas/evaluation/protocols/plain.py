"""Any blurry/sharp pairs: PSNR and two SSIMs on 8-bit RGB, no crop, no shift."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from itertools import repeat
from pathlib import Path
from typing import Any

from nas.evaluation.metrics import psnr, ssim, ssim_matlab3d
from nas.evaluation.pairs import Image, ImagePairs, pairs_of_folder
from nas.evaluation.protocols.benchmark import Benchmark, Case
from nas.evaluation.table import Score

NOTE = "SSIM: per channel; SSIM 3-D: of the RGB volume, as in MATLAB"


def plain(folder: Path, *, progress: bool = False) -> Benchmark:
    """The pairs in a folder; see `nas.evaluation.pairs.pairs_of_folder`."""
    return benchmark_of_pairs(pairs_of_folder(folder, progress=progress))


def benchmark_of_pairs(
    pairs: ImagePairs,
    *,
    protocol: str = "plain",
    detail: str = "",
    published: int | None = None,
    facts: Mapping[str, Any] | None = None,
) -> Benchmark:
    """Pairs scored by PSNR (after rounding), `ssim` and `ssim_matlab3d`, image by image.

    Parameters
    ----------
    pairs : ImagePairs
    protocol, published, facts : see `Benchmark`
    detail : str
        Appended to the source's name: ", input blur".
    """

    def read(i: int) -> Case:
        blurry, sharp = pairs.read(i)

        def score(
            images: Sequence[Image], pool: Executor, done: Callable[[], object]
        ) -> list[Score]:
            values = zip(
                pool.map(psnr, images, repeat(sharp)),
                pool.map(ssim, images, repeat(sharp)),
                pool.map(ssim_matlab3d, images, repeat(sharp)),
                strict=True,
            )
            scores = [Score(pairs.names[i], *metrics) for metrics in values]
            done()
            return scores

        return Case(blurry, sharp, score)

    return Benchmark(
        protocol=protocol,
        source=pairs.source,
        title=f"pairs of {pairs.source}{detail}",
        note=NOTE,
        caption="PSNR over RGB",
        names=pairs.names,
        steps=(1,) * len(pairs.names),
        read=read,
        published=published,
        facts=facts or {},
    )
