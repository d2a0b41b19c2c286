"""What cannot be imported is named and counted; a folder of another layout is described."""

import sys
from pathlib import Path

import pytest
from making_pairs import database, put, run

from blurkit.errors import FileError
from blurkit.store import PairFile


def misfits(root: Path) -> None:
    put(root, "blur/good.png", "sharp/good.png", "blur/alone.png", "sharp/single.png")
    put(root, "blur/small.png", "sharp/small.png", shape=(20, 15))
    put(root, "blur/two.png", "blur/two.tif", "sharp/two.png", "blur/size.png")
    put(root, "sharp/size.png", shape=(20, 31))
    put(root, "blur/torn.png", "sharp/torn.png", "blur/text.png")
    torn = (root / "sharp/torn.png").read_bytes()
    (root / "sharp/torn.png").write_bytes(torn[: len(torn) // 2])
    (root / "sharp/text.png").write_text("hello")


SKIPPED = [
    "2 without a partner: blur/alone.png (not in sharp/), sharp/single.png (not in blur/)",
    "1 ambiguous: blur/two.png (several of this name: blur/two.tif, sharp/two.png)",
    "2 unreadable: sharp/text.png (sharp/text.png: not an image that OpenCV can decode), "
    "sharp/torn.png (sharp/torn.png: is truncated)",
    "1 of different sizes: sharp/size.png (blurry 30x20, sharp 31x20)",
    "1 smaller than the crop: sharp/small.png (15x20)",
]


def test_what_does_not_fit_is_named_counted_and_left_out(root, caplog):
    misfits(root)
    report = root.parent / "report.txt"
    made = run(root, crop=16, report=report)
    file = PairFile(made.path)
    assert caplog.messages == [f"skipped {text}" for text in SKIPPED]
    assert file.settings["skipped"] == {
        "no_partner": 2,
        "unclear": 1,
        "unreadable": 2,
        "other_size": 1,
        "too_small": 1,
    }
    assert file.settings["pairs"] == made.pairs == 1
    assert {text.decode().split("@")[0] for text in file.source} == {"sharp/good.png"}
    lines = report.read_text().splitlines()
    assert len(lines) == len(made.problems) == 7
    assert "too_small\tsharp/small.png (15x20)" in lines


def test_strict_makes_it_an_error_before_anything_is_written(root):
    misfits(root)
    with pytest.raises(FileError) as caught:
        run(root, crop=16, strict=True, report=root.parent / "report.txt")
    assert str(caught.value) == f"{root}: some images cannot be used; {'; '.join(SKIPPED)}"
    assert sorted(path.name for path in root.parent.iterdir()) == ["data", "report.txt"]
    for name in ("alone", "single", "two", "size", "torn", "text", "small"):
        for path in root.glob(f"*/{name}.*"):
            path.unlink()
    assert run(root, crop=16, strict=True).pairs == 1


def test_no_usable_pair_is_an_error(root):
    put(root, "blur/a.png", "sharp/b.png")
    with pytest.raises(FileError) as caught:
        run(root)
    assert str(caught.value) == (
        f"{root}: no usable pair; 2 without a partner: blur/a.png (not in sharp/), "
        "sharp/b.png (not in blur/)"
    )
    (root / "blur/a.png").unlink()
    (root / "sharp/b.png").unlink()
    with pytest.raises(FileError, match=r"data: no usable pair; it contains none$"):
        run(root)


def test_gopro_sequences_without_their_folders_are_counted(root):
    put(root, "train/a/blur/1.png", "train/a/sharp/1.png", "train/b/sharp/1.png", "train/c/1.png")
    made = run(root, source="gopro", split="train", input="blur")
    assert [(p.kind, str(p)) for p in made.problems] == [
        ("no_partner", "train/c (contains neither blur/ nor sharp/)"),
        ("no_partner", "train/b/sharp/1.png (not in train/b/blur/)"),
    ]


def test_lines_that_name_no_pair_are_counted(root):
    put(root, "b.png", "s.png", "c.png")
    listed = root.parent / "list.txt"
    listed.write_text(
        "s.png b.png\ns.png\ns.png gone.png\ns.png b.png\na b c\ns.png c.png\n"
        + "x" * 300
        + " c.png"
    )
    made = run(root, source="list", list_file=str(listed), order="sharp-blurry")
    assert made.pairs == 2  # one sharp image may serve several blurry ones
    assert [(p.kind, str(p)) for p in made.problems] == [
        ("unclear", "list.txt line 2 (two paths expected: s.png)"),
        ("no_partner", "s.png (list.txt line 3: no file gone.png)"),
        ("unclear", "s.png (list.txt line 4: listed before)"),
        ("unclear", "list.txt line 5 (two paths expected: a b c)"),
        ("no_partner", f"c.png (list.txt line 7: no file {'x' * 300})"),
    ]


def test_keys_of_one_database_alone_are_counted(root):
    database(root, "b.lmdb", ["a", "b", "c"], listed=["a", "b", "gone", "b"])
    database(root, "s.lmdb", ["a", "b", "d"], listed=["a", "b", "gone", "d"])
    with (root / "b.lmdb/meta_info.txt").open("a") as meta:
        meta.write("a line of something else\n")
    made = run(root, source="lmdb", blurry="b.lmdb", sharp="s.lmdb")
    assert made.pairs == 2
    assert [(p.kind, str(p)) for p in made.problems] == [
        ("unclear", "b.lmdb/b (listed twice)"),
        (
            "unclear",
            "b.lmdb/meta_info.txt line 5 (NAME (h,w,c) COMPRESSION expected: "
            "a line of something else)",
        ),
        ("unclear", "b.lmdb/c (not listed in meta_info.txt)"),
        ("no_partner", "s.lmdb/d (not in b.lmdb/)"),
        ("unreadable", "gone (blurry gone: listed, but not stored)"),
    ]


# what a folder lacks


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"source": "gopro", "split": "train", "input": "blur_gamma"},
            "{root}: must contain train/SEQ/blur_gamma and train/SEQ/sharp; "
            "{root}/train/a contains blur/, sharp/",
        ),
        (
            {"source": "gopro", "split": "test", "input": "blur"},
            "{root}: must contain test/SEQ/blur and test/SEQ/sharp; {root} contains train/",
        ),
        (
            {"source": "nafnet", "split": "train"},
            "{root}: must contain train/input/ and train/target/; {root}/train contains a/",
        ),
        (
            {"source": "pairs", "blurry": "b", "sharp": "s"},
            "{root}: must contain b/ and s/; {root} contains train/",
        ),
        (
            {"source": "lmdb", "blurry": "train/a", "sharp": "s"},
            "{root}: train/a/ must contain data.mdb and meta_info.txt; {root}/train/a contains "
            "blur/, sharp/",
        ),
    ],
)
def test_another_layout_is_refused_and_described(root, options, message):
    put(root, "train/a/blur/1.png", "train/a/sharp/1.png")
    with pytest.raises(FileError) as caught:
        run(root, **options)
    assert str(caught.value) == message.format(root=root)


def test_lmdb_is_asked_for_only_where_it_is_needed(root, monkeypatch):
    put(root, "blur/a.png", "sharp/a.png")
    monkeypatch.setitem(sys.modules, "lmdb", None)
    assert run(root).pairs == 1
    with pytest.raises(
        FileError, match=r"^lmdb cannot be loaded \(.*\): pip install 'blurkit\[lmdb\]'$"
    ):
        run(root, source="lmdb", blurry="blur", sharp="sharp")
