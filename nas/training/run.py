"""The folder of a search or a training: its settings, log, and the state to resume from."""

import fcntl
import json
import logging
import math
import os
import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from blurkit.errors import FileError
from blurkit.files import write_whole
from nas.files import changed_settings
from nas.training.distributed import ALONE, Ranks
from nas.training.state import load_state, save_state

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

log = logging.getLogger("nas")


class Run:
    """A folder that a command fills, if necessary over several interrupted runs.

    Use it in a `with` statement, which locks the folder against other processes. Rank 0 writes and
    all ranks read. Every method must be called on all ranks.

    Parameters
    ----------
    folder : path
    settings : dict of JSON values
        Everything that decides the result. A folder begun with other settings is an error.
    product : str
        Name of the file whose presence means that the run is finished.
    overwrite : bool
        Discard what the folder holds.
    also : names of files
        The other files that a run writes, to be discarded as well.
    ranks : Ranks
    state : str
        Name of the file whose presence means that something has been done.

    Raises
    ------
    FileError
        "DIR: holds a run with other settings (width: 8 before, 16 now); choose another --out, or
        --overwrite to start over"; "DIR: in use by another process"; the folder cannot be made or
        written; "rank 1 has other settings or data than rank 0"

    Attributes
    ----------
    history : list of dict
        One record per epoch, as in `log.jsonl`.
    finished : bool
        Whether the run was finished when the folder was opened.
    """

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any],
        product: str,
        overwrite: bool = False,
        also: Sequence[str] = (),
        ranks: Ranks = ALONE,
        state: str = "state.safetensors",
    ) -> None:
        self.folder, self.product, self.ranks = folder, folder / product, ranks
        self.history: list[dict[str, Any]] = []
        self._state = folder / state
        self._lock: int | None = None
        settings = json.loads(json.dumps(settings))
        if rank := self.ranks.first_mismatch(json.dumps(settings)):
            raise FileError(f"{folder}: rank {rank} has other settings or data than rank 0")
        try:
            if self.ranks.first:
                self._open(settings, overwrite and not self.ranks.restarted, also)
            self.finished = self.ranks.broadcast(self.product.exists())
        except BaseException:
            self.__exit__()
            raise

    def __enter__(self) -> "Run":
        return self

    def __exit__(self, *error: object) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _open(self, settings: dict[str, Any], overwrite: bool, also: Sequence[str]) -> None:
        folder, record = self.folder, self.folder / "settings.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._lock = _lock(folder)
            fresh = overwrite
            if record.exists() and not overwrite:
                before = json.loads(record.read_text(encoding="utf-8"))
                if not isinstance(before, dict):
                    raise ValueError("no settings")
                self._refuse_other(before, settings)
                fresh = before != settings
            if fresh:
                for old in (self.product, self._state, record, *(folder / name for name in also)):
                    old.unlink(missing_ok=True)
                shutil.rmtree(folder / "tensorboard", ignore_errors=True)
            write_whole(record, json.dumps(settings, indent=2) + "\n")
        except (ValueError, RecursionError) as error:
            raise FileError(f"{record}: not JSON; use --overwrite to start over") from error
        except FileExistsError as error:
            raise FileError(f"{folder}: is a file, must be a folder") from error
        except OSError as error:
            raise FileError(f"{folder}: cannot be written ({error.strerror})") from error

    def _refuse_other(self, before: dict[str, Any], now: dict[str, Any]) -> None:
        if before.keys() != now.keys():
            raise FileError(
                f"{self.folder}: holds a run of another command or version; choose another --out"
            )
        if not (self.product.exists() or self._state.exists()):
            return  # nothing was done with those settings
        if changes := changed_settings(before, now):
            raise FileError(
                f"{self.folder}: holds a run with other settings ({'; '.join(changes)}); "
                "choose another --out, or --overwrite to start over"
            )

    def resume(
        self, model: nn.Module, optimisers: Mapping[str, torch.optim.Optimizer]
    ) -> dict[str, Any]:
        """Load the last saved state into model and optimisers; returns its record, {} if none.

        Raises FileError "DIR: rank 1 has another state than rank 0; all ranks must use the same
        folder".
        """
        record = {}
        if self._state.exists():
            record = load_state(self._state, model, optimisers)
            self.history = record.get("history") or []
            if not self.history:
                raise FileError(f"{self._state}: belongs to another run: it has no history")
        if rank := self.ranks.first_mismatch(*model.state_dict().values(), json.dumps(record)):
            raise FileError(
                f"{self.folder}: rank {rank} has another state than rank 0; "
                "all ranks must use the same folder"
            )
        if record:
            log.info("resuming %s after step %d", self.folder, self.history[-1]["step"])
        return record

    def save(
        self,
        model: nn.Module,
        optimisers: Mapping[str, torch.optim.Optimizer],
        epoch: dict[str, Any],
        **record: Any,
    ) -> None:
        """End an epoch: append it to the history and write the state.

        Raises FileError, keeping the last good state, if a number of the epoch is not finite, or
        if the ranks' weights are not bit-identical.
        """
        self.check(epoch)
        if rank := self.ranks.first_mismatch(*model.state_dict().values()):
            raise FileError(
                f"{self.folder}: rank {rank} has other weights than rank 0 at step "
                f"{epoch['step']}; stopped, {self._kept}"
            )
        self.history.append(epoch)
        if not self.ranks.first:
            return
        save_state(self._state, model, optimisers, {**record, "history": self.history})
        lines = "".join(json.dumps(line) + "\n" for line in self.history)
        write_whole(self.folder / "log.jsonl", lines)
        for key, value in epoch.items():
            if isinstance(value, float):
                self._board.add_scalar(key, value, epoch["step"])
        self._board.flush()

    def check(self, epoch: dict[str, Any]) -> None:
        """FileError, keeping the last good state, if a number of the epoch is not finite."""
        for key, value in epoch.items():
            if isinstance(value, float) and not math.isfinite(value):
                raise FileError(
                    f"{self.folder}: {key} is {value} at step {epoch['step']}; stopped, "
                    f"{self._kept}"
                )

    @property
    def _kept(self) -> str:
        return f"the state after step {self.history[-1]['step'] if self.history else 0} is kept"

    @cached_property
    def _board(self) -> "SummaryWriter":
        from torch.utils.tensorboard import SummaryWriter

        # epochs that were logged but not saved before an interruption are logged again
        return SummaryWriter(self.folder / "tensorboard", purge_step=self.history[-1]["step"])

    def finish(self, product: str | None = None) -> None:
        """Write the product, if it is text, and delete the state, which is no longer needed."""
        if self.ranks.first:
            if product is not None:
                write_whole(self.product, product)
            self._state.unlink(missing_ok=True)
            self._board.close()
        self.ranks.barrier()


def _lock(folder: Path) -> int | None:
    """A descriptor that locks the folder until it is closed; None if its file system cannot."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise FileError(f"{folder}: in use by another process") from error
    except OSError:  # as on some network file systems
        os.close(descriptor)
        return None
    return descriptor
