"""The figure of two sets of kernels."""

import numpy as np

from blurkit.images.files import read_image
from blurkit.realism.comparison import measure
from blurkit.realism.plot import plot_realism


def test_the_picture_has_both_sets(walks, tmp_path):
    few = measure("few", [k[3:-4] for k in walks[:3]])
    many = measure("many", [*walks, *walks])
    path = plot_realism(few, many, tmp_path / "r.png")
    image = read_image(path).astype(int)
    for colour in ((0x2C, 0x6F, 0xBB), (0xD9, 0x66, 0x2B), (0x0D, 0x11, 0x1C)):
        assert (np.abs(image - colour).max(axis=2) < 3).any()
