"""Tiles show no seams: the tiled result is that of the whole image."""

import numpy as np
import pytest
from making_networks import Net, conv, noise
from torch import nn

from nas.restoration.restore import restore
from nas.restoration.tiles import _cut

SIZES = [(1, 1), (1, 40), (17, 33), (15, 300), (640, 500)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("tile", "overlap"), [(1024, 32), (64, 32), (48, 17), (16, 0)])
def test_an_identity_network_returns_the_image_exactly(size, tile, overlap):
    image = noise(*size)
    if size == (640, 500) and tile == 16:
        image = image[:80, :100]  # a thousand tiles tell no more than thirty
    restored = restore(Net(), image, tile=tile, overlap=overlap)
    np.testing.assert_array_equal(restored, image)
    assert restored.dtype == np.uint8


def test_tiles_equal_the_whole_where_the_overlap_covers_the_receptive_field():
    """Else a photo's tiles would show as seams."""
    model, image = Net(conv()), noise(200, 150)
    whole = restore(model, image, tile=208).astype(int)
    tiled = restore(model, image, tile=64, overlap=32).astype(int)
    assert abs(whole - tiled).max() <= 1


def test_a_flat_gradient_shows_no_seam():
    """Tiles see false borders (zero padding): the feathering has to hide them."""
    gradient = np.tile(np.linspace(0, 255, 160).astype(np.uint8)[:, None, None], (1, 160, 3))
    model = Net(conv())
    whole = restore(model, gradient, tile=160).astype(int)
    tiled = restore(model, gradient, tile=64, overlap=32).astype(int)
    assert abs(np.diff(whole, axis=1) - np.diff(tiled, axis=1)).max() <= 1


def test_tiles_keep_the_phase_of_a_strided_network():
    """A network that pools by 16 must see the same blocks tiled or whole."""
    pool = nn.Sequential(nn.AvgPool2d(16), nn.Upsample(scale_factor=16))
    model, image = Net(pool), noise(150, 130)
    np.testing.assert_array_equal(
        restore(model, image, tile=512), restore(model, image, tile=48, overlap=16)
    )


def test_the_network_is_given_whole_strides_within_the_tile():
    model = Net()
    restore(model, noise(150, 90), tile=70, overlap=20)
    assert {h % 16 or w % 16 for _, _, h, w in model.shapes} == {0}
    assert max(max(shape) for shape in model.shapes) <= 70
    model.shapes.clear()
    restore(model, noise(150, 90), tile=512)
    assert model.shapes == [(1, 3, 160, 96)]


@pytest.mark.parametrize("stride", [1, 8, 16])
@pytest.mark.parametrize("overlap", [0, 1, 16, 31])
def test_the_weights_of_the_tiles_sum_to_one(stride, overlap):
    for length in range(stride, 40 * stride, stride):
        cut = _cut(length, 64, overlap, stride)
        total = np.zeros(length)
        for start, window in zip(cut.starts, cut.windows, strict=True):
            total[start : start + cut.size] += window
        np.testing.assert_allclose(total, 1, atol=1e-6)
        shared = [a + cut.size - b for a, b in zip(cut.starts, cut.starts[1:], strict=False)]
        assert min(shared, default=overlap) >= overlap
        assert cut.size <= 64


def test_the_border_continues_by_reflection():
    """Zeros beyond the border would darken it."""
    image = noise(17, 17)
    shifted = restore(Net(ShiftUpLeft()), image)
    np.testing.assert_array_equal(shifted[:-1, :-1], image[1:, 1:])
    np.testing.assert_array_equal(shifted[-1, :-1], image[-2, 1:])


class ShiftUpLeft(nn.Module):
    def forward(self, x):
        return x.roll((-1, -1), (2, 3))
