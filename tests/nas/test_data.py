"""Reading pairs: the same tensors however they are read, and three parts that never meet."""

import multiprocessing
import pickle

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from blurkit.errors import SettingError
from nas.data import Pairs, loader, split, to_float, to_tensor


def test_items_are_the_file(pairs_file):
    pairs = Pairs(pairs_file)
    blurry, sharp = pairs[7]
    assert blurry.shape == (3, 32, 32)
    expected = pairs.file.sharp[7].transpose(2, 0, 1).astype(np.float32) / 255
    np.testing.assert_allclose(sharp.numpy(), expected, atol=1e-7)
    for one, many in zip(pairs[3], pairs.__getitems__([5, 3])[1], strict=True):
        assert torch.equal(one, many)


def test_parts_are_disjoint_and_complete(pairs_file):
    parts = split(pairs_file, (0.6, 0.35, 0.05))
    rows = [row for part in parts for row in part.rows]
    assert rows == list(range(60))
    assert [len(part) for part in parts] == [36, 21, 3]


@pytest.mark.parametrize("shares", [(0.6, 0.35, 0.05), (0.001, 0.001, 0.998), (0.97, 0.02, 0.01)])
def test_no_part_is_empty(pairs_file, shares):
    assert min(len(part) for part in split(pairs_file, shares)) >= 1


def test_shares_of_the_judged_batches_are_runs_of_them(pairs_file):
    pairs = Pairs(pairs_file)
    whole = [sharp for _, sharp in pairs.batches(7, 16, most=30)]
    parts = [list(pairs.batches(7, 16, 30, part=(i, 8))) for i in range(8)]
    joined = [sharp for part in parts for _, sharp in part]
    for one, other in zip(whole, joined, strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_loader_workers_read_the_same(shards, method):
    # h5py handles opened before a fork, and datasets that cannot be pickled, are known traps
    pairs = Pairs(shards)
    pairs[0]
    context = multiprocessing.get_context(method)
    loader = DataLoader(pairs, batch_size=20, num_workers=1, multiprocessing_context=context)
    sharp = torch.cat([sharp for _, sharp in loader])
    assert torch.equal(sharp, torch.stack([pairs[i][1] for i in range(60)]))


def test_pickle_is_small(pairs_file):
    pairs = Pairs(pairs_file)
    pairs[0]
    assert len(pickle.dumps(pairs)) < 2000


def test_too_few_pairs(pairs_file):
    with pytest.raises(SettingError, match="must have at least 61 pairs to be split, got 60"):
        split(pairs_file, (1 / 61,) * 61)


def test_judged_pairs_are_spread_over_their_part(pairs_file):
    # neighbouring rows may come from one photo: the first few would judge by one photo alone
    pairs = Pairs(pairs_file, range(10, 50))
    sharp = torch.cat([sharp for _, sharp in pairs.batches(3, 16, most=4)])
    assert torch.equal(sharp, torch.stack([pairs[i][1] for i in (5, 15, 25, 35)]))
    assert sum(len(blurry) for blurry, _ in pairs.batches(16, 16, most=100)) == 40


def test_the_loader_gives_each_pair_once_an_epoch_in_another_order(pairs_file):
    pairs = Pairs(pairs_file, range(10, 50))
    batches = loader(pairs, 8, seed=3)
    expected = {tuple(map(bytes, pair)) for pair in zip(*pairs.raw(range(40)), strict=True)}
    epochs = [torch.cat(list(batches), dim=1) for _ in range(2)]
    for epoch in epochs:
        assert epoch.dtype == torch.uint8
        assert {tuple(map(bytes, pair)) for pair in zip(*epoch.numpy(), strict=True)} == expected
    assert not torch.equal(*epochs)
    assert torch.equal(epochs[0], torch.cat(list(loader(pairs, 8, seed=3)), dim=1))
    assert not torch.equal(epochs[0], torch.cat(list(loader(pairs, 8, seed=4)), dim=1))
    assert len(batches) == 5
    assert len(loader(pairs, 9)) == 4


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_the_loader_does_not_depend_on_its_workers(pairs_file, method):
    pairs = Pairs(pairs_file)
    alone = list(loader(pairs, 7, seed=1))
    for workers in (1, 2):
        for one, other in zip(
            alone, loader(pairs, 7, seed=1, workers=workers, context=method), strict=True
        ):
            assert torch.equal(one, other)


def test_floats_on_the_device_are_those_of_the_files(pairs_file):
    images = Pairs(pairs_file).raw([3, 8])[0]
    floats = to_float(torch.from_numpy(images))
    torch.testing.assert_close(floats, to_tensor(images), rtol=0, atol=1e-7)
    assert floats.is_contiguous(memory_format=torch.channels_last)


def test_loader_rules(pairs_file):
    pairs = Pairs(pairs_file, range(36))
    message = r"batch must be between 1 and the number of pairs \(36\), got 37"
    with pytest.raises(SettingError, match=message):
        loader(pairs, 37)
    with pytest.raises(SettingError, match="workers must be >= 0, got -1"):
        loader(pairs, 4, workers=-1)
