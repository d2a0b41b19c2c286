import itertools
from collections import Counter

import numpy as np
import pytest

from blurkit.images.files import read_image
from nas.report.cells import arrow_head, lying, upright
from nas.report.cells_png import plot_cells
from nas.report.legend import FUSIONS, OPERATIONS, SIGNS, fill_colours
from nas.space.genotype import CELLS, DECODER, FUSION_NAMES, OPERATION_NAMES, Genotype


@pytest.mark.parametrize("seed", range(4))
def test_both_layouts_hold_every_choice_in_its_place(seed):
    genotype = Genotype.sample(seed)
    for layout in (upright(genotype, 8), lying(genotype, 8)):
        assert [name for *_, name in layout.chips] == genotype.flat()
        assert [maps for *_, maps in layout.boxes[:5]] == [
            "full size, 8 ch.", "1/2 size, 16 ch.", "1/4 size, 32 ch.", "1/8 size, 64 ch.",
            "1/16 size, 128 ch.",
        ]  # fmt: skip
        joins = [fusion for *_, fusion in layout.joins]
        assert Counter(joins) == Counter([*genotype.flat_fusions(), "add"])
        assert len(layout.skips) == len(DECODER) + 1
        for x, y, *_ in layout.boxes:
            assert 0 <= x <= layout.width - layout.sizes.width
            assert 0 <= y <= layout.height - layout.sizes.height
        for points in (*layout.arrows, *layout.skips, *map(arrow_head, layout.arrows)):
            across, down = np.array(points).T
            assert 0 <= across.min() <= across.max() <= layout.width
            assert 0 <= down.min() <= down.max() <= layout.height


def test_the_cells_form_a_u_and_do_not_touch():
    genotype = Genotype.sample(0)
    wide, tall = upright(genotype), lying(genotype)
    place = {cell: (x, y) for x, y, cell, _ in wide.boxes}
    for k in range(1, 5):
        assert place[f"enc{k}"][1] == place[f"dec{k}"][1]
        assert place[f"enc{k}"][0] + wide.sizes.width < place[f"dec{k}"][0]
    assert place["middle"][1] == max(y for _, y in place.values())
    tops = [y for _, y, _, _ in tall.boxes]
    assert min(np.diff(tops)) > tall.sizes.height
    indents = [x for x, *_ in tall.boxes]
    assert indents == indents[::-1]
    assert indents[:5] == sorted(set(indents))


def test_without_a_width_channels_are_given_in_its_units():
    genotype = Genotype.from_flat(["ff"] * 27, widths=(1, 3, 2, 7, 9))
    maps = [text for *_, text in upright(genotype).boxes[:5]]
    assert [text.split(", ")[1] for text in maps] == [
        "w ch.",
        "3w ch.",
        "2w ch.",
        "7w ch.",
        "9w ch.",
    ]


def test_the_legends_know_every_choice():
    assert tuple(OPERATIONS) == OPERATION_NAMES
    assert tuple(FUSIONS) == tuple(SIGNS) == FUSION_NAMES
    codes = [code for name, code in fill_colours().items() if name != "ff"]
    assert len(set(codes)) == len(codes)


def chips(path, name):
    """Pixels of an operation's or a fusion's colour."""
    code = fill_colours()[name]
    colour = tuple(int(code[k : k + 2], 16) for k in (1, 3, 5))
    return (read_image(path).astype(int) == colour).all(axis=2)


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


def test_each_slot_has_its_chip(tmp_path):
    """Coloured area counts the slots, and one more for the legend."""
    genotype = Genotype(dict.fromkeys(CELLS, ("conv3", "dw7", "dw7")))
    plot_cells(genotype, tmp_path / "g.png")
    conv3, dw7, dw3 = (chips(tmp_path / "g.png", name).sum() for name in ("conv3", "dw7", "dw3"))
    assert conv3 / dw3 == pytest.approx(9 + 1, rel=0.1)
    assert dw7 / dw3 == pytest.approx(18 + 1, rel=0.1)


@pytest.mark.parametrize(
    ("cell", "left", "top"),
    [("enc1", 0.25, 0.15), ("enc4", 0.35, 0.55), ("middle", 0.5, 0.7), ("dec1", 0.75, 0.15)],
)
def test_the_cells_stand_in_a_u(tmp_path, cell, left, top):
    cells = dict.fromkeys(CELLS, ("conv3",) * 3)
    plot_cells(Genotype({**cells, cell: ("dw3",) * 3}), tmp_path / "g.png")
    area = chips(tmp_path / "g.png", "dw3")
    rows, columns = np.nonzero(area[: int(0.75 * len(area))])  # the legend is below
    assert columns.mean() / area.shape[1] == pytest.approx(left, abs=0.08)
    assert rows.mean() / area.shape[0] == pytest.approx(top, abs=0.08)
