"""Pages in a browser: silent, alone, whole, and readable on a phone and in the dark."""

import os
import shutil

import numpy as np
import pytest
from making_search import one_thread
from playwright.sync_api import Error, sync_playwright

from blurkit.images.files import decode_image
from nas.checkpoint import save_model
from nas.comparison.page import compare_page
from nas.comparison.settings import CompareSettings
from nas.evaluate import EvaluateSettings, evaluate
from nas.report.html import Cells, Page, Slider, render
from nas.report.slider import sample
from nas.space.genotype import Genotype
from nas.space.network import build

NASTY = "<script>alert(1)</script><img src=x onerror=alert(1)>"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PAGES = ("search", "evaluation", "comparison", "nasty")


pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    """A headless Chromium; without one the tests are skipped, but never where CI is set."""
    own = next(filter(None, map(shutil.which, BROWSERS)), None)
    with sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(executable_path=own, args=["--no-sandbox"])
        except Error as error:
            reason = f"no browser: {' '.join(BROWSERS)} or `playwright install chromium` ({error})"
            if os.environ.get("CI"):
                pytest.fail(reason)
            pytest.skip(reason)
        yield chromium
        chromium.close()


def flat(colour, shape=(90, 120)):
    return np.full((*shape, 3), colour, np.uint8)


RED, BLUE, GREEN = (220, 20, 20), (20, 20, 220), (20, 160, 20)


