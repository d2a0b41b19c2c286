"""Score networks on pairs: `python -m nas.evaluate DIR [DIR ...] --data test.h5`."""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from blurkit.errors import SettingError, exit_codes
from blurkit.files import AnyPath
from nas.checkpoint import SHIPPED
from nas.cost.timing import latency, macs, parameters
from nas.data import Data, open_data, spread
from nas.device import hardware, pick
from nas.evaluation.networks import load_networks, model_files
from nas.evaluation.pairs import pairs_of_data
from nas.evaluation.pictures import draw
from nas.evaluation.protocols.by_name import find_benchmark
from nas.evaluation.protocols.plain import benchmark_of_pairs
from nas.evaluation.results import Evaluation, check_outputs, write_results
from nas.evaluation.scoring import score_networks
from nas.evaluation.settings import EvaluateSettings
from nas.evaluation.table import Row
from nas.options import DATASET, for_device, options
from nas.restoration.restore import restore
from nas.restoration.scales import parse_scales
from nas.space.network import Network


def evaluate(
    models: Sequence[AnyPath],
    *,
    data: Data | None = None,
    pairs: AnyPath | None = None,
    settings: EvaluateSettings | None = None,
    device: str = "auto",
    json_file: AnyPath | None = None,
    csv_file: AnyPath | None = None,
    out: AnyPath | None = None,
    progress: bool = True,
) -> Evaluation:
    """Score networks, and the blurry input itself, on images whose sharp version is known.

    Parameters
    ----------
    models : model.safetensors files, or the folders that contain them; empty: the bundled network
    data : a dataset file, a pattern such as "blur-*.h5", a sequence of them, or a PairSet
    pairs : a folder, instead of `data`. Its layout depends on the protocol: "plain" expects blur/
        and sharp/, or input/ and target/ (see `nas.evaluation.pairs`); for the others see
        `nas.evaluation.protocols`.
    settings : EvaluateSettings; None: the defaults for the device
    device : "auto", "cpu", "cuda" or "cuda:N"
    json_file : file for the table, the scores of each image, the settings and the hardware
    csv_file : file for the scores of each image
    out : folder for table.md, compare.png and report.html
    progress : show a progress bar

    Returns
    -------
    Evaluation
        Its `rows` are the blurry input and then the models, in order.

    Raises
    ------
    SettingError
        "give either --data FILE or --pairs FOLDER", "protocol kohler needs --pairs FOLDER, got
        --data", "model given twice: runs/unet", "csv must not be an input file, got ..."
    FileError
        a checkpoint or an image is unusable, the folder does not have the layout of the protocol
        or is ambiguous, or the output of a network is not finite

    Notes
    -----
    JSON, CSV and table.md are written before anything is drawn, so an error in a picture loses no
    results.
    """
    if (data is None) == (pairs is None):
        raise SettingError("give either --data FILE or --pairs FOLDER")
    start = time.perf_counter()
    torch_device = pick(device)
    settings = settings or for_device(EvaluateSettings, torch_device, {})
    if data is not None and settings.protocol != "plain":
        raise SettingError(f"protocol {settings.protocol} needs --pairs FOLDER, got --data")
    models = models or (SHIPPED,)
    loaded = load_networks(models, torch_device)
    networks = {name: network for name, (network, _) in loaded.items()}
    dataset = None if data is None else open_data(data)
    check_outputs(json_file, csv_file, [*model_files(models), *(dataset.paths if dataset else ())])
    if dataset is not None:
        benchmark = benchmark_of_pairs(pairs_of_data(dataset))
    else:
        benchmark = find_benchmark(pairs or "", settings.protocol, settings.blur, progress=progress)
    for folder in (out, json_file and Path(json_file).parent, csv_file and Path(csv_file).parent):
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)

    indices = spread(len(benchmark.names), settings.limit or len(benchmark.names))
    shown = [indices[k] for k in spread(len(indices), settings.rows)] if out else []
    restore_image = partial(
        restore,
        tile=settings.tile,
        overlap=settings.overlap,
        scales=parse_scales(settings.scales),
        device=torch_device,
    )
    scores, examples = score_networks(
        networks, benchmark, indices, shown, restore_image, progress=progress
    )
    times = latency(networks, device=torch_device, rounds=settings.rounds, progress=progress)
    rows = [Row("blurry input", scores[0])]
    for (name, network), images in zip(networks.items(), scores[1:], strict=True):
        cost = macs(network, device=torch_device)
        rows.append(Row(name, images, parameters(network), cost, times[name]))
    evaluation = Evaluation(
        rows=rows,
        benchmark=benchmark,
        examples=examples,
        genotypes={
            name: (network.genotype, network.width)
            for name, network in networks.items()
            if isinstance(network, Network)
        },
        settings=settings,
        hardware=hardware(torch_device),
        seconds=time.perf_counter() - start,
    )
    write_results(evaluation, json_file, csv_file, out)
    if out:
        draw(evaluation, Path(out))
    return evaluation


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
    help='Dataset file, or a pattern such as "test-*.h5"; may be repeated.',
)
@click.option(
    "--pairs",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with blur/ and sharp/, or input/ and target/; other layouts: see --protocol.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the table, the scores of each image and the settings to this file.",
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the scores to this file, one line per network and image.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for table.md, compare.png and report.html.",
)
@click.option("--device", default="auto", show_default=True, help="One of auto, cpu, cuda, cuda:N.")
@options(EvaluateSettings)
def main(
    models: tuple[Path, ...],
    data: tuple[str, ...],
    pairs: Path | None,
    json_file: Path | None,
    csv_file: Path | None,
    out: Path | None,
    device: str,
    **given: Any,
) -> None:
    """Score the network in each DIR, and the blurry input itself, against the sharp images.

    Without DIR, scores the bundled network. Prints a table of means over the images: PSNR and two
    SSIMs (RGB, 8 bits), or the metrics of --protocol; then parameters, multiply-accumulates and
    median latency of one 256x256 image.
    """
    with exit_codes():
        settings = for_device(EvaluateSettings, pick(device), given)
        evaluation = evaluate(
            models,
            data=data or None,
            pairs=pairs,
            settings=settings,
            device=device,
            json_file=json_file,
            csv_file=csv_file,
            out=out,
        )
        click.echo(evaluation.report())
        if out:
            pictures = f"   pictures: {out / 'compare.png'}" if settings.rows else ""
            click.echo(f"table: {out / 'table.md'}{pictures}   report: {out / 'report.html'}")


if __name__ == "__main__":
    main(prog_name="python -m nas.evaluate")
