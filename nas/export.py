"""Export a checkpoint for other programs: `python -m nas.export MODEL --out model.onnx`."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import torch

from blurkit._version import __version__
from blurkit.errors import FileError, SettingError, exit_codes
from blurkit.files import AnyPath, whole_file
from nas.checkpoint import SHIPPED, load_model
from nas.runtime.program import (
    INPUT,
    OPSET,
    OUTPUT,
    SMALLEST,
    AnySize,
    exported,
    onnx_bytes,
    onnx_session,
    portable,
    require,
)

SIZES = ((64, 96), (131, 75), (160, 160))  # (H, W) checked; none is the traced size
TOLERANCE = 1e-4  # for outputs in [0, 1]: 1/40 of an 8-bit level
ENDINGS = (".onnx", ".pt2")

Run = Callable[[torch.Tensor], torch.Tensor]


def export(
    model: AnyPath | None, out: AnyPath, *, tolerance: float = TOLERANCE
) -> tuple[Path, dict[str, float]]:
    """Write a network as ONNX or as a `torch.export` program, and check the written file.

    Parameters
    ----------
    model : a model.safetensors, or the folder that contains it; None: the bundled network
    out : path that ends in .onnx or .pt2
    tolerance : float >= 0
        Largest allowed difference between the file's output and torch's, on images in [0, 1].

    Returns
    -------
    path : Path
        The file.
    differences : dict
        "HxW" to the largest difference on noise of that size.

    Raises
    ------
    SettingError
        "out must end in .onnx or .pt2, got model.pth", "out must not be the model, got ..."
    FileError
        see `load_model`; "ONNX cannot be written here (...): pip install 'blurkit[export]'";
        "model.onnx: its output differs from torch's by 0.01, more than 0.0001: not written"

    Notes
    -----
    Attention averages over the program's whole input, so split photos larger than the network's
    training crops into tiles (docs/checkpoint.md). Opset 20.
    """
    target = Path(out)
    if target.suffix.lower() not in ENDINGS:
        raise SettingError(f"out must end in {' or '.join(ENDINGS)}, got {target}")
    source = SHIPPED if model is None else Path(model)
    if source.is_dir():
        source = source / "model.safetensors"
    if target.exists() and source.exists() and target.samefile(source):
        raise SettingError(f"out must not be the model, got {target}")
    if target.is_dir():
        raise FileError(f"{target}: cannot be written (it is a folder)")
    if not target.parent.is_dir():
        raise FileError(f"{target}: cannot be written (no folder {target.parent})")
    if not os.access(target.parent, os.W_OK):
        raise FileError(f"{target}: cannot be written (Permission denied)")
    if target.suffix.lower() == ".onnx":
        for package in ("onnx", "onnxscript", "onnxruntime"):
            require(package)  # before the work
    network, info = load_model(source)
    facts = describe(info, network)
    reference = portable(network)
    write = _write_onnx if target.suffix.lower() == ".onnx" else _write_program
    with whole_file(target) as part:
        run = write(part, reference, facts)
        differences = {f"{h}x{w}": _difference(run, reference, h, w) for h, w in SIZES}
        worst = max(differences.values())
        if not worst <= tolerance:
            raise FileError(
                f"{target}: its output differs from torch's by {worst:.2g}, more than "
                f"{tolerance:g}: not written"
            )
    return target, differences


def describe(info: dict[str, Any], network: torch.nn.Module) -> dict[str, Any]:
    """Metadata of the exported file (docs/checkpoint.md): text or JSON values."""
    facts = {
        "format": "blurkit-export",
        "version": __version__,
        "name": str(info["name"]),
        "arch": info["arch"],
        "width": info["width"],
        "stride": network.stride,
        "scales": network.scales,
        "colour": "sRGB as stored, RGB order, in [0, 1]; the output is not clamped",
    }
    if "window" in info:
        facts["window"] = info["window"]
    return facts


def _write_onnx(part: Path, reference: AnySize, facts: dict[str, Any]) -> Run:
    data = onnx_bytes(exported(reference), facts)
    part.write_bytes(data)
    session = onnx_session(part.read_bytes())
    return lambda image: torch.from_numpy(session.run([OUTPUT], {INPUT: image.numpy()})[0])


def _write_program(part: Path, reference: AnySize, facts: dict[str, Any]) -> Run:
    document = {"blurkit.json": json.dumps({**facts, "smallest": SMALLEST})}
    torch.export.save(exported(reference), part, extra_files=document)
    return torch.export.load(part).module()  # the file just written, so it is safe to load


def _difference(run: Run, reference: AnySize, height: int, width: int) -> float:
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(height))
    with torch.no_grad():
        return float((run(image) - reference(image)).abs().max())


@click.command()
@click.argument(
    "model", required=False, metavar="[MODEL]", type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="File to write, .onnx or .pt2."
)
def main(model: Path | None, out: Path) -> None:
    """Export the network in MODEL, or the bundled one, for other programs.

    MODEL is a model.safetensors or its folder. --out FILE.onnx writes ONNX, FILE.pt2 a
    torch.export program; both take images of any size. The file is only kept if its output agrees
    with torch's on images of three sizes.
    """
    with exit_codes():
        path, differences = export(model, out)
        kind = f"ONNX, opset {OPSET}" if path.suffix.lower() == ".onnx" else "torch.export program"
        click.echo(f"exported: {path} ({kind}, {path.stat().st_size / 1e6:.1f} MB)")
        sizes = ", ".join(f"{size}: {worst:.1g}" for size, worst in differences.items())
        most = max(differences.values())
        click.echo(f"largest difference from torch: {most:.1g}, on images in [0, 1] ({sizes})")


if __name__ == "__main__":
    main(prog_name="python -m nas.export")
