"""The presets side by side: python experiments/pictures/preset_picture.py PHOTO... [--out FILE.jpg]

Each row is the middle of a photo: unchanged, then blurred by the same kernel with each preset, then
the sharp partner from the realistic pair.
"""

import argparse

import cv2
import numpy as np

from blurkit import Degrade, SynthSettings
from blurkit.camera.camera import PRESETS
from blurkit.images.files import read_image, write_image

SIDE, GAP, FOOT = 240, 6, 30
TITLES = ("photo", *PRESETS, "its sharp partner")


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


def titles():
    strip = np.full((FOOT, (SIDE + GAP) * len(TITLES) - GAP, 3), 255, np.uint8)
    for i, text in enumerate(TITLES):
        (across, down), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.55, 1)
        place = i * (SIDE + GAP) + (SIDE - across) // 2, (FOOT + down) // 2
        cv2.putText(
            strip, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, (31, 41, 55), 1, cv2.LINE_AA
        )
    return strip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("photos", nargs="+")
    parser.add_argument("--out", default="docs/images/presets.jpg")
    arguments = parser.parse_args()
    rows = [row(path, index) for index, path in enumerate(arguments.photos)]
    gap = np.full((GAP, rows[0].shape[1], 3), 255, np.uint8)
    write_image(arguments.out, np.vstack([titles(), *(p for row in rows for p in (row, gap))][:-1]))


if __name__ == "__main__":
    main()
