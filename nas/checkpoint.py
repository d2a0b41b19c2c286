"""Models as safetensors files, which execute nothing when they are read.

A model file holds the weights under the module's own names and, in its metadata, one JSON document
"blurkit": format, format_version, name, arch (a built-in name or a genotype), width, settings and
facts of the training. `SHIPPED` is the bundled network.
"""

import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from blurkit._version import __version__
from blurkit.errors import FileError, SettingError, printable
from nas.device import to_channels_last
from nas.restoration.scales import check_scales
from nas.space.frame import Frame
from nas.space.network import build
from nas.tensors import FORMAT_VERSION, read_tensors, shortened, write_tensors

MODEL_FORMAT = "blurkit-model"
SUPERNET_FORMAT = "blurkit-supernet"
LEAST_WINDOW, LARGEST_WINDOW = 16, 2**20
LONGEST_NAME = 200
SHIPPED = Path(__file__).parent / "shipped" / "model.safetensors"


def save_model(
    path: str | Path, model: nn.Module, info: dict[str, Any], *, half: bool = False
) -> None:
    """Write `model.safetensors`.

    Parameters
    ----------
    path : path
    model : module built by `nas.space.network.build(info["arch"], info["width"])`
    info : dict
        "name", "arch" (built-in name or genotype dict), "width", and any further JSON values.
        "scales": by how much `nas.restoration` reduces an image before the network, [1] by default;
        "window": side in pixels of the squares over which channel attention averages
        (`nas.space.operations.ChannelAttention`), the whole image by default.
    half : bool
        Store floating-point weights as float16: half the size, a relative error of 2**-11.
    """
    head = {
        "format": MODEL_FORMAT,
        "format_version": FORMAT_VERSION,
        "blurkit_version": __version__,
    }
    state = model.state_dict()
    if half:
        state = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
    write_tensors(Path(path), state, {**head, **info})


def load_model(
    path: str | Path | None = None, device: torch.device | str = "cpu"
) -> tuple[nn.Module, dict[str, Any]]:
    """Read a checkpoint.

    Parameters
    ----------
    path : a `model.safetensors` or the folder that holds one; None is the bundled network
    device : of the model

    Returns
    -------
    model : float32 module in eval mode, (N, 3, H, W) sRGB in [0, 1] -> same shape; sides
        multiples of `model.stride`; `model.scales` are the default scales of
        `nas.restoration.restore.restore`
    info : dict with "name", "arch", "width", "genotype" (dict or None), "settings"

    Raises
    ------
    FileError
        the file is missing, not safetensors, not a model file, names an unknown operation, or its
        weights belong to another genotype or width or are not finite. The metadata alone never
        makes it allocate memory.
    """
    path = SHIPPED if path is None else Path(path)
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        raise FileError(f"{path}: no such checkpoint")
    tensors, info = read_tensors(path, MODEL_FORMAT)
    try:
        with torch.device("meta"):  # the metadata may ask for any amount of memory
            model = build(info["arch"], info["width"])
    except SettingError as error:
        raise FileError(f"{path}: {error}") from error
    except (KeyError, TypeError) as error:
        raise FileError(f"{path}: its metadata must name arch and width") from error
    floating = {key: value.is_floating_point() for key, value in model.state_dict().items()}
    try:
        model.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        first = " ".join(str(error).split("\n")[1:2]).strip().split(", ")[0]
        raise FileError(
            f"{path}: its weights belong to another network: {shortened(first)}"
        ) from error
    _check_values(path, model, floating)
    try:
        model.scales = check_scales(info.get("scales", [1]))
    except SettingError as error:
        raise FileError(f"{path}: {error}") from error
    if "window" in info:
        window = info["window"]
        if type(window) is not int or not LEAST_WINDOW <= window <= LARGEST_WINDOW:
            rule = f"window must be a whole number >= {LEAST_WINDOW}"
            raise FileError(f"{path}: {rule}, got {reprlib.repr(window)}")
        if isinstance(model, Frame):
            model.attend_within(info["window"])
    info["name"] = _name(path, info.get("name", path.stem))
    arch = info["arch"]
    info["genotype"] = arch if isinstance(arch, dict) else None
    return to_channels_last(model.float(), device).eval(), info


def _check_values(path: Path, model: nn.Module, floating: Mapping[str, bool]) -> None:
    """FileError unless the weights are finite and of the expected kind."""
    for key, value in model.state_dict().items():
        if value.is_floating_point() != floating[key]:
            raise FileError(f"{path}: its weights belong to another network: {key}")
        if not torch.isfinite(value).all():
            raise FileError(f"{path}: {key} must be finite")


def _name(path: Path, name: Any) -> str:
    """The network's name for tables: one line without control characters."""
    if not isinstance(name, str) or not len(name) <= LONGEST_NAME:
        rule = f"name must be text of at most {LONGEST_NAME} characters"
        raise FileError(f"{path}: {rule}, got {reprlib.repr(name)}")
    return printable(name).replace("\n", "\\n")


def save_supernet(path: Path, net: nn.Module) -> None:
    """Write the weights and alphas of a finished search."""
    head = {"format": SUPERNET_FORMAT, "format_version": FORMAT_VERSION}
    write_tensors(path, net.state_dict(), head)


def load_supernet(path: Path, net: nn.Module) -> None:
    """Read them into a supernet of the same width and widths; FileError if they do not fit."""
    tensors, _ = read_tensors(path, SUPERNET_FORMAT)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise FileError(f"{path}: belongs to another supernet") from error
