"""Pages as text, and what is drawn on them, without a browser (with one: test_page_browser)."""

import base64
import hashlib
import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest

from blurkit.images.files import decode_image
from nas.report.charts import Chart, Series
from nas.report.html import Cells, Charts, Facts, Page, Slider, Table, render
from nas.report.slider import embed, sample
from nas.space.genotype import Genotype

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


def test_no_template_engine_before_a_page_is_made():
    """The commands' --help would wait for it."""
    code = "import sys, nas.report.html; assert not {'jinja2', 'matplotlib'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
