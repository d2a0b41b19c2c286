"""Fuzzing the reader: whatever the file, an answer or a FileError, in time and without a crash.

FUZZ=10000 in the environment tries so many inputs in each test here.
"""

import json
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import TYPES, N, digest, fuzz

from blurkit.dataset.describe import describe
from blurkit.dataset.settings import SynthSettings
from blurkit.errors import FileError, SettingError
from blurkit.store import PairFile

SHARE = st.floats(0, 1, exclude_max=True)
NUMBERS = [0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64 - 2, 2**64 - 1]


def answer(path: Path) -> bool | None:
    """True: sound, False: damaged, None: refused."""
    try:
        pairs = PairFile(path)
        sound = not [*pairs.verify(), *pairs.metadata_faults()]
        assert describe(path)
        assert pairs.blurry.shape == (pairs.n, *pairs.sharp.shape[1:])
    except FileError as error:
        said = str(error)
    else:
        return sound
    assert str(path) in said
    return None


@fuzz(300)
@given(
    edits=st.lists(
        st.tuples(st.sampled_from(["flip", "set", "copy", "cut", "insert", "end"]), SHARE, SHARE),
        min_size=1,
        max_size=4,
    ),
    new=st.binary(min_size=1, max_size=16),
)
def test_any_edit_of_the_bytes_is_found(finished, tmp_path, edits, new):
    data = bytearray(finished.read_bytes())
    for how, first, second in edits:
        at, other = int(first * len(data)), int(second * len(data))
        match how:
            case "flip":
                data[at : at + 1] = bytes([data[at] ^ new[0]]) if data else b""
            case "set":
                data[at : at + len(new)] = new
            case "copy":
                size = len(data) // 16
                data[at : at + size] = data[other : other + size]
            case "cut":
                del data[at : at + 8 * new[0]]
            case "insert":
                data[at:at] = new
            case "end":
                del data[at:]
    path = tmp_path / "fuzzed.h5"
    path.write_bytes(data)
    assert bool(answer(path)) == (digest(path) == digest(finished))


# HDF5 checks its metadata by checksums, so random damage does not get far: what follows repairs
# them, as an attacker would


def lookup3(data: bytes) -> int:
    """Bob Jenkins' hash of 2006, HDF5's checksum of metadata."""
    mask = 2**32 - 1

    def turn(x, bits):
        return (x << bits | x >> 32 - bits) & mask

    a = b = c = 0xDEADBEEF + len(data) & mask
    blocks = [data[i : i + 12] for i in range(0, len(data), 12)]
    for k, block in enumerate(blocks):
        words = np.frombuffer(block.ljust(12, b"\0"), "<u4").tolist()
        a, b, c = a + words[0] & mask, b + words[1] & mask, c + words[2] & mask
        if k < len(blocks) - 1:
            for bits in (4, 6, 8, 16, 19, 4):
                a = (a - c & mask) ^ turn(c, bits)
                c = c + b & mask
                a, b, c = b, c, a
    for bits in (14, 11, 25, 16, 4, 14, 24):
        c = (c ^ b) - turn(b, bits) & mask
        a, b, c = b, c, a
    return b


def checked_spans(data: bytes) -> list[tuple[int, int]]:
    """(first, end) of everything that a checksum follows: superblock, headers, their parts."""
    spans = [(0, 44)]
    for sign in (b"OHDR", b"OCHK"):
        at = data.find(sign)
        while at >= 0:
            ends = (e for e in range(at + 8, at + 2000) if _fits(data, at, e))
            spans.append((at, next(ends)))
            at = data.find(sign, at + 4)
    return spans


def _fits(data, first, end):
    return lookup3(data[first:end]) == int.from_bytes(data[end : end + 4], "little")


@pytest.fixture(scope="module")
def spans(finished):
    return checked_spans(finished.read_bytes())


@fuzz(400)
@given(
    edits=st.lists(
        st.tuples(
            st.integers(0, 99), SHARE, st.sampled_from([1, 2, 4, 8]), st.sampled_from(NUMBERS)
        )
        | st.tuples(st.integers(0, 99), SHARE, st.just(1), st.integers(0, 255))
        | st.tuples(st.integers(0, 99), SHARE, st.sampled_from([2, 4, 8]), st.integers(0, 60_000)),
        min_size=1,
        max_size=3,
    )
)
def test_edits_of_the_metadata_with_their_checksums_repaired(finished, spans, tmp_path, edits):
    data = bytearray(finished.read_bytes())
    for which, share, size, number in edits:
        first, end = spans[which % len(spans)]
        at = first + int(share * (end - first))
        size = min(size, end - at)
        data[at : at + size] = (number % 256**size).to_bytes(size, "little")
        data[end : end + 4] = lookup3(data[first:end]).to_bytes(4, "little")
    path = tmp_path / "fuzzed.h5"
    path.write_bytes(data)
    answer(path)


