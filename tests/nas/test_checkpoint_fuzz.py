"""Whatever a checkpoint, supernet or state file holds, it is loaded or refused with a FileError."""

import json
import os
import struct
import subprocess
import sys

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from making import fuzz

from blurkit.errors import FileError
from nas.checkpoint import load_model, load_supernet, save_model
from nas.cost.table import CostTable
from nas.files import read_json
from nas.space.genotype import Genotype
from nas.space.network import build
from nas.training.run import Run
from nas.training.state import load_state, save_state

GENOTYPE = Genotype.sample(0).to_dict()
INFO = {"name": "a", "arch": GENOTYPE, "width": 1, "scales": [1, 2], "window": 32, "settings": {}}
NUMBERS = [0, 1, 2, -1, 2.5, 10**9, 2**63, 2**64 - 1, 10**400, float("nan"), float("inf"), 1e308]
WORDS = [*INFO, "format", "format_version", "cells", "fusions", "widths", "unet", "naf", "conv3"]
SCALARS = st.one_of(
    st.none(), st.booleans(), st.sampled_from(NUMBERS), st.text(max_size=5), st.sampled_from(WORDS)
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(WORDS), inner),
    max_leaves=8,
)
DTYPES = ["F16", "BF16", "F32", "F64", "F8_E4M3", "F8_E8M0", "F4", "I8", "I64", "U64", "BOOL"]
DTYPES += ["C64", "F128", ""]
DEEP = ["[" * 10**5, '{"a":' * 10**5, "9" * 10**4, "", "null", "\x00", '{"format": 1, "format": 2}']


def parts(data):
    """The header of a safetensors file as JSON, and what follows it."""
    length = struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8 : 8 + length]), data[8 + length :]


def put(path, header, body, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text) if length is None else length) + text + body)


def refused(load, path):
    """What `load` says of the file; None where it loads."""
    try:
        load(path)
    except FileError as error:
        said = str(error)
        assert said.startswith(f"{path}: "), said
        assert len(said) < 1000, said
        return said
    return None


def use(path):
    """Load a model, and run what was loaded."""
    model, info = load_model(path)
    assert info["name"].isprintable()
    with torch.inference_mode():
        assert model(torch.rand(1, 3, 32, 32)).shape == (1, 3, 32, 32)


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    path = tmp_path_factory.mktemp("sound") / "model.safetensors"
    torch.manual_seed(0)
    save_model(path, build(GENOTYPE, 1), INFO)
    return path.read_bytes()


def run_of(seed=0):
    torch.manual_seed(seed)
    net = build("conv", 1)
    return net, {"weights": torch.optim.AdamW(net.parameters(), lr=1e-3)}


@pytest.fixture(scope="module")
def state(tmp_path_factory):
    path = tmp_path_factory.mktemp("state") / "state.safetensors"
    net, optimisers = run_of()
    net(torch.rand(1, 3, 16, 16)).square().mean().backward()
    optimisers["weights"].step()
    save_state(path, net, optimisers, {"history": [{"step": 1, "loss": 0.5}]})
    return path.read_bytes()


def go_on(path):
    """Load a state, and take a step from it."""
    net, optimisers = run_of(1)
    record = load_state(path, net, optimisers)
    assert all(type(line["step"]) is int for line in record.get("history", ()))
    net(torch.rand(1, 3, 16, 16)).square().mean().backward()
    optimisers["weights"].step()


def supernet(path):
    load_supernet(path, build("conv", 1))


@fuzz(300)
@given(value=VALUES, data=st.data())
def test_any_value_in_the_metadata(sound, tmp_path, value, data):
    header, body = parts(sound)
    document = json.loads(header["__metadata__"]["blurkit"])
    where = document
    while True:
        keys = list(where) if isinstance(where, dict) else list(range(len(where)))
        key = data.draw(st.sampled_from(keys))
        deeper = isinstance(where[key], dict | list) and where[key]
        if not deeper or data.draw(st.booleans()):
            where[key] = value
            break
        where = where[key]
    header["__metadata__"]["blurkit"] = json.dumps(document)
    put(tmp_path / "m.safetensors", header, body)
    refused(use, tmp_path / "m.safetensors")


ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(DTYPES),
        "shape": st.lists(st.sampled_from([0, 1, 3, 27, 2**31, 2**62, -1, 2.5]), max_size=5),
        "data_offsets": st.lists(
            st.sampled_from([0, 4, 12, 100, 2**40, 2**63, -4]), min_size=1, max_size=3
        ),
    },
)


