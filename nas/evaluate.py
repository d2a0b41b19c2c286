"""Score networks on pairs: `python -m nas.evaluate DIR [DIR ...] --data test.h5`."""

import dataclasses
import json
import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from torch import nn

from blurkit.errors import FileError, SettingError, exit_codes
from blurkit.progress import bar

from .checkpoint import SHIPPED, load_model, write_text
from .data import Data, open_data, spread
from .device import hardware, pick
from .metrics import psnr, ssim, ssim_matlab3d
from .options import DATASET, check, for_device, options, setting
from .pairs import Image, ImagePairs, data_name, pairs_of_data, pairs_of_folder
from .panels import busiest, plot_comparison
from .restore import restore
from .scales import parse_scales
from .table import Row, Score, document, table
from .tiles import check_tile
from .timing import SIDE, latency, macs, parameters

REGION = 256  # side of what compare.png shows of a larger photo, in pixels

AnyPath = str | os.PathLike[str]


@dataclass(frozen=True)
class EvaluateSettings:
    """What decides an evaluation, beside networks and pairs.

    Raises SettingError "rows must be >= 0, got -1" and the like.
    """

    limit: int = setting(0, "score only this many pairs, spread over the set; 0 is all", least=0)
    tile: int = setting(512, "longest side given to a network, in pixels", cuda=1280, least=1)
    overlap: int = setting(32, "pixels that neighbouring tiles share", least=0)
    scales: str = setting("", 'by how much to reduce photos, as "1 2"; empty: each model\'s own')
    rows: int = setting(4, "pairs shown in compare.png", least=0)
    rounds: int = setting(20, "how often each network is timed", least=1)

    def __post_init__(self) -> None:
        check(self)
        check_tile(self.tile, self.overlap)
        parse_scales(self.scales)


def evaluate(
    models: Sequence[AnyPath],
    *,
    data: Data | None = None,
    pairs: AnyPath | None = None,
    settings: EvaluateSettings | None = None,
    device: str = "auto",
    json_file: AnyPath | None = None,
    out: AnyPath | None = None,
    progress: bool = True,
) -> list[Row]:
    """Score networks, and the blurry images as they are, on blurry/sharp pairs.

    Parameters
    ----------
    models : paths of model.safetensors files, or of the folders that hold them; none: the network
        that comes with the package
    data : a dataset file, a pattern such as "blur-*.h5", several of them, or a PairSet; or else
    pairs : a folder that holds blur/ and sharp/, or input/ and target/ (see `nas.pairs`)
    settings : EvaluateSettings, the defaults for the device if None
    device : "auto", "cpu", "cuda" or "cuda:N"
    json_file : where to write the rows with each image's scores, the settings and the hardware
    out : folder for table.md and compare.png
    progress : show a progress bar

    Returns
    -------
    rows : list of `nas.table.Row`, first the blurry input, then the models in their order

    Raises
    ------
    SettingError
        "give either --data FILE or --pairs FOLDER", "model given twice: runs/unet"
    FileError
        a checkpoint or the pairs cannot be used, or a network's output is not finite
    """
    if (data is None) == (pairs is None):
        raise SettingError("give either --data FILE or --pairs FOLDER")
    where = pick(device)
    settings = settings or for_device(EvaluateSettings, where, {})
    models = models or (SHIPPED,)
    networks = _load(models, where)
    inputs = [Path(p, "model.safetensors") if Path(p).is_dir() else Path(p) for p in models]
    stored = None if data is None else open_data(data)
    for used in (*inputs, *(stored.paths if stored else ())):
        if json_file and Path(json_file).exists() and used.samefile(json_file):
            raise SettingError(f"json must not be a file that is read, got {json_file}")
    for folder in (out, json_file and Path(json_file).parent):
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
    if stored is not None:
        source = pairs_of_data(stored)
    else:
        source = pairs_of_folder(pairs or "", progress=progress)

    chosen = spread(len(source.names), settings.limit or len(source.names))
    shown = [chosen[k] for k in spread(len(chosen), settings.rows)] if out else []
    scores, pictures = _score(networks, source, chosen, shown, settings, where, progress)
    times = latency(networks, device=where, rounds=settings.rounds, progress=progress)
    rows = [Row("blurry input", scores[0])]
    for (name, model), of_model in zip(networks.items(), scores[1:], strict=True):
        cost = parameters(model), macs(model, device=where), times[name]
        rows.append(Row(name, of_model, *cost))

    if out:
        write_text(Path(out) / "table.md", _report(rows, source.source, where))
    if out and shown:
        labels = [
            [f"{row.images[chosen.index(i)].psnr:.2f} dB" for row in rows] + [source.names[i]]
            for i in shown
        ]
        titles = [*(row.name for row in rows), "sharp"]
        note = "PSNR over RGB; of a larger photo a region is shown, but all of it is scored"
        plot_comparison(pictures, titles, labels, Path(out) / "compare.png", note=note)
    if json_file:
        facts = {
            "source": source.source,
            "pairs": len(source.names),
            "settings": dataclasses.asdict(settings),
            "hardware": hardware(where),
            "rows": document(rows),
        }
        write_text(Path(json_file), json.dumps(facts, indent=2, allow_nan=False) + "\n")
    return rows


