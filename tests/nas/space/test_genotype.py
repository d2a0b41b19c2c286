"""The genotype file: round trip, and an exact message for each way it can be wrong."""

import json
import os

import pytest

from blurkit.errors import FileError, SettingError
from nas.space.genotype import CELLS, DECODER, OPERATION_NAMES, WIDTHS, Genotype


def test_round_trip_through_the_file(tmp_path):
    genotype = Genotype.sample(3)
    path = tmp_path / "genotype.json"
    path.write_text(genotype.to_json())
    assert Genotype.load(path) == genotype


def test_flat_and_back():
    genotype = Genotype.sample(4)
    assert Genotype.from_flat(genotype.flat(), genotype.flat_fusions()) == genotype


def test_a_file_of_the_first_space_is_read():
    # written by 0.1 and 0.2: every skip added, the usual widths
    document = _document(space="unet9-1")
    del document["fusions"], document["widths"]
    genotype = Genotype.from_dict(document)
    assert genotype.cells == Genotype.sample(0).cells
    assert set(genotype.fusions.values()) == {"add"}
    assert genotype.widths == WIDTHS


def test_random_genotypes_differ_and_repeat():
    assert Genotype.sample(1) == Genotype.sample(1) != Genotype.sample(2)


def _document(**changes):
    return {**Genotype.sample(0).to_dict(), **changes}


def _cells(**changes):
    return {**_document()["cells"], **changes}


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], 'not a genotype: "format" must be "blurkit-genotype"'),
        ({"format": "other"}, 'not a genotype: "format" must be "blurkit-genotype"'),
        (_document(format_version=2), "format_version must be 1, got 2"),
        (_document(space="unet7-1"), "space must be \"unet9-2\", got 'unet7-1'"),
        (_document(cells={"enc1": []}), f"cells must be exactly {', '.join(CELLS)}, got ['enc1']"),
        (_document(cells=None), "cells must be exactly"),
        (_document(cells=_cells(enc1=["ff"])), "cell enc1 must have 3 operations, got ['ff']"),
        (
            _document(cells=_cells(dec1=["ff", "maxpool", "ff"])),
            f"cell dec1, slot 2: operation must be one of {', '.join(OPERATION_NAMES)}, "
            "got 'maxpool'",
        ),
        (_document(cells=_cells(enc2=[["ff"], "ff", "ff"])), "cell enc2, slot 1"),
        (_document(fusions=None), f"fusions must be exactly {', '.join(DECODER)}, got None"),
        (
            _document(fusions={**dict.fromkeys(DECODER, "add"), "dec1": ["max"]}),
            "fusion of dec1 must be one of add, concat, gated, got ['max']",
        ),
        (_document(widths=[1, 2]), "widths must be 5 whole numbers in 1 .. 64, got [1, 2]"),
        (_document(widths=[1, 2, 4, 8, True]), "widths must be 5 whole numbers in 1 .. 64, got"),
        (_document(widths=[1, 2, 4, 8, 65]), "widths must be 5 whole numbers in 1 .. 64, got"),
    ],
)
def test_each_wrong_document_says_what_is_wrong(document, message, tmp_path):
    with pytest.raises(SettingError) as error:
        Genotype.from_dict(document)
    assert message in str(error.value)
    path = tmp_path / "wrong.json"
    path.write_text(json.dumps(document))
    with pytest.raises(FileError) as error:  # from a file, the message also names the file
        Genotype.load(path)
    assert str(error.value).startswith(f"{path}: ")
    assert message in str(error.value)


@pytest.mark.parametrize("version", [True, 1.0, "1", None, [1], 10**30])
def test_a_version_is_the_integer_1(version):
    with pytest.raises(SettingError, match="format_version must be 1, got "):
        Genotype.from_dict(_document(format_version=version))


def test_what_stands_twice_is_refused(tmp_path):
    path = tmp_path / "genotype.json"
    path.write_text(Genotype.sample(0).to_json().replace('"space"', '"cells": {}, "space"'))
    with pytest.raises(FileError) as error:
        Genotype.load(path)
    assert str(error.value) == f"{path}: not a genotype: duplicate key 'cells'"


def test_places_where_no_genotype_can_be(tmp_path):
    path = tmp_path / "genotype.json"
    with pytest.raises(FileError, match=r"cannot be read \(No such file or directory\)"):
        Genotype.load(path)
    for make in (os.mkfifo, os.mkdir):
        make(path)
        with pytest.raises(FileError, match="not a file"):
            Genotype.load(path)
        (path.unlink if path.is_fifo() else path.rmdir)()
    path.write_text(Genotype.sample(0).to_json() + " " * 2**16)
    with pytest.raises(FileError, match="longer than 65536 bytes"):
        Genotype.load(path)


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[" * 60_000,
        b"9" * 5000,
        b"\xef\xbb\xbf{}",
        b"",
        b"\xff\xfe\x00",
        b"__import__('os').abort()",
    ],
)
def test_what_is_not_json_is_refused_and_not_run(content, tmp_path):
    path = tmp_path / "genotype.json"
    path.write_bytes(content)
    with pytest.raises(FileError, match="not a genotype"):
        Genotype.load(path)
