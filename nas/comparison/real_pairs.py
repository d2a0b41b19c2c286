"""A comparison's networks on real pairs: folders of blurry and sharp photos; samples to look at."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from blurkit.files import write_whole
from blurkit.progress import bar
from nas.checkpoint import load_model
from nas.comparison.folder import Bench
from nas.comparison.plan import Trial
from nas.data import spread
from nas.evaluation.metrics import psnr
from nas.evaluation.pairs import ImagePairs, pairs_of_data, pairs_of_folder
from nas.files import read_json
from nas.report.regions import grow_region, most_detailed_region
from nas.report.slider import MIN_SIDE, Sample, sample
from nas.restoration.restore import restore

Real = dict[str, dict[str, Any]]
SHOWN_ROWS, SHOWN_PAIRS = 5, 2  # on a page, of the table and of each set of pairs
TILE = 1280  # photos up to this side are restored whole


def measure_real(
    bench: Bench,
    trials: Sequence[Trial],
    folders: Sequence[Path],
    device: torch.device,
    progress: bool,
) -> None:
    """Bring real.json up to date: every training that is done, on the pairs of every folder.

    The file holds, for each folder's name, "n" (pairs), "input" (mean PSNR of the blurry images,
    dB) and "psnr" (name of the training to its mean PSNR, dB). What stands there is kept.
    """
    names = [r["name"] for r in bench.records(trials) if r["kind"] == "train"]
    found = read_real(bench)
    for folder in folders:
        source = pairs_of_folder(folder, progress=progress)
        known = found.get(source.source, {})
        if known.get("n") != len(source.names):
            known = {"n": len(source.names), "psnr": {}}
        left = [name for name in names if name not in known["psnr"]]
        if left:
            models = {name: load_model(bench.folder(name), device)[0] for name in left}
            known["input"], of_network = _score(models, source, device, progress)
            known["psnr"] |= of_network
            found[source.source] = known
            write_whole(bench.root / "real.json", json.dumps(found, indent=2) + "\n")


def read_real(bench: Bench) -> Real:
    """What real.json holds, {} before there is one."""
    path = bench.root / "real.json"
    return read_json(path) if path.exists() else {}


def sample_pairs(
    bench: Bench,
    trials: Sequence[Trial],
    folders: Sequence[Path],
    device: torch.device,
) -> list[Sample]:
    """Some real pairs and test pairs, restored by the first network of the best rows and by UNet.

    Of a larger photo a region is cut out first, and restored by itself.
    """
    trainings = [r for r in bench.records(trials) if r["kind"] == "train"]
    psnr_of: dict[str, list[float]] = {}
    first: dict[str, str] = {}
    for record in trainings:
        psnr_of.setdefault(record["row"], []).append(record["psnr"])
        if (bench.folder(record["name"]) / "model.safetensors").exists():
            first.setdefault(record["row"], record["name"])
    rows = sorted(first, key=lambda row: -fmean(psnr_of[row]))
    rows = [row for row in rows if row in rows[:SHOWN_ROWS] or row == "unet"]
    if not rows:
        return []
    models = [load_model(bench.folder(first[row]), device)[0] for row in rows]
    labels = ["blurry input", *rows, "sharp"]
    found = []
    for source in (*map(pairs_of_folder, folders), pairs_of_data(bench.test)):
        for i in spread(len(source.names), SHOWN_PAIRS):
            blurry, sharp = source.read(i)
            part = grow_region(most_detailed_region(sharp, MIN_SIDE), sharp.shape)
            blurry, sharp = blurry[part], sharp[part]
            restored = [restore(model, blurry, tile=TILE, device=device) for model in models]
            notes = [f"{psnr(image, sharp):.2f} dB" for image in (blurry, *restored)]
            images = [blurry, *restored, sharp]
            found.append(
                sample(f"{source.source}: {source.names[i]}", images, labels, [*notes, ""])
            )
    return found


def _score(
    models: Mapping[str, torch.nn.Module],
    source: ImagePairs,
    device: torch.device,
    progress: bool,
) -> tuple[float, dict[str, float]]:
    untouched: list[float] = []
    scores: dict[str, list[float]] = {name: [] for name in models}
    work = len(source.names) * len(models)
    with bar(work, f"score on {source.source}", "photo", disable=not progress) as shown:
        for i in range(len(source.names)):
            blurry, sharp = source.read(i)
            untouched.append(psnr(blurry, sharp))
            for name, model in models.items():
                restored = restore(model, blurry, tile=TILE, device=device)
                scores[name].append(psnr(restored, sharp))
                shown.update()
    return fmean(untouched), {name: fmean(values) for name, values in scores.items()}
