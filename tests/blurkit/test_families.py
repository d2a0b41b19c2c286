"""Families of blur: closed forms and symmetries of each, and what holds for all of them."""

import dataclasses
import json
import re
import zlib

import numpy as np
import pytest

from blurkit import (
    BoracchiFoi,
    Defocus,
    Gaussian,
    Linear,
    SettingError,
    Tremor,
    Walk,
    boracchi_foi_kernel,
    boracchi_foi_trajectory,
    defocus_kernel,
    gaussian_kernel,
    kernels,
    kernels_and_params,
    linear_kernel,
    random_walk_kernel,
    rasterise,
    tremor_kernel,
    tremor_trajectory,
)

SMALL = {  # each with few steps, for these laws hold the loops interpreted too
    "walk": (Walk(steps=60), random_walk_kernel),
    "boracchi-foi": (BoracchiFoi(steps=60, max_len=(5, 40)), boracchi_foi_kernel),
    "tremor": (Tremor(steps=60), tremor_kernel),
    "linear": (Linear(), linear_kernel),
    "defocus": (Defocus(), defocus_kernel),
    "gaussian": (Gaussian(sigma=(0.5, 2)), gaussian_kernel),
}
each_family = pytest.mark.parametrize(("family", "single"), SMALL.values(), ids=SMALL)


def centroid(kernel):
    """(x, y) off the middle, px."""
    offset = np.arange(len(kernel)) - len(kernel) // 2
    weights = kernel.astype(float)
    return (weights * offset).sum(), (weights * offset[:, None]).sum()


def covariance(kernel):
    """Second moments about the middle, px**2: [[xx, xy], [xy, yy]]."""
    offset = np.arange(len(kernel)) - len(kernel) // 2
    y, x = np.meshgrid(offset, offset, indexing="ij")
    weights = kernel.astype(float)
    return np.array([[(weights * a * b).sum() for b in (x, y)] for a in (x, y)])


# --- all families


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
    # once published, a seed stands for these kernels; interpreted loops must agree too
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
        "BoracchiFoi nearest": "a0918c4a",
        "BoracchiFoi linear": "a9ef9c62",
        "Tremor nearest": "8280f030",
        "Tremor linear": "b42ab3a5",
        "Linear nearest": "0a645e9c",
        "Linear linear": "d7334c2e",
        "Defocus nearest": "624f9627",
        "Defocus linear": "624f9627",
        "Gaussian nearest": "f7eb0f29",
        "Gaussian linear": "f7eb0f29",
    }


# --- linear


@pytest.mark.parametrize("interpolation", ["nearest", "linear"])
def test_a_line_has_the_rms_of_its_length(interpolation):
    for length, angle in ((24, 0), (17.3, 90), (22, 31), (9, 135)):
        kernel = linear_kernel(31, length=length, angle=angle, interpolation=interpolation, seed=0)
        along = np.array([np.cos(np.radians(angle)), -np.sin(np.radians(angle))])
        rms = np.sqrt(along @ covariance(kernel) @ along)
        assert rms == pytest.approx(length / np.sqrt(12), rel=0.02)


def test_a_horizontal_line_is_a_row_and_45_degrees_rise_to_the_right():
    assert np.flatnonzero(linear_kernel(21, length=12, angle=0).any(axis=1)).tolist() == [10]
    assert np.flatnonzero(linear_kernel(21, length=12, angle=90).any(axis=0)).tolist() == [10]
    rising = linear_kernel(21, length=12, angle=45)
    assert rising[7, 13] > 0
    assert rising[13, 13] == 0


# --- defocus


@pytest.mark.parametrize("radius", [2.0, 3.7, 9.0, 14.9])
def test_a_disc_has_a_quarter_of_its_squared_radius_along_each_axis(radius):
    moments = covariance(defocus_kernel(31, radius=radius))
    assert np.diag(moments) == pytest.approx(radius**2 / 4 + 1 / 12, rel=0.01, abs=0.04)
    assert moments[0, 1] == 0


@pytest.mark.parametrize("radius", [0.8, 2.0, 5.3])
def test_a_pixel_of_a_disc_has_its_share_of_the_area(radius):
    kernel = defocus_kernel(15, radius=radius) * np.pi * radius**2
    edges = np.arange(16) - 7.5
    fine = (np.arange(15 * 1000) + 0.5) / 1000 - 7.5
    chord = np.sqrt(np.maximum(radius**2 - fine**2, 0))[:, None]
    overlap = np.diff(np.clip(edges, -chord, chord), axis=1)
    assert np.abs(kernel - overlap.reshape(15, 1000, 15).mean(axis=1)).max() < 0.005


