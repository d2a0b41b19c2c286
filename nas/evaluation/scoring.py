"""The loop of an evaluation: each case is restored by every network and scored, one at a time."""

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from blurkit.errors import FileError, SettingError
from blurkit.files import AnyPath
from blurkit.progress import bar
from nas.checkpoint import load_model
from nas.evaluation.pairs import Image
from nas.evaluation.protocols.benchmark import Benchmark
from nas.evaluation.table import Score
from nas.report.panels import busiest
from nas.report.slider import around

REGION = 256  # side of what compare.png shows of a larger photo, in pixels


class Scored(NamedTuple):
    """What an evaluation leaves.

    Attributes
    ----------
    scores : of the blurry input, then of each network, the chosen cases' scores
    pictures : of each shown case regions of the blurry image, the restored ones and the sharp one,
        (h, w, 3) uint8, as large as a page shows
    """

    scores: list[tuple[Score, ...]]
    pictures: list[list[Image]]


def load_networks(paths: Sequence[AnyPath], device: torch.device) -> dict[str, nn.Module]:
    """Name to network; networks of one name are told apart by their folders.

    Parameters
    ----------
    paths : paths of model.safetensors files, or of the folders that hold them

    Raises
    ------
    SettingError
        "model given twice: runs/unet"
    FileError
        as of `nas.checkpoint.load_model`
    """
    files = [Path(p, "model.safetensors") if Path(p).is_dir() else Path(p) for p in paths]
    files = [file.resolve() for file in files]
    for i, file in enumerate(files):
        if file in files[:i]:
            raise SettingError(f"model given twice: {paths[i]}")
    loaded = [load_model(Path(path), device) for path in paths]
    names = [str(info["name"]) for _, info in loaded]
    networks = {}
    for i, name in enumerate(names):
        like = [files[k].parent.name for k in range(len(files)) if names[k] == name]
        if len(like) > 1:
            distinct = len(set(like)) == len(like)
            name = f"{name} ({files[i].parent.name if distinct else paths[i]})"
        networks[name] = loaded[i][0]
    return networks


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
                region = around(busiest(case.sharp, REGION), case.sharp.shape)
                pictures.append([np.array(image[region]) for image in (*images, case.sharp)])
    return Scored(list(zip(*scores, strict=True)), pictures)
