"""What the pages' `python` and `blurkit` are in the tests: the real ones, with small settings.

click takes the last value that an option is given, so the settings below stand after those of the
page; nothing else of a command changes, but for the port of Dask's scheduler, which must be free.
"""

import json
import os
import re
import socket
import sys

SMALL = {
    "blurkit import": "--crop 32 --step 16",
    "blurkit realism": "--n 40",
    "blurkit synth": "--n 40 --patch 64 --kernel 11",
    "nas.compare": (
        "--width 2 --target 1 --cost macs --band 0.5 --steps 3 --batch 2 --crop 32 --networks unet "
        "--seeds 1 --kinds searched --searches 1 --randoms 2 --random-searches 0 "
        "--brief 2 --limit 2 --jobs 1"
    ),
    "nas.evaluate": "--limit 2 --rounds 1",
    "nas.latency": "--sizes 64x64 --rounds 3 --seconds 0.1 --threads 1 --modes eager",
    "nas.retrain": "--width 2 --steps 4 --batch 2 --crop 32",
    "nas.search": (
        "--width 2 --epochs 2 --warmup 1 --steps 2 --batch 2 --crop 16 --macs-target 1 "
        "--discretise argmax --trainings 3 --randoms 2 --train-steps 2"
    ),
}
SEARCH = "--epochs 2 --warmup 1 --steps 2 --batch 2 --crop 16 --discretise argmax"


def smaller(arguments: list[str]) -> list[str]:
    """The arguments of `python`, with small settings appended where it runs a command of ours."""
    arguments = [re.sub(r"\b8786\b", os.environ["DOCS_PORT"], each) for each in arguments]
    if arguments[:1] != ["-m"] or "--help" in arguments or "DOCS_AS_IS" in os.environ:
        return arguments
    name = " ".join(arguments[1:3]) if arguments[1] == "blurkit" else arguments[1]
    added = SMALL.get(name, "").split()
    if name == "nas.compare":
        os.environ["DOCS_AS_IS"] = "1"  # its trials are small already
        added += ["--search", SEARCH]
    return arguments + added


def main() -> int:
    job = {"arguments": smaller(sys.argv[1:]), "folder": os.getcwd()}
    job |= {"environment": dict(os.environ), "python": os.environ["DOCS_PYTHON"]}
    with socket.socket(socket.AF_UNIX) as desk:
        desk.connect(os.environ["DOCS_DESK"])
        text = json.dumps(job).encode() + b"\n"
        sent = socket.send_fds(desk, [text[:1]], [0, 1, 2])
        desk.sendall(text[sent:])
        return int(desk.recv(16) or 70)


if __name__ == "__main__":
    sys.exit(main())
