"""Time networks beside a UNet: `python -m nas.latency [DIR ...] --out FOLDER`.

On the CPU with one and with all threads, on CUDA where available; eager, channels_last,
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
from tqdm import tqdm

from blurkit.errors import FileError, exit_codes
from blurkit.files import AnyPath, write_whole
from blurkit.progress import bar
from nas.checkpoint import SHIPPED
from nas.cost.timing import image_of, in_turns, macs, parameters
from nas.device import hardware, keep_memory, pick
from nas.evaluation.networks import load_networks
from nas.options import for_device, options
from nas.runtime.backends import Runner, Task
from nas.runtime.page import latency_page
from nas.runtime.plots import plot_latency
from nas.runtime.program import portable
from nas.runtime.settings import LatencySettings, parse_modes, parse_sizes, parse_threads
from nas.space.network import build

PACKAGES = ("blurkit", "torch", "onnx", "onnxruntime")


def latency(
    models: Sequence[AnyPath] = (),
    *,
    settings: LatencySettings | None = None,
    device: str = "auto",
    out: AnyPath | None = None,
    progress: bool = True,
) -> dict[str, Any]:
    """Time networks in all modes, next to a UNet of the same width.

    Parameters
    ----------
    models : model.safetensors files, or the folders that contain them; empty: the bundled network
    settings : LatencySettings; None: the defaults
    device : "auto" (the CPU, and CUDA if available), "cpu", "cuda" or "cuda:N"
    out : folder for latency.json, latency.md and latency.png
    progress : show a progress bar

    Returns
    -------
    document : dict, the content of latency.json
        "rows" has one entry per network, mode, size, device and number of threads, with "ms" (the
        median), "quartiles" (ms), "rounds", "unets" (relative to the eager UNet; None if it was
        not timed) and "differs" (largest difference from eager float32 on the CPU); or with "ms"
        None and "why".

    Raises
    ------
    SettingError
        a setting breaks its rule, "model given twice: runs/net"
    FileError
        a checkpoint is unusable, or the folder cannot be written

    Notes
    -----
    The UNet is the published one (`nas.space.unet`) with random weights, which do not affect its
    time. All rows of the same size, device and number of threads are timed in turn; on CUDA the
    clock is read after a synchronisation.
    """
    settings = settings or LatencySettings()
    devices = [pick(device)] if device != "auto" else [torch.device("cpu")]
    if device == "auto" and torch.cuda.is_available():
        devices.append(pick("cuda"))
    runners = _runners(models or (SHIPPED,), settings.unet_width)
    if out:
        Path(out).mkdir(parents=True, exist_ok=True)
    keep_memory()
    modes, sizes = parse_modes(settings.modes), parse_sizes(settings.sizes)
    # the number of CPU threads does not affect a GPU
    threads = {"cpu": parse_threads(settings.threads), "cuda": [torch.get_num_threads()]}
    document: dict[str, Any] = {
        "settings": dataclasses.asdict(settings),
        "hardware": {**hardware(devices[0]), **hardware(devices[-1]), "device": device},
        "versions": _versions(),
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        "networks": {
            name: {"parameters": parameters(r.network), "macs": macs(r.network.model)}
            for name, r in runners.items()
        },
        "rows": [],
    }
    blocks = [(d, count, size) for d in devices for count in threads[d.type] for size in sizes]
    steps = 2 * len(runners) * len(modes)  # of a block: each task is prepared, then timed
    with bar(len(blocks) * steps, "timing", "step", disable=not progress) as shown:
        for number, (torch_device, count, size) in enumerate(blocks):
            with _threads(count), torch.inference_mode():
                image = image_of(size, torch_device)
                document["rows"] += _time_block(runners, modes, image, settings, shown)
            shown.update(steps * (number + 1) - shown.n)
            if out:  # after each block, so that an interrupted run keeps its results
                _write(document, Path(out))
    return document


def _write(document: dict[str, Any], folder: Path) -> None:
    text = json.dumps(document, indent=2, allow_nan=False)
    write_whole(folder / "latency.json", text + "\n")
    write_whole(folder / "latency.md", latency_page(document))
    plot_latency(document["rows"], folder / "latency.png")


def _time_block(
    runners: dict[str, Runner],
    modes: Sequence[str],
    image: Tensor,
    settings: LatencySettings,
    shown: tqdm,
) -> list[dict[str, Any]]:
    """The rows for one image on one device with one number of threads."""
    rows: dict[str, dict[str, Any]] = {}
    tasks: dict[str, Task] = {}
    height, width = image.shape[2:]
    for name, runner in runners.items():
        expected = runner.network.model(image.cpu())
        for mode in modes:
            key = f"{name} {mode}"
            row = rows[key] = {
                "network": name,
                "mode": mode,
                "device": image.device.type,
                "threads": torch.get_num_threads(),
                "size": f"{width}x{height}",
                "ms": None,
            }
            try:
                task = runner.task(mode, image, torch.get_num_threads())
                row["differs"] = _difference(task, expected)
                tasks[key] = task
            except FileError as error:
                row["why"] = str(error)
            shown.update()
    prepared = shown.n

    def done(rounds: int) -> None:
        shown.update(prepared + len(rows) * rounds // settings.rounds - shown.n)

    times = in_turns(
        tasks, image.device, rounds=settings.rounds, seconds=settings.seconds, done=done
    )
    for key, seconds in times.items():
        ms = [1e3 * value for value in seconds]
        low, _, high = statistics.quantiles(ms, n=4, method="inclusive")
        rows[key] |= {"ms": statistics.median(ms), "quartiles": [low, high], "rounds": len(ms)}
    torch.compiler.reset()
    unet = rows.get(f"{list(runners)[-1]} eager", {}).get("ms")
    for row in rows.values():
        if row["ms"] is not None:
            row["unets"] = row["ms"] / unet if unet else None
    return list(rows.values())


def _difference(task: Task, expected: Tensor) -> float:
    """Largest difference of a task's output from the expected one; FileError if not finite."""
    difference = float((task().float().cpu() - expected).abs().max())
    if not math.isfinite(difference):
        raise FileError("wrong: its output is not finite, so it is not timed")
    return difference