def _load(paths: Sequence[AnyPath], device: torch.device) -> dict[str, nn.Module]:
    """Name to network; networks of one name are told apart by their folders."""
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


def _score(
    networks: Mapping[str, nn.Module],
    source: ImagePairs,
    chosen: Sequence[int],
    shown: Sequence[int],
    settings: EvaluateSettings,
    device: torch.device,
    progress: bool,
) -> tuple[list[tuple[Score, ...]], list[list[Image]]]:
    """Scores of the input and of each network; of each shown pair a region, the sharp one last."""
    whole = partial(
        restore,
        tile=settings.tile,
        overlap=settings.overlap,
        scales=parse_scales(settings.scales),
        device=device,
    )
    scores, pictures = [], []
    with (
        ThreadPoolExecutor(os.cpu_count()) as pool,
        bar(len(chosen), "evaluate", "pair", disable=not progress) as steps,
    ):
        for i in chosen:
            blurry, sharp = source.read(i)
            images = [blurry]
            for name, model in networks.items():
                try:
                    images.append(whole(model, blurry))
                except FileError as error:
                    raise FileError(f"{name}: {error}") from error
            of_pair = zip(
                pool.map(psnr, images, repeat(sharp)),
                pool.map(ssim, images, repeat(sharp)),
                pool.map(ssim_matlab3d, images, repeat(sharp)),
                strict=True,
            )
            scores.append([Score(source.names[i], *values) for values in of_pair])
            if i in shown:
                region = busiest(sharp, REGION)
                pictures.append([np.array(image[region]) for image in (*images, sharp)])
            steps.update()
    return list(zip(*scores, strict=True)), pictures


def _report(rows: Sequence[Row], source: str, device: torch.device) -> str:
    what = f"MACs and median latency of one {SIDE}x{SIDE} image"
    what += "; SSIM: per channel; SSIM 3-D: of the RGB volume, as MATLAB's"
    return f"{rows[0].n} pairs of {source}, on {device}; {what}\n\n{table(rows)}"


@click.command()
@click.argument(
    "models",
    nargs=-1,
    metavar="[DIR...]",
    type=click.Path(exists=True, path_type=Path),
)
@click.option(
    "--data",
    type=DATASET,
    multiple=True,
    help='A dataset file or a pattern such as "test-*.h5"; may be given several times.',
)
@click.option(
    "--pairs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder that holds blur/ and sharp/, or input/ and target/.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write everything here, with each image's scores.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for table.md and compare.png.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N")
@options(EvaluateSettings)
def main(
    models: tuple[Path, ...],
    data: tuple[str, ...],
    pairs: Path | None,
    json_file: Path | None,
    out: Path | None,
    device: str,
    **given: Any,
) -> None:
    """Score the network in each DIR, and the blurry input itself, on pairs with a known answer.

    Without DIR the network that comes along is scored. Prints a table: means over the images of
    PSNR and two SSIMs (RGB, 8 bits), parameters, the multiply-accumulates and median latency of
    one 256x256 image.
    """
    with exit_codes():
        settings = for_device(EvaluateSettings, pick(device), given)
        stored = open_data(data) if data else None
        rows = evaluate(
            models,
            data=stored,
            pairs=pairs,
            settings=settings,
            device=device,
            json_file=json_file,
            out=out,
        )
        source = data_name(stored) if stored else Path(pairs or "").resolve().name
        click.echo(_report(rows, source, pick(device)))
        if out:
            pictures = f"   pictures: {out / 'compare.png'}" if settings.rows else ""
            click.echo(f"table: {out / 'table.md'}{pictures}")


if __name__ == "__main__":
    main(prog_name="python -m nas.evaluate")
