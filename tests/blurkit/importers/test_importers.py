"""Importing real pairs: each blurry image with its own sharp one, every pixel of it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making_pairs import PAIRS, database, image, put, run

from blurkit.errors import FileError
from blurkit.images.files import read_image
from blurkit.importers import write
from blurkit.importers.plan import edges
from blurkit.store import PairFile

SHAPES = [(30, 40), (17, 16), (16, 33)]
NAMES = ["a/0001", "a/0002", "b/0001"]
LAYOUTS = {
    "gopro": {
        "options": {"source": "gopro", "split": "train", "input": "blur"},
        "pairs": [
            (f"train/{s}/blur/{n}.png", f"train/{s}/sharp/{n}.png") for s in "ab" for n in "12"
        ],
        "others": ["train/a/blur_gamma/1.png", "test/c/blur/9.png", "test/c/sharp/9.png"],
    },
    "gopro with gamma": {
        "options": {"source": "gopro", "split": "test", "input": "blur_gamma"},
        "pairs": [(f"test/a/blur_gamma/{n}.png", f"test/a/sharp/{n}.png") for n in "12"],
        "others": ["test/a/blur/1.png", "test/a/blur/2.png", "train/b/sharp/1.png"],
    },
    "nafnet": {
        "options": {"source": "nafnet", "split": "test"},
        "pairs": [(f"test/input/{n}.png", f"test/target/{n}.png") for n in ("a", "b.1", "c")],
        "others": ["train/input/a.png", "train/target/a.png"],
    },
    "pairs with other endings": {
        "options": {"source": "pairs", "blurry": "x/lq", "sharp": "gt"},
        "pairs": [(f"x/lq/{n}.png", f"gt/{n}.tif") for n in ("deep/er", "plain")],
        "others": ["other.png", "gt/.hidden.png"],
    },
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_each_blurry_image_comes_with_its_own_sharp_one(root, layout):
    pairs, options = LAYOUTS[layout]["pairs"], LAYOUTS[layout]["options"]
    put(root, *(name for pair in pairs for name in pair), *LAYOUTS[layout]["others"])
    made = run(root, **options)
    file = PairFile(made.path)
    assert made.problems == ()
    assert [text.decode() for text in file.source] == [f"{sharp}@0,0" for _, sharp in pairs]
    for row, (blurry, sharp) in enumerate(pairs):
        np.testing.assert_array_equal(file.blurry[row], image(blurry))
        np.testing.assert_array_equal(file.sharp[row], image(sharp))
    assert (file.kernel, file.params, file.seed, file.start) == (None, None, 0, 0)
    assert {k: file.settings[k] for k in options if k != "source"} == {
        k: v for k, v in options.items() if k != "source"
    }
    assert file.settings["import"] == options["source"]
    assert list(file.verify()) == []


@pytest.mark.parametrize("order", ["sharp-blurry", "blurry-sharp"])
def test_lists_say_which_comes_first_and_keep_their_order(root, order):
    # as in RealBlur_J_test_list.txt: the sharp path first, a blank at the end, scenes unordered
    pairs = [(f"s{k}/blur/blur_{k}.png", f"s{k}/gt/gt_{k}.png") for k in (7, 2, 6)]
    pairs.append(("with blank/b 1.png", "with blank/g 1.png"))
    put(root, *(name for pair in pairs for name in pair), "s9/unlisted.png")
    first, second = (1, 0) if order == "sharp-blurry" else (0, 1)
    lines = [f"{pair[first]} {pair[second]} \r\n" for pair in pairs[:3]]
    lines += ["\n", f"{pairs[3][first]}\t{pairs[3][second]}"]
    listed = root.parent / "list.txt"
    listed.write_text("\ufeff" + "".join(lines), "utf-8")
    file = PairFile(run(root, source="list", list_file=str(listed), order=order).path)
    for row, (blurry, sharp) in enumerate(pairs):
        np.testing.assert_array_equal(file.blurry[row], image(blurry))
        np.testing.assert_array_equal(file.sharp[row], image(sharp))
    assert str(root) not in str(file.attributes)


def test_lmdb_pairs_by_key(root):
    keys = ["000/00000001", "000/00000000", "b.with.dots"]
    database(root, "train/blur.lmdb", keys)
    database(root, "train/sharp.lmdb", keys[::-1])
    before = sorted(path.name for path in root.rglob("*"))
    options = {"blurry": "train/blur.lmdb", "sharp": "train/sharp.lmdb"}
    file = PairFile(run(root, source="lmdb", **options).path)
    assert [text.decode() for text in file.source] == [f"{key}@0,0" for key in sorted(keys)]
    for row, key in enumerate(sorted(keys)):
        np.testing.assert_array_equal(file.blurry[row], image(f"train/blur.lmdb/{key}"))
        np.testing.assert_array_equal(file.sharp[row], image(f"train/sharp.lmdb/{key}"))
    assert sorted(path.name for path in root.rglob("*")) == before
    assert run(root, source="lmdb", **options).rows == 3  # the databases were closed


# crops


@given(st.integers(1, 300), st.integers(1, 300), st.integers(1, 300))
def test_crops_cover_every_pixel_and_stay_inside(length, crop, step):
    crop = min(crop, length)
    step = min(step, crop)
    begins = edges(length, crop, step)
    covered = np.zeros(length, int)
    for begin in begins:
        assert 0 <= begin <= length - crop
        covered[begin : begin + crop] += 1
    assert covered.all()
    assert begins[:-1] == list(range(0, length - crop, step))
    assert len(set(begins)) == len(begins)


@pytest.mark.parametrize(("crop", "step"), [(16, 16), (16, 7), (16, None)])
@pytest.mark.parametrize("block", [1, 2**24])
def test_crops_put_together_are_the_images(root, monkeypatch, crop, step, block):
    monkeypatch.setattr(write, "BLOCK_BYTES", block)
    for k, shape in enumerate(SHAPES):
        put(root, f"blur/{k}.png", f"sharp/{k}.png", shape=shape)
    made = run(root, crop=crop, step=step)
    file = PairFile(made.path)
    again = {
        f"{s}/{k}.png": np.zeros((*SHAPES[k], 3), int) - 1 for s in PAIRS.values() for k in range(3)
    }
    for row in range(len(file)):
        name, corner = file.source[row].decode().rsplit("@", 1)
        y, x = map(int, corner.split(","))
        again[name][y : y + crop, x : x + crop] = file.sharp[row]
        again[name.replace("sharp", "blur")][y : y + crop, x : x + crop] = file.blurry[row]
    for k, shape in enumerate(SHAPES):
        for side in ("blur", "sharp"):
            np.testing.assert_array_equal(again[f"{side}/{k}.png"], image(f"{side}/{k}.png", shape))
    assert (made.rows, made.pairs, made.patch) == (len(file), 3, (16, 16))


def test_images_that_stay_whole_must_have_one_size(root):
    put(root, "blur/a.png", "sharp/a.png", "blur/b.png", "sharp/b.png")
    put(root, "blur/c.png", "sharp/c.png", shape=(16, 50))
    with pytest.raises(FileError) as caught:
        run(root)
    assert str(caught.value) == (
        f"{root}: images must have one size without crop, got 30x20 (2 pairs), 50x16 (1 pairs)"
    )


def test_the_image_of_another_reader_is_the_same(root):
    # grey, 16 bit and EXIF are treated as everywhere else
    put(root, "blur/a.jpg", "sharp/a.jpg")
    file = PairFile(run(root).path)
    np.testing.assert_array_equal(file.blurry[0], read_image(root / "blur/a.jpg"))
