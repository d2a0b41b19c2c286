"""The subprocesses of one trial, and the lock that keeps other runners out.

A runner locks a trial's folder. Its subprocess inherits the lock, so the folder stays locked until
both have ended, however they end: while a trial whose runner was killed still runs, no runner
starts it again.
"""

import contextlib
import fcntl
import json
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

from blurkit.files import write_whole

POLL = 0.05  # seconds between looks at a subprocess
Spent = dict[str, float]  # seconds, core_seconds


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file; waits until it is free."""
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_lock(path: Path) -> IO[bytes] | None:
    """The open file, which stays locked until it is closed; None if another process holds it."""
    file = open(path, "ab")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


class TrialProcess:
    """The commands of a trial, run one after the other until one fails.

    Parameters
    ----------
    folder : path
        Gets `trial.log`, all output of the commands, and `spent.json`, the time they took.
    lock : file from `try_lock`
    commands : sequence of command lines
    environment : mapping of str
    """

    def __init__(
        self,
        folder: Path,
        lock: IO[bytes],
        commands: Sequence[Sequence[str]],
        environment: Mapping[str, str],
    ) -> None:
        self.folder, self.lock = folder, lock
        self._commands, self._environment = list(commands), environment
        self._number = 0
        self._process = self._spawn()

    def _spawn(self) -> "subprocess.Popen[bytes]":
        self._start = time.monotonic()
        command = self._commands[self._number]
        with open(self.folder / "trial.log", "ab") as log:
            log.write(f"$ {shlex.join(command)}\n".encode())
            log.flush()
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,  # the terminal's Ctrl-C reaches it through `interrupt` only
                pass_fds=[self.lock.fileno()],
            )

    def poll(self) -> int | None:
        """Start the next command once one has succeeded; the exit code when all is over."""
        code = self._exit_code()
        if code == 0 and self._number + 1 < len(self._commands):
            self._number += 1
            self._process = self._spawn()
            return None
        return code

    def _exit_code(self) -> int | None:
        """The exit code, None while the command runs; at its end, adds the time it took."""
        if self._process.returncode is not None:
            return self._process.returncode
        pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if pid == 0:
            return None
        self._process.returncode = os.waitstatus_to_exitcode(status)
        times = self._times()
        spent = times.setdefault(str(self._number), {"seconds": 0.0, "core_seconds": 0.0})
        spent["seconds"] += round(time.monotonic() - self._start, 3)
        spent["core_seconds"] += round(usage.ru_utime + usage.ru_stime, 3)
        write_whole(self.folder / "spent.json", json.dumps(times) + "\n")
        return self._process.returncode

    def _times(self) -> dict[str, Spent]:
        """The time spent, by number of the command."""
        try:
            return json.loads((self.folder / "spent.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}

    @property
    def spent(self) -> Spent:
        """Seconds and core_seconds of the first command, over all attempts."""
        return self._times().get("0", {})

    def interrupt(self) -> None:
        """Ask the command to save its state and end, unless it has ended."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGINT)

    def end(self, deadline: float) -> None:
        """Wait for the end until `deadline` (monotonic clock), then kill; releases the lock."""
        while (code := self._exit_code()) is None and time.monotonic() < deadline:
            time.sleep(POLL)
        if code is None:
            self._process.kill()
            self._process.wait()
        self.lock.close()