def test_the_checksums_are_repaired(finished, spans, tmp_path):
    # or the test above would only meet files that HDF5 itself refuses
    assert len(spans) >= 15
    data = bytearray(finished.read_bytes())
    at = data.find(b"blurry image, RGB")
    first, end = next(span for span in spans if span[0] < at < span[1])
    data[at : at + 6] = b"sharpy"
    path = tmp_path / "fuzzed.h5"
    path.write_bytes(data)
    with pytest.raises(FileError, match="truncated or damaged"):
        PairFile(path).metadata_faults()
    data[end : end + 4] = lookup3(data[first:end]).to_bytes(4, "little")
    path.write_bytes(data)
    (fault,) = PairFile(path).metadata_faults()
    assert fault.startswith("/blurry: attribute description is b'sharpy image, RGB' instead of ")


BASES = st.sampled_from(
    ["<u1", "<f4", "<f8", ">f4", "<u4", ">u4", "<i8", "S1", "S20", "<f2", "<c8", "?", "V5"]
)
KINDS = st.one_of(
    BASES.map(np.dtype),
    st.lists(BASES, min_size=1, max_size=5).map(
        lambda each: np.dtype([(f"n{k}", base) for k, base in enumerate(each)])
    ),
    st.sampled_from(
        [
            h5py.string_dtype(),
            h5py.vlen_dtype(np.int8),
            h5py.enum_dtype({"A": 1}),
            h5py.ref_dtype,
            np.dtype([("a", h5py.string_dtype())]),
            np.dtype([("a", [("b", "<f8", (2,))])]),
        ]
    ),
)
SIDES = st.sampled_from([0, 1, 3, 5, 16, 24, N])
PARTS = st.sampled_from([*TYPES, "more"])
VALUES = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.floats(),
    st.binary(max_size=30).map(np.bytes_),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30),
    st.lists(st.integers(0, 9), max_size=3).map(lambda v: np.array(v, "<i4")),
    st.sampled_from([b'{"a": 1}', b"{}", b"blurkit", b"[[[[", b'{"images": NaN}']).map(np.bytes_),
)
NAMES = st.sampled_from(["format", "format_version", "blurkit_version", "settings", "seed"])


@fuzz(300)
@given(
    changes=st.lists(
        st.tuples(st.just("data"), PARTS, KINDS, st.lists(SIDES, max_size=4), st.booleans())
        | st.tuples(st.just("chunks"), PARTS, KINDS, st.lists(SIDES, max_size=4), st.booleans())
        | st.tuples(st.just("link"), PARTS, st.sampled_from(["/sharp", "/nowhere", "/", "."]))
        | st.tuples(st.just("attribute"), NAMES | st.sampled_from(["start", "count", "x"]), VALUES),
        min_size=1,
        max_size=4,
    )
)
def test_any_hdf5_file(finished, tmp_path, changes):
    path = tmp_path / "fuzzed.h5"
    path.write_bytes(finished.read_bytes())
    with h5py.File(path, "r+") as file:
        for how, name, what, *rest in changes:
            if how == "attribute":
                file.attrs[name] = what
                continue
            if name in file:
                del file[name]
            if how == "link":
                file[name] = h5py.SoftLink(what)
            else:
                shape = (N, *rest[0]) if rest[1] else tuple(rest[0])
                chunks = True if how == "chunks" and shape and 0 not in shape else None
                data = file.create_dataset(name, shape, what, chunks=chunks)
                if data.size and not h5py.check_ref_dtype(what) and what.kind not in "OV":
                    data[...] = np.zeros(shape, what)
    answer(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=3), v, max_size=2),
    max_leaves=6,
)
STORED = json.loads(json.dumps(SynthSettings().stored(None)))


@fuzz(400)
@given(changes=st.dictionaries(st.sampled_from(sorted(STORED)), JSON, min_size=1, max_size=2))
def test_any_settings_out_of_a_file(changes):
    try:
        settings = SynthSettings.from_stored(STORED | changes)
    except SettingError as error:
        said = str(error)
    else:
        assert json.loads(json.dumps(settings.stored(changes.get("images")))) == STORED | changes
        return
    assert len(said) < 1000
