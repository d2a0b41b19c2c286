"""Runs trials as subprocesses; any number of runners may share one folder."""

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
from nas.comparison.plan import Trial
from nas.comparison.process import POLL, Spent, TrialProcess, try_lock

log = logging.getLogger("nas")

REFRESH = 1.0  # seconds between looks at what other runners have done
GRACE = 15.0  # seconds that an interrupted subprocess has to save its state
BAR = "{desc} {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}] {postfix}"  # in units of work
TAIL = 12  # lines of a failed trial's log that are shown

Commands = Callable[[Trial, str], Sequence[Sequence[str]]]


class Runner:
    """Runs the trials that no other runner holds, as many at a time as there are slots.

    Parameters
    ----------
    root : path
        Trial NAME has the folder root/trials/NAME.
    trials : sequence of Trial
        Each after those that it needs.
    slots : sequence of str
        The device of each of the subprocesses that may run at a time.
    commands : callable (trial, device) -> command lines
        Called when the trial starts, after all that it needs is done. They run one after the
        other, and must resume when a trial is run again.
    record : callable (trial, spent) -> dict
        What `trial.json` will hold, called when the last command has succeeded. `spent` has seconds
        and core_seconds of the first command, over all attempts.
    on_done : callable () -> None
        Called after each trial that this runner has finished.
    environment : mapping of str
        Added to the environment of the subprocesses.
    wait : bool
        Wait for trials that other runners hold when nothing else remains.
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
        on_done: Callable[[], None] = lambda: None,
        environment: Mapping[str, str] | None = None,
        wait: bool = True,
        progress: bool = True,
    ) -> None:
        self.root, self.trials, self.slots = root, list(trials), list(slots)
        self._commands, self._record, self._on_done = commands, record, on_done
        self._environment = {**os.environ, **(environment or {})}
        self._wait, self._progress = wait, progress
        self._running: dict[int, tuple[Trial, TrialProcess]] = {}  # by slot
        self.done: set[str] = set()
        self.failed: set[str] = set()

    def folder(self, trial: Trial) -> Path:
        return self.root / "trials" / trial.name

    @property
    def remaining(self) -> list[Trial]:
        """Trials that are neither done nor failed, nor need one that failed."""
        lost = set(self.failed)
        for trial in self.trials:
            if lost.intersection(trial.needs):
                lost.add(trial.name)
        return [trial for trial in self.trials if trial.name not in self.done | lost]

    def run(self) -> None:
        """Run until nothing remains; on Ctrl-C, stop the subprocesses and raise."""
        with tempfile.NamedTemporaryFile(dir=self.root) as file:  # the file server's clock
            self._start = os.stat(file.name).st_mtime
        work = sum(trial.work for trial in self.trials)
        done = sum(trial.work for trial in self._newly_done())
        with bar(work, "compare", initial=done, disable=not self._progress) as progress:
            progress.smoothing, progress.bar_format = 0, BAR
            try:
                self._loop(progress)
            finally:
                self._stop()

    def _loop(self, progress: tqdm) -> None:
        last_look = -REFRESH
        while True:
            if time.monotonic() - last_look > REFRESH:
                progress.update(sum(trial.work for trial in self._newly_done()))
                self._show(progress)
                last_look = time.monotonic()
            self._fill_slots(progress)
            if self._running:
                time.sleep(POLL)
                if self._collect(progress):
                    last_look = -REFRESH
            elif not self.remaining:
                return
            elif not self._wait:
                names = ", ".join(trial.name for trial in self.remaining[:5])
                log.info("other processes hold the remaining %d: %s", len(self.remaining), names)
                return
            else:
                time.sleep(REFRESH)

    def _newly_done(self) -> list[Trial]:
        """The trials that any runner has finished since the last call; notes failed ones, too."""
        done = []
        for trial in self.trials:
            if trial.name in self.done or trial.name in self.failed:
                continue
            folder = self.folder(trial)
            if (folder / "trial.json").exists():
                self.done.add(trial.name)
                done.append(trial)
            elif self._has_failed(folder):
                self.failed.add(trial.name)
        return done

    def _show(self, progress: tqdm) -> None:
        running = ", ".join(trial.name for trial, _ in self._running.values())
        text = f"{len(self.done)}/{len(self.trials)} trials; {running}"
        progress.set_postfix_str(text, refresh=sys.stderr.isatty())

    def _has_failed(self, folder: Path) -> bool:
        """Whether the trial has failed since this run began; earlier failures are tried again."""
        try:
            return (folder / "failed.txt").stat().st_mtime >= self._start
        except FileNotFoundError:
            return False

    def _fill_slots(self, progress: tqdm) -> None:
        """Start a trial in each free slot."""
        for slot, device in enumerate(self.slots):
            if slot in self._running:
                continue
            running = {trial.name for trial, _ in self._running.values()}
            for trial in self.remaining:
                if trial.name in running or not self.done.issuperset(trial.needs):
                    continue
                process = self._begin(trial, device, progress)
                if process is not None:
                    self._running[slot] = trial, process
                    break

    def _begin(self, trial: Trial, device: str, progress: tqdm) -> TrialProcess | None:
        """Start a trial, unless another runner holds it or has just finished it."""
        folder = self.folder(trial)
        folder.mkdir(parents=True, exist_ok=True)
        lock = try_lock(folder / "trial.lock")
        if lock is None:
            return None
        if (folder / "trial.json").exists() or self._has_failed(folder):
            lock.close()
            return None
        try:
            (folder / "failed.txt").unlink(missing_ok=True)
            commands = self._commands(trial, device)
            return TrialProcess(folder, lock, commands, self._environment)
        except (FileError, OSError) as error:
            self._report_failure(trial, error, progress)
            lock.close()
            return None

    def _collect(self, progress: tqdm) -> bool:
        """Record the trials that have ended; whether there were any."""
        ended = False
        for slot, (trial, process) in list(self._running.items()):
            code = process.poll()
            if code is None:
                continue
            try:
                if code:
                    raise FileError(f"exit code {code}")
                text = json.dumps(self._record(trial, process.spent), allow_nan=False)
                write_whole(self.folder(trial) / "trial.json", text + "\n")
                self._on_done()
            except (FileError, KeyError, ValueError, OSError) as error:
                self._report_failure(trial, error, progress)
            process.lock.close()
            del self._running[slot]
            ended = True
        return ended

    def _report_failure(self, trial: Trial, error: Exception, progress: tqdm) -> None:
        path = self.folder(trial) / "trial.log"
        text = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
        lines = text.splitlines()[-TAIL:]
        write_whole(path.with_name("failed.txt"), f"{error}\n")
        self.failed.add(trial.name)
        progress.clear()
        log.error("%s failed: %s; the end of %s:\n%s", trial.name, error, path, "\n".join(lines))

    def _stop(self) -> None:
        """Let the subprocesses save their state and end."""
        for _, process in self._running.values():
            process.interrupt()
        deadline = time.monotonic() + GRACE
        for _, process in self._running.values():
            process.end(deadline)
        self._running.clear()
