"""Photos read and written with everything kept, each decoded once, and refused ones named."""

from io import BytesIO

import cv2
import numpy as np
import pytest
import tifffile
from making_photo import GREY_ICC, RGB_ICC, block, noise, notes_of, smooth
from PIL import Image

from blurkit.errors import FileError, SettingError
from nas.photos.photo import Photo, encode_photo, read_photo, restore_photo, write_photo


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("ending", [".png", ".tif"])
def test_lossless_formats_keep_everything(tmp_path, dtype, alpha, channels, ending):
    pixels = noise(300, 40, 3, dtype=dtype)
    pixels = pixels if channels == 3 else pixels[..., 0].copy()
    cover = noise(300, 40, dtype=dtype) if alpha else None
    icc = RGB_ICC if channels == 3 else GREY_ICC
    path = write_photo(tmp_path / f"a{ending}", Photo(pixels, cover, block(300, 40), icc))
    back = read_photo(path)
    if (ending, channels, alpha) == (".png", 1, True):  # OpenCV writes no grey PNG with alpha
        assert (back.pixels == back.pixels[..., :1]).all()
        back = Photo(back.pixels[..., 0], back.alpha, back.exif, icc)
    np.testing.assert_array_equal(back.pixels, pixels)
    assert back.pixels.dtype == dtype
    assert (back.alpha is None) == (cover is None)
    np.testing.assert_array_equal(back.alpha, cover)
    assert back.icc == icc
    assert notes_of(back.exif) == notes_of(block(300, 40))
    assert notes_of(back.exif)[1][37500] == b"secret" * 5
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", [".jpg", ".webp"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_lossy_formats_keep_notes_and_profile_in_8_bits(tmp_path, ending, dtype):
    pixels = smooth(64, 48)
    photo = Photo(pixels * dtype(257 if dtype == np.uint16 else 1), None, block(64, 48), RGB_ICC)
    back = read_photo(write_photo(tmp_path / f"a{ending}", photo, 95))
    assert back.pixels.dtype == np.uint8
    assert abs(back.pixels.astype(int) - pixels).mean() < 2
    assert back.icc == RGB_ICC
    assert notes_of(back.exif) == notes_of(photo.exif)


def test_quality_and_grey_reach_the_jpeg():
    grey = Photo(smooth(64, 48)[..., 0])
    assert len(encode_photo(grey, ".jpg", 40)) < len(encode_photo(grey, ".jpg", 95))
    assert Image.open(BytesIO(encode_photo(grey, ".jpg"))).mode == "L"


def test_a_profile_of_another_kind_of_pixels_is_left_out(tmp_path):
    Image.fromarray(noise(9, 9)).save(tmp_path / "grey.jpg", icc_profile=RGB_ICC)
    assert read_photo(tmp_path / "grey.jpg").icc == b""


def test_palette_bits_and_grey_with_alpha(tmp_path):
    colours = Image.fromarray(smooth(20, 30)).quantize(16)
    for name in ("p.png", "p.tif"):
        colours.save(tmp_path / name)
        np.testing.assert_array_equal(
            read_photo(tmp_path / name).pixels, np.asarray(colours.convert("RGB"))
        )
    bits = Image.fromarray(smooth(20, 30)).convert("1")
    for name in ("b.png", "b.tif"):
        bits.save(tmp_path / name)
        np.testing.assert_array_equal(read_photo(tmp_path / name).pixels, bits.convert("L"))
    both = noise(20, 30, 2)
    Image.fromarray(both, "LA").save(tmp_path / "la.png")
    tifffile.imwrite(
        tmp_path / "la.tif",
        both,
        photometric="minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"],
    )
    for name in ("la.png", "la.tif"):
        photo = read_photo(tmp_path / name)
        np.testing.assert_array_equal(photo.pixels, both[..., 0])
        np.testing.assert_array_equal(photo.alpha, both[..., 1])


def saved(path, *frames, **how):
    first, *more = (Image.fromarray(frame) for frame in frames)
    first.save(path, save_all=True, append_images=more, **how)


