"""What holds for every family of blur, alone and in batches."""

import dataclasses
import json
import re
import zlib

import numpy as np
import pytest
from moments import centroid

from blurkit import (
    BoracchiFoi,
    Defocus,
    Gaussian,
    Linear,
    SettingError,
    Tremor,
    Walk,
    boracchi_foi_kernel,
    defocus_kernel,
    gaussian_kernel,
    kernels,
    kernels_and_params,
    linear_kernel,
    random_walk_kernel,
    tremor_kernel,
)
from blurkit.kernel.families import FAMILIES

SMALL = {  # few steps each: these tests also run the loops interpreted
    "walk": (Walk(steps=60), random_walk_kernel),
    "boracchi-foi": (BoracchiFoi(steps=60, max_len=(5, 40)), boracchi_foi_kernel),
    "tremor": (Tremor(steps=60), tremor_kernel),
    "linear": (Linear(), linear_kernel),
    "defocus": (Defocus(), defocus_kernel),
    "gaussian": (Gaussian(sigma=(0.5, 2)), gaussian_kernel),
}
each_family = pytest.mark.parametrize(("family", "single"), SMALL.values(), ids=SMALL)


@each_family
def test_a_kernel_is_a_share_of_the_exposure_centred(family, single):
    made = kernels(9, 31, family, seed=5)
    assert made.min() >= 0
    assert made.sum(axis=(1, 2), dtype=float) == pytest.approx(1, abs=1e-6)
    for kernel in made:
        assert np.hypot(*centroid(kernel)) < 0.1


@each_family
def test_a_row_of_a_batch_is_the_single_function_at_its_index(family, single):
    made = kernels(5, 21, family, seed=8, start=2)
    for i in (0, 4):
        alone = single(21, **dataclasses.asdict(family), seed=8, index=2 + i)
        assert made[i].tobytes() == alone.tobytes()
    assert kernels(2, 21, family, seed=8, start=5).tobytes() == made[3:].tobytes()


@each_family
def test_a_family_is_listed_under_its_name_and_its_last_number_is_the_shrinking(family, single):
    assert FAMILIES[family.name] is type(family)
    assert family.numbers[-1] == "shrink"


@each_family
def test_samples_differ(family, single):
    assert len({kernel.tobytes() for kernel in kernels(12, 31, family, seed=0)}) == 12


@each_family
def test_no_size_means_the_smallest_square_that_holds_the_blur(family, single):
    for index in range(4):
        settings = dataclasses.asdict(family) | {"seed": 3, "index": index}
        kernel = single(None, **settings)
        border = np.concatenate([kernel[0], kernel[-1], kernel[:, 0], kernel[:, -1]])
        assert len(kernel) == 3 or border.any()
        wide = single(63, **settings)  # nothing is shrunk in there
        room = (63 - len(kernel)) // 2
        assert np.array_equal(np.pad(kernel, room), wide)


@each_family
def test_what_does_not_fit_is_shrunk_and_says_so(family, single):
    made, params = kernels_and_params(12, 5, family, seed=1)
    assert (params["shrink"] > 0).all()
    assert (params["shrink"] <= 1).all()
    assert (params["shrink"] < 1).any()
    assert made.sum(axis=(1, 2), dtype=float) == pytest.approx(1, abs=1e-6)


@pytest.mark.compiled
@pytest.mark.parametrize("family", [f for f, _ in SMALL.values()], ids=SMALL)
def test_the_number_of_threads_changes_nothing(family):
    one = kernels(600, 15, family, seed=8, threads=1)
    assert one.tobytes() == kernels(600, 15, family, seed=8, threads=7).tobytes()


@each_family
def test_settings_survive_json(family, single):
    assert type(family)(**json.loads(json.dumps(dataclasses.asdict(family)))) == family


def test_the_bytes_are_those_of_every_release_and_machine():
    # published seeds must keep giving these kernels; interpreted loops must agree too
    parts = (
        BoracchiFoi(steps=50, max_len=(10, 40), expl=(0, 0.1)),
        Tremor(steps=50, exposure=0.3, drift=(9, 90), tremor=(1, 4)),
        Linear(length=(2, 20)),
        Defocus(radius=(0.3, 6)),
        Gaussian(sigma=(0.2, 3), ratio=(0.1, 1)),
    )
    made = {
        f"{type(part).__name__} {way}": f"{zlib.crc32(drawn.tobytes()):08x}"
        for part in parts
        for way in ("nearest", "linear")
        for drawn in [kernels(6, 15, part, interpolation=way, seed=2**63 + 5, start=40)]
    }
    assert made == {
        "BoracchiFoi nearest": "51e0885b",
        "BoracchiFoi linear": "7f2cc5da",
        "Tremor nearest": "24222d90",
        "Tremor linear": "a3b305f8",
        "Linear nearest": "62407e08",
        "Linear linear": "71e8dad2",
        "Defocus nearest": "7e2996aa",
        "Defocus linear": "7e2996aa",
        "Gaussian nearest": "3772052d",
        "Gaussian linear": "3772052d",
    }


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: BoracchiFoi(expl=2),
            "expl must be one number or a pair (lowest, highest) in 0 .. 1, got 2",
        ),
        (lambda: BoracchiFoi(steps=1), "steps must be between 2 and 100000, got 1"),
        (
            lambda: Tremor(tremor=-1),
            "tremor must be one number or a pair (lowest, highest) in 0 .. 1e+06, got -1",
        ),
        (
            lambda: Tremor(band=(0, 12)),
            "band must be (lowest, highest) in 0.1 .. 1000, got (0.0, 12.0)",
        ),
        (
            lambda: Tremor(exposure=5),
            "steps must be at least 8 * exposure * band, 480, got 256",
        ),
        (
            lambda: Linear(angle=400),
            "angle must be one number or a pair (lowest, highest) in 0 .. 360, got 400",
        ),
        (
            lambda: Defocus(radius=float("nan")),
            "radius must be one number or a pair (lowest, highest) in 0 .. 1e+06, got nan",
        ),
        (
            lambda: Gaussian(ratio=2),
            "ratio must be one number or a pair (lowest, highest) in 0 .. 1, got 2",
        ),
    ],
)
def test_a_bad_setting_names_rule_and_value(make, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        make()
