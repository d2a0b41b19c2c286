"""The sharp scene of `make quick`: a poster with text on a wall of dead leaves.

    python experiments/pictures/poster.py OUT

Nothing shows better than text what blur takes away and deblurring brings back.
"""

import argparse

import cv2
import numpy as np

from blurkit import dead_leaves
from blurkit.images.files import write_image

LINES = (
    ("DEBLUR", 4.4),
    ("blurkit shakes the camera,", 1.7),
    ("nas searches for a network", 1.7),
    ("that removes the blur.", 1.7),
    ("Which line can you still read", 1.35),
    ("before? And which one after?", 1.35),
)
SIDE, POSTER = 1280, (slice(230, 1050), slice(250, 1030))  # drawn at twice the size of the result
INK, FONT = (40, 36, 34), cv2.FONT_HERSHEY_DUPLEX


def poster() -> np.ndarray:
    """(640, 640, 3) uint8, sRGB."""
    wall = cv2.resize(dead_leaves(SIDE // 2, seed=2), (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    wall[POSTER] = wall[POSTER] // 16 + 226
    rows, columns = POSTER
    bottom = rows.start + 20
    for text, size in LINES:
        (across, down), _ = cv2.getTextSize(text, FONT, size, 2)
        bottom += down + 66
        place = ((columns.start + columns.stop - across) // 2, bottom)
        cv2.putText(wall, text, place, FONT, size, INK, 2, cv2.LINE_AA)
    return cv2.resize(wall, (SIDE // 2, SIDE // 2), interpolation=cv2.INTER_AREA)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out")
    write_image(parser.parse_args().out, poster())


if __name__ == "__main__":
    main()
