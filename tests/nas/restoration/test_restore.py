import cv2
import numpy as np
import pytest
import torch
from torch import nn

from blurkit.errors import FileError, SettingError
from nas.checkpoint import load_model
from nas.restoration.restore import restore
from nas.restoration.tiles import _cut
from nas.space.network import build


class Net(nn.Module):
    """A stand-in with the contract of the real networks; notes the shapes it is given."""

    stride = 16

    def __init__(self, body=None):
        super().__init__()
        self.body = body or nn.Identity()
        self.shapes = []

    def forward(self, x):
        assert x.dtype == torch.float32
        assert x.min() >= 0
        assert x.max() <= 1
        assert not torch.is_grad_enabled()
        self.shapes.append(tuple(x.shape))
        return self.body(x)


def conv():
    torch.manual_seed(0)
    layer = nn.Conv2d(3, 3, 7, padding=3)
    nn.init.uniform_(layer.weight, 0, 2 / 147)  # stays in [0, 1] but for the borders' darkening
    nn.init.zeros_(layer.bias)
    return layer


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)


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


class Hungry(nn.Module):
    """Has memory for an image of so many pixels, and no more."""

    def __init__(self, room, error):
        super().__init__()
        self.room, self.error = room, error

    def forward(self, x):
        if x.shape[2] * x.shape[3] > self.room:
            raise self.error
        return x


SHORTAGES = [
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory"),
    MemoryError(),
]


@pytest.mark.parametrize("error", SHORTAGES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("scales", [(1,), (1, 2)])
def test_tiles_are_halved_until_the_memory_suffices(error, scales):
    image, tiles = noise(300, 700), []
    restored = restore(
        Net(Hungry(100**2, error)), image, tile=512, scales=scales, on_shrink=tiles.append
    )
    np.testing.assert_array_equal(restored, image)
    assert tiles == [256, 128, 64]


def test_a_photo_smaller_than_the_tile_is_halved_from_its_own_size():
    tiles = []
    restore(Net(Hungry(100**2, MemoryError())), noise(120, 200), tile=4096, on_shrink=tiles.append)
    assert tiles == [104]


def test_no_memory_for_the_least_tile_is_said():
    tiles, model = [], Net(Hungry(10, MemoryError()))
    with pytest.raises(FileError, match=r"^not enough memory, even for tiles of 48 px$"):
        restore(model, noise(300, 300), tile=200, on_shrink=tiles.append)
    assert tiles == [100, 50, 48]


def test_other_errors_of_a_network_are_not_taken_for_a_want_of_memory():
    with pytest.raises(RuntimeError, match="a bug"):
        restore(Net(Hungry(0, RuntimeError("a bug"))), noise(20, 20))


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