@fuzz(300)
@given(
    entries=st.lists(st.tuples(st.integers(0, 99), ENTRY), max_size=3),
    more=st.dictionaries(st.text(max_size=4) | st.sampled_from(WORDS), VALUES, max_size=2),
    length=st.none() | st.sampled_from([0, 1, 2**20, 10**8, 2**31, 2**63, 2**64 - 1]),
    document=st.none() | st.sampled_from(DEEP),
)
@pytest.mark.parametrize("kind", ["model", "state", "supernet"])
def test_any_header(kind, sound, state, tmp_path, entries, more, length, document):
    header, body = parts(state if kind == "state" else sound)
    names = sorted(header.keys() - {"__metadata__"})
    for which, change in entries:
        header[names[which % len(names)]].update(change)
    if document is not None:
        header["__metadata__"]["blurkit"] = document
    header |= more
    put(tmp_path / "m.safetensors", header, body, length)
    refused({"model": use, "state": go_on, "supernet": supernet}[kind], tmp_path / "m.safetensors")


@fuzz(300)
@given(
    edits=st.lists(
        st.tuples(st.floats(0, 1), st.integers(0, 40), st.binary(max_size=6), st.booleans()),
        min_size=1,
        max_size=4,
    ),
    early=st.booleans(),
)
@pytest.mark.parametrize("kind", ["model", "state"])
def test_any_bytes(kind, sound, state, tmp_path, edits, early):
    data = state if kind == "state" else sound
    for share, cut, new, insert in edits:
        at = int(share * (200 if early else len(data)))
        data = data[:at] + new + data[at if insert else at + cut :]
    (tmp_path / "m.safetensors").write_bytes(data)
    refused({"model": use, "state": go_on}[kind], tmp_path / "m.safetensors")


def recorded(record, **tensors):
    """A change of a state file: another record, or tensors that are left out or renamed."""

    def change(header):
        document = json.loads(header["__metadata__"]["blurkit"])
        if record is not None:
            document["record"] = record
        header["__metadata__"]["blurkit"] = json.dumps(document)
        for name, new in tensors.items():
            old = next(key for key in header if key.endswith(name))
            header[old.removesuffix(name) + new] = header.pop(old)

    return change


def reshaped(name, shape):
    """A change of a state's header that gives a tensor another shape."""
    return lambda header: header[name].update(shape=shape)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (recorded({}), None),
        (recorded([]), "belongs to another run: its record is not that of a run"),
        (recorded({"history": 5}), "belongs to another run: its record is not that of a run"),
        (recorded({"history": [{"step": "1"}]}), "its record is not that of a run"),
        (recorded(None, exp_avg="expo"), "does not have the moments of its optimiser"),
        (recorded(None, step="exp_avg.sq"), "exp_avg.sq has shape () of torch.float32"),
        (reshaped("weights.2.exp_avg", []), "weights.2.exp_avg has shape () of torch.float32"),
        (
            lambda h: h.__setitem__("alphas.0.step", h.pop("weights.0.step")),
            "to no optimiser",
        ),
        (
            lambda h: h.__setitem__("weights.x.step", h.pop("weights.0.step")),
            "to no optimiser",
        ),
        (lambda h: h.__setitem__("weights.999.step", h.pop("weights.0.step")), "another run: 999"),
        (lambda h: h.__setitem__("model.x", h.pop("model.stem.bias")), "Missing key"),
    ],
)
def test_a_state_of_another_run_is_refused(state, tmp_path, change, message):
    header, body = parts(state)
    change(header)
    path = tmp_path / "state.safetensors"
    put(path, header, body)
    said = refused(go_on, path)
    assert said is None if message is None else message in said


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"width": 10**9}, "width must be between 1 and 256, got 1000000000"),
        ({"width": 10**400}, "width must be between 1 and 256, got 1000000"),
        ({"width": 1.0}, "width must be between 1 and 256, got 1.0"),
        ({"width": 256, "arch": GENOTYPE | {"widths": [64] * 5}}, "belong to another network"),
        ({"arch": "unet" * 10**6}, "network must be one of unet, "),
        ({"scales": [10**400]}, "scales must be up to 8 numbers"),
        ({"window": 10**400}, "window must be a whole number >= 16, got 1000"),
        ({"name": ["a"]}, "name must be text of at most 200 characters, got ['a']"),
        ({"name": "a" * 10**6}, "name must be text of at most 200 characters, got 'aaa"),
        ({"format_version": None}, "format_version must be 1, got None"),
        ({"format_version": True}, "format_version must be 1, got True"),
    ],
)
def test_what_the_metadata_claim_is_bounded(sound, tmp_path, facts, message):
    header, body = parts(sound)
    document = json.loads(header["__metadata__"]["blurkit"]) | facts
    header["__metadata__"]["blurkit"] = json.dumps(document)
    put(tmp_path / "m.safetensors", header, body)
    assert message in refused(use, tmp_path / "m.safetensors")


