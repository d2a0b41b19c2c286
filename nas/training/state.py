"""The state of a run in a safetensors file: weights, optimiser moments and a JSON record.

The tensors are called "model.NAME" (weights) and "OPTIMISER.NUMBER.KEY" (moments).
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from blurkit.errors import FileError
from nas.tensors import FORMAT_VERSION, read_tensors, shortened, write_tensors
from nas.training.muon import Muon

STATE_FORMAT = "blurkit-state"
MOMENTS = {
    torch.optim.Adam: {"step", "exp_avg", "exp_avg_sq"},  # AdamW is one, too
    Muon: {"momentum_buffer"},
}
Moments = dict[str, dict[int, dict[str, Tensor]]]


def save_state(
    path: Path,
    model: nn.Module,
    optimisers: Mapping[str, torch.optim.Optimizer],
    record: dict[str, Any],
) -> None:
    """Write what a run needs to resume: weights, optimiser moments, and `record` (JSON values)."""
    tensors = {f"model.{key}": value for key, value in model.state_dict().items()}
    for name, optimiser in optimisers.items():
        for number, moments in optimiser.state_dict()["state"].items():
            for key, value in moments.items():
                tensors[f"{name}.{number}.{key}"] = torch.as_tensor(value)
    head = {"format": STATE_FORMAT, "format_version": FORMAT_VERSION}
    write_tensors(path, tensors, {**head, "record": record})


def load_state(
    path: Path, model: nn.Module, optimisers: Mapping[str, torch.optim.Optimizer]
) -> dict[str, Any]:
    """Load weights and moments into model and optimisers; returns the record.

    Raises
    ------
    FileError
        "state.safetensors: belongs to another run: ...", or the file is damaged
    """
    tensors, document = read_tensors(path, STATE_FORMAT)
    try:
        record = _checked_record(document)
        weights, moments = _sorted(tensors, optimisers)
        model.load_state_dict(weights)
    except (LookupError, RuntimeError, ValueError) as error:
        first = shortened(" ".join(str(error).split()))
        raise FileError(f"{path}: belongs to another run: {first}") from error
    for name, optimiser in optimisers.items():
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": moments[name], "param_groups": groups})
    return record


def _sorted(
    tensors: Mapping[str, Tensor], optimisers: Mapping[str, torch.optim.Optimizer]
) -> tuple[dict[str, Tensor], Moments]:
    """Weights by name; moments by optimiser, parameter number and kind."""
    moments: Moments = {name: {} for name in optimisers}
    weights = {}
    parameters = {
        name: [p for group in optimiser.param_groups for p in group["params"]]
        for name, optimiser in optimisers.items()
    }
    for key, value in tensors.items():
        owner, _, rest = key.partition(".")
        if owner == "model":
            weights[rest] = value
            continue
        number, _, kind = rest.partition(".")
        if owner not in moments or not number.isdecimal():
            raise ValueError(f"{key} belongs to no optimiser")
        parameter = dict(enumerate(parameters[owner]))[int(number)]
        shape = torch.Size() if kind == "step" else parameter.shape
        if value.shape != shape or value.dtype == torch.int64:
            raise ValueError(f"{key} has shape {tuple(value.shape)} of {value.dtype}")
        if kind != "step":
            # fused optimisers assume the parameter's memory format
            value = torch.empty_like(parameter).copy_(value)
        moments[owner].setdefault(int(number), {})[kind] = value
    for name, optimiser in optimisers.items():
        expected = next(names for kind, names in MOMENTS.items() if isinstance(optimiser, kind))
        for at, kinds in moments[name].items():
            if kinds.keys() != expected:
                raise ValueError(f"{name}.{at} does not have the moments of its optimiser")
    return weights, moments


def _checked_record(document: Mapping[str, Any]) -> dict[str, Any]:
    """The record of a state; ValueError unless each line of its history, if any, has a step."""
    record = document.get("record")
    history = record.get("history", ()) if isinstance(record, dict) else None
    good = isinstance(history, list | tuple) and all(
        isinstance(line, dict) and type(line.get("step")) is int for line in history
    )
    if not isinstance(record, dict) or not good:
        raise ValueError("its record is not that of a run")
    return record
