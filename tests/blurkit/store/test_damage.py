"""Damage: every flipped bit and every truncation is found, and none crashes or hangs."""

import os
import re
import resource
import subprocess
import sys
import tracemalloc

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import TYPES, N, digest, fuzz, make, rows

from blurkit.errors import FileError
from blurkit.store import PairFile, metadata_faults, open_writer, read_layout, row_types
from blurkit.store.checksum import PIECE, row_crcs
from blurkit.store.structure import root_attributes, write_structure

TINY = row_types((2, 2), 3, np.dtype([("length", "<f8")]), 8)


# rows


def test_each_flipped_bit_of_each_row_is_found_in_its_row(tmp_path):
    path = make(tmp_path / "a.h5", types=TINY)
    layout = read_layout(path)
    flips = 0
    with path.open("r+b", buffering=0) as file:
        for name, kind in layout.types.items():
            for at in range(layout.count * kind.itemsize):
                place, row = layout.offsets[name] + at, at // kind.itemsize
                byte = os.pread(file.fileno(), 1, place)[0]
                for bit in range(8):
                    os.pwrite(file.fileno(), bytes([byte ^ 1 << bit]), place)
                    assert layout.damaged(row, row + 1).tolist() == [True], (name, at, bit)
                    flips += 1
                os.pwrite(file.fileno(), bytes([byte]), place)
    assert flips == 8 * N * sum(kind.itemsize for kind in TINY.values())
    assert not layout.damaged(0, N).any()


def test_seals_on_disk_are_those_of_the_rows_also_where_a_row_is_read_in_pieces(tmp_path):
    kind = np.dtype((np.uint8, (700, 3000, 3)))  # 6.3 MB, more than a piece
    assert kind.itemsize > PIECE
    types = {"blurry": kind, "sharp": kind, "crc": TYPES["crc"]}
    big = {"blurry": np.zeros((1, *kind.shape), np.uint8)}
    big["blurry"].reshape(-1)[::1000] = 7
    big["sharp"] = big["blurry"] + 1
    with open_writer(tmp_path / "a.h5", types, settings={}, seed=0, start=0, count=1) as writer:
        writer.write(0, big)
        writer.finish()
    pairs = PairFile(tmp_path / "a.h5")
    assert list(pairs.verify()) == []
    with pairs.path.open("r+b") as file:
        file.seek(read_layout(pairs.path).offsets["sharp"] + kind.itemsize - 1)
        file.write(b"\x09")
    assert list(pairs.verify()) == [0]


def test_a_forged_shape_does_not_decide_how_much_memory_is_taken(tmp_path):
    # two images of 200 MB in a sparse file of a few kilobytes
    kind = np.dtype((np.uint8, (2**13, 2**13, 3)))
    path, types = tmp_path / "a.h5", {"blurry": kind, "sharp": kind, "crc": TYPES["crc"]}
    write_structure(path, types, root_attributes({}, 0, 0, 1))
    with path.open("r+b") as file:
        file.seek(read_layout(path).offsets["crc"])
        file.write(b"\1")
    assert path.stat().st_blocks * 512 < 10**5
    tracemalloc.start()
    try:
        assert list(PairFile(path).verify()) == [0]
        assert tracemalloc.get_traced_memory()[1] < 10 * PIECE
    finally:
        tracemalloc.stop()


def test_a_file_that_is_cut_while_it_is_checked_is_an_error(copy):
    # a memory map would end the process with SIGBUS here
    pairs = PairFile(copy)
    os.truncate(copy, 5000)
    with pytest.raises(FileError, match="ends too early"):
        list(pairs.verify())


# the file


@fuzz(200)
@given(share=st.floats(0, 1, exclude_max=True))
def test_truncated_anywhere_is_refused(finished, tmp_path, share):
    data = finished.read_bytes()
    (tmp_path / "cut.h5").write_bytes(data[: int(share * len(data))])
    with pytest.raises(FileError):
        PairFile(tmp_path / "cut.h5")


