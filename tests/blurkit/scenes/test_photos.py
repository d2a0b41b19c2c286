"""Photos as scenes: all are used equally, and each patch comes from where it says."""

import pickle
from collections import Counter

import numpy as np
import pytest

from blurkit.errors import FileError
from blurkit.images.files import read_image, write_image
from blurkit.scenes.photos import crop_corner, photo_order, scan


def folder_of(tmp_path, shapes):
    rng = np.random.default_rng(0)
    for k, shape in enumerate(shapes):
        place = tmp_path / ("sub" if k % 2 else ".")
        place.mkdir(exist_ok=True)
        write_image(place / f"{k}.png", rng.integers(0, 256, (*shape, 3), dtype=np.uint8))
    return tmp_path


def look(folder, n=100, side=20, seed=0, reduce=1):
    return scan(folder, side=side, n=n, seed=seed, reduce=reduce, threads=2, progress=False)


def scene_of(photos):
    return np.empty((photos.side, photos.side, 3), np.uint8)


def cuts(photos, indices):
    scene = scene_of(photos)
    return [photos.cut(scene, index) for index in indices]


def test_a_cut_is_the_photo_at_the_place_it_names(tmp_path):
    photos = look(folder_of(tmp_path, [(20, 20), (20, 50), (64, 31)]))
    scene = np.empty((20, 20, 3), np.uint8)
    for index in range(100):
        name, y, x, factor = photos.cut(scene, index)
        assert factor == 1
        np.testing.assert_array_equal(scene, read_image(tmp_path / name)[y : y + 20, x : x + 20])


@pytest.mark.parametrize(("n", "group"), [(3, 1), (7, 1), (15, 3), (35, 5), (1000, 16)])
def test_all_photos_are_used_equally_often(tmp_path, n, group):
    photos = look(folder_of(tmp_path, [(30, 30)] * 7), n)
    turn = [name for name, *_ in cuts(photos, range(7 * group))]
    assert photos.group == group
    assert set(Counter(turn).values()) == {group}
    # neighbours share a photo, so that it is decoded once
    assert all(len(set(turn[k : k + group])) == 1 for k in range(0, len(turn), group))


def test_each_pass_and_each_seed_has_its_own_order(tmp_path):
    folder = folder_of(tmp_path, [(30, 30)] * 7)
    photos, other = look(folder, n=7), look(folder, n=7, seed=1)
    names = [name for name, *_ in cuts(photos, range(14))]
    assert names[:7] != names[7:]
    assert names[:7] != [name for name, *_ in cuts(other, range(7))]


def test_a_cut_depends_on_its_index_alone(tmp_path):
    photos = look(folder_of(tmp_path, [(40, 60)] * 5))
    forward = cuts(photos, range(50))
    assert cuts(photos, reversed(range(50)))[::-1] == forward


def test_cuts_reach_every_place(tmp_path):
    photos = look(folder_of(tmp_path, [(22, 21)]))
    places = {(y, x) for _, y, x, _ in cuts(photos, range(200))}
    assert places == {(y, x) for y in range(3) for x in range(2)}


def test_unusable_photos_are_reported_and_left_out(tmp_path, caplog):
    folder_of(tmp_path, [(30, 30), (30, 19)])
    for k in range(5):
        (tmp_path / f"broken{k}.jpg").write_text("hello")
    photos = look(tmp_path)
    assert photos.names == ("0.png",)
    assert caplog.messages == [
        "skipped 5 unreadable: broken0.jpg, broken1.jpg, broken2.jpg, ...",
        "skipped 1 below 20x20: sub/1.png",
    ]


def test_no_photo_large_enough(tmp_path):
    with pytest.raises(FileError) as caught:
        look(folder_of(tmp_path, [(19, 90), (18, 18)]))
    assert str(caught.value) == (
        f"{tmp_path}: no photo is at least 20x20 (patch + kernel - 1); the largest is 90x19"
    )


