"""Files that are not what they claim to be: refused by name, what they point to stays closed."""

import ctypes
import os
import sys

import h5py
import numpy as np
import pytest
from click.testing import CliRunner
from making import N, begin

from blurkit.cli import main
from blurkit.errors import FileError
from blurkit.store import PairFile


def foreign(path):
    with h5py.File(path, "w") as file:
        file["data"] = np.arange(3)


def spoil(name, make=None, **options):
    """Put something else in a dataset's place."""

    def change(path):
        with h5py.File(path, "r+", **options) as file:
            del file[name]
            if make:
                make(file)

    return change


def attribute(name, value):
    def change(path):
        with h5py.File(path, "r+", libver="latest") as file:
            file.attrs.create(name, value)

    return change


def add(name, value):
    def change(path):
        with h5py.File(path, "r+") as file:
            file[name] = value

    return change


def put(name, value):
    return spoil(name, lambda file: file.__setitem__(name, value))


def put_new(name, *arguments, **options):
    return spoil(name, lambda file: file.create_dataset(name, *arguments, **options))


def compact(file):
    plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plan.set_layout(h5py.h5d.COMPACT)
    space = h5py.h5s.create_simple((N,))
    h5py.h5d.create(file.id, b"crc", h5py.h5t.STD_U32LE, space, plan)


def in_a_user_block(path):
    data = path.read_bytes()
    with h5py.File(path, "w", userblock_size=4096) as file:
        file["data"] = 1
    path.write_bytes(path.read_bytes()[:4096] + data)


def through_a_soft_link(file):
    file["x"] = h5py.ExternalLink("/nowhere.h5", "/")
    file["kernel"] = h5py.SoftLink("/x/kernel")


def nested(depth):
    kind = np.dtype("<f8")
    for _ in range(depth):
        kind = np.dtype([("a", kind)])
    return np.zeros(N, kind)


LINK = "is a link, which is not followed"
TYPE = "has a type or shape that the format does not allow"
PIECE = "is not stored contiguously in the file"
PLAIN = "must be an integer or text of fixed length"
DIGITS = b'{"n": ' + b"9" * 10**5 + b"}"  # Python refuses to convert so many
TEXTS = np.array([("text",)] * N, [("a", h5py.string_dtype())])
WIDE = np.zeros(N, [(f"n{k}", "<f8") for k in range(900)])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda path: path.write_text("hello"), "not an HDF5 file"),
        (lambda path: path.write_bytes(b""), "not an HDF5 file"),
        (lambda path: path.unlink(), "no such file"),
        (lambda path: (path.unlink(), path.mkdir()), "not a file"),
        (lambda path: (path.unlink(), os.mkfifo(path)), "not a file"),
        (lambda path: (path.unlink(), path.symlink_to("/dev/zero")), "not a file"),
        (lambda path: (path.unlink(), path.symlink_to("nowhere")), "no such file"),
        (lambda path: os.truncate(path, 9000), "truncated or damaged (Unable to "),
        (in_a_user_block, "not an HDF5 file"),
        (foreign, "an HDF5 file, but not made by blurkit (no attribute format = 'blurkit')"),
        (
            attribute("format_version", 2),
            "has format version 2; this blurkit reads versions up to 1, upgrade it",
        ),
        # links
        (put("kernel", h5py.ExternalLink("/nowhere.h5", "/kernel")), f"/kernel {LINK}"),
        (put("blurry", h5py.ExternalLink("/nowhere.h5", "/blurry")), f"/blurry {LINK}"),
        (put("kernel", h5py.SoftLink("/sharp")), f"/kernel {LINK}"),
        (put("kernel", h5py.SoftLink("/kernel")), f"/kernel {LINK}"),
        (spoil("kernel", through_a_soft_link), f"/kernel {LINK}"),
        (spoil("params", lambda file: file.create_group("params")), "/params is not a dataset"),
        (spoil("params", lambda f: f.__setitem__("params", f["/"])), "/params is not a dataset"),
        (put("blurry", np.dtype("<u1")), "/blurry is not a dataset"),
        # storage
        (put_new("kernel", (N, 5, 5), "<f4", chunks=(1, 5, 5)), f"/kernel {PIECE}"),
        (put_new("kernel", (N, 5, 5), "<f4", compression="gzip"), f"/kernel {PIECE}"),
        (spoil("crc", compact), f"/crc {PIECE}"),
        (put_new("kernel", (N, 2**16, 2**16), "<f4"), "/kernel holds no data"),
        (put_new("kernel", (N, 2**40, 1), "<f4"), "/kernel holds no data"),
        (put_new("kernel", (0, 5, 5), "<f4"), "/kernel holds no data"),
        (put("kernel", h5py.Empty("<f4")), "/kernel holds no data"),
        (put("crc", np.uint32(5)), "/crc holds no data"),
        # shapes and types
        (attribute("count", N + 1), "/blurry has 20 rows, but its count is 21"),
        (attribute("count", 0), "count must be >= 1, got 0"),
        (attribute("count", -1), "count must be >= 1, got -1"),
        (put("sharp", np.zeros((N, 16, 24, 3), np.float32)), f"/sharp {TYPE}"),
        (put("sharp", np.zeros((N, 16, 24, 4), np.uint8)), f"/sharp {TYPE}"),
        (put("kernel", np.zeros((N, 5, 5), ">f4")), f"/kernel {TYPE}"),
        (put("kernel", np.zeros((N, 4, 4), "<f4")), f"/kernel {TYPE}"),
        (put("kernel", np.zeros((N, 1, 2**17), "<f4")), "/kernel has an impossible shape (20, 1"),
        (put("crc", np.zeros(N, ">u4")), f"/crc {TYPE}"),
        (put("crc", np.zeros(N, "<f4")), f"/crc {TYPE}"),
        (put("source", ["text"] * N), f"/source {TYPE}"),
        (put_new("params", (N,), h5py.ref_dtype, data=None), "/params holds no data"),
        (put("params", np.zeros((N, 3))), f"/params {TYPE}"),
        (put("params", nested(20)), f"/params {TYPE}"),
        (put("params", np.zeros(N, [("a", "<f8", (9,))])), f"/params {TYPE}"),
        (put("params", TEXTS), f"/params {TYPE}"),
        (spoil("crc"), "has no dataset /crc"),
        # attributes
        (attribute("settings", np.bytes_("{")), "its settings are not JSON"),
        (attribute("settings", np.bytes_("[]")), "its settings are not a JSON object"),
        (attribute("settings", np.bytes_("[" * 9**5)), "its settings are not JSON"),
        (
            attribute("settings", np.bytes_(DIGITS)),
            "its settings are not JSON",
        ),
        # a damaged heap sends HDF5 into an endless loop, so text that lies there is not read
        (attribute("settings", "{}"), f"attribute settings {PLAIN}"),
        (attribute("settings", np.zeros(2**21, np.uint8)), f"attribute settings {PLAIN}"),
        (attribute("seed", 1.0), f"attribute seed {PLAIN}"),
        (attribute("seed", True), f"attribute seed {PLAIN}"),
        (attribute("start", np.zeros(2, int)), f"attribute start {PLAIN}"),
        (attribute("start", np.bytes_("0")), "start must be an integer"),
    ],
)
def test_what_breaks_the_format_is_refused_by_name(copy, change, message):
    change(copy)
    with pytest.raises(FileError) as caught:
        PairFile(copy)
    assert str(caught.value).startswith(f"{copy}: {message}")
    for command in ("verify", "info"):
        done = CliRunner().invoke(main, [command, str(copy)])
        assert isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == 1 or not copy.is_file(), done.output


