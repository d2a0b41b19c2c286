"""What an image file claims is bounded before anything is decoded, in every format that is read."""

import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import fuzz

from blurkit.errors import FileError
from blurkit.images.files import (
    MAX_PIXELS,
    check_header,
    decode_image,
    image_bytes,
    opencv,
    read_image,
)
from blurkit.images.headers import SEGMENTS, claim, jpeg_segments

ENDINGS = ["png", "jpg", "webp", "tif", "bmp", "gif", "avif", "ppm", "pgm", "pbm", "pam", "pfm"]
ENDINGS += ["hdr", "sr", "jp2"]


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rest: bytes = b"", pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", header) + rest + chunk(b"IDAT", zlib.compress(pixels))
    return b"\x89PNG\r\n\x1a\n" + parts + chunk(b"IEND", b"")


def jpeg(width: int, height: int, frame: int = 0xC0, before: bytes = b"") -> bytes:
    sof = struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0"
    head = b"\xff\xd8" + before + bytes([0xFF, frame]) + struct.pack(">H", len(sof) + 2) + sof
    return head + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + b"\xff\xd9"


def tiff(width: int, height: int, order: str = "<", more: tuple[tuple[int, int], ...] = ()):
    entries = [(256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1)]
    entries = sorted([*entries, (278, height), (279, 100), *more])
    parts = b"".join(struct.pack(order + "HHII", tag, 4, 1, value) for tag, value in entries)
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    return head + struct.pack(order + "H", len(entries)) + parts + bytes(104)


def big_tiff(width: int, height: int) -> bytes:
    parts = b"".join(
        struct.pack("<HHQQ", tag, 16, 1, v) for tag, v in [(256, width), (257, height)]
    )
    return b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2) + parts + bytes(104)


def webp(kind: bytes, body: bytes) -> bytes:
    parts = b"WEBP" + kind + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", len(parts)) + parts


def avif(width: int, height: int) -> bytes:
    ispe = struct.pack(">I4sIII", 20, b"ispe", 0, width, height)
    return b"\0\0\0\x14ftypavif\0\0\0\0mif1" + ispe


def jpeg_2000(width: int, height: int) -> bytes:
    sides = struct.pack(">8IH", width, height, 0, 0, width, height, 0, 0, 3)
    return b"\xff\x4f\xff\x51\0\x2f\0\0" + sides + b"\7\1\1" * 3


