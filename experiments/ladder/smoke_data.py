"""Generate stand-ins for the photos and the real pairs of a smoke run: smoke_data.py DIR"""

import sys
from pathlib import Path

from blurkit import Motion, Walk, dead_leaves
from blurkit.handheld.snapshot import snapshot
from blurkit.images.files import write_image

SIDE = 320  # a patch of moving_photos.py must fit into half of it
SHAKE = Motion(Walk(length=(3, 9)))


def main(folder):
    for where, count in (("train/photos", 6), ("dev/sharp_cid22_val", 3)):
        for i in range(count):
            write(folder / where / f"{i}.png", dead_leaves(SIDE, seed=len(where), index=i))
    for name in ("gopro_avg", "gopro_0477_avg11", "reds_180p"):
        for i in range(2):
            sharp = dead_leaves(SIDE, seed=len(name), index=i)
            blurry, _ = snapshot(sharp, SHAKE, seed=0, index=i)
            write(folder / "dev" / name / "sharp" / f"{i}.png", sharp)
            write(folder / "dev" / name / "blur" / f"{i}.png", blurry)


def write(path, image):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_image(path, image)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
