"""`blurkit synth` under kill -9: does an interrupted and resumed run produce the same bytes?

    python benchmarks/kill.py [--trials 60] [--seed 0] [--json FILE]

For each of several settings, a run that is not killed gives the digest. A trial starts the command
with 1 to 3 threads, kills it at a random moment, restarts it, kills it again with a probability of
one half, and so on until it finishes. The moment is a few random milliseconds after a random number
of samples; one kill in five falls within the first second, when Python starts and the file is laid
out. Each run must report that it keeps all samples that were complete on the disk, and the finished
file must have the same SHA-256.
"""

import argparse
import hashlib
import json
import os
import platform
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import h5py
import numba
import numpy as np

from blurkit import FileError, __version__
from blurkit.images.files import write_image
from blurkit.store import read_layout

SETTINGS = {
    "scenes 32 px": "--n 20000 --patch 32 --kernel 9 --length 3 8",
    "scenes 128 px": "--n 1500",
    "scenes 64 px, linear, 63 px kernels": "--n 1500 --patch 64 --kernel 63 --interpolation linear",
    "photos 64 px": "--n 8000 --patch 64 --kernel 15 --images photos",
}


def start(words, threads):
    command = [sys.executable, "-m", "blurkit", "synth", *words, "--quiet", "--threads", threads]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def digest():
    return hashlib.sha256(Path("blur.h5").read_bytes()).hexdigest()


def whole_samples():
    try:
        layout = read_layout("blur.h5.part")
    except FileError:
        return 0
    return int(np.count_nonzero(~layout.damaged(0, layout.count)))


def sealed():
    try:
        return int(np.count_nonzero(read_layout("blur.h5.part").map()["crc"]))
    except (FileError, OSError):
        return 0


def kill(run, goal, draw):
    """Kill -9 when `goal` samples are written, or at a random time within the first second."""
    if draw.random() < 0.2:
        time.sleep(draw.uniform(0, 1))
    else:
        while run.poll() is None and sealed() < goal:
            time.sleep(0.001)
        time.sleep(draw.uniform(0, 0.01))
    run.send_signal(signal.SIGKILL)


def trial(words, draw):
    """Kill until a run finishes: samples kept after each kill, and whether each run reported it."""
    kept, honest = [], True
    total = int(words[words.index("--n") + 1])
    while True:
        before = whole_samples()
        run = start(words, str(draw.randint(1, 3)))
        if not kept or draw.random() < 0.5:
            kill(run, draw.randint(before, total), draw)
        output = "".join(run.communicate())
        if run.returncode not in (0, -signal.SIGKILL):
            sys.exit(f"the command failed: {output}")
        if output:  # it was not killed before it could report
            honest &= (f"resuming, {before} of " in output) == (before > 0)
        if run.returncode == 0:
            return kept, honest
        kept.append(whole_samples())


def measure(words, trials, draw):
    run = start(words, "2")
    if "".join(run.communicate()) and run.returncode:
        sys.exit("the command fails even when it is not killed")
    right = digest()
    os.unlink("blur.h5")
    same, honest, kept = 0, 0, []
    for _ in range(trials):
        left, all_reported = trial(words, draw)
        same += digest() == right and os.listdir(".").count("blur.h5.part") == 0
        os.unlink("blur.h5")
        honest, kept = honest + all_reported, kept + left
    return {
        "command": " ".join(["blurkit synth", *words]),
        "sha256": right,
        "trials": trials,
        "kills": len(kept),
        "kept_after_a_kill": [min(kept), statistics.median(kept), max(kept)],
        "kills_that_kept_samples": sum(each > 0 for each in kept),
        "trials_that_said_what_they_kept": honest,
        "trials_with_the_same_sha256": same,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=60, help="in all, shared among the settings")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", help="write the figures here")
    arguments = parser.parse_args()
    target = arguments.json and os.path.abspath(arguments.json)
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        cpu = next(line.split(":")[1].strip() for line in lines if "model name" in line)
    results = {
        "cpu": cpu,
        "processors": os.cpu_count(),
        "system": platform.system(),
        "blurkit": __version__,
        "python": platform.python_version(),
        "numba": numba.__version__,
        "hdf5": h5py.version.hdf5_version,
        "seed": arguments.seed,
        "settings": {},
    }
    draw = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        os.mkdir("photos")
        noise = np.random.default_rng(0)
        for k in range(12):
            write_image(f"photos/{k}.png", noise.integers(0, 256, (300, 400, 3), dtype=np.uint8))
        print(f"{cpu}, {os.cpu_count()} processors")
        print("| settings | trials | kills | kept samples | said so | same SHA-256 |")
        print("|---|---:|---:|---:|---:|---:|")
        for k, (name, words) in enumerate(SETTINGS.items()):
            trials = len(range(k, arguments.trials, len(SETTINGS)))
            row = results["settings"][name] = measure(words.split(), trials, draw)
            print(
                f"| {name} | {trials} | {row['kills']} | {row['kills_that_kept_samples']} "
                f"| {row['trials_that_said_what_they_kept']} "
                f"| {row['trials_with_the_same_sha256']} |",
                flush=True,
            )
        os.chdir("/")
    if target:
        with open(target, "w", encoding="utf-8") as file:
            file.write(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
