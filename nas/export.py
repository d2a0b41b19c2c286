"""A checkpoint as a file for other programs: `python -m nas.export MODEL --out model.onnx`."""

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
    needed,
    onnx_bytes,
    onnx_session,
    portable,
)

SIZES = ((64, 96), (131, 75), (160, 160))  # (H, W) of the check; none is that of the tracing
TOLERANCE = 1e-4  # of outputs in [0, 1]: a fortieth of a step of 8 bits
ENDINGS = (".onnx", ".pt2")

Run = Callable[[torch.Tensor], torch.Tensor]


def export(
    model: AnyPath | None, out: AnyPath, *, tolerance: float = TOLERANCE
) -> tuple[Path, dict[str, float]]:
    """Write a network as ONNX or as a `torch.export` program, and check what was written.

    Parameters
    ----------
    model : path of a model.safetensors, or of the folder that holds it; None is the network that
        comes with the package
    out : path that ends in .onnx or .pt2
    tolerance : float >= 0
        The most by which the file's output may differ from torch's, on images in [0, 1].

    Returns
    -------
    path : of the file
    differences : "HxW" to the largest difference on noise of that size

    Raises
    ------
    SettingError
        "out must end in .onnx or .pt2, got model.pth", "out must be another file than the model,
        got ..."
    FileError
        those of `load_model`; "ONNX cannot be written here (...): pip install 'blurkit[export]'";
        "model.onnx: its output differs from torch's by 0.01, more than 0.0001: not written"

    Notes
    -----
    Attention takes its means over all that the program is given: a photo larger than the
    network's training crops is to be given in tiles (docs/checkpoint.md). Opset 20.
    """
    target = Path(out)
    if target.suffix.lower() not in ENDINGS:
        raise SettingError(f"out must end in {' or '.join(ENDINGS)}, got {target}")
    source = SHIPPED if model is None else Path(model)
    if source.is_dir():
        source = source / "model.safetensors"
    if target.exists() and source.exists() and target.samefile(source):
        raise SettingError(f"out must be another file than the model, got {target}")
    if target.is_dir():
        raise FileError(f"{target}: cannot be written (it is a folder)")
    if not target.parent.is_dir():
        raise FileError(f"{target}: cannot be written (no folder {target.parent})")
    if not os.access(target.parent, os.W_OK):
        raise FileError(f"{target}: cannot be written (Permission denied)")
    if target.suffix.lower() == ".onnx":
        for package in ("onnx", "onnxscript", "onnxruntime"):
            needed(package)  # before the work
    network, info = load_model(source)
    facts = describe(info, network)
    plain = portable(network)
    write = _write_onnx if target.suffix.lower() == ".onnx" else _write_program
    with whole_file(target) as part:
        run = write(part, plain, facts)
        differences = {f"{h}x{w}": _difference(run, plain, h, w) for h, w in SIZES}
        worst = max(differences.values())
        if not worst <= tolerance:
            raise FileError(
                f"{target}: its output differs from torch's by {worst:.2g}, more than "
                f"{tolerance:g}: not written"
            )
    return target, differences


def describe(info: dict[str, Any], network: torch.nn.Module) -> dict[str, Any]:
    """What the file says about itself (docs/checkpoint.md): text, or JSON values."""
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


def _write_onnx(part: Path, plain: AnySize, facts: dict[str, Any]) -> Run:
    data = onnx_bytes(exported(plain), facts)
    part.write_bytes(data)
    session = onnx_session(part.read_bytes())
    return lambda image: torch.from_numpy(session.run([OUTPUT], {INPUT: image.numpy()})[0])


def _write_program(part: Path, plain: AnySize, facts: dict[str, Any]) -> Run:
    document = {"blurkit.json": json.dumps({**facts, "smallest": SMALLEST})}
    torch.export.save(exported(plain), part, extra_files=document)
    return torch.export.load(part).module()  # our own file, just written


def _difference(run: Run, plain: AnySize, height: int, width: int) -> float:
    image = torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(height))
    with torch.no_grad():
        return float((run(image) - plain(image)).abs().max())


@click.command()
@click.argument(
    "model", required=False, metavar="[MODEL]", type=click.Path(exists=True, path_type=Path)
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="File: .onnx or .pt2 decides."
)
def main(model: Path | None, out: Path) -> None:
    """Write the network of MODEL, or the one that comes along, for other programs.

    MODEL is a model.safetensors or its folder. An OUT of .onnx is ONNX, one of .pt2 a program of
    torch.export; either takes images of any size. It is run on three sizes and compared with
    torch before it gets its name.
    """
    with exit_codes():
        path, differences = export(model, out)
        kind = f"ONNX, opset {OPSET}" if path.suffix.lower() == ".onnx" else "torch.export program"
        click.echo(f"exported: {path} ({kind}, {path.stat().st_size / 1e6:.1f} MB)")
        sizes = ", ".join(f"{size}: {worst:.1g}" for size, worst in differences.items())
        most = max(differences.values())
        click.echo(f"differs from torch by {most:.1g} at most, on images in [0, 1] ({sizes})")


if __name__ == "__main__":
    main(prog_name="python -m nas.export")
