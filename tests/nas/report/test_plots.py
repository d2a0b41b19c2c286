import itertools
import subprocess
import sys

import numpy as np
import pytest

from blurkit.images.files import read_image
from nas.report import cells_png as diagram
from nas.report.cells_png import FUSION_LEGEND, LEGEND
from nas.space.genotype import CELLS, DECODER, FUSION_NAMES, OPERATION_NAMES, Genotype
from nas.strategy.plots import plot_alphas, plot_cells, plot_choices, plot_search
from nas.training.plots import plot_training

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


def drawn(path):
    return read_image(path).astype(int)


@pytest.mark.parametrize("n", [1, 2, 100])
def test_search_curves_are_drawn_from_the_first_epoch_on(tmp_path, n):
    """One epoch is a dot, and missing values are gaps: neither may warn or fail."""
    plot_search(epochs(n), tmp_path / "x.png")
    picture = drawn(tmp_path / "x.png")
    assert picture.shape == (600, 2550, 3)
    panels = np.split(picture, 3, axis=1)
    assert all(panel.min() < INK_FREE for panel in panels)


def test_every_recorded_curve_shows(tmp_path):
    plot_search(epochs(9), tmp_path / "all.png")
    for key in (
        "train_loss",
        "cost_expected",
        "cost_onehot",
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
    """Pixels of an operation's or a fusion's colour."""
    code = (LEGEND | FUSION_LEGEND)[name][0]
    color = tuple(int(code[k : k + 2], 16) for k in (1, 3, 5))
    return (drawn(path) == color).all(axis=2)


def test_the_choices_of_every_row_are_drawn_in_its_place(tmp_path):
    """Each slot of the nine cells has one colour of its own, the fusions another."""
    operations = [OPERATION_NAMES.index(name) for name in ("conv3", "dw3", "dw7")]
    rows = [np.eye(8)[i].tolist() for _ in CELLS for i in operations] + [[0, 0, 1.0]] * 4
    plot_choices([rows], tmp_path / "c.png")  # one epoch is drawn too
    found = [chips(tmp_path / "c.png", name) for name in ("conv3", "dw3", "dw7", "gated")]
    whole = len(found[0])
    panels = [part[: int(0.92 * whole)] for part in found]  # the legend is below
    areas = [panel.sum() for panel in panels]
    assert areas[0] > 0.05 * panels[0].size
    np.testing.assert_allclose(np.array(areas) / areas[0], [1, 1, 1, 4 / 9], rtol=0.03)
    middle = [[axis.mean() for axis in np.nonzero(panel)] for panel in panels]
    heights, across = zip(*middle, strict=True)
    assert list(heights) == sorted(heights)
    assert max(across[:3]) - min(across[:3]) < 2
    assert across[3] > across[0] + 0.2 * found[0].shape[1]  # under the decoder


def test_the_legends_know_every_choice():
    assert tuple(LEGEND) == OPERATION_NAMES
    assert tuple(FUSION_LEGEND) == tuple(diagram.SIGNS) == FUSION_NAMES
    both = [*LEGEND.values(), *FUSION_LEGEND.values()]
    assert len({color for color, _ in both}) == len(both)


def test_the_way_each_skip_joins_is_drawn_beside_its_cell(tmp_path):
    cells, places = dict.fromkeys(CELLS, ("zero",) * 3), {}
    for cell in DECODER:
        fusions = dict.fromkeys(DECODER, "gated") | {cell: "concat"}
        plot_cells(Genotype(cells, fusions), tmp_path / "g.png")
        concat, gated = (chips(tmp_path / "g.png", name) for name in ("concat", "gated"))
        assert gated.sum() / concat.sum() == pytest.approx(3, rel=0.25)  # their letters hide some
        places[cell] = [axis.mean() for axis in np.nonzero(concat)]
    for deep, high in itertools.pairwise(DECODER):
        assert places[deep][0] > places[high][0]
        assert places[deep][1] < places[high][1]


def test_the_widths_stand_beside_the_levels(tmp_path, monkeypatch):
    notes = []
    monkeypatch.setattr(diagram, "_note", lambda axes, x, y, text, ha="left": notes.append(text))
    fusions = dict.fromkeys(DECODER, "add")
    plot_cells(
        Genotype(dict.fromkeys(CELLS, ("ff",) * 3), fusions, (1, 3, 2, 7, 9)), tmp_path / "g"
    )
    assert [text for text in notes if "channels" in text] == [
        "full size\nw channels",
        *(f"1/{size} size\n{w}w channels" for size, w in ((2, 3), (4, 2), (8, 7), (16, 9))),
    ]


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
    code = "import sys, nas.strategy.plots; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
