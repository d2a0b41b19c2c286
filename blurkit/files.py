"""Atomic writing of files: complete or not at all. `nas` uses it too."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blurkit.errors import FileError

AnyPath = str | os.PathLike[str]


@contextmanager
def whole_file(path: AnyPath) -> Iterator[Path]:
    """A temporary path in the same folder, renamed to `path` when the block ends without an error.

    On an error the temporary file is removed, and a file that was at `path` before stays as it was.
    Several processes may write the same `path`: the last one to finish wins.

    Raises
    ------
    FileError
        "a.png: cannot be written (No space left on device)", for any OSError in the block

    Example
    -------
    >>> with whole_file("kernels.npy") as part:  # doctest: +SKIP
    ...     np.save(part, kernels)
    """
    path = Path(path)
    part = path.with_name(f".{secrets.token_hex(8)}.part{path.suffix}")
    try:
        try:
            yield part
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise FileError(f"{path}: cannot be written ({error.strerror or error})") from error


def write_whole(path: AnyPath, content: bytes | str) -> Path:
    """Write bytes, or text as UTF-8, through `whole_file`; returns the path."""
    with whole_file(path) as part:
        part.write_bytes(content.encode() if isinstance(content, str) else content)
    return Path(path)
