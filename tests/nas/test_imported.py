"""Real pairs that blurkit has imported are a dataset like any other."""

import numpy as np
import pytest
from making_pairs import image, put, run

from nas.data import Pairs, split
from nas.evaluation.pairs import pairs_of_data
from nas.training.batches import Batches


@pytest.fixture
def imported(tmp_path):
    """12 crops of 16x16 of two pairs without kernels."""
    put(tmp_path / "data", *(f"{side}/{n}.png" for side in ("blur", "sharp") for n in "ab"))
    return run(tmp_path / "data", crop=16, step=8).path


def test_training_reads_them(imported):
    pairs = Pairs(imported)
    blurry, sharp = pairs[0]
    expected = [image(f"{side}/a.png")[:16, :16] for side in ("blur", "sharp")]
    for found, right in zip((blurry, sharp), expected, strict=True):
        np.testing.assert_array_equal(np.rint(found.numpy() * 255), right.transpose(2, 0, 1))
    parts = split(imported, (0.5, 0.5))
    assert sum(map(len, parts)) == len(pairs) == 12
    assert Batches(parts[0], 2, 16, seed=0)[0][0].shape == (2, 3, 16, 16)


def test_evaluation_reads_them(imported):
    pairs = pairs_of_data(imported)
    np.testing.assert_array_equal(pairs.read(6)[0], image("blur/b.png")[:16, :16])