def test_a_name_stands_once(sound, tmp_path):
    header, body = parts(sound)
    text = header["__metadata__"]["blurkit"]
    header["__metadata__"]["blurkit"] = text[:-1] + ', "width": 2}'
    put(tmp_path / "m.safetensors", header, body)
    assert "its metadata: duplicate key 'width'" in refused(use, tmp_path / "m.safetensors")


def test_a_name_cannot_command_the_terminal(sound, tmp_path):
    save_model(tmp_path / "m.safetensors", build(GENOTYPE, 1), INFO | {"name": "\x1b[2J\nb"})
    _, info = load_model(tmp_path / "m.safetensors")
    assert info["name"] == "\\x1b[2J\\nb"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_must_be_finite(tmp_path, value):
    net = build("conv", 1)
    torch.nn.init.constant_(net.stem.bias, value)
    save_model(tmp_path / "m.safetensors", net, INFO | {"arch": "conv"})
    said = refused(use, tmp_path / "m.safetensors")
    assert said.endswith("stem.bias must be finite")


def test_a_file_without_end_is_not_mapped(sound, tmp_path):
    header, _ = parts(sound)
    last = max(header.keys() - {"__metadata__"}, key=lambda k: header[k]["data_offsets"][1])
    first = header[last]["data_offsets"][0]
    header[last] |= {"shape": [2**38], "data_offsets": [first, first + 2**40]}
    path = tmp_path / "m.safetensors"
    put(path, header, b"")
    os.truncate(path, path.stat().st_size + first + 2**40)  # takes no place on the disk
    assert "longer than 17,179,869,184 bytes" in refused(use, path)


CLAIMS = """
import resource, sys
from pathlib import Path
from blurkit.errors import FileError
from nas.checkpoint import load_model

load_model(sys.argv[1])
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 2**27, used + 2**27))
for path in sys.argv[2:]:
    try:
        load_model(path)
    except FileError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_memory_stays_bounded(sound, tmp_path):
    """A network of 10 TB, by its metadata, is refused where 128 MiB may be taken."""
    paths = [tmp_path / name for name in ("good", "wide", "unet")]
    paths[0].write_bytes(sound)
    for path, facts in zip(
        paths[1:],
        [{"width": 256, "arch": GENOTYPE | {"widths": [64] * 5}}, {"width": 256, "arch": "unet"}],
        strict=True,
    ):
        header, body = parts(sound)
        document = json.loads(header["__metadata__"]["blurkit"]) | facts
        header["__metadata__"]["blurkit"] = json.dumps(document)
        put(path, header, body)
    done = subprocess.run(
        [sys.executable, "-c", CLAIMS, *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=300,
    )
    lines = done.stdout.splitlines()
    assert len(lines) == 2, done.stderr
    assert all("its weights belong to another network" in line for line in lines)


@pytest.mark.parametrize("text", ["[" * 10**5, "5", "null", "[]", "9" * 10**4, '"\udcff"', "{}"])
def test_any_json_in_a_run_folder_is_answered(tmp_path, text):
    for name in ("settings.json", "x.json"):
        (tmp_path / name).write_text(text, errors="surrogateescape")
    with pytest.raises(FileError, match=r"settings\.json: not JSON|holds a run of another command"):
        Run(tmp_path, {"width": 2}, "model.safetensors")
    with pytest.raises(FileError, match=r"x\.json: not a table of costs"):
        CostTable.load(tmp_path / "x.json")
    if text[0] in "[9" and len(text) > 2:
        with pytest.raises(FileError, match=r"x\.json: cannot be read"):
            read_json(tmp_path / "x.json")
