"""Score networks on pairs: `python -m nas.evaluate DIR [DIR ...] --data test.h5`."""

import dataclasses
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import click
import numpy as np
import torch

from blurkit.errors import SettingError, exit_codes
from blurkit.files import AnyPath, write_whole
from nas.checkpoint import SHIPPED
from nas.cost.timing import SIDE, latency, macs, parameters
from nas.data import Data, open_data, spread
from nas.device import hardware, pick
from nas.evaluation.page import evaluate_page, genotypes_of
from nas.evaluation.pairs import pairs_of_data
from nas.evaluation.protocols.benchmark import Benchmark
from nas.evaluation.protocols.by_name import check_protocol, find_benchmark
from nas.evaluation.protocols.plain import of_pairs
from nas.evaluation.scoring import REGION, load_networks, score_networks
from nas.evaluation.table import Row, csv_text, document, table
from nas.options import DATASET, check, for_device, options, setting
from nas.report.panels import busiest, plot_comparison
from nas.report.slider import sample
from nas.restoration.restore import restore
from nas.restoration.scales import parse_scales
from nas.restoration.tiles import check_tile


@dataclass(frozen=True)
class EvaluateSettings:
    """What decides an evaluation, beside networks and pairs.

    Raises SettingError "rows must be >= 0, got -1" and the like.
    """

    protocol: Literal["plain", "gopro", "kohler", "levin"] = setting(
        "plain", "how the images of --pairs are laid out and scored, see docs/evaluation.md"
    )
    blur: Literal["found", "blur", "blur_gamma"] = setting(
        "found", "which input of gopro; found is the one that is there"
    )
    limit: int = setting(0, "score only this many images, spread over the set; 0 is all", least=0)
    tile: int = setting(512, "longest side given to a network, in pixels", cuda=1280, least=1)
    overlap: int = setting(32, "pixels that neighbouring tiles share", least=0)
    scales: str = setting("", 'by how much to reduce photos, as "1 2"; empty: each model\'s own')
    rows: int = setting(4, "images shown in compare.png", least=0)
    rounds: int = setting(20, "how often each network is timed", least=1)

    def __post_init__(self) -> None:
        check(self)
        check_protocol(self.protocol, self.blur)
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
    csv_file: AnyPath | None = None,
    out: AnyPath | None = None,
    progress: bool = True,
) -> list[Row]:
    """Score networks, and the blurry images as they are, on images with a known answer.

    Parameters
    ----------
    models : paths of model.safetensors files, or of the folders that hold them; none: the network
        that comes with the package
    data : a dataset file, a pattern such as "blur-*.h5", several of them, or a PairSet; or else
    pairs : a folder, laid out as the settings' protocol says: for "plain" it holds blur/ and
        sharp/, or input/ and target/ (see `nas.evaluation.pairs`), for others see
        `nas.evaluation.protocols`
    settings : EvaluateSettings, the defaults for the device if None
    device : "auto", "cpu", "cuda" or "cuda:N"
    json_file : where to write the rows with each image's scores, the settings and the hardware
    csv_file : where to write each image's scores as a table
    out : folder for table.md, compare.png and report.html
    progress : show a progress bar

    Returns
    -------
    rows : list of `nas.evaluation.table.Row`, first the blurry input, then the models in their
    order

    Raises
    ------
    SettingError
        "give either --data FILE or --pairs FOLDER", "protocol kohler needs --pairs FOLDER, got
        --data", "model given twice: runs/unet", "csv must not be a file that is read, got ..."
    FileError
        a checkpoint or the images cannot be used, the folder is not laid out as the protocol
        wants it or can be read in two ways, or a network's output is not finite
    """
    return _evaluate(models, data, pairs, settings, device, json_file, csv_file, out, progress)[0]