def comparison():
    def record(name, row, kind, arch, **more):
        common = {"seed": 0, "needs": [], "steps": 9, "seconds": 1.0, "core_seconds": 2.0}
        network = name.rpartition("-t")[0] or name
        scores = {"ssim": 0.8, "ssim_3d": 0.9, "params": 5, "macs": 7, "n": 3, "psnr_input": 23.0}
        scores |= {"ssim_input": 0.7, "ssim_3d_input": 0.7} if kind == "train" else {}
        return {"name": name, "row": row, "kind": kind, "network": network, "arch": arch,
                **common, **scores, **more}  # fmt: skip

    genotype = Genotype.sample(1).to_dict()
    records = [record("searched-s0", "searched", "search", genotype, search={"collapsed": None})]
    for row, psnr in (("unet", 25.0), ("random", 24.0), ("searched", 26.0), ("frame", 12.0)):
        arch = "unet" if row == "unet" else genotype
        for t in range(2):
            name = f"{row}-s0-t{t}"
            records.append(record(name, row, "train", arch, psnr=psnr + 0.1 * t))
    points = [{"network": f"random-{k}", "supernet": 20 + k, "retrained": 24.0} for k in range(3)]
    return compare_page(
        records,
        latency={"unet-s0": 9.0, "random-s0": 8.0, "searched-s0": 7.0},
        tau={"tau": 0.5, "p": 0.3, "n": 3, "points": points},
        real={"photos": {"n": 2, "input": 23.0, "psnr": {"unet-s0-t0": 24.0}}},
        logs={"searched-s0": [{"epoch": 1, "psnr_onehot": 24.0}, {"epoch": 2, "psnr_onehot": 25}],
              "unet-s0-t0": [{"step": 4, "psnr": 24.0}, {"step": 9, "psnr": 25.0}]},
        samples=[sample("a", [flat(RED), flat(BLUE)], ["blurry input", "unet"], ["1", "2"])],
        settings=CompareSettings(),
        planned=12,
        failed={"unet-t3": NASTY},
        hardware={"device": "cpu"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def pages(searched, pairs_file, tmp_path_factory):
    """Name to address: pages of a real search and evaluation, and of known values."""
    folder = tmp_path_factory.mktemp("pages")
    for name in ("naf", "unet"):
        (folder / name).mkdir()
        info = {"name": NASTY if name == "naf" else name, "arch": name, "width": 2}
        save_model(folder / name / "model.safetensors", build(name, 2), info)
    settings = EvaluateSettings(rounds=1, limit=6)
    with one_thread():
        evaluate(
            [folder / "naf", folder / "unet"],
            data=pairs_file, settings=settings, device="cpu", out=folder, progress=False,
        )  # fmt: skip
    pictures = [flat(RED), flat(BLUE), flat(GREEN)]
    sections = [
        Slider(NASTY, [sample(NASTY, pictures, [NASTY, "b", "c"], ["1", "2", ""])] * 2),
        Cells(NASTY, {NASTY: (Genotype.sample(0), None), "b": (Genotype.sample(1), 8)}),
    ]
    (folder / "nasty.html").write_text(render(Page(NASTY, NASTY, [(NASTY, NASTY)], sections)))
    (folder / "comparison.html").write_text(comparison())
    return {
        "search": (searched[1] / "report.html").as_uri(),
        "evaluation": (folder / "report.html").as_uri(),
        "comparison": (folder / "comparison.html").as_uri(),
        "nasty": (folder / "nasty.html").as_uri(),
    }


@pytest.fixture
def visit(browser):
    """Opens a page; `said` gathers all that should not be."""
    contexts = []

    def opened(address, width=1000, **options):
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page, said = context.new_page(), []
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda r: said.append(r.url[:80]) if foreign(r.url, address) else None)
        page.goto(address)
        page.evaluate("document.querySelectorAll('details').forEach(d => (d.open = true))")
        return page, said

    yield opened
    for context in contexts:
        context.close()


def foreign(url, address):
    return url != address and not url.startswith("data:")


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_in_silence_with_all_its_pictures(pages, visit, name):
    page, said = visit(pages[name])
    sizes = page.evaluate("[...document.images].map(i => [i.complete, i.naturalWidth])")
    assert sizes
    assert all(complete and width > 0 for complete, width in sizes)
    assert said == []


def test_names_are_shown_as_they_are(pages, visit):
    page, said = visit(pages["nasty"])
    assert page.inner_text("h1") == NASTY == page.title()
    assert page.locator(".left option").first.inner_text() == NASTY
    page, _ = visit(pages["evaluation"])
    assert page.locator("tbody th").all_inner_texts() == ["blurry input", NASTY, "unet"]
    assert said == []


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_need_not_scroll_sideways(pages, visit, name):
    page, _ = visit(pages[name], width=360)
    needed, there = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert needed <= there
    if name != "evaluation":
        assert page.locator("svg.lying").first.is_visible()
        assert not page.locator("svg.upright").first.is_visible()
        letter = page.evaluate("""() => {
          const svg = document.querySelector("svg.lying"), text = svg.querySelector(".name");
          return parseFloat(getComputedStyle(text).fontSize) * svg.getScreenCTM().a;
        }""")
        assert letter >= 10  # px
    page, _ = visit(pages[name], width=1280)
    needed, there = page.evaluate("[document.scrollingElement.scrollWidth, innerWidth]")
    assert needed <= there


# contrast (WCAG 2) of every piece of visible text to what is behind it, least first; behind text
# in an SVG is the last shape that holds its middle, else what is behind the SVG
CONTRASTS = """() => {
  const numbers = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const light = (colour) => {
    const [r, g, b] = numbers(colour).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const solid = (colour) => colour.startsWith("rgb") && (numbers(colour)[3] ?? 1) === 1;
  function behind(element) {
    const box = element.getBoundingClientRect();
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2];
    const svg = element.closest("svg");
    if (svg) {
      const shapes = [...svg.querySelectorAll("rect, circle")].filter((shape) => {
        const b = shape.getBoundingClientRect();
        return b.left <= x && x <= b.right && b.top <= y && y <= b.bottom;
      });
      if (shapes.length) return getComputedStyle(shapes.at(-1)).fill;
      element = svg;
    }
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (solid(colour)) return colour;
    }
    throw new Error("no background");
  }
  const contrasts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    const element = node.parentElement;
    if (!node.data.trim() || element.matches("script, style, option")) continue;
    if (!element.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(element);
    const ink = element.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(ink), light(behind(element))].sort((p, q) => q - p);
    contrasts.push([(a + 0.05) / (b + 0.05), element.tagName, element.className.baseVal ??
      element.className, node.data.trim().slice(0, 40)]);
  }
  return contrasts.sort((p, q) => p[0] - q[0]);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_all_text_stands_out_from_what_is_behind_it(pages, visit, name, scheme):
    for width in (360, 1280):
        page, _ = visit(pages[name], width=width, color_scheme=scheme)
        contrasts = page.evaluate(CONTRASTS)
        assert len(contrasts) > 30
        assert contrasts[0][0] >= 4.5, contrasts[:3]


def test_dark_is_dark(pages, visit):
    means = {}
    for scheme in ("light", "dark"):
        page, _ = visit(pages["comparison"], color_scheme=scheme)
        means[scheme] = decode_image(page.screenshot(), "page").mean()
    assert means["dark"] < 70
    assert means["light"] > 200


def shown(page, *places):
    """The nearest of the three colours at these places across the first slider's picture."""
    stage = page.locator(".stage >> visible=true").first
    picture = decode_image(stage.screenshot(), "page").astype(int)
    row = picture[len(picture) // 5]  # above the handle
    names = {"red": RED, "blue": BLUE, "green": GREEN}
    pixels = [row[int(place * len(row))] for place in places]
    return [min(names, key=lambda n: abs(names[n] - pixel).sum()) for pixel in pixels]


def clip(page):
    return page.locator(".over >> visible=true").first.evaluate("i => getComputedStyle(i).clipPath")


def test_the_slider_moves_by_mouse_and_by_keyboard(pages, visit):
    page, said = visit(pages["nasty"])
    assert shown(page, 0.1, 0.45, 0.55, 0.9) == ["red", "red", "blue", "blue"]
    control = page.locator("input[type=range] >> visible=true").first
    box = control.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 40, steps=4)
    page.mouse.up()
    assert float(control.input_value()) == pytest.approx(20, abs=1.5)
    assert shown(page, 0.1, 0.3, 0.45) == ["red", "blue", "blue"]
    before = clip(page)
    control.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert clip(page) != before
    assert float(control.input_value()) > 22
    page.keyboard.press("End")
    assert shown(page, 0.05, 0.95) == ["red", "red"]
    page.keyboard.press("Home")
    assert shown(page, 0.05, 0.95) == ["blue", "blue"]
    assert said == []


def test_the_slider_moves_by_touch(pages, visit):
    page, _ = visit(pages["nasty"], width=360, has_touch=True, is_mobile=True)
    box = page.locator("input[type=range] >> visible=true").first.bounding_box()
    page.touchscreen.tap(box["x"] + 0.8 * box["width"], box["y"] + 30)
    assert shown(page, 0.05, 0.7, 0.95) == ["red", "red", "blue"]


def test_any_two_pictures_can_be_put_side_by_side(pages, visit):
    page, _ = visit(pages["nasty"])
    page.select_option(".left", index=2)
    assert shown(page, 0.1, 0.9) == ["green", "blue"]
    page.select_option(".right", index=0)
    assert shown(page, 0.1, 0.9) == ["green", "red"]
    assert page.inner_text(".of-left >> visible=true") == "c"
    assert page.inner_text(".of-right >> visible=true") == f"{NASTY}, 1"
    page.select_option(".right", index=2)  # the same on both sides: it is whole
    assert shown(page, 0.1, 0.9) == ["green", "green"]
    first = page.locator(".sample").first
    assert first.is_visible()
    page.select_option(".which", index=1)
    assert not first.is_visible()
    assert page.locator(".sample").nth(1).is_visible()


def test_actual_pixels_are_those_of_the_file(pages, visit):
    page, _ = visit(pages["nasty"], width=360)
    picture = page.locator(".stage img").first
    assert picture.bounding_box()["width"] > 120  # enlarged, as there is room
    page.click(".actual")
    assert picture.bounding_box()["width"] == 120
    assert page.get_attribute(".actual", "aria-pressed") == "true"
    page.click(".actual")
    assert picture.bounding_box()["width"] > 120


def test_a_point_says_what_it_is(pages, visit):
    page, _ = visit(pages["comparison"])
    assert not page.locator("#tip").is_visible()
    page.locator("[data-tip^='unet-s0: 25.05 dB, 9.0 ms']").first.hover()
    assert page.inner_text("#tip") == "unet-s0: 25.05 dB, 9.0 ms"


def test_the_policy_stops_script_and_network(pages, visit):
    """Also if a text were not escaped one day."""
    page, _ = visit(pages["search"])
    stopped = page.evaluate("""() => new Promise((resolve) => {
      const blocked = [];
      document.addEventListener("securitypolicyviolation", (event) => {
        blocked.push(event.effectiveDirective);
        if (blocked.length === 3) resolve(blocked.sort());
      });
      document.body.insertAdjacentHTML("beforeend", "<img src='http://127.0.0.1:9/a.png'>");
      document.body.insertAdjacentHTML("beforeend", "<b onclick='alert(1)'>x</b>");
      document.body.lastChild.click();
      fetch("http://127.0.0.1:9/").catch(() => {});
    })""")
    assert stopped == ["connect-src", "img-src", "script-src-attr"]
