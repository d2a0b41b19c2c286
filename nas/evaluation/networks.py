"""Load several checkpoints under distinct names."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from blurkit.errors import SettingError
from blurkit.files import AnyPath
from nas.checkpoint import load_model


def load_networks(
    paths: Sequence[AnyPath], device: torch.device
) -> dict[str, tuple[nn.Module, dict[str, Any]]]:
    """Networks and their metadata by name, in the order of `paths`.

    Parameters
    ----------
    paths : model.safetensors files, or the folders that contain them
    device : torch device of the networks

    Returns
    -------
    dict of name to (model, info), as returned by `nas.checkpoint.load_model`
        Networks that share a name get their folder's name appended, or their path where
        the folders share a name as well.

    Raises
    ------
    SettingError
        "model given twice: runs/unet"
    FileError
        see `nas.checkpoint.load_model`
    """
    files = [file.resolve() for file in model_files(paths)]
    for i, file in enumerate(files):
        if file in files[:i]:
            raise SettingError(f"model given twice: {paths[i]}")
    loaded = [load_model(Path(path), device) for path in paths]
    names = [str(info["name"]) for _, info in loaded]
    networks = {}
    for i, name in enumerate(names):
        folders = [file.parent.name for k, file in enumerate(files) if names[k] == name]
        if len(folders) > 1:
            distinct = len(set(folders)) == len(folders)
            name = f"{name} ({files[i].parent.name if distinct else paths[i]})"
        networks[name] = loaded[i]
    return networks


def model_files(paths: Sequence[AnyPath]) -> list[Path]:
    """The model.safetensors of each path that is a folder; other paths unchanged."""
    return [Path(p, "model.safetensors") if Path(p).is_dir() else Path(p) for p in paths]
