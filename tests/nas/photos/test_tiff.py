"""TIFF photos: layouts that OpenCV gets wrong, other readers, damaged files."""

import cv2
import numpy as np
import pytest
import tifffile
from making_photo import RGB_ICC, block, noise
from PIL import Image

from blurkit.errors import FileError
from nas.photos.photo import Photo, encode_photo, read_photo, write_photo


def test_the_tiff_is_one_for_other_readers_too(tmp_path):
    photo = Photo(noise(300, 40, 3), None, block(300, 40), RGB_ICC)
    path = write_photo(tmp_path / "a.tif", photo)
    np.testing.assert_array_equal(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB), photo.pixels)
    with Image.open(path) as other:
        np.testing.assert_array_equal(np.asarray(other), photo.pixels)
        assert other.getexif().get_ifd(34665)[33434] == pytest.approx(0.01)
        assert other.info["icc_profile"] == RGB_ICC


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", [None, "lzw", "zlib"])
def test_tiffs_that_opencv_gets_wrong(tmp_path, dtype, compression):
    """Planes, white as zero, alpha of either kind: of these OpenCV 5 mixes or loses values."""
    path, white, image = tmp_path / "a.tif", np.iinfo(dtype).max, noise(20, 30, 4, dtype=dtype)
    how = {"compression": compression, "predictor": compression is not None}
    planes = np.moveaxis(image[..., :3], 2, 0)
    tifffile.imwrite(path, planes, photometric="rgb", planarconfig="separate", **how)
    np.testing.assert_array_equal(read_photo(path).pixels, image[..., :3])
    tifffile.imwrite(path, image[..., 0], photometric="miniswhite", **how)
    np.testing.assert_array_equal(read_photo(path).pixels, white - image[..., 0])
    tifffile.imwrite(path, image, photometric="rgb", extrasamples=["unassalpha"], **how)
    np.testing.assert_array_equal(read_photo(path).pixels, image[..., :3])
    np.testing.assert_array_equal(read_photo(path).alpha, image[..., 3])
    cover = np.maximum(image[..., 3:], white // 2).astype(float) / white
    times = np.concatenate((np.rint(image[..., :3] * cover), np.rint(cover * white)), axis=2)
    tifffile.imwrite(
        path, times.astype(dtype), photometric="rgb", extrasamples=["assocalpha"], **how
    )
    np.testing.assert_allclose(read_photo(path).pixels, image[..., :3], atol=2)


def test_a_forged_size_is_refused_before_memory_is_taken(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", noise(9, 9, 3), photometric="rgb")
    with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
        file.pages.first.tags[256].overwrite(2**31)
    with pytest.raises(FileError, match=r"a\.tif: has 2147483648x9 pixels, more than"):
        read_photo(tmp_path / "a.tif")


def test_broken_tiffs_are_file_errors_whatever_breaks(tmp_path):
    whole = encode_photo(Photo(noise(20, 30, 3), None, block(20, 30), RGB_ICC), ".tif")
    rng, path = np.random.default_rng(0), tmp_path / "a.tif"
    for _ in range(60):
        data = bytearray(whole)
        for place in rng.integers(4, 600, 3):
            data[place] = rng.integers(256)
        path.write_bytes(data[: rng.integers(10, len(data)) if rng.random() < 0.3 else len(data)])
        try:
            photo = read_photo(path)
        except FileError:
            continue
        assert photo.pixels.dtype in (np.uint8, np.uint16)
