"""A comparison's networks on real pairs: folders of blurry and sharp photos, PSNR alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

import torch

from blurkit.progress import bar

from .checkpoint import load_model, write_text
from .metrics import psnr
from .outcome import Bench, read_json
from .pairs import ImagePairs, pairs_of_folder
from .restore import restore
from .trials import Trial

Real = dict[str, dict[str, Any]]
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
            write_text(bench.root / "real.json", json.dumps(found, indent=2) + "\n")


def read_real(bench: Bench) -> Real:
    """What real.json holds, {} before there is one."""
    path = bench.root / "real.json"
    return read_json(path) if path.exists() else {}


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
