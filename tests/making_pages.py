"""What the pages take for granted in the reader's folder, in small."""

import shutil
import zlib
from pathlib import Path

import cv2
import making_pairs
import numpy as np
from scipy.io import savemat

from blurkit import SynthSettings, Walk, blur, dead_leaves, kernels, random_walk_kernel, synth
from blurkit import synth_shards
from blurkit.images import write_image

SMALL = SynthSettings(n=40, patch=64, kernel=11, walk=Walk(length=(4, 10)))


def photo(path: Path, blurred: bool = False, side: int = 128) -> None:
    """A generated scene that no other name has, shaken if asked; the partner of a path is sharp."""
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = zlib.crc32(path.stem.encode())
    scene = dead_leaves(side, seed=seed)
    if blurred:
        scene = blur(scene, random_walk_kernel(11, length=8, seed=seed), border="reflect")
    write_image(path, scene)


def real_pairs(root: Path) -> None:
    """The published layouts that docs/import.md names."""
    names = [f"{number:06}.png" for number in range(1, 4)]
    for split in ("train", "test"):
        for kind in ("blur", "blur_gamma", "sharp"):
            for name in names:
                photo(root / "GOPRO_Large" / split / "GOPR0384_11_00" / kind / name, kind != "sharp")
        for kind in ("input", "target"):
            for name in names:
                photo(root / "Datasets" / "GoPro" / split / kind / name, kind == "input")
    lines = []
    for name in names:
        photo(root / "RealBlur" / "gt" / name)
        photo(root / "RealBlur" / "blur" / name, True)
        photo(root / "photos" / "tripod" / name)
        photo(root / "photos" / "shaken" / name, True)
        photo(root / "HIDE_dataset" / "GT" / name)
        photo(root / "HIDE_dataset" / "test" / "scene" / name, True)
        photo(root / "folder_with_blur_and_sharp" / "sharp" / name)
        photo(root / "folder_with_blur_and_sharp" / "blur" / name, True)
        lines.append(f"gt/{name} blur/{name}\n")
    (root / "RealBlur_J_train_list.txt").write_text("".join(lines))
    keys = ["000001", "000002"]
    for name in ("blur_crops.lmdb", "sharp_crops.lmdb"):
        making_pairs.database(root / "GoPro" / "train", name, keys, shape=(48, 64))


def kernel_sets(root: Path) -> None:
    """Sets of kernels as docs/realism.md reads them."""
    made = kernels(40, 31, seed=5)
    np.save(root / "mine.npy", made)
    savemat(root / "levin.mat", {"kernels": np.moveaxis(made[:8].astype(float), 0, 2)})
    (root / "shakes").mkdir()
    for number, kernel in enumerate(made[:4]):
        picture = (255 * kernel / kernel.max()).astype(np.uint8)
        cv2.imwrite(str(root / "shakes" / f"{number}.png"), picture)


def shards(root: Path) -> None:
    """What docs/format.md reads as one dataset."""
    synth_shards(root / "blur.h5", SMALL, shards=4, progress=False)


def reader(root: Path) -> Path:
    """A folder with everything in it."""
    root.mkdir()
    for name in ("photos/a.jpg", "photos/b.png", "other_photos/c.jpg", "other_photos/d.jpg"):
        photo(root / name)
    photo(root / "photo.jpg", blurred=True)
    real_pairs(root)
    kernel_sets(root)
    for number, name in enumerate(("blur.h5", "data.h5", "train.h5", "test.h5")):
        synth(root / name, SynthSettings(**vars(SMALL) | {"seed": number}), progress=False)
    synth(root / "blur.h5", SMALL, progress=False, overwrite=True)
    return root


def copy(folder: Path, to: Path) -> Path:
    """A folder of its own for a page."""
    return Path(shutil.copytree(folder, to))


def package(to: Path) -> Path:
    """A copy of the repository's packages, to be changed as a page says."""
    for name in ("blurkit", "nas"):
        shutil.copytree(
            Path(__file__).parent.parent / name,
            to / name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return to
