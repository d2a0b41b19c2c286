import cv2
import numpy as np
import pytest
import torch
from making_networks import Net, conv, noise
from torch import nn

from blurkit.errors import FileError, SettingError
from nas.checkpoint import load_model
from nas.restoration.restore import restore
from nas.space.network import build


@pytest.mark.parametrize(("gain", "value"), [(3.0, 255), (-1.0, 0)])
def test_values_out_of_range_are_clamped_not_wrapped(gain, value):
    class Gain(nn.Module):
        def forward(self, x):
            return x * gain

    image = np.full((20, 20, 3), 200, np.uint8)
    assert (restore(Net(Gain()), image) == value).all()


def test_a_network_of_nans_is_an_error_not_a_black_photo():
    class Broken(nn.Module):
        def forward(self, x):
            return x * float("nan")

    with pytest.raises(FileError, match=r"^the network's output is not finite: its weights are"):
        restore(Net(Broken()), noise(4, 4))


@pytest.mark.parametrize(
    ("image", "settings", "message"),
    [
        (np.zeros((4, 4)), {}, "uint16 (H, W, 3) and not empty, got float64 (4, 4)"),
        (noise(0, 4), {}, "uint16 (H, W, 3) and not empty, got uint8 (0, 4, 3)"),
        (noise(4, 4), {"overlap": -1}, "overlap must be >= 0, got -1"),
        (noise(4, 4), {"tile": 32}, "tile must be >= 48 for overlap 32 and stride 16, got 32"),
    ],
)
def test_bad_settings_name_the_rule(image, settings, message):
    with pytest.raises(SettingError) as error:
        restore(Net(), image, **settings)
    assert str(error.value).endswith(message)


@pytest.mark.parametrize("scales", [(1, 2), (2,), (1, 1.5, 2, 3, 4)])
def test_scales_of_an_identity_network_change_nothing(scales):
    image = noise(300, 1300)
    np.testing.assert_array_equal(restore(Net(), image, scales=scales, tile=1312), image)


def test_what_every_scale_agrees_on_is_what_comes_out():
    image = np.clip(noise(350, 700), 0, 200)
    brighter = restore(Net(Brighter()), image, scales=(1, 1.5, 2), tile=704)
    np.testing.assert_array_equal(brighter, image + 20)


class Brighter(nn.Module):
    def forward(self, x):
        return x + 20 / 255


class HalfBlind(nn.Module):
    """Changes the left half of a full-sized image, the right half of any smaller one."""

    def forward(self, x):
        middle = x.shape[-1] // 2
        side = slice(None, middle) if x.shape[-1] > 700 else slice(middle, None)
        y = x.clone()
        y[..., side] += 20 / 255
        return y


def test_each_place_takes_the_scale_that_changes_most_there():
    image = np.clip(noise(64, 1312), 0, 200)
    model = Net(HalfBlind())
    full, half, both = (restore(model, image, scales=s, tile=1312) for s in ((1,), (2,), (1, 2)))
    left, right = slice(None, 500), slice(812, None)  # far from the middle, where they mix
    np.testing.assert_array_equal(full[:, left], image[:, left] + 20)
    np.testing.assert_array_equal(full[:, right], image[:, right])
    np.testing.assert_array_equal(half[:, left], image[:, left])
    np.testing.assert_array_equal(both[:, left], image[:, left] + 20)
    np.testing.assert_array_equal(both[:, right], image[:, right] + 20)


def test_no_scale_reduces_below_320_px_but_the_smallest_is_always_taken():
    model, image = Net(), noise(100, 640)
    model.scales = [1, 1.5, 2, 3]
    restore(model, image, tile=640)
    assert [shape[3] for shape in model.shapes] == [640, 432, 320]
    model.shapes.clear()
    restore(model, image, scales=(4,))
    assert [shape[3] for shape in model.shapes] == [160]


@pytest.mark.parametrize("scales", [(0.5,), (9,), (float("nan"),), ("x",), (1, None), range(1, 10)])
def test_scales_are_numbers_from_1_to_8(scales):
    with pytest.raises(SettingError, match=r"^scales must be up to 8 numbers in 1 \.\. 8, got "):
        restore(Net(), noise(20, 20), scales=scales)


def test_16_bits_come_out_as_16_bits():
    """An 8-bit step on the way would round all 65,536 levels to 256."""
    image = np.random.default_rng(1).integers(0, 2**16, (70, 400, 3), dtype=np.uint16)
    for scales in ((1,), (1, 1.2)):
        restored = restore(Net(), image, tile=64, scales=scales)
        np.testing.assert_array_equal(restored, image)
        assert restored.dtype == np.uint16


@pytest.mark.parametrize("scales", [(1,), (1, 2)])
def test_16_bits_and_8_bits_of_a_photo_are_restored_alike(scales):
    image = cv2.GaussianBlur(noise(200, 700), (0, 0), 2)
    low = restore(Net(conv()), image, scales=scales)
    high = restore(Net(conv()), image * np.uint16(257), scales=scales)
    assert abs(high / 257 - low).max() <= (0.51 if scales == (1,) else 1.6)


@pytest.mark.parametrize("slope", [(1, 0), (0, 1), (1, 1)])
def test_the_shipped_network_shows_no_seam_on_a_gradient(slope):
    """At all its scales, with its attention, tiled small: at most one grey level from untiled."""
    y, x = np.mgrid[0:200, 0:420]
    ramp = slope[0] * y + slope[1] * x
    image = np.repeat(np.rint(ramp * 255 / ramp.max())[..., None], 3, axis=2).astype(np.uint8)
    network, _ = load_model()
    whole = restore(network, image, tile=448).astype(int)
    tiled = restore(network, image, tile=128).astype(int)
    assert abs(tiled - whole).max() <= 1


def test_a_photo_that_fits_is_what_the_network_makes_of_it():
    network, image = build("naf", 2).eval(), noise(96, 160)
    with torch.no_grad():
        for weight in network.parameters():
            weight += 0.01 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(0))
        tensor = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
        direct = (network(tensor).clamp(0, 1) * 255).round()[0].permute(1, 2, 0).byte().numpy()
    assert (direct != image).any()
    np.testing.assert_array_equal(restore(network, image, tile=160), direct)
