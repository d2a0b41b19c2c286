import numpy as np
import pytest

from blurkit.errors import FileError
from blurkit.images.files import write_image
from blurkit.store import open_writer, row_types
from nas.data import spread
from nas.evaluation.pairs import pairs_of_data, pairs_of_folder


def image(value, height=16, width=20):
    return np.full((height, width, 3), value, np.uint8)


@pytest.fixture
def folder(tmp_path):
    """Two good pairs, one in a subfolder."""
    for side, value in (("blur", 10), ("sharp", 20)):
        (tmp_path / side / "street").mkdir(parents=True)
        write_image(tmp_path / side / "a.png", image(value))
        write_image(tmp_path / side / "street/b.png", image(value + 1))
    return tmp_path


def refused(folder):
    with pytest.raises(FileError) as error:
        pairs_of_folder(folder)
    message = str(error.value)
    assert message.startswith(f"{folder}: ")
    return message.removeprefix(f"{folder}: ")


def test_partners_are_found_by_name(folder):
    pairs = pairs_of_folder(folder)
    assert pairs.names == ("a", "street/b")
    assert [[int(image.max()) for image in pairs.read(i)] for i in (0, 1)] == [[10, 20], [11, 21]]


def test_the_other_layout_is_known_too(folder):
    (folder / "blur").rename(folder / "input")
    (folder / "sharp").rename(folder / "target")
    assert pairs_of_folder(folder).names == ("a", "street/b")


def test_endings_may_differ(folder):
    """Blurry JPEGs beside sharp PNGs are common."""
    (folder / "blur/a.png").unlink()
    write_image(folder / "blur/a.jpg", image(10))
    assert pairs_of_folder(folder).names == ("a", "street/b")


def test_neither_layout_lists_what_is_there(tmp_path):
    assert (
        refused(tmp_path)
        == "must contain blur/ and sharp/, or input/ and target/; it contains nothing "
        "(--protocol reads the layouts of GoPro, Köhler and Levin)"
    )
    (tmp_path / "left").mkdir()
    (tmp_path / "notes.txt").touch()
    assert "; it contains left/, notes.txt (--protocol" in refused(tmp_path)


def test_both_layouts_are_ambiguous(folder):
    (folder / "input").mkdir()
    (folder / "target").mkdir()
    assert refused(folder) == "contains both blur/ and sharp/ and input/ and target/"


def test_missing_partners_are_listed(folder):
    write_image(folder / "sharp/c.png", image(1))
    (folder / "sharp/a.png").unlink()
    assert refused(folder) == "no partner for blur/a.png, sharp/c.png"


def test_a_long_list_is_cut(folder):
    for i in range(8):
        write_image(folder / f"sharp/more{i}.png", image(1))
    assert refused(folder).endswith("sharp/more4.png and 3 more")


def test_one_name_for_two_files_is_ambiguous(folder):
    write_image(folder / "blur/a.jpg", image(10))
    assert refused(folder) == "several files with the same name: blur/a.jpg, blur/a.png"


def test_other_sizes_are_listed_before_anything_is_scored(folder):
    write_image(folder / "sharp/a.png", image(20, width=21))
    assert refused(folder) == "partners differ in size: a (16x20 and 16x21)"


def test_images_too_small_for_ssim_are_refused(folder):
    write_image(folder / "blur/a.png", image(20, height=8))
    assert refused(folder) == "a: images must be at least 11x11 for ssim, got 8x20"


def test_a_text_file_among_the_photos_is_named(folder):
    (folder / "blur/a.png").write_text("not a photo")
    with pytest.raises(FileError, match=r"blur/a\.png: not an image that OpenCV can decode$"):
        pairs_of_folder(folder)


def test_a_dataset_file_gives_its_samples(tmp_path):
    blurry, sharp = (np.stack([image(v + k) for k in range(3)]) for v in (10, 20))
    types = row_types((16, 20), None, None, 8)
    with open_writer(tmp_path / "x.h5", types, settings={}, seed=0, start=5, count=3) as writer:
        writer.write(0, {"blurry": blurry, "sharp": sharp, "source": np.zeros(3, "S8")})
        writer.finish()
    pairs = pairs_of_data(tmp_path / "x.h5")
    assert pairs.source == "x.h5"
    assert pairs.names == ("sample 5", "sample 6", "sample 7")
    assert [int(image.max()) for image in pairs.read(2)] == [12, 22]


@pytest.mark.parametrize(("n", "count"), [(5, 2), (5, 5), (5, 9), (1111, 4), (1, 1)])
def test_spread_positions_are_distinct_ordered_and_symmetric(n, count):
    places = spread(n, count)
    assert len(places) == min(n, count)
    assert places == sorted(set(places))
    assert abs(places[0] - (n - 1 - places[-1])) <= 1
