import subprocess
import sys

import numpy as np
import pytest

from blurkit.images.files import read_image
from nas.report.legend import fill_colours
from nas.report.style import ORANGE
from nas.space.genotype import CELLS, OPERATION_NAMES
from nas.strategy.plots import (
    plot_alphas,
    plot_choices,
    plot_search,
    probability_chart,
    search_charts,
)

INK_FREE = 250  # a grey level above every line and letter


def epochs(n):
    return [
        {
            "epoch": k,
            "train_loss": -20 - k,
            "cost_expected": None if k < 3 else 1 + 1 / k,
            "cost_onehot": 1 - 0.5 / k,
            "psnr_supernet": 22 + k,
            "psnr_onehot": 21 + k,
            "psnr_input": 23.0,
            "entropy": 1 / k,
        }
        for k in range(1, n + 1)
    ]


def pixels(path, code):
    """Where a picture has exactly this colour, "#rrggbb"."""
    return (read_image(path) == [int(code[k : k + 2], 16) for k in (1, 3, 5)]).all(axis=2)


def test_every_recorded_value_is_in_a_chart():
    series = [series for chart in search_charts(epochs(9)) for series in chart.series]
    assert all([x for x, _ in s.points] == list(range(1, 10)) for s in series)
    values = [[y for _, y in s.points] for s in series]
    for key in set(epochs(1)[0]) - {"epoch"}:
        assert values.count([record[key] for record in epochs(9)]) == 1, key


def test_probabilities_are_means_of_the_slots():
    slots = np.random.default_rng(0).dirichlet(np.ones(8), (2, 27))
    choices = [[*rows.tolist(), *[[1.0, 0.0, 0.0]] * 4] for rows in slots]
    series = probability_chart(choices).series
    assert [s.name for s in series] == list(OPERATION_NAMES)
    np.testing.assert_allclose([[y for _, y in s.points] for s in series], slots.mean(axis=1).T)
    assert probability_chart([]).visible().series == []


@pytest.mark.parametrize("n", [1, 2, 100])
def test_search_curves_are_drawn_from_the_first_epoch_on(tmp_path, n):
    """One epoch is a dot, and missing values are gaps: neither may warn or fail."""
    plot_search(epochs(n), tmp_path / "x.png")
    picture = read_image(tmp_path / "x.png")
    assert picture.shape == (600, 2550, 3)
    panels = np.array_split(picture, 4, axis=1)
    assert all(panel.min() < INK_FREE for panel in panels)


def test_the_likeliest_operation_of_each_slot_is_framed(tmp_path):
    """27 frames, wherever they are: so their colour's area does not change."""
    areas = []
    for place in (0, 5):
        alphas = np.full((27, 8), 0.1)
        alphas[:, place] = 0.3
        plot_alphas(alphas, tmp_path / "a.png")
        areas.append(pixels(tmp_path / "a.png", ORANGE.light).sum())
    assert areas[0] > 27 * 100
    assert areas[0] == pytest.approx(areas[1], rel=0.1)


def test_the_choices_of_every_row_are_drawn_in_its_place(tmp_path):
    """Each slot of the nine cells has one colour of its own, the fusions another."""
    operations = [OPERATION_NAMES.index(name) for name in ("conv3", "dw3", "dw7")]
    rows = [np.eye(8)[i].tolist() for _ in CELLS for i in operations] + [[0, 0, 1.0]] * 4
    plot_choices([rows], tmp_path / "c.png")  # one epoch is drawn too
    shown = ("conv3", "dw3", "dw7", "gated")
    areas = [pixels(tmp_path / "c.png", fill_colours()[name]) for name in shown]
    height, width = areas[0].shape
    panels = [area[: int(0.92 * height)] for area in areas]  # the legend is below
    sums = [panel.sum() for panel in panels]
    assert sums[0] > 0.05 * panels[0].size
    np.testing.assert_allclose(np.array(sums) / sums[0], [1, 1, 1, 4 / 9], rtol=0.03)
    middle = [[axis.mean() for axis in np.nonzero(panel)] for panel in panels]
    heights, across = zip(*middle, strict=True)
    assert list(heights) == sorted(heights)
    assert max(across[:3]) - min(across[:3]) < 2
    assert across[3] > across[0] + 0.2 * width  # under the decoder


def test_no_matplotlib_before_a_picture_is_drawn():
    """The commands' --help would wait for it."""
    code = "import sys, nas.strategy.plots; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
