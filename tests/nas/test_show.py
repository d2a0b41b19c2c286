import subprocess
import sys

import numpy as np
import pytest

from blurkit.images import read_image
from nas.diagram import LEGEND
from nas.genotype import CELLS, OPERATION_NAMES, Genotype
from nas.show import plot_alphas, plot_cells, plot_search, plot_training

INK_FREE = 250  # a grey level above every line and letter


def epochs(n):
    return [
        {
            "epoch": k,
            "train_loss": -20 - k,
            "alpha_loss": None if k < 3 else -19.5 - k,
            "psnr_supernet": 22 + k,
            "psnr_onehot": 21 + k,
            "psnr_input": 23.0,
            "entropy": 1 / k,
        }
        for k in range(1, n + 1)
    ]


def drawn(path):
    return read_image(path).astype(int)


@pytest.mark.parametrize("n", [1, 2, 100])
def test_search_curves_are_drawn_from_the_first_epoch_on(tmp_path, n):
    """One epoch is a dot, and missing values are gaps: neither may warn or fail."""
    plot_search(epochs(n), tmp_path / "x.png")
    picture = drawn(tmp_path / "x.png")
    assert picture.shape == (600, 1950, 3)
    thirds = np.split(picture, 3, axis=1)
    assert all(third.min() < INK_FREE for third in thirds)


def test_every_recorded_curve_shows(tmp_path):
    plot_search(epochs(9), tmp_path / "all.png")
    for key in (
        "train_loss",
        "alpha_loss",
        "psnr_supernet",
        "psnr_onehot",
        "psnr_input",
        "entropy",
    ):
        fewer = [{k: v for k, v in record.items() if k != key} for record in epochs(9)]
        plot_search(fewer, tmp_path / "fewer.png")
        assert (drawn(tmp_path / "fewer.png") != drawn(tmp_path / "all.png")).any(), key


def test_training_curves_take_records_with_and_without_a_psnr(tmp_path):
    history = [{"step": 10 * k, "loss": -20.0 - k} for k in range(1, 9)]
    plot_training(history, tmp_path / "loss.png")
    for record in history[::2]:
        record |= {"psnr": 25.0, "psnr_input": 24.0}
    plot_training(history, tmp_path / "both.png", title="unet")
    assert drawn(tmp_path / "both.png").shape == (600, 1500, 3)
    assert (drawn(tmp_path / "loss.png") != drawn(tmp_path / "both.png")).any()


def test_the_likeliest_operation_of_each_slot_is_framed(tmp_path):
    """27 frames, wherever they are: so their colour's area does not change."""
    orange = (217, 102, 43)
    areas = []
    for place in (0, 5):
        alphas = np.full((27, 8), 0.1)
        alphas[:, place] = 0.3
        plot_alphas(alphas, tmp_path / "a.png")
        areas.append((drawn(tmp_path / "a.png") == orange).all(axis=2).sum())
    assert areas[0] > 27 * 100
    assert areas[0] == pytest.approx(areas[1], rel=0.1)


def chips(path, name):
    """Pixels of an operation's colour."""
    color = tuple(int(LEGEND[name][0][k : k + 2], 16) for k in (1, 3, 5))
    return (drawn(path) == color).all(axis=2)


def test_the_legend_knows_every_operation():
    assert tuple(LEGEND) == OPERATION_NAMES
    assert len({color for color, _ in LEGEND.values()}) == len(LEGEND)


def test_each_slot_has_its_chip(tmp_path):
    """Coloured area counts the slots, and one more for the legend."""
    genotype = Genotype(dict.fromkeys(CELLS, ("conv3", "dw7", "dw7")))
    plot_cells(genotype, tmp_path / "g.png")
    conv3, dw7, ff = (chips(tmp_path / "g.png", name).sum() for name in ("conv3", "dw7", "ff"))
    assert conv3 / ff == pytest.approx(9 + 1, rel=0.1)
    assert dw7 / ff == pytest.approx(18 + 1, rel=0.1)


@pytest.mark.parametrize(
    ("cell", "left", "top"),
    [("enc1", 0.25, 0.15), ("enc4", 0.35, 0.55), ("middle", 0.5, 0.7), ("dec1", 0.75, 0.15)],
)
def test_the_cells_stand_in_a_u(tmp_path, cell, left, top):
    cells = dict.fromkeys(CELLS, ("conv3",) * 3)
    plot_cells(Genotype({**cells, cell: ("ff",) * 3}), tmp_path / "g.png")
    found = chips(tmp_path / "g.png", "ff")
    rows, columns = np.nonzero(found[: int(0.75 * len(found))])  # the legend is below
    assert columns.mean() / found.shape[1] == pytest.approx(left, abs=0.08)
    assert rows.mean() / found.shape[0] == pytest.approx(top, abs=0.08)


def test_no_matplotlib_before_a_picture_is_drawn():
    """The commands' --help would wait for it."""
    code = "import sys, nas.show, nas.panels; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
