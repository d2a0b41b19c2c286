"""Cost tables in the user's cache: JSON files, one for each device and set of widths.

The folder is $XDG_CACHE_HOME/blurkit or ~/.cache/blurkit; deleting it costs a minute of measuring.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from blurkit.errors import FileError
from blurkit.files import write_whole
from nas.cost.table import CostTable

log = logging.getLogger("nas")

FORMAT = "blurkit-costs"
LONGEST = 2**20  # bytes of a file; a table has about 10,000


def folder() -> Path:
    """The folder of the cache."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    # the XDG specification says to ignore a relative path
    return (Path(base) if os.path.isabs(base) else Path.home() / ".cache") / "blurkit"


def cached(
    key: dict[str, Any],
    make: Callable[[], CostTable],
    good: Callable[[CostTable], bool] = lambda table: True,
) -> CostTable:
    """The table of this key, from the cache or made and cached.

    Parameters
    ----------
    key : dict of JSON values
        Everything that decides the table.
    make : callable () -> CostTable
        Called if the cache has no table of this key, or its file is damaged.
    good : callable (CostTable) -> bool
        Whether to cache a table just made.

    Notes
    -----
    A cache that cannot be read or written is not an error: the table is made, but not cached.
    """
    text = json.dumps(key, sort_keys=True)
    path = folder() / f"costs-{hashlib.sha256(text.encode()).hexdigest()[:16]}.json"
    table = _read(path, key)
    if table is None:
        table = make()
        if good(table):
            _write(path, {"format": FORMAT, "key": key, "table": table.to_dict()})
    return table


def _read(path: Path, key: dict[str, Any]) -> CostTable | None:
    try:
        with open(path, "rb") as file:
            document = json.loads(file.read(LONGEST))
        if document["format"] == FORMAT and document["key"] == key:
            return CostTable.from_dict(document["table"])
        reason = "it has another key"
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        reason = str(error)
    log.info("%s is not used: %s", path, reason)
    return None


def _write(path: Path, document: dict[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(document))
    except (FileError, OSError) as error:
        log.info("the costs are not cached: %s", error)
