"""SHA-256 of what the loops make: the same on every x86-64 CPU, in every release until it is said.

    python tests/golden/digests.py                    print them, beside the promised ones
    python tests/golden/digests.py --renew "REASON"   promise the present ones from now on

REASON is a sentence of CHANGELOG.md, where users look when their datasets come out otherwise; a
test looks for it there. No test writes digests.json.
"""

import argparse
import hashlib
import json
import struct
import sys
import tempfile
import zlib
from pathlib import Path
from unittest import mock

import numpy as np

import blurkit
from blurkit import Motion, SynthSettings, Walk, blur, dead_leaves, random_walk_kernels, snapshot
from blurkit import random_walk_trajectory as trajectory
from blurkit.kernel.families import FAMILIES
from blurkit.store import PairFile, structure

FILE = Path(__file__).with_suffix(".json")


def kernels(n, size, interpolation, steps, **walk):
    return random_walk_kernels(n, size, interpolation=interpolation, steps=steps, seed=1, **walk)


def families(n, size):
    return np.stack([blurkit.kernels(n, size, each(), seed=6) for each in FAMILIES.values()])


def trajectories(n, **walk):
    return np.stack([trajectory(seed=2, index=k, **walk) for k in range(n)])


def scenes(n, size):
    return np.stack([dead_leaves(size, seed=3, index=k) for k in range(n)])


def blurred(size, dtype, interpolation="nearest"):
    scene = dead_leaves(size, seed=4).astype(dtype)
    return blur(scene, kernels(1, 15, interpolation, 256)[0], border="reflect", method="taps")


def shaken(size, steps, focal=None, **how):
    motion = Motion(Walk(steps=steps, length=9.0), roll=2.0, focal=focal)
    return snapshot(dead_leaves(size, seed=4), motion, "realistic", seed=6, **how)[0]


def dataset(n, photos=False, **settings):
    """The bytes of a file, and of its rows alone, as the two halves of one digest."""
    walk = Walk(steps=64, length=(3, 9))
    with tempfile.TemporaryDirectory() as folder:
        if photos:
            settings["images"] = str(Path(folder, "photos"))
            write_photos(Path(settings["images"]))
        settings = SynthSettings(n=n, walk=walk, seed=5, start=7, **settings)
        # the release's name stands in the file, and its bytes shall outlive releases
        with mock.patch.object(structure, "__version__", "golden"):
            path = blurkit.synth(Path(folder, "a.h5"), settings, progress=False)
        assert not list(PairFile(path).verify())
        return np.frombuffer(path.read_bytes(), np.uint8)


def write_photos(folder):
    """Three PNG files, uncompressed, so that no library's version decides their bytes."""
    folder.mkdir()
    for k in range(3):
        height, width = 40 + k, 50
        values = np.arange(height * width * 3, dtype=np.uint64).reshape(height, -1)
        pixels = ((values * (2 * k + 1)) % 251).astype(np.uint8)
        raw = b"".join(b"\0" + row.tobytes() for row in pixels)
        stored = b"\x78\x01\x01" + struct.pack("<HH", len(raw), len(raw) ^ 0xFFFF) + raw
        stored += struct.pack(">I", zlib.adler32(raw))
        header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", stored), (b"IEND", b"")]
        with open(folder / f"{k}.png", "wb") as file:
            file.write(b"\x89PNG\r\n\x1a\n")
            for name, data in chunks:
                file.write(struct.pack(">I", len(data)) + name + data)
                file.write(struct.pack(">I", zlib.crc32(name + data)))


MADE = {
    "kernels 31, nearest, 256 steps": lambda: kernels(256, 31, "nearest", 256),
    "kernels 31, linear, 256 steps": lambda: kernels(256, 31, "linear", 256),
    "kernels 31, nearest, 1000 steps": lambda: kernels(64, 31, "nearest", 1000),
    "kernels 63, linear, 1000 steps": lambda: kernels(64, 63, "linear", 1000),
    "kernels 63, nearest, 1000 steps, wild": lambda: kernels(
        64, 63, "nearest", 1000, length=(0, 900), jitter=3, inertia=0.5, jerks=40
    ),
    "kernels 31, every family": lambda: families(40, 31),
    "trajectories, 256 steps": lambda: trajectories(64),
    "trajectories, 1000 steps, Brownian": lambda: trajectories(16, steps=1000, inertia=0, jitter=1),
    "scenes, 158 px": lambda: scenes(8, 158),
    "blur, uint8": lambda: blurred(158, np.uint8),
    "blur, uint8, linear kernel": lambda: blurred(158, np.uint8, "linear"),
    "blur, float32": lambda: blurred(158, np.float32),
    "blur, float64": lambda: blurred(158, np.float64),
    "shake, 158 px": lambda: shaken(158, 256, threads=2),
    "shake, perspective": lambda: shaken(158, 256, focal=35.0),
    "dataset, scenes": lambda: dataset(70, patch=64, kernel=15),
    "dataset, scenes, linear": lambda: dataset(20, patch=32, kernel=31, interpolation="linear"),
    "dataset, scenes, realistic": lambda: dataset(20, patch=32, kernel=15, camera="realistic"),
    "dataset, photos": lambda: dataset(40, photos=True, patch=16, kernel=9),
    "dataset, photos, reduced": lambda: dataset(
        40, photos=True, patch=16, kernel=9, reduce=(1, 1.6)
    ),
}
SMALL = {  # little enough for interpreted loops too
    "small: kernels": lambda: kernels(4, 9, "nearest", 32),
    "small: kernels, linear": lambda: kernels(4, 9, "linear", 32),
    "small: kernels, every family": lambda: families(2, 9),
    "small: trajectories": lambda: trajectories(4, steps=32),
    "small: scene": lambda: scenes(1, 16),
    "small: blur": lambda: blurred(20, np.uint8),
    "small: shake": lambda: shaken(20, 16),
    "small: dataset": lambda: dataset(3, patch=16, kernel=5),
    "small: dataset, photos": lambda: dataset(3, photos=True, patch=16, kernel=5),
    "small: dataset, photos, reduced": lambda: dataset(
        3, photos=True, patch=16, kernel=5, reduce=(1, 2)
    ),
}


def digests(small_only=False):
    """{name: SHA-256} of everything that is promised."""
    made = SMALL if small_only else SMALL | MADE
    return {name: hashlib.sha256(make().tobytes()).hexdigest() for name, make in made.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renew", metavar="REASON", help="a sentence of CHANGELOG.md")
    parser.add_argument("--json", action="store_true", help="print them as JSON and nothing else")
    arguments = parser.parse_args()
    found = digests()
    if arguments.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    promised = json.loads(FILE.read_text())["sha256"] if FILE.exists() else {}
    for name in sorted(found | promised):
        state = "as promised" if found.get(name) == promised.get(name) else "DIFFERS"
        sys.stdout.write(f"{state:<12} {found.get(name, 'gone'):<64} {name}\n")
    if arguments.renew:
        document = {"since": blurkit.__version__, "reason": arguments.renew, "sha256": found}
        FILE.write_text(json.dumps(document, indent=2) + "\n")
        sys.stdout.write(
            f"{FILE.name} written; blurkit/_version.py must be a new one as well, or\n"
        )
        sys.stdout.write("files of the same version are continued with other bytes\n")


if __name__ == "__main__":
    main()
