"""One warm Python for all commands of the pages: heavy libraries are imported once, then forked.

Run as `python docs_desk.py SOCKET`. Each job comes from `docs_client.py`: its arguments, folder and
environment, and its three streams. It runs in a fork of this process, in which torch and its like
are loaded but nothing of blurkit or nas: those are imported anew from the job's own PYTHONPATH.
"""

import atexit
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
import threading
from typing import NoReturn

HEAVY = (
    "click cv2 h5py matplotlib.backends.backend_agg matplotlib.figure multiprocessing.util numba "
    "numpy safetensors.torch scipy.io scipy.signal scipy.stats skimage.metrics torch.func "
    "torch.utils.data torch.utils.flop_counter torch.utils.tensorboard tqdm"
)


def serve(address: str) -> dict:
    """Returns in the fork that has a job to do, with the job; never in the process that serves."""
    desk = socket.socket(socket.AF_UNIX)
    desk.bind(address)
    desk.listen()
    while True:
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody asks how the helpers ended
        caller, _ = desk.accept()
        if os.fork():
            caller.close()
            continue
        desk.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        job, streams = receive(caller)
        if not (worker := os.fork()):
            caller.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return job
        for stream in streams:
            os.close(stream)
        _, status = os.waitpid(worker, 0)
        code = os.waitstatus_to_exitcode(status)
        caller.sendall(str(code if code >= 0 else 128 - code).encode())
        os._exit(0)


def receive(caller: socket.socket) -> tuple[dict, list[int]]:
    """The job, one line of JSON, and the file descriptors of its streams."""
    text, streams, _, _ = socket.recv_fds(caller, 2**16, 3)
    while not text.endswith(b"\n"):
        text += caller.recv(2**16)
    return json.loads(text), streams


def work(job: dict) -> None:
    """What `python ARGUMENTS` does."""
    os.chdir(job["folder"])
    os.environ.clear()
    os.environ.update(job["environment"])
    ours = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    kind, *rest = job["arguments"]
    sys.path[:1] = [os.getcwd(), *ours]
    sys.executable = job["python"]  # trials that a comparison starts come back here
    if kind == "-m":
        sys.argv = rest
        runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
    else:
        sys.argv = [kind, *rest]
        sys.path[0] = os.path.dirname(os.path.abspath(kind))
        runpy.run_path(kind, run_name="__main__")


def work_and_exit(job: dict) -> NoReturn:
    """Exit as Python does, but without taking down the heavy libraries, which costs a second."""
    code: object = 1
    try:
        work(job)
        code = 0
    except SystemExit as error:
        code = error.code or 0
        if not isinstance(code, int):
            print(code, file=sys.stderr)  # noqa: T201
            code = 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    for name in HEAVY.split():
        importlib.import_module(name)
    gc.freeze()  # no fork walks through these again
    work_and_exit(serve(sys.argv[1]))
