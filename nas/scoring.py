"""The loop of an evaluation: every case is restored by every network and scored, one at a time."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np
from torch import nn

from blurkit.errors import FileError
from blurkit.progress import bar

from .pairs import Image
from .panels import busiest
from .protocols.benchmark import Benchmark
from .table import Score

REGION = 256  # side of what is kept of a larger photo for a picture, in pixels


class Scored(NamedTuple):
    """What an evaluation leaves.

    Attributes
    ----------
    scores : of the blurry input, then of each network, the chosen cases' scores
    pictures : of each shown case regions of the blurry image, the restored ones and the sharp one,
        (h, w, 3) uint8
    """

    scores: list[tuple[Score, ...]]
    pictures: list[list[Image]]


def score_networks(
    networks: Mapping[str, nn.Module],
    benchmark: Benchmark,
    chosen: Sequence[int],
    shown: Sequence[int],
    whole: Callable[[nn.Module, Image], Image],
    *,
    progress: bool = True,
) -> Scored:
    """Restore and score; beside the scores and the regions no more than one case is in memory.

    Parameters
    ----------
    networks : name to network
    benchmark : Benchmark
    chosen, shown : positions of its cases to score, and those of them to keep regions of
    whole : callable
        A network and an image, (H, W, 3) uint8, to the restored one, of the same shape and type.
    progress : bool
        Show a bar over the ground-truth images.

    Raises
    ------
    FileError
        "unet: the network's output is not finite: its weights are unusable", or an image cannot
        be read
    """
    scores, pictures = [], []
    work = sum(benchmark.steps[i] for i in chosen)
    unit = "pair" if work == len(chosen) else "frame"
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        bar(work, "evaluate", unit, disable=not progress) as steps,
    ):
        for i in chosen:
            case = benchmark.read(i)
            images = [case.blurry]
            for name, model in networks.items():
                try:
                    images.append(whole(model, case.blurry))
                except FileError as error:
                    raise FileError(f"{name}: {error}") from error
            scores.append(case.score(images, pool, steps.update))
            if i in shown:
                region = busiest(case.sharp, REGION)
                pictures.append([np.array(image[region]) for image in (*images, case.sharp)])
    return Scored(list(zip(*scores, strict=True)), pictures)