@pytest.mark.parametrize(
    ("name", "make", "message"),
    [
        (
            "a.webp",
            lambda p: saved(p, noise(9, 9, 3), smooth(9, 9)),
            "animated images are not supported",
        ),
        (
            "a.gif",
            lambda p: saved(p, noise(9, 9, 3), smooth(9, 9)),
            "animated images are not supported",
        ),
        (
            "a.png",
            lambda p: saved(p, noise(9, 9, 3), smooth(9, 9)),
            "animated images are not supported",
        ),
        (
            "a.tif",
            lambda p: saved(p, noise(9, 9, 3), smooth(9, 9)),
            "has 2 pages; one photo per file",
        ),
        (
            "a.jpg",
            lambda p: Image.fromarray(noise(9, 9, 4), "CMYK").save(p),
            "colours are CMYK; RGB or grey is needed",
        ),
        (
            "a.tif",
            lambda p: Image.fromarray(noise(9, 9, 4), "CMYK").save(p),
            "colours are SEPARATED; RGB or grey is needed",
        ),
        (
            "a.tif",
            lambda p: tifffile.imwrite(p, np.zeros((9, 9, 3), np.float32), photometric="rgb"),
            "values are float32; 8 or 16 bits without sign are needed",
        ),
        (
            "a.tif",
            lambda p: tifffile.imwrite(p, np.zeros((9, 9, 3), np.int16), photometric="rgb"),
            "values are int16; 8 or 16 bits without sign are needed",
        ),
        (
            "a.tif",
            lambda p: p.write_bytes(b"II*\0" + bytes(50)),
            "not an image that OpenCV can decode",
        ),
        ("a.tif", lambda p: p.write_bytes(b"II*\0"), "not an image that OpenCV can decode"),
        ("a.jpg", lambda p: p.write_text("no photo"), "not an image that OpenCV can decode"),
        ("a.jpg", lambda p: None, "No such file or directory"),
        (
            "a.png",
            lambda p: Image.fromarray(noise(9, 9)).save(p, transparency=7),
            "one grey is transparent; an alpha channel is needed",
        ),
    ],
)
def test_what_is_no_photo_is_said(tmp_path, name, make, message):
    path = tmp_path / name
    make(path)
    with pytest.raises(FileError) as error:
        read_photo(path)
    assert str(error.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize("ending", [".jpg", ".png", ".webp", ".tif"])
def test_a_photo_is_decoded_once(tmp_path, monkeypatch, ending):
    decoders = {cv2: ["imdecode", "imdecodeWithMetadata"], tifffile.TiffPage: ["asarray"]}
    calls = []

    def counted(decode):
        return lambda *args, **options: calls.append(decode) or decode(*args, **options)

    path = write_photo(tmp_path / f"a{ending}", Photo(smooth(9, 9)))
    for place, names in decoders.items():
        for name in names:
            monkeypatch.setattr(place, name, counted(getattr(place, name)))
    read_photo(path)
    assert len(calls) == 1


def test_alpha_and_jpeg():
    cover = np.full((9, 9), 255, np.uint8)
    assert encode_photo(Photo(noise(9, 9, 3), cover), ".jpg")[:2] == b"\xff\xd8"
    cover[3, 3] = 254
    with pytest.raises(FileError, match=r"^JPEG cannot hold alpha: choose png, tif or webp$"):
        encode_photo(Photo(noise(9, 9, 3), cover), ".jpg")


def test_writing_says_what_is_wrong_and_leaves_nothing(tmp_path):
    with pytest.raises(SettingError, match=r"^out must end in .* got a\.txt$"):
        write_photo(tmp_path / "a.txt", Photo(noise(9, 9, 3)))
    with pytest.raises(FileError, match=r"a\.webp: 17000x2 px is too large for \.webp$"):
        write_photo(tmp_path / "a.webp", Photo(noise(2, 17000, 3)))
    (tmp_path / "b.png").mkdir()
    with pytest.raises(FileError, match=r"b\.png: cannot be written \(Is a directory\)$"):
        write_photo(tmp_path / "b.png", Photo(noise(9, 9, 3)))
    assert list(tmp_path.iterdir()) == [tmp_path / "b.png"]


def blurred(rgb):
    return cv2.GaussianBlur(rgb, (0, 0), 3)


def test_colours_that_nobody_sees_do_not_bleed_into_those_one_sees():
    pixels, cover = np.full((40, 40, 3), 200, np.uint8), np.full((40, 40), 255, np.uint8)
    pixels[10:30, 10:30], cover[10:30, 10:30] = (0, 255, 0), 0
    done = restore_photo(Photo(pixels, cover), blurred)
    np.testing.assert_array_equal(done.pixels, pixels)  # what is hidden stays what it was
    assert done.alpha is cover
    unseen = restore_photo(Photo(pixels, np.zeros_like(cover)), blurred)
    np.testing.assert_array_equal(unseen.pixels, blurred(pixels))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_stays_grey(dtype):
    pixels = noise(40, 40, dtype=dtype)
    same = restore_photo(Photo(pixels), lambda rgb: rgb)
    np.testing.assert_array_equal(same.pixels, pixels)
    assert same.pixels.dtype == dtype
    split = restore_photo(Photo(pixels // 2), lambda rgb: rgb + np.array([0, 3, 6], dtype))
    np.testing.assert_array_equal(split.pixels, pixels // 2 + 3)
