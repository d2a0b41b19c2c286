"""What holds for all tests: one thread a process, and Ctrl-C as in a terminal."""

import os
import signal

# a process for each core runs the tests; more threads would only get in each other's way
os.environ.setdefault("OMP_NUM_THREADS", "1")


def pytest_configure() -> None:
    # a shell's background job ignores SIGINT, and hands that down to what the tests start
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
