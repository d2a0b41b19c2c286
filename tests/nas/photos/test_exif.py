"""EXIF that matches the written photo, and broken or oversized EXIF."""

import warnings
from io import BytesIO

import numpy as np
import pytest
from making_photo import RGB_ICC, block, camera_notes, notes_of, smooth
from PIL import Image, ImageOps

from nas.photos.exif import parse_exif, updated_exif
from nas.photos.photo import Photo, read_photo, write_photo


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("form", ["jpeg", "png", "webp", "tiff"])
def test_the_photo_is_upright_and_its_notes_say_so(tmp_path, turn, form):
    path = tmp_path / f"a.{form}"
    exif = parse_exif(camera_notes(turn).tobytes())
    stored = Image.fromarray(smooth(30, 40))
    stored.save(path, form, exif=exif, **({} if form != "webp" else {"lossless": True}))
    with Image.open(path) as same:
        expected = np.asarray(ImageOps.exif_transpose(same).convert("RGB"))
    photo = read_photo(path)
    assert photo.pixels.shape == expected.shape
    assert abs(photo.pixels.astype(int) - expected).max() <= (4 if form == "jpeg" else 0)
    top, own, place = notes_of(photo.exif)
    assert top[274] == 1
    assert (own[40963], own[40962]) == photo.pixels.shape[:2]
    assert place[2] == (48.0, 8.0, 1.5)


def test_the_thumbnail_of_the_blurry_photo_does_not_survive(tmp_path):
    small = BytesIO()
    Image.fromarray(smooth(12, 16)).save(small, "jpeg")
    exif = camera_notes()
    exif._ifds[1] = {259: 6, 513: 0, 514: len(small.getvalue())}
    path = tmp_path / "a.jpg"
    Image.fromarray(smooth(30, 40)).save(path, exif=exif.tobytes() + small.getvalue())
    assert small.getvalue() in path.read_bytes()
    out = write_photo(tmp_path / "b.jpg", read_photo(path))
    assert small.getvalue()[:200] not in out.read_bytes()


@pytest.mark.parametrize(
    "broken", [b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff" + b"\xff" * 40, b"", b"x" * 99]
)
def test_broken_notes_do_not_cost_the_photo(broken):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert updated_exif(parse_exif(broken), 3, 4) == b""


def test_notes_and_profile_larger_than_a_jpeg_segment(tmp_path):
    """64 KiB hold neither; a profile has several segments, notes have one."""
    icc = RGB_ICC + bytes(200_000)
    icc = len(icc).to_bytes(4, "big") + icc[4:]
    path = write_photo(tmp_path / "a.jpg", Photo(smooth(30, 40), None, block(30, 40), icc))
    assert read_photo(path).icc == icc
    exif = camera_notes()
    exif.get_ifd(34665)[37500] = bytes(100_000)
    large = updated_exif(parse_exif(exif.tobytes()), 30, 40)
    path = write_photo(tmp_path / "b.jpg", Photo(smooth(30, 40), None, large))
    top, own, _ = notes_of(read_photo(path).exif)
    assert top[271] == "Maker"
    assert 37500 not in own
