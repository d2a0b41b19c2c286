"""Photos in and out: upright, RGB, eight bits, whole or refused."""

import builtins
import sys
from pathlib import Path

import numpy as np
import pytest

from blurkit.errors import FileError, SettingError
from blurkit.images.files import find_images, opencv, read_image, write_image


def picture(height: int = 40, width: int = 60) -> np.ndarray:
    """A smooth coloured ramp: every corner and channel differs, and JPEG keeps it."""
    y, x = np.mgrid[0:height, 0:width]
    ramp = np.stack([x * 255 / width, y * 255 / height, 128 + 0 * x], axis=-1)
    return ramp.astype(np.uint8)


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """The same JPEG with an EXIF segment that holds nothing but the orientation."""
    entry = b"\x01\x12\x00\x03\x00\x00\x00\x01" + bytes([0, orientation, 0, 0])
    exif = b"Exif\0\0MM\0*\0\0\0\x08" + b"\x00\x01" + entry + b"\0\0\0\0"
    return jpeg[:2] + b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif + jpeg[2:]


@pytest.mark.parametrize("ending", [".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp", ".PNG"])
def test_written_image_reads_back(tmp_path, ending):
    image = picture()
    back = read_image(write_image(tmp_path / f"a{ending}", image))
    lossy = ending in (".jpg", ".jpeg")
    assert back.dtype == np.uint8
    assert np.abs(back.astype(int) - image).max() <= (12 if lossy else 0)  # RGB, not BGR


@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_exif_orientation_is_respected(tmp_path, orientation, turns):
    path = write_image(tmp_path / "a.jpg", picture())
    path.write_bytes(with_orientation(path.read_bytes(), orientation))
    upright = np.rot90(picture(), turns)
    assert np.abs(read_image(path).astype(int) - upright).max() <= 12


def test_grey_alpha_and_16_bit_become_8_bit_rgb(tmp_path):
    cv2, image = opencv(), picture()
    cv2.imwrite(str(tmp_path / "grey.png"), image[..., 0])
    cv2.imwrite(str(tmp_path / "deep.png"), image[..., ::-1].astype(np.uint16) * 257)
    cv2.imwrite(str(tmp_path / "alpha.png"), np.dstack([image[..., ::-1], image[..., :1]]))
    grey = read_image(tmp_path / "grey.png")
    np.testing.assert_array_equal(grey, np.repeat(image[..., :1], 3, axis=2))
    np.testing.assert_array_equal(read_image(tmp_path / "deep.png"), image)
    np.testing.assert_array_equal(read_image(tmp_path / "alpha.png"), image)


@pytest.mark.parametrize("ending", [".jpg", ".png", ".tif", ".webp"])
def test_a_photo_that_breaks_off_is_refused(tmp_path, ending):
    # OpenCV would return the first half of a JPEG with a grey rest, to be learnt from as sharp
    path = write_image(tmp_path / f"a{ending}", picture())
    data = path.read_bytes()
    path.write_bytes(with_orientation(data, 1)[: len(data) // 2] if ending == ".jpg" else data[:80])
    with pytest.raises(FileError, match=r"a\.\w+: (is truncated|not an image)"):
        read_image(path)


def test_padding_before_a_marker_is_no_damage(tmp_path):
    # the JPEG standard allows it, and some cameras write it
    path = write_image(tmp_path / "a.jpg", picture())
    before = read_image(path)
    path.write_bytes(path.read_bytes()[:2] + b"\xff\xff" + path.read_bytes()[2:])
    np.testing.assert_array_equal(read_image(path), before)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hello, I am a text", "not an image that OpenCV can decode"),
        (b"", "not an image that OpenCV can decode"),
        (b"\xff\xd8\xff", "is truncated"),
        (None, "No such file or directory"),
    ],
)
def test_what_is_no_image_is_named(tmp_path, content, message, capfd):
    path = tmp_path / "photo.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(FileError) as caught:
        read_image(path)
    assert str(caught.value) == f"{path}: {message}"
    assert capfd.readouterr().err == ""  # OpenCV's own words would stand before ours


def test_a_header_that_asks_for_too_many_pixels_is_refused(tmp_path):
    path = write_image(tmp_path / "a.png", picture())
    data = bytearray(path.read_bytes())
    data[16:24] = (2**15).to_bytes(4, "big") * 2  # a forged IHDR, four times the bound
    path.write_bytes(data)
    with pytest.raises(FileError, match="32768x32768 pixels, more than the limit of 268,435,456"):
        read_image(path)


def test_unknown_ending_is_a_setting_error(tmp_path):
    with pytest.raises(SettingError) as caught:
        write_image(tmp_path / "sheet.txt", picture())
    endings = ".jpg .jpeg .png .tif .tiff .webp"
    assert str(caught.value) == f"out must end in {endings}, got sheet.txt"


def test_unwritable_place_is_named_and_nothing_is_left(tmp_path):
    (tmp_path / "file").write_text("in the way")
    path = tmp_path / "file" / "sheet.png"
    with pytest.raises(FileError) as caught:
        write_image(path, picture())
    assert str(caught.value) == f"{path}: cannot be written (Not a directory)"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_failed_write_keeps_the_old_picture(tmp_path, monkeypatch):
    path = write_image(tmp_path / "a.png", picture())
    before = path.read_bytes()

    def full(self, data):
        with open(self, "wb") as file:
            file.write(data[:10])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match="No space left on device"):
        write_image(path, picture(80, 80))
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_missing_system_library_says_what_to_install(monkeypatch):
    # servers without a display lack libGL; the bare ImportError tells no one what to do
    real = builtins.__import__

    def without_gl(name, *rest):
        if name == "cv2":
            raise ImportError("libGL.so.1: cannot open shared object file")
        return real(name, *rest)

    monkeypatch.delitem(sys.modules, "cv2", raising=False)
    monkeypatch.setattr(builtins, "__import__", without_gl)
    with pytest.raises(FileError) as caught:
        opencv()
    assert str(caught.value) == (
        "OpenCV cannot be loaded (libGL.so.1: cannot open shared object file); "
        "on a machine without a display: "
        "pip uninstall opencv-python && pip install opencv-python-headless"
    )


def test_find_images_is_recursive_sorted_and_skips_hidden(tmp_path):
    for name in ("b.PNG", "sub/a.jpeg", "a.webp", "a.txt", "._a.jpg", ".cache/c.png", "sub/z.tif"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    names = [p.relative_to(tmp_path).as_posix() for p in find_images(tmp_path)]
    assert names == ["a.webp", "b.PNG", "sub/a.jpeg", "sub/z.tif"]


def test_find_images_names_what_is_wrong(tmp_path):
    with pytest.raises(FileError, match=r"contains no \.jpg \.jpeg \.png \.tif \.tiff \.webp file"):
        find_images(tmp_path)
    with pytest.raises(FileError, match="nowhere: not a folder"):
        find_images(tmp_path / "nowhere")