def test_a_disc_has_the_symmetries_of_a_square():
    disc = defocus_kernel(15, radius=5.3)
    for other in (disc[::-1], disc[:, ::-1], disc.T):
        assert np.array_equal(disc, other)


def test_a_disc_within_a_pixel_changes_nothing():
    for radius in (0, 0.2, 0.5):
        assert defocus_kernel(None, radius=radius).tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


def test_a_disc_too_large_fills_the_kernel():
    _, params = kernels_and_params(3, 9, Defocus(radius=12), seed=0)
    assert params["shrink"] == pytest.approx(4.5 / 12)
    assert np.array_equal(defocus_kernel(9, radius=12), defocus_kernel(9, radius=4.5))


# --- Gaussian


@pytest.mark.parametrize(
    ("sigma", "ratio", "angle"), [(1.0, 1, 0), (2.5, 1, 50), (3.0, 0.4, 0), (2.8, 0.3, 30)]
)
def test_a_gaussian_has_its_covariance(sigma, ratio, angle):
    moments = covariance(gaussian_kernel(31, sigma=sigma, ratio=ratio, angle=angle))
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    turned = np.array([[c, s], [-s, c]])  # y points down
    expected = turned @ np.diag([sigma**2, (ratio * sigma) ** 2]) @ turned.T
    cut = 1 - 8 * np.exp(-8) / (1 - np.exp(-8))  # what the end at four deviations leaves
    assert moments == pytest.approx(cut * expected + np.eye(2) / 12, rel=0.002, abs=0.002)


@pytest.mark.parametrize("sigma", [0.3, 0.7, 2.0])
def test_a_round_gaussian_is_the_error_functions_product(sigma):
    special = pytest.importorskip("scipy.special")
    edges = np.arange(-15, 17) - 0.5
    along = np.diff(special.erf(edges / (np.sqrt(2) * sigma)))
    expected = np.outer(along, along) / np.outer(along, along).sum()
    assert np.abs(gaussian_kernel(31, sigma=sigma, ratio=1) - expected).max() < 5e-4


def test_a_gaussian_is_the_same_when_turned_by_half_a_circle():
    kernel = gaussian_kernel(21, sigma=2, ratio=0.4, angle=33)
    assert np.array_equal(kernel, kernel[::-1, ::-1])


def test_a_gaussian_within_a_pixel_changes_nothing():
    for sigma in (0, 0.01, 0.1):
        kernel = gaussian_kernel(None, sigma=sigma, ratio=0.5, angle=0)
        assert kernel.tolist() == [[0, 0, 0], [0, 1, 0], [0, 0, 0]]


# --- Boracchi and Foi


def test_a_boracchi_foi_walk_has_constant_speed_and_its_length():
    for index in range(3):
        walk = boracchi_foi_trajectory(steps=150, max_len=40, expl=0.1, seed=2, index=index)
        steps = np.hypot(*np.diff(walk, axis=0).T)
        assert steps == pytest.approx(40 / 149)
        assert steps.sum() == pytest.approx(40)


def test_a_kernel_is_its_trajectory_rasterised():
    for way in ("nearest", "linear"):
        options = {"steps": 90, "seed": 4, "index": 6}
        walk = boracchi_foi_kernel(31, **options, interpolation=way)
        path = boracchi_foi_trajectory(**options)
        assert walk.tobytes() == rasterise(path, 31, way).tobytes()
        shake = tremor_kernel(31, **options, interpolation=way)
        assert shake.tobytes() == rasterise(tremor_trajectory(**options), 31, way).tobytes()


def test_without_anxiety_the_walk_is_a_straight_line():
    walk = boracchi_foi_trajectory(steps=50, max_len=30, expl=0, seed=2)
    assert np.hypot(*(walk[-1] - walk[0])) == pytest.approx(30)


def test_the_pull_keeps_the_walk_near_its_beginning():
    free, pulled = (
        np.mean(
            [
                np.ptp(boracchi_foi_trajectory(steps=100, expl=0.05, centripetal=pull, seed=i))
                for i in range(12)
            ]
        )
        for pull in (0, 5)
    )
    assert pulled < 0.5 * free


