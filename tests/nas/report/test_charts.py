import re

import numpy as np
import pytest

from blurkit.images.files import read_image
from nas.report.charts import Chart, Series
from nas.report.charts_png import save_charts
from nas.report.charts_svg import lay_out
from nas.report.style import GREEN, GREY, ORANGE


def test_a_chart_is_linear_in_its_values_and_breaks_at_gaps():
    points = [(0, 1.0), (1, 2.0), (2, None), (3, 4.0), (4, float("inf")), (5, 6.0), (6, 7.0)]
    layout = lay_out(Chart("", "", "", [Series("a", points)]))
    numbers = [float(n) for n in re.findall(r"[-\d.]+", layout.lines[0][1])]
    x, y = np.array(numbers).reshape(-1, 2).T
    assert layout.lines[0][1].count("M") == 2  # the one between two gaps is a dot alone
    assert len(layout.marks) == 5
    assert (y[0] - y[1]) == pytest.approx(y[2] - y[3], abs=0.21)
    assert (y[0] - y[3]) / 6 == pytest.approx(y[0] - y[1], abs=0.21)
    assert (x[0], x[-1]) == (layout.left, layout.right)
    assert layout.top < y.min() < y.max() < layout.bottom
    for at, text in layout.y_ticks:  # a tick stands where a point of its value would
        assert at == pytest.approx(y[0] + (1 - float(text)) * (y[0] - y[3]) / 6, abs=0.3)


def test_points_outside_the_limits_are_not_drawn():
    series = [Series("a", [(0, 20.0), (1, 30.0)], "marks"), Series("b", [(0, 10.0)], "marks")]
    layout = lay_out(Chart("", "", "", series, low=15.0))
    assert [series.name for series in layout.chart.series] == ["a"]
    assert len(layout.marks) == 2


@pytest.mark.parametrize("value", [0.0, -3.5, 1e-9, 1e12])
def test_one_value_alone_has_axes_too(value):
    layout = lay_out(Chart("", "", "", [Series("a", [(1, value)])]))
    assert len({text for _, text in layout.y_ticks}) == len(layout.y_ticks) > 1
    assert all(np.isfinite(at) for at, _ in (*layout.x_ticks, *layout.y_ticks))


def test_names_stand_below_the_axis_and_the_longest_has_room():
    bar = [Series("", [(0, 1.0), (1, 2.0)], "bars")]
    short, long = (lay_out(Chart("", "", "", bar, names=["a", name])) for name in ("b", "b" * 20))
    assert [text for _, text in short.x_ticks] == ["a", "b"]
    assert long.height > short.height
    assert long.bottom == short.bottom


@pytest.mark.parametrize("look", ["line", "dashed", "marks", "dots", "bars"])
def test_a_file_shows_every_look_in_its_colour(tmp_path, look):
    points = [(0, 1.0), (1, None), (2, 2.0), (3, 2.5), (4, float("nan"))]
    chart = Chart("title", "x", "y", [Series("", points, look, ORANGE)], note="note")
    save_charts([chart], tmp_path / "a.png")
    red, _, blue = np.moveaxis(read_image(tmp_path / "a.png").astype(int), 2, 0)
    assert (red - blue > 80).sum() > 100


def test_charts_without_points_are_left_out_of_a_file(tmp_path):
    empty = Chart("", "", "", [Series("a", [(0, None)])])
    full = Chart("", "", "", [Series(f"{k}", [(0, k)], "marks", GREEN) for k in range(9)])
    named = Chart("", "", "", [Series("a", [(0, 1), (1, 2)], "bars", GREY)], names=["a", "b"])
    save_charts([empty, full, named], tmp_path / "two.png", title="title", size=(4, 3))
    assert read_image(tmp_path / "two.png").shape == (450, 2 * 600, 3)
    save_charts([empty], tmp_path / "none.png")
    assert not (tmp_path / "none.png").exists()
