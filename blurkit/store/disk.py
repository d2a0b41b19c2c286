"""What the writer needs from the system: reserved space, a lock, and complete writes."""

import errno
import fcntl
import os
import shutil
from pathlib import Path

from blurkit.errors import FileError


class FileBusy(FileError):
    """Another process is writing the file; waiting may help."""


def reserve(file: int, path: Path, needed: int) -> None:
    """Reserve disk space, so that a full disk is reported before the first sample.

    If the file system cannot reserve space, glibc writes to every block instead; other C libraries
    refuse, and then only the size is set.
    """
    reserved = os.fstat(file).st_blocks * 512
    require_space(path, needed - reserved)
    try:
        if hasattr(os, "posix_fallocate"):
            try:
                os.posix_fallocate(file, 0, needed)
                return
            except OSError as error:
                if error.errno not in (errno.EOPNOTSUPP, errno.ENOSYS):
                    raise
        os.ftruncate(file, needed)
    except OSError as error:
        folder = path.resolve().parent
        raise FileError(
            f"{path}: needs {needed:,} bytes, which cannot be reserved in {folder} "
            f"({error.strerror}; {shutil.disk_usage(folder).free:,} are free)"
        ) from error


def require_space(path: Path, needed: int, *given_back: Path) -> None:
    """FileError unless `needed` bytes are free in the folder of `path`.

    The files `given_back` will be deleted, so their space counts as free.
    """
    folder = path.resolve().parent
    free = shutil.disk_usage(folder).free
    free += sum(old.stat().st_blocks * 512 for old in given_back if old.is_file())
    if needed > free:
        raise FileError(f"{path}: needs {needed:,} bytes, but only {free:,} are free in {folder}")


def lock(file: Path, path: Path, create: bool = False) -> int:
    """Open `file` and lock out every other writer until it is closed."""
    refused = FileBusy(f"{path}: another process is writing it")
    try:
        opened = os.open(file, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), 0o666)
    except FileNotFoundError:
        if create:
            raise
        raise refused from None  # it has just finished
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        moved = not file.exists() or not os.path.samestat(os.fstat(opened), file.stat())
    except BlockingIOError:
        moved = True
    except BaseException:
        os.close(opened)
        raise
    if moved:
        os.close(opened)
        raise refused
    return opened


def write_all(file: int, data: memoryview, at: int) -> None:
    """Write all of `data` at byte offset `at`, without moving the file's position."""
    while data:  # the system may write less than requested
        done = os.pwrite(file, data, at)
        data, at = data[done:], at + done
