"""The size that an image file claims in its header; nothing is decoded or allocated."""

import re
import struct
from collections.abc import Callable, Iterator
from typing import NamedTuple

DEFLATE = 1032  # most bytes that one byte of deflate can encode
JPEG_BLOCKS = 8  # most 8x8 blocks that one byte of Huffman-coded JPEG can encode
HEAD = 2**16  # bytes searched in formats without a fixed place for the size
SEGMENTS = 2**16  # most segments read before a JPEG's pixels; typical are 10
MARKER = re.compile(rb"\xff([\x02-\xcf\xd9-\xfe])")  # followed by a length; FF before FF is padding
ENTRIES = 4096  # most entries read of a TIFF's directory; typical are 20
TIFF_SIDES = {256: "width", 257: "height", 322: "tile width", 323: "tile height"}


class Claim(NamedTuple):
    """The claimed size in pixels, and the fewest bytes that could encode it."""

    width: int
    height: int
    least: int = 0


def claim(data: bytes) -> Claim | None:
    """The size in the header of an image file.

    Parameters
    ----------
    data : bytes
        A whole file: PNG, JPEG, TIFF, WebP, BMP, GIF, AVIF, PBM to PAM, PFM, Radiance HDR,
        Sun raster or JPEG 2000.

    Returns
    -------
    claim : Claim, or None for other formats and truncated headers
        For a TIFF whose tiles are larger than the image, the size of a tile.

    Example
    -------
    >>> claim(b"GIF89a" + bytes([0x80, 2, 0xE0, 1]) + bytes(3))
    Claim(width=640, height=480, least=0)
    """
    for start, measure in FORMATS:
        if re.match(start, data, re.DOTALL):
            try:
                return measure(data)
            except (struct.error, ValueError):  # truncated header, or text instead of a number
                return None
    return None


def _png(data: bytes) -> Claim:
    length, kind, width, height, bits, colours = struct.unpack_from(">I4sIIBB", data, 8)
    if (length, kind) != (13, b"IHDR"):
        raise ValueError(kind)
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colours, 1)
    return Claim(width, height, height * (width * bits * channels // 8) // DEFLATE)


def jpeg_segments(data: bytes) -> Iterator[tuple[int, int]]:
    """(marker, offset of its length) of each segment up to the pixels, as libjpeg finds them."""
    at = 2
    for _ in range(SEGMENTS):
        match = MARKER.search(data, at)
        if match is None:
            return
        marker, at = match[1][0], match.end()
        yield marker, at
        if marker in (0xD9, 0xDA):
            return
        at += max(2, int.from_bytes(data[at : at + 2], "big"))


def _jpeg(data: bytes) -> Claim:
    for marker, at in jpeg_segments(data):
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", data, at + 3)
            blocks = (height // 8) * (width // 8)
            # a block takes at least one bit, except with arithmetic or lossless coding
            huffman = marker in (0xC0, 0xC1, 0xC2)
            return Claim(width, height, blocks // JPEG_BLOCKS if huffman else 0)
    raise ValueError("no frame")


def _tiff(data: bytes) -> Claim:
    order = "<" if data[:2] == b"II" else ">"
    big = struct.unpack_from(order + "H", data, 2)[0] == 43
    first = struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]
    count = struct.unpack_from(order + ("Q" if big else "H"), data, first)[0]
    first, step = (first + 8, 20) if big else (first + 2, 12)
    sides = dict.fromkeys(TIFF_SIDES.values(), 0)
    for at in range(first, first + step * min(count, ENTRIES), step):
        tag, kind = struct.unpack_from(order + "HH", data, at)
        if tag in TIFF_SIDES:
            form = {1: "B", 3: "H", 4: "I", 16: "Q"}.get(kind, "I")
            value = struct.unpack_from(order + form, data, at + step - (8 if big else 4))[0]
            sides[TIFF_SIDES[tag]] = max(value, sides[TIFF_SIDES[tag]])
    width, height, tile_width, tile_height = sides.values()
    return max(Claim(width, height), Claim(tile_width, tile_height), key=lambda c: c[0] * c[1])


def _webp(data: bytes) -> Claim:
    kind = data[12:16]
    if kind == b"VP8X":
        return Claim(
            1 + int.from_bytes(_exactly(data, 24, 3), "little"),
            1 + int.from_bytes(_exactly(data, 27, 3), "little"),
        )
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, 21)[0]
        return Claim(1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF))
    width, height = struct.unpack_from("<HH", data, 26)
    return Claim(width & 0x3FFF, height & 0x3FFF)


def _bmp(data: bytes) -> Claim:
    old = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if old else "<ii", data, 18)
    return Claim(abs(width), abs(height))  # a negative height means rows from the top


