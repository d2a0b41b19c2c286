"""The networks on real pairs, folders of blurry and sharp photos; and the page's sample images."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

import torch

from blurkit.progress import bar
from nas.checkpoint import load_model
from nas.comparison.folder import Comparison
from nas.data import spread
from nas.evaluation.metrics import psnr
from nas.evaluation.pairs import ImagePairs, pairs_of_data, pairs_of_folder
from nas.report.regions import grow_region, most_detailed_region
from nas.report.slider import MIN_SIDE, Sample, sample
from nas.restoration.restore import restore

SHOWN_ROWS, SHOWN_PAIRS = 5, 2  # on a page: rows of the table, pairs of each set
TILE = 1280  # photos up to this side are restored whole


def measure_real(
    comparison: Comparison, folders: Sequence[Path], device: torch.device, progress: bool
) -> None:
    """Update real.json: score every finished training on the pairs of every folder.

    The file holds, by folder name, "n" (pairs), "input" (mean PSNR of the blurry images, dB) and
    "psnr" (name of the training to its mean PSNR, dB). Earlier scores are kept.
    """
    names = [record["name"] for record in comparison.trainings()]
    real = comparison.stored("real")
    for folder in folders:
        pairs = pairs_of_folder(folder, progress=progress)
        scores = real.get(pairs.source, {})
        if scores.get("n") != len(pairs.names):
            scores = {"n": len(pairs.names), "psnr": {}}
        missing = [name for name in names if name not in scores["psnr"]]
        if missing:
            models = {name: load_model(comparison.folder(name), device)[0] for name in missing}
            scores["input"], psnrs = _score(models, pairs, device, progress)
            scores["psnr"] |= psnrs
            real[pairs.source] = scores
            comparison.store("real", real)


def sample_pairs(
    comparison: Comparison, folders: Sequence[Path], device: torch.device
) -> list[Sample]:
    """Some real pairs and test pairs, restored by UNet and the first network of each best row.

    Of a large photo, a region is cut out and restored by itself.
    """
    scores: dict[str, list[float]] = {}
    first: dict[str, str] = {}
    for record in comparison.trainings():
        scores.setdefault(record["row"], []).append(record["psnr"])
        if (comparison.folder(record["name"]) / "model.safetensors").exists():
            first.setdefault(record["row"], record["name"])
    rows = sorted(first, key=lambda row: -fmean(scores[row]))
    rows = [row for row in rows if row in rows[:SHOWN_ROWS] or row == "unet"]
    if not rows:
        return []
    models = [load_model(comparison.folder(first[row]), device)[0] for row in rows]
    labels = ["blurry input", *rows, "sharp"]
    samples = []
    for pairs in (*map(pairs_of_folder, folders), pairs_of_data(comparison.test)):
        for i in spread(len(pairs.names), SHOWN_PAIRS):
            blurry, sharp = pairs.read(i)
            region = grow_region(most_detailed_region(sharp, MIN_SIDE), sharp.shape)
            blurry, sharp = blurry[region], sharp[region]
            restored = [restore(model, blurry, tile=TILE, device=device) for model in models]
            notes = [f"{psnr(image, sharp):.2f} dB" for image in (blurry, *restored)]
            images = [blurry, *restored, sharp]
            title = f"{pairs.source}: {pairs.names[i]}"
            samples.append(sample(title, images, labels, [*notes, ""]))
    return samples


def _score(
    models: Mapping[str, torch.nn.Module],
    pairs: ImagePairs,
    device: torch.device,
    progress: bool,
) -> tuple[float, dict[str, float]]:
    """Mean PSNR of the blurry images, and of those that each model restores, in dB."""
    untouched: list[float] = []
    scores: dict[str, list[float]] = {name: [] for name in models}
    work = len(pairs.names) * len(models)
    with bar(work, f"score on {pairs.source}", "photo", disable=not progress) as steps:
        for i in range(len(pairs.names)):
            blurry, sharp = pairs.read(i)
            untouched.append(psnr(blurry, sharp))
            for name, model in models.items():
                restored = restore(model, blurry, tile=TILE, device=device)
                scores[name].append(psnr(restored, sharp))
                steps.update()
    return fmean(untouched), {name: fmean(values) for name, values in scores.items()}
