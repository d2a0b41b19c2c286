"""Trials run as subprocesses, each in its folder, by any number of processes over one root."""

import json
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from blurkit.errors import FileError
from blurkit.files import write_whole
from blurkit.progress import bar
from nas.comparison.plan import Spent, Trial
from nas.comparison.process import Work, try_lock

log = logging.getLogger("nas")

LOOK = 1.0  # seconds between looks at what other processes have done
TICK = 0.05  # between looks at our own subprocesses
GRACE = 15.0  # that a stopped subprocess has for saving its state
BAR = "{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}] {postfix}"  # in units of work
TAIL = 12  # lines of a failed trial's log that are shown

Commands = Callable[[Trial, str], Sequence[Sequence[str]]]


class Crew:
    """Runs the trials that nobody else runs, as many at a time as there are slots.

    Parameters
    ----------
    root : path
        Trial NAME has the folder root/trials/NAME.
    trials : sequence of Trial
    slots : sequence of str
        The device of each of the subprocesses that may run at a time.
    commands : callable (trial, device) -> command lines
        Asked for when the trial starts, after all that it needs is done. They run one after the
        other; each goes on where it was when it is run again.
    record : callable (trial, spent) -> dict
        What `trial.json` will hold, when the last command has ended well. `spent` has seconds and
        core_seconds of the first command, over all its attempts.
    done : callable () -> None
        Called after each trial of ours that is done.
    environment : mapping of str
        Added to that of the subprocesses.
    wait : bool
        Wait for trials that other processes hold when nothing else is left to do.
    progress : bool
    """

    def __init__(
        self,
        root: Path,
        trials: Sequence[Trial],
        slots: Sequence[str],
        commands: Commands,
        record: Callable[[Trial, Spent], dict[str, Any]],
        *,
        done: Callable[[], None] = lambda: None,
        environment: Mapping[str, str] | None = None,
        wait: bool = True,
        progress: bool = True,
    ) -> None:
        self.root, self.trials, self.slots = root, list(trials), list(slots)
        self._commands, self._record, self._after = commands, record, done
        self._environment = {**os.environ, **(environment or {})}
        self._wait, self._progress = wait, progress
        self._running: dict[int, tuple[Trial, Work]] = {}
        self.done: set[str] = set()
        self.failed: set[str] = set()

    def folder(self, trial: Trial) -> Path:
        return self.root / "trials" / trial.name

    @property
    def left(self) -> list[Trial]:
        """Neither done nor failed, nor in need of one that failed."""
        lost = set(self.failed)
        for trial in self.trials:  # in an order in which needs come first
            if lost.intersection(trial.needs):
                lost.add(trial.name)
        return [t for t in self.trials if t.name not in self.done | lost]

    def run(self) -> None:
        """Until nothing is left; Ctrl-C stops the subprocesses and goes through."""
        with tempfile.NamedTemporaryFile(dir=self.root) as now:  # the file server's clock
            self._start = os.stat(now.name).st_mtime
        work = sum(trial.work for trial in self.trials)
        before = sum(trial.work for trial in self._look())
        with bar(work, "compare", initial=before, disable=not self._progress) as shown:
            shown.smoothing, shown.bar_format = 0, BAR
            try:
                self._until_done(shown)
            finally:
                self._stop()

    def _until_done(self, shown: tqdm) -> None:
        looked = -LOOK
        while True:
            if time.monotonic() - looked > LOOK:
                shown.update(sum(trial.work for trial in self._look()))
                self._show(shown)
                looked = time.monotonic()
            self._fill(shown)
            if self._running:
                time.sleep(TICK)
                if self._reap(shown):
                    looked = -LOOK
            elif not self.left:
                return
            elif not self._wait:
                names = ", ".join(trial.name for trial in self.left[:5])
                log.info("%d trials are left to other processes: %s", len(self.left), names)
                return
            else:
                time.sleep(LOOK)

    def _look(self) -> list[Trial]:
        """What has been done since the last look, by whomever; see what has failed, too."""
        new = []
        for trial in self.trials:
            if trial.name in self.done or trial.name in self.failed:
                continue
            folder = self.folder(trial)
            if (folder / "trial.json").exists():
                self.done.add(trial.name)
                new.append(trial)
            elif self._failed_lately(folder):
                self.failed.add(trial.name)
        return new

    def _show(self, shown: tqdm) -> None:
        running = ", ".join(trial.name for trial, _ in self._running.values())
        text = f"{len(self.done)}/{len(self.trials)} trials; {running}"
        shown.set_postfix_str(text, refresh=sys.stderr.isatty())

    def _failed_lately(self, folder: Path) -> bool:
        try:
            return (folder / "failed.txt").stat().st_mtime >= self._start
        except FileNotFoundError:
            return False

    def _fill(self, shown: tqdm) -> None:
        """Start a trial in each free slot."""
        for number, device in enumerate(self.slots):
            if number in self._running:
                continue
            ours = {trial.name for trial, _ in self._running.values()}
            for trial in self.left:
                if trial.name in ours or not self.done.issuperset(trial.needs):
                    continue
                work = self._begin(trial, device, shown)
                if work is not None:
                    self._running[number] = trial, work
                    break

    def _begin(self, trial: Trial, device: str, shown: tqdm) -> Work | None:
        """Start a trial, unless somebody else holds it or has just ended it."""
        folder = self.folder(trial)
        folder.mkdir(parents=True, exist_ok=True)
        lock = try_lock(folder / "trial.lock")
        if lock is None:
            return None
        if (folder / "trial.json").exists() or self._failed_lately(folder):
            lock.close()
            return None
        try:
            (folder / "failed.txt").unlink(missing_ok=True)
            return Work(folder, lock, self._commands(trial, device), self._environment)
        except (FileError, OSError) as error:
            self._tell_failure(trial, error, shown)
            lock.close()
            return None

    def _reap(self, shown: tqdm) -> bool:
        """Record what has ended; whether a slot is free again."""
        freed = False
        for number, (trial, work) in list(self._running.items()):
            code = work.poll()
            if code is None:
                continue
            try:
                if code:
                    raise FileError(f"exit code {code}")
                text = json.dumps(self._record(trial, work.spent), allow_nan=False)
                write_whole(self.folder(trial) / "trial.json", text + "\n")
                self._after()
            except (FileError, KeyError, ValueError, OSError) as error:
                self._tell_failure(trial, error, shown)
            work.lock.close()
            del self._running[number]
            freed = True
        return freed

    def _tell_failure(self, trial: Trial, error: Exception, shown: tqdm) -> None:
        path = self.folder(trial) / "trial.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        lines = text.splitlines()[-TAIL:]
        write_whole(path.with_name("failed.txt"), f"{error}\n")
        self.failed.add(trial.name)
        shown.clear()
        log.error("%s failed: %s; the end of %s:\n%s", trial.name, error, path, "\n".join(lines))

    def _stop(self) -> None:
        """Let our subprocesses save and end."""
        for _, work in self._running.values():
            work.interrupt()
        until = time.monotonic() + GRACE
        for _, work in self._running.values():
            work.end(until)
        self._running.clear()