def _gif(data: bytes) -> Claim:
    return Claim(*struct.unpack_from("<HH", data, 6))


def _avif(data: bytes) -> Claim:
    """The largest of its images; a photo may be a grid of several."""
    sizes, at = [], data.find(b"ispe", 0, HEAD)
    while at >= 0:
        sizes.append(Claim(*struct.unpack_from(">II", data, at + 8)))
        at = data.find(b"ispe", at + 4, HEAD)
    return max(sizes, key=lambda c: c.width * c.height)


def _pnm(data: bytes) -> Claim:
    width, height = re.sub(rb"#[^\n]*", b" ", data[2:HEAD]).split(None, 2)[:2]
    return Claim(_number(width), _number(height))


def _pam(data: bytes) -> Claim:
    sides = dict(re.findall(rb"^\s*(WIDTH|HEIGHT)\s+(\d{1,20})", data[:HEAD], re.MULTILINE))
    if len(sides) < 2:
        raise ValueError("no size")
    return Claim(int(sides[b"WIDTH"]), int(sides[b"HEIGHT"]))


def _hdr(data: bytes) -> Claim:
    match = re.search(rb"\n-Y (\d{1,20}) \+X (\d{1,20})\n", data[:HEAD])
    if match is None:
        raise ValueError("no size")
    return Claim(int(match[2]), int(match[1]))


def _sun(data: bytes) -> Claim:
    return Claim(*struct.unpack_from(">II", data, 4))


def _jpeg_2000(data: bytes) -> Claim:
    at = data.find(b"\xff\x4f\xff\x51")
    sides = struct.unpack_from(">8IH", data, at + 8)
    if at < 0 or sides[8] > 4:  # more channels than a photo has
        raise ValueError("no photo")
    tile = Claim(sides[4], sides[5])
    whole = Claim(max(0, sides[0] - sides[2]), max(0, sides[1] - sides[3]))
    tiles = -(-whole.width // max(1, tile.width)) * -(-whole.height // max(1, tile.height))
    if tiles > len(data):  # each tile has a header
        raise ValueError("no photo")
    return whole


def _number(text: bytes) -> int:
    if len(text) > 20:
        raise ValueError("too many digits")
    return int(text)


def _exactly(data: bytes, at: int, count: int) -> bytes:
    if at + count > len(data):
        raise ValueError("ends too early")
    return data[at : at + count]


FORMATS: tuple[tuple[bytes, Callable[[bytes], Claim]], ...] = (
    (rb"\x89PNG\r\n\x1a\n", _png),
    (rb"\xff\xd8", _jpeg),
    (rb"II[*+]\0|MM\0[*+]", _tiff),
    (rb"RIFF....WEBP", _webp),
    (rb"BM", _bmp),
    (rb"GIF8[79]a", _gif),
    (rb"....ftypavi[fs]", _avif),
    (rb"P[1-6]\s", _pnm),
    (rb"P7\n", _pam),
    (rb"P[Ff]\s", _pnm),
    (rb"#\?(RADIANCE|RGBE)\n", _hdr),
    (rb"\x59\xa6\x6a\x95", _sun),
    (rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51", _jpeg_2000),
)
