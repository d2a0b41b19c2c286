"""Training batches: decided by seed and step alone, shared among ranks, crops and turns alike."""

import pytest
import torch

from blurkit.errors import SettingError
from nas.data import Pairs, split
from nas.training.batches import Batches, fit_crop


def test_batch_depends_on_seed_and_step_alone(pairs_file):
    batches = Batches(Pairs(pairs_file), 4, 16, seed=1)
    in_a_run = list(batches.run(0, 6))
    again = Batches(Pairs(pairs_file), 4, 16, seed=1)
    for one, other in zip(in_a_run[5], again[5], strict=True):  # resumed at step 5
        assert torch.equal(one, other)
    assert not torch.equal(in_a_run[5][0], Batches(Pairs(pairs_file), 4, 16, seed=2)[5][0])


@pytest.mark.parametrize("count", [2, 3])
def test_shares_of_a_batch_are_its_rows(pairs_file, count):
    whole = Batches(Pairs(pairs_file), 6, 16, seed=1)[7]
    parts = [Batches(Pairs(pairs_file), 6, 16, 1, part=(i, count)) for i in range(count)]
    joined = [torch.cat(rows) for rows in zip(*(part[7] for part in parts), strict=True)]
    assert all(len(part[7][0]) == 6 // count for part in parts)  # and no others are read
    for one, other in zip(whole, joined, strict=True):
        assert torch.equal(one, other)


def test_a_batch_is_shared_evenly(pairs_file):
    with pytest.raises(SettingError, match="batch must be a multiple of the 3 processes, got 8"):
        Batches(Pairs(pairs_file), 8, 16, seed=0, part=(0, 3))


def test_each_epoch_uses_every_pair_once(pairs_file):
    pairs = Pairs(pairs_file)
    full = Batches(pairs, 7, 32, seed=0)  # crops as large as the patch, so means identify pairs
    means = torch.cat([sharp.mean(dim=(1, 2, 3)) for _, sharp in full.run(0, 9)])[:60]
    expected = torch.stack([pairs[i][1].mean() for i in range(60)])
    torch.testing.assert_close(means.sort().values, expected.sort().values)


def test_blurry_and_sharp_are_cropped_and_turned_alike(pairs_file):
    class Same(Pairs):
        def raw(self, indices):
            sharp = super().raw(indices)[1]
            return sharp, sharp

    blurry, sharp = Batches(Same(pairs_file), 8, 16, seed=0)[3]
    assert torch.equal(blurry, sharp)


def test_batches_are_channels_last(pairs_file):
    assert Batches(Pairs(pairs_file), 2, 16, seed=0)[0][0].is_contiguous(
        memory_format=torch.channels_last
    )


def test_shards_give_the_same_batches_as_one_file(pairs_file, shards):
    for one, many in zip(
        split(pairs_file, (0.6, 0.35, 0.05)), split(shards, (0.6, 0.35, 0.05)), strict=True
    ):
        assert one.rows == many.rows
        ours, theirs = (Batches(part, 3, 16, seed=1)[5] for part in (one, many))
        for first, second in zip(ours, theirs, strict=True):
            assert torch.equal(first, second)
    assert len(many.file.paths) == 4


def test_crop_rules(pairs_file, caplog):
    caplog.set_level("INFO", "nas")
    pairs = Pairs(pairs_file)
    assert fit_crop(16, pairs, 16) == 16
    assert not caplog.messages
    assert fit_crop(64, pairs, 16) == 32
    assert caplog.messages == ["crop reduced from 64 to 32 px: patches are 32 px wide"]
    with pytest.raises(SettingError, match="crop must be a multiple of 16, got 50"):
        fit_crop(50, pairs, 16)
    with pytest.raises(SettingError, match="patches must be at least 48 pixels wide, got 32"):
        fit_crop(48, pairs, 48)