def test_a_reduced_cut_is_the_means_of_blocks_of_the_photo(tmp_path):
    photos = look(folder_of(tmp_path, [(40, 40), (40, 50), (64, 41)]), reduce=2)
    scene = np.empty((20, 20, 3), np.uint8)
    for index in range(30):
        name, y, x, factor = photos.cut(scene, index)
        assert factor == 2
        square = read_image(tmp_path / name)[y : y + 40, x : x + 40].astype(int)
        sums = square[::2, ::2] + square[::2, 1::2] + square[1::2, ::2] + square[1::2, 1::2]
        np.testing.assert_array_equal(scene, (sums + 2) // 4)


def test_a_factor_is_drawn_for_each_sample_from_the_range(tmp_path):
    photos = look(folder_of(tmp_path, [(50, 60)] * 5), reduce=(1.5, 2.5))
    forward = cuts(photos, range(60))
    factors = np.array([factor for *_, factor in forward])
    assert len(set(factors)) == 60
    assert factors.min() >= 1.5
    assert factors.max() <= 2.5
    assert abs(factors.mean() - 2) < 0.15
    assert cuts(photos, reversed(range(60)))[::-1] == forward
    assert factors[0] != look(tmp_path, reduce=(1.5, 2.5), seed=1).cut(scene_of(photos), 0)[3]


def test_reduced_cuts_stay_inside_and_reach_the_edges(tmp_path):
    photos = look(folder_of(tmp_path, [(31, 32)]), reduce=1.51)  # 20 * 1.51 = 30.2
    places = {(y, x) for _, y, x, _ in cuts(photos, range(50))}
    assert places == {(0, 0), (0, 1)}


def test_another_process_reduces_alike(tmp_path):
    photos = look(folder_of(tmp_path, [(50, 60)] * 2), reduce=(1, 2))
    assert pickle.loads(pickle.dumps(photos)) == photos  # noqa: S301  # as a Dask worker gets it


def test_photos_too_small_for_the_factor_are_left_out(tmp_path, caplog):
    photos = look(folder_of(tmp_path, [(40, 40), (40, 39)]), reduce=(1, 2))
    assert photos.names == ("0.png",)
    assert caplog.messages == ["skipped 1 below 40x40: sub/1.png"]
    with pytest.raises(FileError) as caught:
        look(tmp_path, reduce=2.5)
    assert str(caught.value) == (
        f"{tmp_path}: no photo is at least 50x50 (2.5 x (patch + kernel - 1)); the largest is 40x40"
    )


def test_no_photo_readable(tmp_path):
    (tmp_path / "a.jpg").write_text("hello")
    with pytest.raises(FileError) as caught:
        look(tmp_path)
    assert str(caught.value) == f"{tmp_path}: none of its 1 photos can be read (a.jpg)"


def test_a_photo_that_shrinks_during_the_run_is_named(tmp_path):
    photos = look(folder_of(tmp_path, [(30, 30)]))
    write_image(tmp_path / "0.png", np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(FileError, match=r"0\.png: has changed since the run began"):
        cuts(photos, [0])


def test_the_label_knows_names_and_sizes_but_not_the_place(tmp_path):
    label = look(folder_of(tmp_path / "", [(30, 30)] * 2)).label
    (tmp_path / "moved").mkdir()
    elsewhere = folder_of(tmp_path / "moved", [(30, 30)] * 2)
    assert look(elsewhere).label == label
    (elsewhere / "0.png").rename(elsewhere / "9.png")
    assert look(elsewhere).label != label
    assert label.startswith("2 photos, SHA-256 ")


def test_crops_reach_every_corner_that_fits_and_no_other():
    corners = {crop_corner(12, 11, 10, seed=3, index=i) for i in range(100)}
    assert corners == {(y, x) for y in range(3) for x in range(2)}


def test_a_photo_as_large_as_the_crop_has_one_corner():
    assert crop_corner(10, 10, 10, seed=2**64 - 1, index=5) == (0, 0)


def test_each_turn_uses_every_photo_once_in_another_order():
    first, second = photo_order(50, seed=1, turn=0), photo_order(50, seed=1, turn=1)
    assert sorted(first) == sorted(second) == list(range(50))
    assert (first != second).any()
    assert (first == photo_order(50, seed=1, turn=0)).all()


def test_names_of_photos_cannot_command_the_terminal(tmp_path, caplog):
    write_image(tmp_path / "a.png", np.zeros((40, 40, 3), np.uint8))
    (tmp_path / "\x1b[2Jb\n.png").write_bytes(b"none")
    scan(tmp_path, side=16, n=1, seed=0, progress=False)
    assert caplog.messages == ["skipped 1 unreadable: \\x1b[2Jb\\n.png"]