@fuzz(300)
@given(share=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7), outside=st.booleans())
def test_a_flipped_bit_anywhere_is_found(finished, tmp_path, share, bit, outside):
    layout, data = read_layout(finished), bytearray(finished.read_bytes())
    places = np.ones(len(data), bool)
    for name, kind in layout.types.items():
        places[layout.offsets[name] : layout.offsets[name] + N * kind.itemsize] = False
    places = np.flatnonzero(places == outside)
    data[places[int(share * len(places))]] ^= 1 << bit
    path = tmp_path / "flipped.h5"
    path.write_bytes(data)
    if not outside:
        assert len(list(PairFile(path).verify())) == 1
        return
    try:
        faults = PairFile(path).metadata_faults()
    except FileError:
        return
    place = places[int(share * len(places))]
    assert faults == [f"a byte outside the samples is damaged, at {place:,}"]


def edited(change):
    def edit(path):
        with h5py.File(path, "r+") as file:
            change(file)

    return edit


def set_attribute(where, name, value):
    return edited(lambda file: file[where].attrs.__setitem__(name, value))


def longer(path):
    with path.open("ab") as file:
        file.write(b"more")


def elsewhere(path):
    layout, data = read_layout(path), rows()
    types = dict(sorted(layout.types.items()))
    write_structure(path, types, root_attributes(layout.attributes["settings"], 3, 0, N))
    offsets = read_layout(path).offsets
    assert offsets != layout.offsets
    with path.open("r+b") as file:
        for name, part in (*data.items(), ("crc", row_crcs(data))):
            file.seek(offsets[name])
            file.write(part.tobytes())


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (set_attribute("/", "note", 1), "attribute note is not part of the format"),
        (
            set_attribute("sharp", "units", np.bytes_("sRGB, 0 to 256")),
            "/sharp: attribute units is b'sRGB, 0 to 256' instead of b'sRGB, 0 to 255'",
        ),
        (set_attribute("sharp", "units", "text"), "/sharp: attribute units has a wrong type"),
        (
            edited(lambda file: file["blurry"].attrs.__delitem__("CLASS")),
            "/blurry: attribute CLASS is missing",
        ),
        (edited(lambda file: file.create_group("more")), "/more is not part of the format"),
        (
            edited(lambda file: setattr(file["kernel"].dims[1], "label", "x")),
            r"\d+ bytes outside the samples are damaged, the first at [\d,]+",
        ),
        (longer, r"has ([\d,]+) bytes instead of [\d,]+"),
        (elsewhere, "its rows are not where the writer puts them"),
    ],
)
def test_what_the_writer_would_not_write_is_told(copy, change, fault):
    change(copy)
    pairs = PairFile(copy)
    assert list(pairs.verify()) == []  # only the rows count for the reader
    (told,) = pairs.metadata_faults()
    assert re.fullmatch(fault, told), told


def test_hdf5_is_never_asked_for_more_attributes_or_objects_than_a_file_of_ours_has(copy):
    with h5py.File(copy, "r+", libver="latest") as file:
        for k in range(200):
            file["blurry"].attrs[f"a{k}"] = k
    assert PairFile(copy).metadata_faults() == ["/blurry: has 207 attributes"]
    with h5py.File(copy, "r+", libver="latest") as file:
        for k in range(200):
            file.create_group(f"g{k}")
    assert PairFile(copy).metadata_faults() == ["holds 206 objects"]


def test_metadata_are_compared_without_touching_the_file(copy):
    before = digest(copy), copy.stat().st_mtime_ns
    copy.chmod(0o444)
    assert PairFile(copy).metadata_faults() == []
    assert (digest(copy), copy.stat().st_mtime_ns) == before


def test_the_seal_of_a_file_and_of_memory_agree(finished):
    layout = read_layout(finished)
    np.testing.assert_array_equal(row_crcs(rows()), layout.map()["crc"])


def test_where_no_temporary_file_can_be_the_metadata_stay_unchecked_with_an_error(finished):
    layout = read_layout(finished)
    with pytest.raises(FileError) as caught:
        metadata_faults(layout, "/proc")
    assert str(caught.value).startswith(f"{finished}: its metadata cannot be checked in /proc (")
    script = (
        "import sys; from blurkit.store import PairFile\n"
        "print(PairFile(sys.argv[1]).metadata_faults())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, finished],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (9000, 9000)),
        capture_output=True,
        text=True,
    )
    assert done.stderr.splitlines()[-1].endswith("(File too large)")