def test_a_certain_big_shake_turns_the_walk_back():
    still = {"centripetal": 0, "gaussian_shake": 0}
    walk = boracchi_foi_trajectory(steps=50, max_len=49, expl=1, big_shake=1, **still, seed=2)
    steps = np.diff(walk, axis=0)
    cosines = (steps[1:] * steps[:-1]).sum(axis=1)
    # v + 2 v turned by half a circle and u, |u| <= 1/2: the farthest aside is at u = 1/2
    aside = np.exp(0.5j)
    assert cosines.max() <= ((1 - 2 * aside) / abs(1 - 2 * aside)).real + 1e-9
    assert cosines.min() < -0.99


@pytest.mark.compiled
def test_big_shakes_come_as_often_as_they_should():
    family = BoracchiFoi(steps=1001, expl=0.1, big_shake=0.05)
    _, params = kernels_and_params(2000, 7, family, seed=1)
    assert params["jerks"].mean() == pytest.approx(5, rel=0.05)
    assert params["jerks"].var() == pytest.approx(5, rel=0.12)


# --- tremor


def test_without_tremor_the_drift_is_a_straight_line():
    path = tremor_trajectory(exposure=0.5, drift=30, tremor=0, steps=100, seed=3)
    assert np.allclose(np.diff(path, axis=0), np.diff(path, axis=0)[0])
    assert np.hypot(*(path[-1] - path[0])) == pytest.approx(15)


@pytest.mark.compiled
def test_the_spectrum_of_tremor_lies_within_its_band():
    # 8 s, so that 1/8 Hz can be told apart; 128 points a second
    options = {"exposure": 8, "drift": 0, "tremor": 1, "steps": 1025, "seed": 5}
    paths = np.stack([tremor_trajectory(**options, index=i)[:-1] for i in range(40)])
    window = np.hanning(1024)[:, None]
    power = (np.abs(np.fft.rfft(paths * window, axis=1)) ** 2).mean(axis=(0, 2))
    frequency = np.arange(len(power)) / 8
    inside = (frequency > 1.7) & (frequency < 12.3)
    assert power[inside].sum() > 0.999 * power.sum()
    assert 2 <= frequency[power.argmax()] <= 12
    velocity, acceleration = power * frequency**2, power * frequency**4
    assert 2 <= frequency[velocity.argmax()] <= 12
    halves = [(frequency >= a) & (frequency < b) for a, b in ((2, 7), (7, 12))]
    low, high = (velocity[half].sum() for half in halves)
    assert 0.8 < low / high < 1.25  # evenly spread
    assert acceleration[halves[1]].sum() > 2 * acceleration[halves[0]].sum()


@pytest.mark.compiled
def test_tremor_has_its_deviation():
    options = {"exposure": 8, "drift": 0, "tremor": 1.5, "steps": 1025}
    paths = [tremor_trajectory(**options, seed=6, index=i) for i in range(60)]
    assert np.std(paths) == pytest.approx(1.5, rel=0.05)


def test_a_path_has_its_mean_over_time_at_the_origin():
    for path in (tremor_trajectory(steps=60, seed=1), boracchi_foi_trajectory(steps=60, seed=1)):
        assert np.abs(((path[1:] + path[:-1]) / 2).mean(axis=0)).max() < 1e-9


@pytest.mark.compiled
@pytest.mark.parametrize("family", [Walk(), Tremor()], ids=["walk", "tremor"])
def test_defaults_look_like_recorded_camera_shake(family):
    # Levin et al. 2009, medians over their 8 kernels: major axis 4.53 px, minor / major 0.29
    made, params = kernels_and_params(2000, 31, family, seed=3)
    axes = np.sqrt([np.linalg.eigvalsh(covariance(kernel)) for kernel in made])
    assert 4.2 < np.median(axes[:, 1]) < 4.9
    assert 0.26 < np.median(axes[:, 0] / axes[:, 1]) < 0.34
    assert (params["shrink"] < 1).mean() < 0.12


# --- what is refused


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
        (lambda: defocus_kernel(20), "size must be odd and >= 3, got 20"),
        (
            lambda: linear_kernel(interpolation="x"),
            'interpolation must be "nearest" or "linear", got "x"',
        ),
    ],
)
def test_a_bad_setting_names_rule_and_value(make, message):
    with pytest.raises(SettingError, match=f"^{re.escape(message)}$"):
        make()


@pytest.mark.compiled
def test_a_blur_without_bounds_needs_a_size():
    message = "size must be given for a blur that does not fit into 2047 px"
    with pytest.raises(SettingError, match=f"^{message}$"):
        linear_kernel(None, length=1e5, angle=0)