def _evaluate(
    models: Sequence[AnyPath],
    data: Data | None,
    pairs: AnyPath | None,
    settings: EvaluateSettings | None,
    device: str,
    json_file: AnyPath | None,
    csv_file: AnyPath | None,
    out: AnyPath | None,
    progress: bool,
) -> tuple[list[Row], str]:
    """The rows, and the text of table.md."""
    if (data is None) == (pairs is None):
        raise SettingError("give either --data FILE or --pairs FOLDER")
    begun = time.perf_counter()
    where = pick(device)
    settings = settings or for_device(EvaluateSettings, where, {})
    if data is not None and settings.protocol != "plain":
        raise SettingError(f"protocol {settings.protocol} needs --pairs FOLDER, got --data")
    models = models or (SHIPPED,)
    networks = load_networks(models, where)
    inputs = [Path(p, "model.safetensors") if Path(p).is_dir() else Path(p) for p in models]
    stored = None if data is None else open_data(data)
    _check_written(json_file, csv_file, [*inputs, *(stored.paths if stored else ())])
    if stored is not None:
        source = of_pairs(pairs_of_data(stored))
    else:
        source = find_benchmark(pairs or "", settings.protocol, settings.blur, progress=progress)

    for folder in (out, json_file and Path(json_file).parent, csv_file and Path(csv_file).parent):
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)

    chosen = spread(len(source.names), settings.limit or len(source.names))
    shown = [chosen[k] for k in spread(len(chosen), settings.rows)] if out else []
    whole = partial(
        restore,
        tile=settings.tile,
        overlap=settings.overlap,
        scales=parse_scales(settings.scales),
        device=where,
    )
    scores, pictures = score_networks(networks, source, chosen, shown, whole, progress=progress)
    times = latency(networks, device=where, rounds=settings.rounds, progress=progress)
    rows = [Row("blurry input", scores[0])]
    for (name, model), of_model in zip(networks.items(), scores[1:], strict=True):
        cost = parameters(model), macs(model, device=where), times[name]
        rows.append(Row(name, of_model, *cost))

    report = _report(rows, source, where)
    if out:
        write_whole(Path(out) / "table.md", report)
    if out and shown:
        labels = [
            [f"{row.images[chosen.index(i)].psnr:.2f} dB" for row in rows] + [source.names[i]]
            for i in shown
        ]
        titles = [*(row.name for row in rows), "sharp"]
        note = f"{source.shown}; of a larger photo a region is shown, but all of it is scored"
        parts = [busiest(row[-1], REGION) for row in pictures]
        small = [[image[part] for image in row] for part, row in zip(parts, pictures, strict=True)]
        plot_comparison(small, titles, labels, Path(out) / "compare.png", note=note)
    if out:
        best_first = [k + 1 for k in np.argsort([-row.psnr for row in rows[1:]], kind="stable")]
        order = [0, *best_first, len(rows)]
        samples = [
            sample(
                source.names[i],
                [row[k] for k in order],
                [titles[k] for k in order],
                [[*labels[at][:-1], ""][k] for k in order],
            )
            for at, (i, row) in enumerate(zip(shown, pictures, strict=True))
        ]
        page = evaluate_page(
            *(rows, source, samples, genotypes_of(networks)),
            *(dataclasses.asdict(settings), hardware(where), time.perf_counter() - begun),
        )
        write_whole(Path(out) / "report.html", page)
    if csv_file:
        write_whole(Path(csv_file), csv_text(rows))
    if json_file:
        facts = {
            "source": source.source,
            "pairs": len(source.names),
            "protocol": {
                "name": source.protocol,
                "scored": source.headline(len(chosen)),
                "note": source.note,
                **source.facts,
            },
            "settings": dataclasses.asdict(settings),
            "hardware": hardware(where),
            "rows": document(rows),
        }
        write_whole(Path(json_file), json.dumps(facts, indent=2, allow_nan=False) + "\n")
    return rows, report


def _check_written(
    json_file: AnyPath | None,
    csv_file: AnyPath | None,
    read: Sequence[Path],
) -> None:
    """Nothing that is read, images of the pairs among it, may be written over."""
    for name, path in (("json", json_file), ("csv", csv_file)):
        for used in read:
            if path and Path(path).exists() and used.samefile(path):
                raise SettingError(f"{name} must not be a file that is read, got {path}")
    if json_file and csv_file and Path(json_file).resolve() == Path(csv_file).resolve():
        raise SettingError(f"json and csv must not be one file, got {csv_file}")
    for name, path in (("json", json_file), ("csv", csv_file)):
        if path and Path(path).suffix.lower() != f".{name}":
            raise SettingError(f"{name} must end in .{name}, got {path}")


def _report(rows: Sequence[Row], source: Benchmark, device: torch.device) -> str:
    what = f"MACs and median latency of one {SIDE}x{SIDE} image; {source.note}"
    return f"{source.headline(rows[0].n)}, on {device}; {what}\n\n{table(rows)}"


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
    help="A folder that holds blur/ and sharp/, or input/ and target/; others: --protocol.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write everything here, with each image's scores.",
)
@click.option(
    "--csv",
    "csv_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write each image's scores here, a line for each network and image.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for table.md, compare.png and report.html.",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N")
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
    """Score the network in each DIR, and the blurry input itself, on images with a known answer.

    Without DIR the network that comes along is scored. Prints a table: means over the images of
    PSNR and two SSIMs (RGB, 8 bits), or of what --protocol measures; parameters, the
    multiply-accumulates and median latency of one 256x256 image.
    """
    with exit_codes():
        settings = for_device(EvaluateSettings, pick(device), given)
        _, report = _evaluate(
            models, data or None, pairs, settings, device, json_file, csv_file, out, progress=True
        )
        click.echo(report)
        if out:
            pictures = f"   pictures: {out / 'compare.png'}" if settings.rows else ""
            click.echo(f"table: {out / 'table.md'}{pictures}   report: {out / 'report.html'}")


if __name__ == "__main__":
    main(prog_name="python -m nas.evaluate")
