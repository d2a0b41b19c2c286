import math

import numpy as np
import pytest
from making_benchmarks import put, refused, scores

from blurkit.images.files import write_image
from nas.evaluation.protocols.by_name import find_benchmark
from nas.evaluation.protocols.levin_score import levin
from nas.evaluation.table import Score


def test_levin_scores_grey_images(tmp_path):
    put(tmp_path, "blur/im05_flit01.png", shape=(40, 44))
    sharp = np.random.default_rng(3).integers(0, 256, (40, 44), dtype=np.uint8)
    write_image(tmp_path / "blur/b.png", np.roll(sharp, (2, -5), axis=(0, 1)))
    (tmp_path / "sharp").mkdir()
    write_image(tmp_path / "sharp/b.png", sharp)
    put(tmp_path, "sharp/im05_flit01.png", value=1, shape=(40, 44))
    found = find_benchmark(tmp_path, "levin")
    assert found.names == ("b", "im05_flit01")
    assert found.headline(32) == f"32 grey images of {tmp_path.name}"
    assert found.headline(1).startswith(f"1 grey image of {tmp_path.name} (published figures")
    assert scores(found, 0) == ([Score("b", math.inf)], 1)
    blurry, sharp = (image[..., 0].astype(float) for image in found.read(1)[:2])
    assert scores(found, 1)[0][0].psnr == pytest.approx(levin(blurry, sharp).psnr, abs=1e-9)


def test_levin_refuses_colour_and_images_within_the_borders(tmp_path):
    put(tmp_path, "blur/a.png", "sharp/a.png", shape=(30, 40))
    assert refused(tmp_path, "levin") == "HERE: a: must be at least 31x31, got 30x40"
    put(tmp_path, "blur/a.png", "sharp/a.png", shape=(40, 40, 3))
    assert refused(tmp_path, "levin") == "HERE: a: must be grey, like all of Levin's images"