M = 100_000
HUGE = {
    "png": png(M, M),
    "jpeg": jpeg(65_500, 65_500),
    "jpeg, progressive": jpeg(65_500, 65_500, 0xC2),
    "jpeg, after a thumbnail": jpeg(65_500, 65_500, before=b"\xff\xff\xe1\0\x18" + jpeg(8, 8)[:22]),
    "tiff": tiff(M, M),
    "tiff, other order": tiff(M, M, ">"),
    "tiff, tiles": tiff(64, 64, more=((322, M), (323, M), (324, 8), (325, 100))),
    "tiff, one side": tiff(2**32 - 1, 1),
    "bigtiff": big_tiff(2**40, 2**40),
    "webp": webp(b"VP8X", bytes(4) + (M - 1).to_bytes(3, "little") * 2),
    "bmp": b"BM" + bytes(12) + struct.pack("<Iii", 40, M, -M) + bytes(80),
    "bmp of OS/2": b"BM" + bytes(12) + struct.pack("<IHH", 12, 65_500, 65_500) + bytes(80),
    "gif": b"GIF89a" + struct.pack("<HH", 65_500, 65_500) + bytes(20),
    "avif": avif(M, M),
    "ppm": b"P6\n# a remark\n100000 # another\n100000 255\n",
    "pam": b"P7\nWIDTH 100000\nHEIGHT 100000\nDEPTH 3\nMAXVAL 255\nENDHDR\n",
    "pfm": b"PF\n100000 100000\n-1.0\n",
    "hdr": b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n-Y 100000 +X 100000\n",
    "sun": b"\x59\xa6\x6a\x95" + struct.pack(">IIIIIII", M, M, 24, 0, 1, 0, 0),
    "jp2": jpeg_2000(M, M),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_claim_of_too_many_pixels_is_refused_with_its_size(name):
    with pytest.raises(FileError) as caught:
        decode_image(HUGE[name], "photo")
    said = claim(HUGE[name])
    assert str(caught.value) == (
        f"photo: has {said.width}x{said.height} pixels, more than the limit of 268,435,456"
    )
    assert {said.width, said.height} <= {M, 65_500, 2**40, 2**32 - 1, 1}


def test_what_may_be_claimed_is_exact():
    check_header(tiff(2**14, MAX_PIXELS // 2**14), "a")
    for data in (tiff(2**14, MAX_PIXELS // 2**14 + 1), tiff(2**20 + 1, 1)):
        with pytest.raises(FileError, match="more than the limit of 268,435,456"):
            check_header(data, "a")


@pytest.mark.parametrize("data", [png(2**14, 2**14), jpeg(2**14, 2**14), jpeg(2**14, 2**14, 0xC2)])
def test_a_small_file_cannot_claim_much(data):
    # libjpeg would make 0.8 GB of grey of these 41 bytes
    with pytest.raises(FileError) as caught:
        decode_image(data, "a")
    assert str(caught.value) == f"a: claims 16384x16384 pixels, but has {len(data)} bytes"


@pytest.mark.parametrize("ending", ["png", "jpg"])
def test_the_emptiest_photo_is_not_taken_for_a_bomb(ending):
    cv2 = opencv()
    options = [cv2.IMWRITE_PNG_COMPRESSION, 9, cv2.IMWRITE_JPEG_OPTIMIZE, 1]
    options += [cv2.IMWRITE_JPEG_PROGRESSIVE, 1]
    data = cv2.imencode(f".{ending}", np.zeros((2000, 3000), np.uint8), options)[1].tobytes()
    assert claim(data)[2] > len(data) // 8  # the bound is near
    assert decode_image(data, "a").shape == (2000, 3000, 3)


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_claim_is_what_decoding_gives(ending):
    cv2 = opencv()
    image = np.random.default_rng(0).integers(0, 256, (37, 70, 3), np.uint8)
    image = image[..., 0].copy() if ending in ("pgm", "pbm") else image
    image = image.astype(np.float32) if ending in ("pfm", "hdr") else image
    data = cv2.imencode(f".{ending}", image)[1].tobytes()
    assert claim(data)[:2] == (70, 37)
    assert decode_image(data, "a").shape == (37, 70, 3)


@pytest.mark.parametrize("quality", [50, 101])
def test_the_claim_of_both_kinds_of_webp(quality):
    cv2 = opencv()
    data = cv2.imencode(
        ".webp", np.zeros((37, 70, 3), np.uint8), [cv2.IMWRITE_WEBP_QUALITY, quality]
    )
    assert claim(data[1].tobytes()) == (70, 37, 0)


@pytest.mark.parametrize("length", [1, 4, 7, 12, 16, 20, 24, 26, 30])
@pytest.mark.parametrize("name", HUGE)
def test_a_header_that_breaks_off_is_refused(name, length):
    with pytest.raises(FileError, match="a: "):
        decode_image(HUGE[name][:length], "a")


def test_padding_without_end_takes_no_time_of_ours():
    assert list(jpeg_segments(b"\xff" * 10**7)) == []
    assert len(list(jpeg_segments(b"\xff\xd8" + b"\xff\xe0\0\2" * 10**6))) == SEGMENTS


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(FileError, match=r"a\.png: not a file$"):
        read_image(tmp_path / "a.png")
    with pytest.raises(FileError, match="/dev/zero: not a file"):
        read_image("/dev/zero")


def test_a_file_of_too_many_bytes_is_not_read(tmp_path):
    path = tmp_path / "a.png"
    path.touch()
    os.truncate(path, 2**31 + 1)
    with pytest.raises(FileError) as caught:
        image_bytes(path)
    assert str(caught.value) == f"{path}: has 2,147,483,649 bytes, too many for an image"


BOMBS = """
import resource, struct, sys, zlib
from pathlib import Path
from blurkit.errors import FileError
from blurkit.images.files import opencv, read_image

opencv()
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))
for path in sorted(Path(sys.argv[1]).iterdir()):
    try:
        said = str(read_image(path).shape)
    except FileError as error:
        said = str(error).split(": ", 1)[1]
    print(f"{path.name}: {said}")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_memory_stays_bounded(tmp_path):
    """Where 128 MiB may be taken: each file gets its own answer, not one of the memory's."""
    zeros = zlib.compress(bytes(2**28), 9)  # 256 MiB in 256 KiB
    pixels = (b"\0" + bytes(48)) * 16
    files = {f"{i:02}": data for i, data in enumerate(HUGE.values())}
    files["iccp"] = png(16, 16, chunk(b"iCCP", b"a\0\0" + zeros), pixels)
    files["ztxt"] = png(16, 16, chunk(b"zTXt", b"a\0\0" + zeros) * 8, pixels)
    files["itxt"] = png(16, 16, chunk(b"iTXt", b"a\0\1\0\0\0" + zeros), pixels)
    files["idat"] = png(16, 16).replace(chunk(b"IDAT", zlib.compress(b"")), chunk(b"IDAT", zeros))
    files["pages"] = tiff(16, 16) + tiff(M, M)[8:] * 500
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-c", BOMBS, str(tmp_path)], capture_output=True, text=True, timeout=300
    )
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said.keys() == files.keys(), done.stderr
    for name in list(said)[: len(HUGE)]:
        assert said[name].endswith("more than the limit of 268,435,456")
    for name in ("iccp", "ztxt", "itxt", "idat", "pages"):
        assert said[name] in ("(16, 16, 3)", "not an image that OpenCV can decode")


SEEDS = {
    ending: opencv().imencode(f".{ending}", np.zeros((9, 11, 3), np.uint8))[1].tobytes()
    for ending in ("png", "jpg", "webp", "tif", "bmp", "gif", "ppm", "pam", "hdr", "sr")
}


@fuzz(300)
@given(
    ending=st.sampled_from(sorted(SEEDS)),
    edits=st.lists(st.tuples(st.integers(0, 120), st.binary(min_size=1, max_size=4)), max_size=4),
    cut=st.none() | st.integers(0, 200),
)
def test_any_edit_of_a_header_is_decoded_or_refused(ending, edits, cut):
    data = bytearray(SEEDS[ending])
    for at, new in edits:
        data[at : at + len(new)] = new
    data = bytes(data[:cut])
    said = claim(data)
    try:
        if said and said.width * said.height > 2**22:
            check_header(data, "a")  # what is allowed may still take a second to decode
            return
        image = decode_image(data, "a")
    except FileError as error:
        text = str(error)
    else:
        assert (said.height, said.width) in (image.shape[:2], image.shape[1::-1])
        return
    assert text.startswith("a: ")
