"""The small JSON files that runs leave, read with an error that names the file."""

import json
from pathlib import Path
from typing import Any

from blurkit.errors import FileError


def read_json(path: Path) -> Any:
    """A JSON file's value; FileError if there is none."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(f"{path}: cannot be read ({error})") from error


def read_log(path: Path) -> list[dict[str, Any]]:
    """The records of a log.jsonl, [] where there is none; FileError if it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]
    except (OSError, ValueError, RecursionError) as error:
        raise FileError(f"{path}: not a log ({error})") from error
