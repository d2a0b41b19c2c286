"""One trial's commands as subprocesses, and the lock that keeps everybody else out.

Who runs a trial holds the lock on its folder. The subprocess inherits it, so it ends with both,
however they end: a trial whose parent was killed is not begun again while it still runs.
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
from nas.comparison.plan import Spent

TICK = 0.05


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold the lock on a file; waits for whoever holds it."""
    with open(path, "ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_lock(path: Path) -> IO[bytes] | None:
    """The open file whose lock we hold until it is closed; None where somebody else does."""
    file = open(path, "ab")  # noqa: SIM115
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


class Work:
    """Commands that run one after the other, until one fails.

    Parameters
    ----------
    folder : path
        `trial.log` there gets all that they print, `spent.json` what they took.
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
        with open(self.folder / "trial.log", "ab") as out:
            out.write(f"$ {shlex.join(command)}\n".encode())
            out.flush()
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=self._environment,
                start_new_session=True,  # Ctrl-C comes from us, once
                pass_fds=[self.lock.fileno()],
            )

    def poll(self) -> int | None:
        """Go on to the next command where one has ended well; the exit code once all is over."""
        code = self._ended()
        if code == 0 and self._number + 1 < len(self._commands):
            self._number += 1
            self._process = self._spawn()
            return None
        return code

    def _ended(self) -> int | None:
        """The exit code, if it has ended; what it took is added to the trial's account."""
        if self._process.returncode is not None:
            return self._process.returncode
        pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if pid == 0:
            return None
        self._process.returncode = os.waitstatus_to_exitcode(status)
        account = self._account()
        own = account.setdefault(str(self._number), {"seconds": 0.0, "core_seconds": 0.0})
        own["seconds"] += round(time.monotonic() - self._start, 3)
        own["core_seconds"] += round(usage.ru_utime + usage.ru_stime, 3)
        write_whole(self.folder / "spent.json", json.dumps(account) + "\n")
        return self._process.returncode

    def _account(self) -> dict[str, Spent]:
        try:
            return json.loads((self.folder / "spent.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return {}

    @property
    def spent(self) -> Spent:
        """Seconds and core_seconds of the first command, over all its attempts."""
        return self._account().get("0", {})

    def interrupt(self) -> None:
        """Ask it to save and end, if it has not ended."""
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._process.pid, signal.SIGINT)

    def end(self, until: float) -> None:
        """Wait for the end, up to a time of the monotonic clock; then make one. Frees the lock."""
        while (code := self._ended()) is None and time.monotonic() < until:
            time.sleep(TICK)
        if code is None:
            self._process.kill()
            self._process.wait()
        self.lock.close()
