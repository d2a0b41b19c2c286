"""How fast networks run: `python -m nas.latency [DIR ...] --out FOLDER`, with UNet beside them.

On the CPU with one thread and with all, on CUDA where there is one; eager, channels_last,
torch.compile, ONNX Runtime, bf16; at 256x256 and 1280x720.
"""

import dataclasses
import importlib.metadata
import json
import math
import os
import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import torch
from torch import Tensor

from blurkit.errors import FileError, SettingError, exit_codes
from blurkit.files import AnyPath, write_whole
from blurkit.progress import bar
from nas.checkpoint import SHIPPED, load_model
from nas.cost.timing import image_of, in_turns, macs, parameters
from nas.device import hardware, keep_memory, pick
from nas.options import for_device, options
from nas.runtime.backends import Runner
from nas.runtime.page import page, plot_latency
from nas.runtime.program import portable
from nas.runtime.settings import LatencySettings, parse_modes, parse_sizes, parse_threads
from nas.space.network import build

PACKAGES = ("blurkit", "torch", "onnx", "onnxruntime")


def measure(
    models: Sequence[AnyPath] = (),
    *,
    settings: LatencySettings | None = None,
    device: str = "auto",
    out: AnyPath | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Time networks in all modes, the UNet of their width beside them.

    Parameters
    ----------
    models : paths of model.safetensors files, or of the folders that hold them; none: the network
        that comes with the package
    settings : LatencySettings, the defaults if None
    device : "auto" (the CPU, and CUDA where there is one), "cpu", "cuda" or "cuda:N"
    out : folder for latency.json, latency.md and latency.png
    progress : show a progress bar

    Returns
    -------
    document : dict, what latency.json holds
        "rows": for each network, mode, size, device and number of threads "ms" (the median),
        "quartiles" (ms), "rounds", "unets" (times the eager UNet; None without that row) and
        "differs" (largest difference from eager float32 on the CPU), or "ms" None and "why".

    Raises
    ------
    SettingError
        a setting breaks its rule, "model given twice: runs/net"
    FileError
        a checkpoint cannot be used, or the folder cannot be written

    Notes
    -----
    UNet is as published (`nas.space.unet`), its weights are random: they do not change its time.
    All rows of one size, device and number of threads take turns; on CUDA the clock is read after a
    synchronisation.
    """
    settings = settings or LatencySettings()
    where = [pick(device)] if device != "auto" else [torch.device("cpu")]
    if device == "auto" and torch.cuda.is_available():
        where.append(pick("cuda"))
    runners = _runners(models or (SHIPPED,), settings.unet_width)
    if out:
        Path(out).mkdir(parents=True, exist_ok=True)
    keep_memory()
    modes, sizes = parse_modes(settings.modes), parse_sizes(settings.sizes)
    # threads of the CPU do not change what a GPU does
    threads = {"cpu": parse_threads(settings.threads), "cuda": [torch.get_num_threads()]}
    document: dict[str, Any] = {
        "settings": dataclasses.asdict(settings),
        "hardware": {**hardware(where[0]), **hardware(where[-1]), "device": device},
        "versions": _versions(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "networks": {
            name: {"parameters": parameters(r.plain), "macs": macs(r.plain.model)}
            for name, r in runners.items()
        },
    }
    places = [(at, count, size) for at in where for count in threads[at.type] for size in sizes]
    every, rows = len(runners) * len(modes), []
    with bar(2 * len(places) * every, "timing", "step", disable=not progress) as shown:
        for number, (at, count, size) in enumerate(places):
            with _threads(count), torch.inference_mode():
                rows += _block(runners, modes, image_of(size, at), settings, shown)
            shown.update(2 * every * (number + 1) - shown.n)
            document["rows"] = rows
            if out:  # after each table: whoever stops a long run has what was timed
                _write(document, Path(out))
    return document


def _write(document: dict[str, Any], folder: Path) -> None:
    plot_latency(document["rows"], folder / "latency.png")
    write_whole(folder / "latency.md", page(document))
    text = json.dumps(document, indent=2, allow_nan=False)
    write_whole(folder / "latency.json", text + "\n")


def _block(
    runners: dict[str, Runner],
    modes: Sequence[str],
    image: Tensor,
    settings: LatencySettings,
    shown: Any,
) -> list[dict[str, Any]]:
    """The rows of one image on one device with one number of threads."""
    threads, (height, width) = torch.get_num_threads(), image.shape[2:]
    shared = {
        "device": image.device.type,
        "threads": threads,
        "size": f"{width}x{height}",
    }
    rows, tasks = {}, {}
    for name, runner in runners.items():
        right = runner.plain.model(image.cpu())
        for mode in modes:
            row: dict[str, Any] = {"network": name, "mode": mode, **shared, "ms": None}
            rows[f"{name} {mode}"] = row
            try:
                task = runner.task(mode, image, threads)
                differs = float((task().float().cpu() - right).abs().max())
                if not math.isfinite(differs):
                    raise FileError("wrong: its output is not finite, so it is not timed")
                row["differs"] = differs
                tasks[f"{name} {mode}"] = task
            except FileError as error:
                row["why"] = str(error)
            shown.update()
    begun, most = shown.n, len(rows)

    def done(round_: int) -> None:
        shown.update(begun + most * round_ // settings.rounds - shown.n)

    times = in_turns(
        tasks, image.device, rounds=settings.rounds, seconds=settings.seconds, done=done
    )
    for key, seconds in times.items():
        ms = [1e3 * each for each in seconds]
        low, _, high = statistics.quantiles(ms, n=4, method="inclusive")
        rows[key] |= {"ms": statistics.median(ms), "quartiles": [low, high], "rounds": len(ms)}
    torch.compiler.reset()
    unet = rows.get(f"{list(runners)[-1]} eager", {}).get("ms")
    for row in rows.values():
        if row["ms"] is not None:
            row["unets"] = row["ms"] / unet if unet else None
    return list(rows.values())


def _runners(models: Sequence[AnyPath], unet_width: int) -> dict[str, Runner]:
    """Networks by distinct names, UNet last."""
    found: dict[str, Runner] = {}
    files = [Path(p, "model.safetensors") if Path(p).is_dir() else Path(p) for p in models]
    first = 0
    for i, file in enumerate(files):
        if file.resolve() in [other.resolve() for other in files[:i]]:
            raise SettingError(f"model given twice: {models[i]}")
        network, info = load_model(file)
        name, first = str(info["name"]), first or int(info["width"])
        found[f"{name} ({models[i]})" if name in found else name] = Runner(portable(network))
    width = unet_width or first
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        found[f"UNet of width {width}"] = Runner(portable(build("unet", width)))
    return found


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


@click.command()
@click.argument(
    "models", nargs=-1, metavar="[DIR...]", type=click.Path(exists=True, path_type=Path)
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or cuda:N")
@click.option(
    "--out",
    default="latency",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for latency.json, latency.md and latency.png.",
)
@options(LatencySettings)
def main(models: tuple[Path, ...], device: str, out: Path, **given: Any) -> None:
    """Time the network in each DIR, or the one that comes along, and a UNet beside them.

    By default on the CPU, with one thread and with all, and on CUDA where there is one. A mode
    that this machine cannot run is a row that says why. Every output is compared with plain
    float32.
    """
    with exit_codes():
        settings = for_device(LatencySettings, torch.device("cpu"), given)
        document = measure(models, settings=settings, device=device, out=out)
        click.echo(page(document))
        click.echo(f"picture: {out / 'latency.png'}")


if __name__ == "__main__":
    main(prog_name="python -m nas.latency")
