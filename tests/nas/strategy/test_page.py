"""The page of a search: while it runs, when it is done, and made again."""

import json
import re
import shutil

import pytest
from making_search import SMALL, changed

from blurkit.errors import FileError
from nas.report.html import versions
from nas.search import search
from nas.space.genotype import Genotype
from nas.strategy.page import search_page
from nas.strategy.searcher import Searcher

pytestmark = pytest.mark.usefixtures("one_thread")


def headings(html):
    return re.findall(r"<h2>(.*?)</h2>", html)


def test_the_page_of_a_finished_search_has_every_section(searched):
    genotype, out = searched
    html = (out / "report.html").read_text()
    assert headings(html) == [
        "The network",
        "Before and after, full resolution",
        "Curves",
        "Candidates",
        "Cost of the search",
        "Settings",
        "Hardware and versions",
    ]
    assert "Not finished" not in html
    chips = re.findall(r'class="on-(\w+)" x="[\d.]+" y="[\d.]+" text-anchor="middle">\1<', html)
    assert chips == genotype.flat() * 2  # upright and lying
    for name, version in versions().items():
        assert f"<dt>{name}</dt><dd>{version}</dd>" in html
    assert f"<dt>seed</dt><dd>{SMALL.seed}</dd>" in html
    assert html.count('<img src="data:image/webp;base64,') == 3 * html.count('class="sample"') > 0


def test_a_deleted_page_is_written_again_from_the_folder(searched, pairs_file, tmp_path):
    """As for a search that another version finished; nothing is searched again."""
    folder = tmp_path / "s"
    shutil.copytree(searched[1], folder)
    (folder / "report.html").unlink()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Searcher, "epoch", None)
        assert search(pairs_file, folder, SMALL, progress=False) == searched[0]
    assert (folder / "report.html").read_text() == (searched[1] / "report.html").read_text()


def test_the_page_of_a_stopped_search_says_so_until_it_is_resumed(pairs_file, tmp_path, quick):
    settings, epoch = changed(epochs=2, warmup=1, discretise="argmax"), Searcher.epoch

    def stop(self, number, progress):
        if number == 1:
            raise KeyboardInterrupt
        return epoch(self, number, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Searcher, "epoch", stop)
        with pytest.raises(KeyboardInterrupt):
            search(pairs_file, tmp_path, settings, progress=False)
    html = (tmp_path / "report.html").read_text()
    assert "Not finished: 1 of 2 epochs. Rerun the command to resume" in html
    assert headings(html) == ["Curves", "Cost of the search", "Settings", "Hardware and versions"]
    search(pairs_file, tmp_path, settings, progress=False)
    html = (tmp_path / "report.html").read_text()
    assert "Not finished" not in html
    assert "The network" in headings(html)


def test_a_dataset_may_have_any_name(searched):
    genotype, out = searched
    html = search_page(out, "<b>data</b>.h5", genotype)
    assert "&lt;b&gt;data&lt;/b&gt;.h5" in html
    assert "<b>data" not in html


def test_warnings_of_a_collapse_and_of_a_busy_machine_come_first(searched, tmp_path):
    shutil.copytree(searched[1], tmp_path / "s")
    result = tmp_path / "s" / "result.json"
    text = result.read_text().replace('"trusted": true', '"trusted": false')
    said = "collapsed in epoch 2: dw7 holds 27 of 27 slots, more than --collapse 25"
    result.write_text(text.replace('"collapsed": null', f'"collapsed": "{said}"'))
    html = search_page(tmp_path / "s", "x.h5", Genotype.sample(0))
    assert f"The search {said}; the best genotype before it is kept." in html
    assert "measured on a busy machine" in html
    assert "more than the target" not in html
    taken = json.loads(text)["cost"]["of_unet"]
    result.write_text(text.replace(f'"of_unet": {taken}', '"of_unet": 1.5'))
    html = search_page(tmp_path / "s", "x.h5", Genotype.sample(0))
    assert "The network costs 1.50 x UNet, more than the target of" in html
    before = (searched[1] / "report.html").read_text()
    assert 'class="warning"' not in before


def test_a_damaged_file_of_the_folder_is_named(searched, tmp_path):
    shutil.copytree(searched[1], tmp_path / "s")
    (tmp_path / "s" / "log.jsonl").write_text('{"epoch": 1')
    with pytest.raises(FileError, match=r"s/log\.jsonl: not a log \("):
        search_page(tmp_path / "s", "x.h5", searched[0])
    (tmp_path / "s" / "settings.json").unlink()
    with pytest.raises(FileError, match=r"s/settings\.json: cannot be read \("):
        search_page(tmp_path / "s", "x.h5", searched[0])
