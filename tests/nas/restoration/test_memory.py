"""Out-of-memory errors lead to smaller tiles."""

import numpy as np
import pytest
import torch
from making_networks import Net, noise
from torch import nn

from blurkit.errors import FileError
from nas.restoration.restore import restore


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
