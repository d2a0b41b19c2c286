"""Mixes: families drawn by weight; each sample is the kernel its family alone would give."""

import dataclasses
import json
import re

import numpy as np
import pytest

from blurkit import (
    BoracchiFoi,
    Defocus,
    Degrade,
    Gaussian,
    KernelGenerator,
    Linear,
    Mix,
    PairFile,
    SettingError,
    SynthSettings,
    Tremor,
    Walk,
    dead_leaves,
    defocus_kernel,
    kernels,
    kernels_and_params,
    random_walk_kernels,
    synth,
)
from blurkit.dataset.samples import sample
from blurkit.kernel.mix import parse_mix

WALK = Walk(steps=40)
ALL = Mix(
    (
        (WALK, 1),
        (BoracchiFoi(steps=40), 1),
        (Tremor(steps=60), 1),
        (Linear(), 1),
        (Defocus(radius=(1, 4)), 1),
        (Gaussian(sigma=(0.5, 2)), 1),
    )
)


def test_each_sample_is_the_kernel_of_its_family_alone():
    made, params = kernels_and_params(60, 15, ALL, seed=6, start=9)
    for part, _ in ALL.parts:
        rows = np.flatnonzero(params["family"] == part.name.encode())
        assert len(rows)
        alone, drawn = kernels_and_params(60, 15, part, seed=6, start=9)
        assert made[rows].tobytes() == alone[rows].tobytes()
        names = set(drawn.dtype.names)
        for name in params.dtype.names:
            if name in names:
                assert (params[name][rows] == drawn[name][rows]).all()
            else:
                assert np.isnan(params[name][rows]).all()


def test_a_sample_is_the_same_in_any_batch():
    made, params = kernels_and_params(30, 15, ALL, seed=6)
    tail, tail_params = kernels_and_params(11, 15, ALL, seed=6, start=19)
    assert made[19:].tobytes() == tail.tobytes()
    assert params[19:].tobytes() == tail_params.tobytes()


@pytest.mark.compiled
def test_the_number_of_threads_changes_nothing():
    one = kernels_and_params(900, 15, ALL, seed=6, threads=1)
    for threads in (2, 5):
        more = kernels_and_params(900, 15, ALL, seed=6, threads=threads)
        assert [a.tobytes() for a in one] == [a.tobytes() for a in more]


@pytest.mark.compiled
def test_families_are_drawn_by_weight():
    weights, n = np.array([6, 1, 2.5]), 20_000
    parts = (Linear(length=1), Defocus(radius=0), Gaussian(sigma=0))
    mix = Mix(tuple(zip(parts, weights, strict=True)))
    _, params = kernels_and_params(n, 3, mix, seed=11)
    for part, share in zip(parts, weights / weights.sum(), strict=True):
        count = (params["family"] == part.name.encode()).sum()
        assert abs(count - n * share) < 4 * np.sqrt(n * share * (1 - share))


def test_a_mix_of_the_walk_is_the_walk():
    alone = random_walk_kernels(20, 15, steps=40, seed=2)
    assert kernels(20, 15, Mix(((WALK, 3),)), seed=2).tobytes() == alone.tobytes()
    assert kernels(20, 15, WALK, seed=2).tobytes() == alone.tobytes()


def test_a_family_may_come_twice_with_other_settings():
    small, large = Defocus(radius=1), Defocus(radius=5)
    _, params = kernels_and_params(60, 15, Mix(((small, 1), (large, 1))), seed=0)
    assert set(params["radius"]) == {1, 5}


def test_params_have_the_numbers_of_the_families_in_the_mix_and_no_more():
    mix = Mix(((Defocus(), 1), (Linear(), 1), (Walk(), 1)))
    assert mix.params.names == ("family", "length", "jitter", "jerks", "angle", "radius", "shrink")


def test_a_mix_survives_json():
    assert Mix.from_stored(json.loads(json.dumps(ALL.stored()))) == ALL


def test_text_becomes_a_mix():
    mix = parse_mix("walk=6, linear,defocus=0.5", Walk(length=9))
    assert mix == Mix(((Walk(length=9), 6), (Linear(), 1), (Defocus(), 0.5)))


# in a dataset


def test_a_dataset_draws_from_the_mix(tmp_path):
    settings = SynthSettings(n=24, patch=16, kernel=9, mix=ALL, seed=4)
    pairs = PairFile(synth(tmp_path / "a.h5", settings, progress=False))
    made, params = kernels_and_params(24, 9, ALL, seed=4)
    assert pairs.kernel[:].tobytes() == made.tobytes()
    for name in params.dtype.names:
        assert pairs.params[name].tobytes() == params[name].tobytes()
    assert not list(pairs.verify())
    one = sample(settings, 7)
    assert one["params"].tobytes() == pairs.params[7].tobytes()
    assert one["blurry"].tobytes() == pairs.blurry[7].tobytes()


def test_the_settings_of_a_dataset_with_a_mix_come_back_from_its_file(tmp_path):
    settings = SynthSettings(n=1, patch=16, kernel=9, mix=ALL)
    pairs = PairFile(synth(tmp_path / "a.h5", settings, progress=False))
    assert SynthSettings.from_stored(pairs.settings) == settings


@pytest.mark.parametrize(
    "mix", [[], {}, "walk", [3], [{}], [{"family": "walk"}], [{"family": ["walk"], "weight": 1}],
            [{"family": "x", "weight": 1}], [{"family": "linear", "weight": "1"}],
            [{"family": "linear", "weight": 1, "angle": {}}], [{"family": "walk", "weight": 1e999}]]
)  # fmt: skip
def test_a_stored_mix_that_synth_did_not_write_is_refused(mix):
    stored = SynthSettings(mix=ALL).stored(None) | {"mix": mix}
    with pytest.raises(SettingError):
        SynthSettings.from_stored(json.loads(json.dumps(stored)))


def test_without_a_mix_the_file_says_nothing_of_one():
    assert "mix" not in SynthSettings().stored(None)
    assert "family" not in SynthSettings().drawn.names


def test_online_use_draws_from_the_mix_too():
    settings = SynthSettings(kernel=9, mix=Mix(((Defocus(radius=2), 1),)))
    pair = Degrade(settings)(dead_leaves(32, seed=1), seed=0, index=3)
    assert pair.params["family"] == b"defocus"
    assert pair.params["radius"] == 2
    assert pair.kernel.tobytes() == defocus_kernel(9, radius=2).tobytes()
    filters = KernelGenerator(settings).step(3, seed=5)["filter"]
    assert filters[0, 0].tobytes() == pair.kernel.tobytes()


# errors


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Mix((3,)), "mix must be pairs (family, weight), got (3,)"),
        (lambda: Mix(()), "mix must have at least one family, got ()"),
        (
            lambda: Mix(((Linear(), 0),)),
            "weight of linear must be above 0 and finite, got 0",
        ),
        (
            lambda: parse_mix("walk=lots"),
            'mix must be like "walk=6,linear=1", got "walk=lots"',
        ),
        (
            lambda: parse_mix("disc=2"),
            'family must be "walk", "boracchi-foi", "tremor", "linear", "defocus" or "gaussian", '
            'got "disc"',
        ),
        (
            lambda: SynthSettings(walk=Walk(length=3), mix=ALL),
            f"walk must be part of the mix if there is one, got {Walk(length=3)}",
        ),
    ],
)
def test_a_bad_mix_names_rule_and_value(make, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        make()


def test_a_mix_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        ALL.parts = ()
