"""The presets side by side: python benchmarks/preset_picture.py PHOTO... [--out FILE.jpg]

Each row is a photo's middle: as it is, then blurred by one kernel under each preset, then the sharp
partner that the realistic pair has.
"""

import argparse

import numpy as np

from blurkit import Degrade, SynthSettings
from blurkit.camera import PRESETS
from blurkit.images import read_image, write_image

SIDE, GAP = 240, 6


def row(path, index):
    photo = read_image(path)
    y, x = ((side - SIDE) // 2 for side in photo.shape[:2])
    photo = photo[y : y + SIDE, x : x + SIDE]
    images = [photo]
    for name in PRESETS:
        degrade = Degrade(SynthSettings(camera=name), border="reflect")
        pair = degrade(photo, seed=3, index=index)
        images.append(pair.blurry)
    gap = np.full((SIDE, GAP, 3), 255, np.uint8)
    return np.hstack([part for image in (*images, pair.sharp) for part in (image, gap)][:-1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--out", default="docs/images/presets.jpg")
    arguments = parser.parse_args()
    rows = [row(path, index) for index, path in enumerate(arguments.photos)]
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    write_image(arguments.out, np.vstack([part for each in rows for part in (each, gap)][:-1]))


if __name__ == "__main__":
    main()
