"""The folder of a search or a training: settings, log, and the state to go on from."""

import fcntl
import json
import logging
import math
import os
import reprlib
import shutil
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from blurkit.errors import FileError
from blurkit.files import write_whole
from nas.training.distributed import current_ranks
from nas.training.state import load_state, save_state

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

log = logging.getLogger("nas")
_held: dict[Path, int] = {}  # folders that this process fills, and the descriptors that hold them


class Run:
    """A folder that a command fills, and can fill on after an interruption.

    Of several ranks the first writes, and all read. Every method is called by all of them.

    Parameters
    ----------
    folder : path
    settings : dict of JSON values
        What decides the result. A folder begun under other settings is refused.
    product : str
        Name of the file whose presence says that the run is finished.
    overwrite : bool
        Start again whatever is there.
    also : names of files
        What else belongs to a run of these settings, and goes with it.

    Raises
    ------
    FileError
        "DIR: holds a run with other settings (width: 8 there, 16 now); choose another --out, or
        --overwrite starts again"; "DIR: another process is filling it"; or the folder cannot be
        made or written; or "rank 1 has other settings or data than rank 0"

    Attributes
    ----------
    history : list of dict
        One record an epoch, as in `log.jsonl`.
    finished : bool
        Whether it was when it was opened.
    """

    def __init__(
        self,
        folder: Path,
        settings: dict[str, Any],
        product: str,
        overwrite: bool = False,
        also: Sequence[str] = (),
    ) -> None:
        self.folder, self.product, self.ranks = folder, folder / product, current_ranks()
        self.history: list[dict[str, Any]] = []
        self._state = folder / "state.safetensors"
        settings = json.loads(json.dumps(settings))
        if odd := self.ranks.first_mismatch(json.dumps(settings)):
            raise FileError(f"{folder}: rank {odd} has other settings or data than rank 0")
        if self.ranks.first:
            self._open(settings, overwrite and not self.ranks.restarted, also)
        self.finished = self.ranks.broadcast(self.product.exists())
        if self.finished:
            _release(folder)

    def _open(self, settings: dict[str, Any], overwrite: bool, also: Sequence[str]) -> None:
        folder, record = self.folder, self.folder / "settings.json"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _hold(folder)
            fresh = overwrite
            if record.exists() and not overwrite:
                there = json.loads(record.read_text(encoding="utf-8"))
                if not isinstance(there, dict):
                    raise ValueError("no settings")
                self._refuse_other(there, settings)
                fresh = there != settings
            if fresh:
                for old in (self.product, self._state, record, *(folder / name for name in also)):
                    old.unlink(missing_ok=True)
                shutil.rmtree(folder / "tensorboard", ignore_errors=True)
            write_whole(record, json.dumps(settings, indent=2) + "\n")
        except (ValueError, RecursionError) as error:
            raise FileError(f"{record}: not JSON; --overwrite starts again") from error
        except FileExistsError as error:
            raise FileError(f"{folder}: is a file, a folder is needed") from error
        except OSError as error:
            raise FileError(f"{folder}: cannot be written ({error.strerror})") from error

    def _refuse_other(self, there: dict[str, Any], now: dict[str, Any]) -> None:
        if there.keys() != now.keys():
            raise FileError(
                f"{self.folder}: holds a run of another command or version; choose another --out"
            )
        if not (self.product.exists() or self._state.exists()):
            return  # nothing was done under those settings
        changed = [
            f"another {key}"
            if key in ("arch", "data")
            else f"{key}: {reprlib.repr(there[key])} there, {now[key]!r} now"
            for key in now
            if there[key] != now[key]
        ]
        if changed:
            raise FileError(
                f"{self.folder}: holds a run with other settings ({'; '.join(changed)}); "
                "choose another --out, or --overwrite starts again"
            )

    def resume(
        self, model: nn.Module, optimisers: Mapping[str, torch.optim.Optimizer]
    ) -> dict[str, Any]:
        """Put the last saved state into model and optimisers; its record, {} at the very start.

        Raises FileError "DIR: rank 1 has another state than rank 0; the folder must be ...".
        """
        record = {}
        if self._state.exists():
            record = load_state(self._state, model, optimisers)
            self.history = record.get("history") or []
            if not self.history:
                raise FileError(f"{self._state}: belongs to another run: it has no history")
        if odd := self.ranks.first_mismatch(*model.state_dict().values(), json.dumps(record)):
            raise FileError(
                f"{self.folder}: rank {odd} has another state than rank 0; "
                "the folder must be the same one for all"
            )
        if not record:
            return {}
        log.info("going on with %s after step %d", self.folder, self.history[-1]["step"])
        return record

    def save(
        self,
        model: nn.Module,
        optimisers: Mapping[str, torch.optim.Optimizer],
        epoch: dict[str, Any],
        **record: Any,
    ) -> None:
        """End an epoch: add it to the history and write the state, whole or not at all.

        Raises FileError, the last good state kept, when the epoch's numbers are not finite, or
        when the ranks' weights are not the same bytes.
        """
        self.check(epoch)
        if odd := self.ranks.first_mismatch(*model.state_dict().values()):
            raise FileError(
                f"{self.folder}: rank {odd} has other weights than rank 0 at step "
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
        """FileError, the last good state kept, when a number of the epoch is not finite."""
        bad = [k for k, v in epoch.items() if isinstance(v, float) and not math.isfinite(v)]
        if bad:
            raise FileError(
                f"{self.folder}: {bad[0]} is {epoch[bad[0]]} at step {epoch['step']}; stopped, "
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
        """Write the product, if it is text; it stands now, and the state is no longer needed."""
        if self.ranks.first:
            if product is not None:
                write_whole(self.product, product)
            self._state.unlink(missing_ok=True)
            self._board.close()
            _release(self.folder)
        self.ranks.barrier()


def _hold(folder: Path) -> None:
    """Lock a folder until `_release` or the end of this process, wherever its disk can."""
    if (whole := folder.resolve()) in _held:
        return
    descriptor = os.open(whole, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(descriptor)
        raise FileError(f"{folder}: another process is filling it") from error
    except OSError:  # no locks on folders there, as on some network file systems
        os.close(descriptor)
        return
    _held[whole] = descriptor


def _release(folder: Path) -> None:
    descriptor = _held.pop(folder.resolve(), None)
    if descriptor is not None:
        os.close(descriptor)
