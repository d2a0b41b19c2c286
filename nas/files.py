"""JSON files in a run's folder, read with errors that name the file."""

import json
import reprlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from blurkit.errors import FileError, SettingError


def read_json(path: Path) -> Any:
    """The value in a JSON file; FileError if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(f"{path}: cannot be read ({error})") from error


def read_log(path: Path) -> list[dict[str, Any]]:
    """The records of a log.jsonl, [] if there is no file; FileError if it is damaged."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(f"{path}: not a log ({error})") from error


def changed_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """The settings in a folder that differ from those of this call, for an error message.

    Values of "arch", "data" and "test" are too long to show.

    Examples
    --------
    >>> changed_settings({"width": 8, "data": "A"}, {"width": 16, "data": "B"})
    ['width: 8 before, 16 now', 'different data']
    """
    return [
        f"different {key}"
        if key in ("arch", "data", "test")
        else f"{key}: {reprlib.repr(before.get(key))} before, {value!r} now"
        for key, value in now.items()
        if before.get(key) != value
    ]


def each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """`object_pairs_hook` for `json`: SettingError "duplicate key 'cells'".

    JSON parsers disagree on which of two equal keys counts.
    """
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise SettingError(f"duplicate key {reprlib.repr(name)}")
        values[name] = value
    return values
