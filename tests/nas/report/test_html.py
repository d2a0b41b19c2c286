"""Pages as text, and what is drawn on them, without a browser (with one: test_page_browser)."""

import base64
import hashlib
import itertools
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest

from blurkit.images.files import decode_image
from nas.report import cells_svg as svg_cells
from nas.report.cells_svg import colours, draw_cells, luminance
from nas.report.charts import Chart, Series, draw_chart
from nas.report.html import Cells, Charts, Facts, Page, Slider, Table, render
from nas.report.slider import embed, sample
from nas.space.genotype import DECODER, FUSION_NAMES, OPERATION_NAMES, Genotype

NASTY = "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onload='alert(1)"


def image(seed=0, shape=(20, 30)):
    return np.random.default_rng(seed).integers(0, 256, (*shape, 3), dtype=np.uint8)


def page_of(text):
    """A page of every section, with this text wherever a caller may put one."""
    pictures = [image(k) for k in range(3)]
    return Page(
        text,
        text,
        [(text, text)],
        [
            Table(text, [("name", text), (text, text)], text, best=1),
            Charts(text, [Chart(text, text, text, [Series(text, [(0, 1.0)], tips=[text])] * 2,
                                names=[text], note=text)], text),
            Cells(text, {text: (Genotype.sample(0), None), text + "2": (Genotype.sample(1), 8)}),
            Slider(text, [sample(text, pictures, [text] * 3, [text] * 3)] * 2, text),
            Facts(text, {text: text}, folded=True),
        ],
        [text],
    )  # fmt: skip


class Elements(HTMLParser):
    """Counts the elements, and gathers attributes, of a page."""

    def __init__(self, html):
        super().__init__()
        self.count, self.attributes = Counter(), []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        self.count[tag] += 1
        self.attributes += attributes


@pytest.mark.parametrize("text", NASTY)
def test_no_text_becomes_an_element_or_an_attribute(text):
    """A network or a dataset may be called anything."""
    harmless, hostile = (Elements(render(page_of(t))) for t in ("harmless", text))
    assert hostile.count == harmless.count
    assert Counter(n for n, _ in hostile.attributes) == Counter(n for n, _ in harmless.attributes)
    values = [value for _, value in hostile.attributes]
    assert values.count(text) >= 6  # labels, tips, notes: there, and nothing but text


def test_a_page_names_nothing_outside_itself():
    html = render(page_of("name"))
    assert "://" not in html
    links = [v for n, v in Elements(html).attributes if n in ("src", "href", "srcset", "action")]
    assert links
    assert all(link.startswith("data:") for link in links)
    assert not re.search(r"@import|url\(|<iframe|<object|<embed", html)


