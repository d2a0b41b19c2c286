"""What the pages take for granted in the reader's folder, in small."""

import shutil
import zlib
from pathlib import Path

import cv2
import making_pairs
import numpy as np
from scipy.io import savemat

from blurkit import (
    SynthSettings,
    Walk,
    blur,
    dead_leaves,
    kernels,
    random_walk_kernel,
    synth,
    synth_shards,
)
from blurkit.images.files import write_image
from nas.checkpoint import save_model
from nas.space.network import build

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
        gopro = root / "GOPRO_Large" / split / "GOPR0384_11_00"
        for kind in ("blur", "blur_gamma", "sharp"):
            for name in names:
                photo(gopro / kind / name, kind != "sharp")
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


def kohler(root: Path) -> None:
    """One image of Köhler's set, with two frames, and the file that the frames came in."""
    folder, scene = root / "kohler", dead_leaves(176, seed=1)
    frames = [np.roll(scene, shift, 1) for shift in (0, 2)]
    for name in ("Blurry1_1", "GroundTruth1_1/1", "GroundTruth1_1/2"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(folder / f"{name}.png", frames[name.endswith("2")])
    (root / "groundTruthMatFiles").mkdir()
    frames_file = root / "groundTruthMatFiles" / "GroundTruth1_1.mat"
    savemat(frames_file, {"GroundTruth": np.stack(frames, 3)})


def levin(root: Path) -> None:
    """Two grey pairs, as folders and as they are published."""
    (root / "Levin09blurdata").mkdir()
    for name in ("im05_flit01", "im05_flit02"):
        kernel = random_walk_kernel(11, length=8, seed=len(name))
        sharp = np.repeat(dead_leaves(80, seed=2)[..., :1], 3, axis=2)
        blurry = blur(sharp, kernel, border="reflect")
        for side, image in (("sharp", sharp), ("blur", blurry)):
            (root / "levin" / side).mkdir(parents=True, exist_ok=True)
            write_image(root / "levin" / side / f"{name}.png", image[..., 0])
        both = {"x": sharp[..., 0] / 255, "y": blurry[..., 0] / 255, "f": kernel}
        savemat(root / "Levin09blurdata" / f"{name}.mat", both)


def network(folder: Path) -> None:
    """An untrained UNet as a training leaves it."""
    folder.mkdir(parents=True)
    about = {"name": folder.name, "arch": "unet", "width": 2}
    save_model(folder / "model.safetensors", build("unet", 2), about)


def holiday(root: Path) -> None:
    """Folders of photos to restore, as docs/photos.md names them."""
    for name in ("holiday/a.jpg", "holiday/day2/b.png", "shots/c.jpg", "more/one.tif"):
        photo(root / name, blurred=True, side=48)


# what a page reads, beside the photos, that no command of its own has made
ASSUMED = {
    "evaluation.md": ("test.h5", "unet", "searched", kohler, levin),
    "format.md": ("blur.h5", "shards"),
    "realism.md": ("train.h5", kernel_sets),
    "README.md": ("more.h5", kernel_sets, holiday),
    "checkpoint.md": ("runs/net",),
    "photos.md": ("searched", holiday),
    "reproduce.md": (kohler,),
    "search.md": ("data.h5", "test.h5"),
}


def photos(root: Path) -> Path:
    """The folders of photos and of real pairs, which every page may read."""
    root.mkdir()
    for name in ("photos/a.jpg", "photos/b.png", "other_photos/c.jpg", "other_photos/d.jpg"):
        photo(root / name)
    photo(root / "photo.jpg", blurred=True)
    real_pairs(root)
    return root


def reader(page: Path, photos: Path, folder: Path) -> Path:
    """The folder in which the reader of a page stands."""
    shutil.copytree(photos, folder)
    for thing in ASSUMED.get(page.name, ()):
        if callable(thing):
            thing(folder)
        elif thing == "shards":
            synth_shards(folder / "blur.h5", SMALL, shards=4, progress=False)
        elif thing.endswith(".h5"):
            synth(folder / thing, SMALL, progress=False)
        else:
            network(folder / thing)
    return folder


def package(to: Path) -> Path:
    """A copy of the repository's packages, to be changed as a page says."""
    for name in ("blurkit", "nas"):
        shutil.copytree(
            Path(__file__).parents[2] / name,
            to / name,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return to
