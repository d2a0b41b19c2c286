"""What the tests of the importers need: small trees of pairs, and a short way to import one."""

import hashlib
import zlib
from pathlib import Path

import lmdb
import numpy as np

from blurkit.images.files import write_image
from blurkit.importers.settings import ImportSettings
from blurkit.importers.write import import_pairs

PAIRS = {"source": "pairs", "blurry": "blur", "sharp": "sharp"}


def image(name: str, shape=(20, 30)) -> np.ndarray:
    """An image that no other name has."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    return rng.integers(0, 256, (*shape, 3), dtype=np.uint8)


def put(root: Path, *names: str, shape=(20, 30)) -> None:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(root / name, image(name, shape))


def database(root: Path, name: str, keys, listed=None, shape=(20, 30)) -> None:
    (root / name).mkdir(parents=True)
    with lmdb.open(str(root / name), map_size=2**24) as data, data.begin(write=True) as change:
        for key in keys:
            path = write_image(root / "one.png", image(f"{name}/{key}", shape))
            change.put(key.encode(), path.read_bytes())
            path.unlink()
    lines = [f"{key}.png (20,30,3) 1\n" for key in (keys if listed is None else listed)]
    (root / name / "meta_info.txt").write_text("".join(lines))


def run(root: Path, out="real.h5", **options):
    """Import from `root` in one thread into a file beside it."""
    here = {"threads": 1, "progress": False}
    arguments = {k: options.pop(k) for k in ("strict", "report", "overwrite") if k in options}
    threads = {"threads": options.pop("threads", 1)}
    settings = ImportSettings(**(options if "source" in options else PAIRS | options))
    return import_pairs(root, settings, root.parent / out, **here | arguments | threads)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