def test_the_policy_allows_this_style_and_this_script_alone():
    html = render(page_of("name"))
    (policy,) = (v for n, v in Elements(html).attributes if n == "content" and "default-src" in v)
    assert policy.startswith("default-src 'none'; img-src data:; ")
    assert "unsafe" not in policy
    for tag in ("style", "script"):
        (text,) = re.findall(f"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not any(n == "style" or n.startswith("on") for n, _ in Elements(html).attributes)


def test_sections_with_nothing_to_show_are_left_out():
    empty = [
        Table("Scores", [("head",)]),
        Charts("Curves", [Chart("", "", "", [Series("a", [(1, None), (2, float("nan"))])])]),
        Cells("Networks", {}),
        Slider("Samples", []),
        Facts("Settings", {}),
    ]
    assert Elements(render(Page("", "", [], empty))).count["section"] == 0
    assert Elements(render(page_of("x"))).count["section"] == 5


def test_pictures_are_embedded_without_any_loss():
    data = base64.b64decode(embed(image()).partition(",")[2])
    np.testing.assert_array_equal(decode_image(data, "page"), image())


def test_small_samples_are_enlarged_by_a_whole_factor():
    small, large = (sample("", [image(shape=s)], [""], [""]) for s in ((64, 64), (300, 400)))
    assert (small.factor, large.factor) == (8, 1)


def test_a_chart_is_linear_in_its_values_and_breaks_at_gaps():
    points = [(0, 1.0), (1, 2.0), (2, None), (3, 4.0), (4, float("inf")), (5, 6.0), (6, 7.0)]
    drawn = draw_chart(Chart("", "", "", [Series("a", points)]))
    numbers = [float(n) for n in re.findall(r"[-\d.]+", drawn.lines[0][2])]
    x, y = np.array(numbers).reshape(-1, 2).T
    assert drawn.lines[0][2].count("M") == 2  # the one between two gaps is a dot alone
    assert len(drawn.marks) == 5
    assert (y[0] - y[1]) == pytest.approx(y[2] - y[3], abs=0.21)
    assert (y[0] - y[3]) / 6 == pytest.approx(y[0] - y[1], abs=0.21)
    left, top, right, bottom = drawn.frame
    assert (x[0], x[-1]) == (left, right)
    assert top < y.min() < y.max() < bottom
    for at, text in drawn.y_ticks:  # a tick stands where a point of its value would
        assert at == pytest.approx(y[0] + (1 - float(text)) * (y[0] - y[3]) / 6, abs=0.3)


def test_what_lies_below_the_least_value_is_not_drawn():
    series = [Series("a", [(0, 20.0), (1, 30.0)], "marks"), Series("b", [(0, 10.0)], "marks", 1)]
    drawn = draw_chart(Chart("", "", "", series, least=15.0))
    assert [name for _, _, name in drawn.legend] == ["a"]
    assert len(drawn.marks) == 2


@pytest.mark.parametrize("value", [0.0, -3.5, 1e-9, 1e12])
def test_one_value_alone_has_axes_too(value):
    drawn = draw_chart(Chart("", "", "", [Series("a", [(1, value)])]))
    assert len({text for _, text in drawn.y_ticks}) == len(drawn.y_ticks) > 1
    assert all(np.isfinite(at) for at, _ in (*drawn.x_ticks, *drawn.y_ticks))


@pytest.mark.parametrize("seed", range(4))
def test_both_drawings_hold_every_choice_in_its_place(seed):
    genotype = Genotype.sample(seed)
    for drawing in draw_cells(genotype, 8):
        assert [name for *_, name in drawing.chips] == genotype.flat()
        assert [maps for *_, maps in drawing.boxes[:5]] == [
            "full size, 8 ch.", "1/2 size, 16 ch.", "1/4 size, 32 ch.", "1/8 size, 64 ch.",
            "1/16 size, 128 ch.",
        ]  # fmt: skip
        joins = [fusion for *_, fusion, _ in drawing.joins]
        assert Counter(joins) == Counter([*genotype.flat_fusions(), "add"])
        assert len(drawing.skips) == len(DECODER) + 1
        for x, y, *_ in drawing.boxes:
            assert 0 <= x <= drawing.width - drawing.sizes.wide
            assert 0 <= y <= drawing.height - drawing.sizes.high
        for path in (*drawing.flows, *drawing.skips, *drawing.heads):
            across, down = np.array(re.findall(r"[\d.]+", path), float).reshape(-1, 2).T
            assert 0 <= across.min() <= across.max() <= drawing.width
            assert 0 <= down.min() <= down.max() <= drawing.height


def test_the_cells_stand_in_a_u_and_do_not_touch():
    upright, lying = draw_cells(Genotype.sample(0))
    place = {cell: (x, y) for x, y, cell, _ in upright.boxes}
    for k in range(1, 5):
        assert place[f"enc{k}"][1] == place[f"dec{k}"][1]
        assert place[f"enc{k}"][0] + upright.sizes.wide < place[f"dec{k}"][0]
    assert place["middle"][1] == max(y for _, y in place.values())
    tops = [y for _, y, _, _ in lying.boxes]
    assert min(np.diff(tops)) > lying.sizes.high
    indents = [x for x, *_ in lying.boxes]
    assert indents == indents[::-1]
    assert indents[:5] == sorted(set(indents))


def test_without_a_width_channels_are_told_in_its_units():
    genotype = Genotype.from_flat(["ff"] * 27, widths=(1, 3, 2, 7, 9))
    maps = [text for *_, text in draw_cells(genotype)[0].boxes[:5]]
    assert [text.split(", ")[1] for text in maps] == [
        "w ch.",
        "3w ch.",
        "2w ch.",
        "7w ch.",
        "9w ch.",
    ]


def test_white_letters_can_be_read_on_every_colour_and_colours_differ():
    found = colours()
    assert set(found) == {*OPERATION_NAMES, *FUSION_NAMES}
    for code in found.values():
        assert 1.05 / (luminance(code) + 0.05) >= 4.5
    used = [found[name] for name in found if name not in ("zero", "add")]
    for a, b in itertools.combinations(used, 2):
        assert sum(abs(int(a[k : k + 2], 16) - int(b[k : k + 2], 16)) for k in (1, 3, 5)) > 40


def test_luminance_is_that_of_the_standard():
    assert luminance("#ffffff") == pytest.approx(1)
    assert luminance("#000000") == 0
    assert luminance("#ff0000") == pytest.approx(0.2126)
    assert luminance("#808080") == pytest.approx(0.2159, abs=1e-4)


def test_the_legend_counts_the_slots():
    genotype = Genotype.sample(3)
    counts = {name: count for name, count, _ in svg_cells.legend(genotype)}
    assert counts == {name: genotype.flat().count(name) for name in OPERATION_NAMES}


def test_no_template_engine_before_a_page_is_made():
    """The commands' --help would wait for it."""
    code = "import sys, nas.report.html; assert not {'jinja2', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