@pytest.mark.parametrize(
    "change",
    [
        # what the reader can read all the same, for it asks HDF5 for nothing else
        put("params", WIDE),
        lambda path: [attribute(f"a{k}", k)(path) for k in range(100)],
        attribute("more", np.zeros(2**21, np.uint8)),
        attribute("more", "text in a heap"),
        lambda path: h5py.File(path, "r+").__setitem__("out", h5py.ExternalLink("/nowhere", "/")),
        lambda path: (
            h5py.File(path, "r+").create_group("loop").__setitem__("x", h5py.SoftLink("/"))
        ),
    ],
)
def test_what_the_format_does_not_have_is_not_read_and_verify_says_so(copy, change):
    change(copy)
    assert PairFile(copy).blurry.shape == (N, 16, 24, 3)
    done = CliRunner().invoke(main, ["verify", str(copy)])
    assert done.exit_code == 1
    assert done.output.startswith("Error: ")


# what a file points to


class Watch:
    """Tells whether a file was opened since, by Linux's inotify."""

    def __init__(self, path):
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._file = self._libc.inotify_init1(os.O_NONBLOCK)
        opened = 0x20
        assert self._libc.inotify_add_watch(self._file, os.fsencode(path), opened) >= 0

    def opened(self):
        try:
            return bool(os.read(self._file, 4096))
        except BlockingIOError:
            return False


def kernel_beside(path):
    beside = path.with_name("beside.h5")
    with h5py.File(beside, "w") as file:
        file["kernel"] = np.ones((N, 5, 5), "<f4")
    return beside


def external_link(file, beside):
    file["kernel"] = h5py.ExternalLink(str(beside), "/kernel")


def soft_link_to_an_external_link(file, beside):
    file["x"] = h5py.ExternalLink(str(beside), "/")
    file["kernel"] = h5py.SoftLink("/x/kernel")


def external_storage(file, beside):
    file.create_dataset("kernel", (N, 5, 5), "<f4", external=[(str(beside), 0, N * 100)])


def virtual_source(file, beside):
    layout = h5py.VirtualLayout((N, 5, 5), "<f4")
    layout[:] = h5py.VirtualSource(str(beside), "kernel", (N, 5, 5))
    file.create_virtual_dataset("kernel", layout)


@pytest.mark.skipif(sys.platform != "linux", reason="needs inotify")
@pytest.mark.parametrize(
    "point", [external_link, soft_link_to_an_external_link, external_storage, virtual_source]
)
def test_what_a_file_points_to_stays_closed(copy, point):
    beside = kernel_beside(copy)
    with h5py.File(copy, "r+") as file:
        del file["kernel"]
        point(file, beside)
    watch = Watch(beside)
    with pytest.raises(FileError):
        PairFile(copy)
    for command in ("verify", "info", "preview"):
        assert CliRunner().invoke(main, [command, str(copy)]).exit_code == 1
    with pytest.raises(FileError):  # nor does the writer, whom the file asks to go on
        begin(copy)
    assert not watch.opened()
    with h5py.File(copy) as file:  # while plain h5py does open it
        assert file["kernel"][:].shape == (N, 5, 5)
    assert watch.opened()


def test_text_from_a_file_cannot_command_the_terminal(copy):
    attribute("\x1b[2J", 1)(copy)
    attribute("settings", np.bytes_(b'{"images": "\\u001b[2J\\ud800"}'))(copy)
    for command in ("verify", "info"):
        said = CliRunner().invoke(main, [command, str(copy)]).output
        assert r"\x1b[2J" in said
        assert "\x1b" not in said
