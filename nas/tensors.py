"""Tensors and a JSON document in a safetensors file, which executes nothing when it is read."""

import json
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from blurkit.errors import FileError, SettingError
from blurkit.files import whole_file
from nas.files import each_once

FORMAT_VERSION = 1
MOST_BYTES = 2**34  # of a file; the widest UNet with its moments has 6 GB
KINDS = (torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int64)


def write_tensors(path: Path, tensors: Mapping[str, Tensor], document: dict[str, Any]) -> None:
    """Write a file atomically; `document` must have "format" and "format_version"."""
    plain = {k: v.detach().to("cpu").contiguous().clone() for k, v in tensors.items()}
    try:
        with whole_file(path) as part:
            part.touch()
            mode = part.stat().st_mode  # safetensors would make it private
            save_file(plain, part, metadata={"blurkit": json.dumps(document)})
            part.chmod(mode)
    except SafetensorError as error:
        raise FileError(f"{path}: cannot be written ({error})") from error


def read_tensors(path: Path, wanted: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors (half to double precision, or int64) and the document of a file.

    wanted : the "format" that the document must have.

    Raises
    ------
    FileError
        "m.safetensors: not a safetensors file, or cut short (...)", "... longer than ... bytes",
        '... its metadata must say format "blurkit-model": not made by nas',
        "... format_version must be 1, got 2", "... stem.bias must not be torch.int8"
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise FileError(f"{path}: longer than {MOST_BYTES:,} bytes")
        with safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get("blurkit", "{}")
            document = json.loads(text, object_pairs_hook=each_once)
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    except SettingError as error:
        raise FileError(f"{path}: its metadata: {error}") from error
    except (SafetensorError, OSError, ValueError, RuntimeError) as error:  # also for deep JSON
        reason = shortened(str(error))
        raise FileError(f"{path}: not a safetensors file, or cut short ({reason})") from error
    if not isinstance(document, dict) or document.get("format") != wanted:
        raise FileError(f'{path}: its metadata must say format "{wanted}": not made by nas')
    version = document.get("format_version")
    if type(version) is not int or version != FORMAT_VERSION:
        got = reprlib.repr(version)
        raise FileError(f"{path}: format_version must be {FORMAT_VERSION}, got {got}")
    for name, tensor in tensors.items():
        if tensor.dtype not in KINDS:
            raise FileError(f"{path}: {shortened(name)} must not be {tensor.dtype}")
    return tensors, document


def shortened(text: str, most: int = 200) -> str:
    """A text from a file, cut for a message."""
    return text if len(text) <= most else text[:most] + "..."
