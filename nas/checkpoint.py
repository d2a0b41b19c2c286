"""Models and the state of a training run as safetensors files: nothing in them is executed.

A model file holds the weights under the module's own names and, in its metadata, one JSON
document "blurkit": format, format_version, name, arch (a built-in name or a genotype), width,
settings and whatever the run recorded. A state file holds weights and optimiser moments under
"model.NAME" and "OPTIMISER.NUMBER.KEY". `SHIPPED` is the model file that comes with the package.
"""

import json
import os
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from blurkit._version import __version__
from blurkit.errors import FileError, SettingError

from .cell import Frame
from .network import build
from .scales import check_scales

MODEL_FORMAT = "blurkit-model"
STATE_FORMAT = "blurkit-state"
SUPERNET_FORMAT = "blurkit-supernet"
FORMAT_VERSION = 1
LEAST_WINDOW = 16
SHIPPED = Path(__file__).parent / "shipped" / "model.safetensors"


def write_text(path: Path, text: str) -> None:
    """Write a small file whole or not at all."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror})") from error


def _write(path: Path, tensors: Mapping[str, Tensor], document: dict[str, Any]) -> None:
    part = path.with_name(path.name + ".part")
    plain = {k: v.detach().to("cpu").contiguous().clone() for k, v in tensors.items()}
    try:
        part.touch()
        mode = part.stat().st_mode  # safetensors would leave it to its owner alone
        save_file(plain, part, metadata={"blurkit": json.dumps(document)})
        part.chmod(mode)
        os.replace(part, path)
    except (SafetensorError, OSError) as error:
        part.unlink(missing_ok=True)
        raise FileError(f"{path}: cannot be written ({error})") from error


def _read(path: Path, wanted: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    try:
        with safe_open(path, framework="pt") as file:
            document = json.loads((file.metadata() or {}).get("blurkit", "{}"))
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        raise FileError(f"{path}: not a safetensors file, or cut short ({error})") from error
    if not isinstance(document, dict) or document.get("format") != wanted:
        raise FileError(f'{path}: its metadata must say format "{wanted}": not made by nas')
    if document.get("format_version") != FORMAT_VERSION:
        raise FileError(
            f"{path}: format_version must be {FORMAT_VERSION}, got {document['format_version']!r}"
        )
    return tensors, document


def save_model(
    path: str | Path, model: nn.Module, info: dict[str, Any], *, half: bool = False
) -> None:
    """Write `model.safetensors`.

    Parameters
    ----------
    path : path
    model : module built by `nas.network.build(info["arch"], info["width"])`
    info : dict
        "name", "arch" (built-in name or genotype dict), "width", and any further JSON values:
        "scales" are those at which `nas.restore.restore` lets it see an image, [1] if not given,
        and "window" is the side, in pixels, of the squares over which its channel attention
        takes means (`nas.ops.ChannelAttention`), all of the image if not given.
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
    _write(Path(path), state, {**head, **info})


def load_model(
    path: str | Path | None = None, device: torch.device | str = "cpu"
) -> tuple[nn.Module, dict[str, Any]]:
    """Read a checkpoint.

    Parameters
    ----------
    path : a `model.safetensors`, or the folder that holds one; None is the shipped network
    device : where to put the model

    Returns
    -------
    model : float32 module in eval mode, (N, 3, H, W) sRGB in [0, 1] -> same shape; sides
        multiples of `model.stride`; `model.scales` is what `nas.restore.restore` does by default
    info : dict with "name", "arch", "width", "genotype" (dict or None), "settings"

    Raises
    ------
    FileError
        names the file and what is wrong: missing, not safetensors, not ours, an unknown
        operation, weights that belong to another genotype or width
    """
    path = SHIPPED if path is None else Path(path)
    if path.is_dir():
        path = path / "model.safetensors"
    if not path.is_file():
        raise FileError(f"{path}: no such checkpoint")
    tensors, info = _read(path, MODEL_FORMAT)
    try:
        with torch.device("meta"):  # nothing is allocated on the word of the metadata
            model = build(info["arch"], info["width"])
    except SettingError as error:
        raise FileError(f"{path}: {error}") from error
    except (KeyError, TypeError) as error:
        raise FileError(f"{path}: its metadata must name arch and width") from error
    try:
        model.load_state_dict(tensors, assign=True)
    except RuntimeError as error:
        first = " ".join(str(error).split("\n")[1:2]).strip().split(", ")[0]
        raise FileError(f"{path}: its weights belong to another network: {first}") from error
    try:
        model.scales = check_scales(info.get("scales", [1]))  # type: ignore[assignment]
    except SettingError as error:
        raise FileError(f"{path}: {error}") from error
    if "window" in info:
        if type(info["window"]) is not int or not info["window"] >= LEAST_WINDOW:
            rule, got = f"window must be a whole number >= {LEAST_WINDOW}", info["window"]
            raise FileError(f"{path}: {rule}, got {reprlib.repr(got)}")
        if isinstance(model, Frame):
            model.attend_within(info["window"])
    arch = info["arch"]
    info["genotype"] = arch if isinstance(arch, dict) else None
    model = model.float().to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return model.eval(), info


def save_supernet(path: Path, net: nn.Module) -> None:
    """Write the weights and alphas of a finished search."""
    head = {"format": SUPERNET_FORMAT, "format_version": FORMAT_VERSION}
    _write(path, net.state_dict(), head)


def load_supernet(path: Path, net: nn.Module) -> None:
    """Put them back into a supernet of the same width and widths; FileError if they do not fit."""
    tensors, _ = _read(path, SUPERNET_FORMAT)
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise FileError(f"{path}: belongs to another supernet") from error


def save_state(
    path: Path,
    model: nn.Module,
    optimisers: Mapping[str, torch.optim.Optimizer],
    record: dict[str, Any],
) -> None:
    """Write all that a run needs to go on: weights, optimiser moments, and `record` (JSON)."""
    tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
    for name, optimiser in optimisers.items():
        for number, moments in optimiser.state_dict()["state"].items():
            for key, value in moments.items():
                tensors[f"{name}.{number}.{key}"] = torch.as_tensor(value)
    head = {"format": STATE_FORMAT, "format_version": FORMAT_VERSION}
    _write(path, tensors, {**head, "record": record})


def load_state(
    path: Path, model: nn.Module, optimisers: Mapping[str, torch.optim.Optimizer]
) -> dict[str, Any]:
    """Put weights and moments back and return the record."""
    tensors, document = _read(path, STATE_FORMAT)
    moments: dict[str, dict[int, dict[str, Tensor]]] = {name: {} for name in optimisers}
    weights = {}
    for key, value in tensors.items():
        owner, _, rest = key.partition(".")
        if owner == "model":
            weights[rest] = value
        else:
            number, _, kind = rest.partition(".")
            moments[owner].setdefault(int(number), {})[kind] = value
    model.load_state_dict(weights)
    for name, optimiser in optimisers.items():
        parameters = [p for group in optimiser.param_groups for p in group["params"]]
        for i, of_parameter in moments[name].items():
            for kind, value in of_parameter.items():
                if value.shape == parameters[i].shape:
                    # in the parameter's memory format, which fused optimisers take for granted
                    of_parameter[kind] = torch.empty_like(parameters[i]).copy_(value)
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": moments[name], "param_groups": groups})
    return document["record"]
