"""The README's first picture: sharp, kernel, blurred, deblurred.

    python experiments/pictures/first_picture.py MODEL PHOTO OUT [--seed N] [--crop Y X SIDE]

The model must not have been trained on the photo.
"""

import argparse

import cv2
import numpy as np

from blurkit import blur, random_walk_kernel
from blurkit.images.files import read_image, write_image
from blurkit.images.sheets import kernel_tile
from nas.checkpoint import load_model
from nas.evaluation.metrics import psnr
from nas.restoration.restore import restore

SIDE, GAP, FOOT = 360, 10, 30


def label(width, text):
    strip = np.full((FOOT, width, 3), 255, np.uint8)
    (across, down), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.55, 1)
    place = ((width - across) // 2, (FOOT + down) // 2)
    cv2.putText(strip, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.55, (55, 41, 31), 1, cv2.LINE_AA)
    return strip


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("photo")
    parser.add_argument("out")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--length", type=float, default=6)
    parser.add_argument("--crop", type=int, nargs=3, default=(100, 100, 240))
    arguments = parser.parse_args()

    photo = read_image(arguments.photo)
    kernel = random_walk_kernel(11, length=arguments.length, seed=arguments.seed)
    blurry = blur(photo, kernel, border="reflect")
    model, _ = load_model(arguments.model)
    restored = restore(model, blurry)

    y, x, side = arguments.crop
    tiles = {"sharp": photo, "kernel": None, "blurred": blurry, "deblurred": restored}
    columns = []
    for name, image in tiles.items():
        if image is None:
            drawn = kernel_tile(kernel, SIDE)
            tile = cv2.resize(drawn, (SIDE, SIDE), interpolation=cv2.INTER_NEAREST)
        else:
            crop = image[y : y + side, x : x + side]
            tile = cv2.resize(crop, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
            if image is not photo:
                name = f"{name}  {psnr(image, photo):.1f} dB"
        columns += [np.vstack([tile, label(SIDE, name)]), np.full((SIDE + FOOT, GAP, 3), 255)]
    write_image(arguments.out, np.hstack(columns[:-1]).astype(np.uint8))


if __name__ == "__main__":
    main()