def _runners(models: Sequence[AnyPath], unet_width: int) -> dict[str, Runner]:
    """Runners by distinct names, the UNet last."""
    loaded = load_networks(models, torch.device("cpu"))
    runners = {name: Runner(portable(network)) for name, (network, _) in loaded.items()}
    width = unet_width or next(info["width"] for _, info in loaded.values())
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        runners[f"UNet of width {width}"] = Runner(portable(build("unet", width)))
    return runners


@contextmanager
def _threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _versions() -> dict[str, str]:
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@click.command()
@click.argument(
    "models", nargs=-1, metavar="[DIR...]", type=click.Path(exists=True, path_type=Path)
)
@click.option("--device", default="auto", show_default=True, help="One of auto, cpu, cuda, cuda:N.")
@click.option(
    "--out",
    default="latency",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for latency.json, latency.md and latency.png.",
)
@options(LatencySettings)
def main(models: tuple[Path, ...], device: str, out: Path, **given: Any) -> None:
    """Time the network in each DIR, or the bundled one, next to a UNet.

    By default on the CPU, with one and with all threads, and on CUDA if available. Modes that this
    machine cannot run are listed with the reason. Every output is compared with float32 in eager
    mode.
    """
    with exit_codes():
        settings = for_device(LatencySettings, torch.device("cpu"), given)
        document = latency(models, settings=settings, device=device, out=out)
        click.echo(latency_page(document))
        click.echo(f"picture: {out / 'latency.png'}")


if __name__ == "__main__":
    main(prog_name="python -m nas.latency")
