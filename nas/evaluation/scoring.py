"""Restore each image of a benchmark with every network and score the results."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from torch import nn

from blurkit.errors import FileError
from blurkit.progress import bar
from nas.evaluation.pairs import Image
from nas.evaluation.protocols.benchmark import Benchmark
from nas.evaluation.table import Score
from nas.report.regions import grow_region, most_detailed_region

REGION = 256  # px, side of the region of a larger photo shown in compare.png


class Example(NamedTuple):
    """A scored image to show: the region with the most contrast, as large as a page shows.

    Attributes
    ----------
    name : str
    psnr : of the blurry image and of each network's output, in dB, over the whole image
    images : the regions, (h, w, 3) uint8: blurry, each network's output, sharp
    """

    name: str
    psnr: list[float]
    images: list[Image]


def score_networks(
    networks: Mapping[str, nn.Module],
    benchmark: Benchmark,
    indices: Sequence[int],
    shown: Sequence[int],
    restore: Callable[[nn.Module, Image], Image],
    *,
    progress: bool = True,
) -> tuple[list[tuple[Score, ...]], list[Example]]:
    """Score the blurry input and every network on the chosen cases of a benchmark.

    Parameters
    ----------
    networks : name to network
    benchmark : Benchmark
    indices, shown : cases to score, and those of them to return as examples
    restore : callable
        (network, image) to the restored image; both images (H, W, 3) uint8.
    progress : bool
        Show a bar over the ground-truth images.

    Returns
    -------
    scores : of the blurry input, then of each network, one Score per case
    examples : one per case in `shown`

    Raises
    ------
    FileError
        "unet: the network's output is not finite: its weights are unusable", or an image cannot
        be read

    Notes
    -----
    Apart from scores and examples, only one case is in memory at a time.
    """
    scores, examples = [], []
    work = sum(benchmark.steps[i] for i in indices)
    unit = "pair" if work == len(indices) else "frame"
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        bar(work, "evaluate", unit, disable=not progress) as steps,
    ):
        for i in indices:
            case = benchmark.read(i)
            images = [case.blurry]
            for name, network in networks.items():
                try:
                    images.append(restore(network, case.blurry))
                except FileError as error:
                    raise FileError(f"{name}: {error}") from error
            scores.append(case.score(images, pool, steps.update))
            if i in shown:
                region = grow_region(most_detailed_region(case.sharp, REGION), case.sharp.shape)
                regions = [np.array(image[region]) for image in (*images, case.sharp)]
                psnr = [score.psnr for score in scores[-1]]
                examples.append(Example(benchmark.names[i], psnr, regions))
    return list(zip(*scores, strict=True)), examples
