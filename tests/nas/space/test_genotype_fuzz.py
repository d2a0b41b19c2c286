"""Whatever a genotype file holds, it is loaded or refused with a FileError."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import fuzz

from blurkit.errors import FileError, SettingError
from nas.space.genotype import CELLS, FUSION_NAMES, OPERATION_NAMES, Genotype

VALID = Genotype.sample(0)
NAMES = ["format", "format_version", "space", "cells", "fusions", "widths"]
WORDS = st.sampled_from([*CELLS, *OPERATION_NAMES, *FUSION_NAMES, *NAMES])
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(min_value=10**20),
    st.floats(),
    st.text(st.characters(codec=None), max_size=8),
    WORDS,
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(WORDS | st.text(), inner, max_size=4)
    ),
    max_leaves=12,
)
LONG = [b"[" * 2000, b'{"a":' * 2000, b"9" * 5000, b" " * 70_000]
ODD = [b"-", b"1e999", b"NaN", b"-Infinity", b'"', b",", b":", b'"cells": 1,', b"\\ud800"]
BAD_UTF8 = [b"\xef\xbb\xbf", b"\x00", b"\xff", b"\xc0\x80"]
PIECES = st.binary(max_size=6) | st.sampled_from(LONG + ODD + BAD_UTF8)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "g.json"


def loads_or_refuses(path):
    try:
        genotype = Genotype.load(path)
    except FileError as error:
        said = str(error)
    else:
        assert Genotype.from_dict(json.loads(genotype.to_json())) == genotype
        return genotype
    assert said.startswith(f"{path}: ")
    assert len(said) < 1000
    return None


@fuzz(300)
@given(value=VALUES, data=st.data())
def test_any_value_at_any_place(path, value, data):
    document = VALID.to_dict()
    where = document
    while isinstance(where, dict | list):
        keys = list(where) if isinstance(where, dict) else range(len(where))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(where[key], dict | list) or data.draw(st.booleans()):
            where[key] = value
            break
        where = where[key]
    path.write_text(json.dumps(document))
    try:
        expected = Genotype.from_dict(json.loads(path.read_text()))
    except SettingError:
        expected = None
    assert loads_or_refuses(path) == expected


@fuzz(300)
@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), PIECES, st.booleans()),
        max_size=4,
    )
)
def test_any_bytes(path, edits):
    data = VALID.to_json().encode()
    for share, cut, new, insert in edits:
        at = int(share * len(data))
        data = data[:at] + new + data[at if insert else at + cut :]
    path.write_bytes(data)
    genotype = loads_or_refuses(path)
    if data == VALID.to_json().encode():
        assert genotype == VALID
