"""Importing what a stranger has made: nothing outside the folder, nothing endless, no crash."""

import os
import struct
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making_pairs import database, put, run

from blurkit.errors import FileError


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "a/../../secret.png", "a\0b"])
def test_paths_in_a_list_must_not_lead_out(root, name):
    put(root, "a/s.png", "../secret.png")
    listed = root.parent / "list.txt"
    listed.write_text(f"a/s.png a/s.png\na/s.png {name}\n")
    with pytest.raises(FileError) as caught:
        run(root, source="list", list_file=str(listed), order="sharp-blurry")
    assert str(caught.value) == f"list.txt line 2: {root}: {name!r} is outside of it"


def test_links_must_not_lead_out(root):
    put(root, "blur/a.png", "sharp/a.png", "../secret/a.png")
    put(root, "elsewhere/sharp/a.png")
    (root / "sharp/a.png").unlink()
    (root / "sharp/a.png").symlink_to(root / "elsewhere/sharp/a.png")  # within: as good as a file
    assert run(root).pairs == 1
    (root / "sharp/a.png").unlink()
    (root / "sharp/a.png").symlink_to(root.parent / "secret/a.png")
    message = r"data: sharp/a\.png links to .*/secret/a\.png, outside of it$"
    with pytest.raises(FileError, match=message):
        run(root, out="b.h5")
    (root / "sharp/a.png").unlink()
    (root / "sharp").rmdir()
    (root / "sharp").symlink_to(root.parent / "secret")
    with pytest.raises(FileError, match=r"data: sharp links to .*/secret, outside of it$"):
        run(root, out="b.h5")
    (root / "blur/meta_info.txt").write_text("")
    (root / "blur/data.mdb").symlink_to(root.parent / "secret/a.png")
    with pytest.raises(FileError, match=r"data: blur/data\.mdb links to .*/a\.png, outside of it$"):
        run(root, out="b.h5", source="lmdb", blurry="blur", sharp="sharp")


@pytest.mark.parametrize("key", ["../a", "/a", "b/../../a"])
def test_keys_of_a_database_must_not_lead_out(root, key):
    database(root, "b.lmdb", ["a", key])
    database(root, "s.lmdb", ["a", key])
    with pytest.raises(FileError) as caught:
        run(root, source="lmdb", blurry="b.lmdb", sharp="s.lmdb")
    assert str(caught.value) == f"{root}/b.lmdb/meta_info.txt line 2: {key!r} is outside of it"


def test_a_pipe_is_not_waited_for(root):
    put(root, "blur/a.png", "sharp/a.png", "blur/b.png")
    os.mkfifo(root / "sharp/b.png")
    assert [str(p) for p in run(root).problems] == ["sharp/b.png (sharp/b.png: not a file)"]


def test_a_header_that_promises_too_much_is_not_decoded(root):
    def chunk(kind, data):
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    put(root, "blur/a.png", "sharp/a.png", "blur/b.png")
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)  # 7.5 GB decoded
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(b"")), (b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)
    (root / "sharp/b.png").write_bytes(bomb)
    assert [p.kind for p in run(root).problems] == ["unreadable"]


def test_names_cannot_command_the_terminal(root, caplog):
    put(root, "blur/a.png", "sharp/a.png", "blur/\x1b[2Jb\n.png")
    report = root.parent / "report.txt"
    run(root, report=report)
    assert caplog.messages == ["skipped 1 without a partner: blur/\\x1b[2Jb\\n.png (not in sharp/)"]
    assert len(report.read_text().splitlines()) == 1


@given(text=st.text(alphabet="ab./\\ \t\n\0é\ud800~", max_size=40))
def test_any_list_is_read_or_refused(tmp_path_factory, text):
    root = tmp_path_factory.mktemp("list")
    (root / "list.txt").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(FileError):  # there is no image
        run(root, source="list", list_file=str(root / "list.txt"), order="sharp-blurry")


@pytest.mark.parametrize("size", [0, 5000, 9000])
def test_a_database_that_breaks_off_is_refused(root, size):
    # LMDB itself would end the process with a bus error when it reads behind the end
    for name in ("b.lmdb", "s.lmdb"):
        database(root, name, ["a", "b"])
    os.truncate(root / "b.lmdb/data.mdb", size)
    with pytest.raises(FileError, match=r"b\.lmdb(: LMDB cannot read it|/data\.mdb: truncated, )"):
        run(root, source="lmdb", blurry="b.lmdb", sharp="s.lmdb")


def test_a_database_that_is_none_is_refused(root):
    for name in ("b.lmdb", "s.lmdb"):
        database(root, name, ["a", "b"])
    (root / "b.lmdb/data.mdb").write_bytes(b"hello" * 5000)
    with pytest.raises(FileError, match=r"b\.lmdb: LMDB cannot read it \("):
        run(root, source="lmdb", blurry="b.lmdb", sharp="s.lmdb")


def test_a_list_that_is_a_pipe_or_device_is_not_waited_for(root):
    put(root, "a.png")
    os.mkfifo(root.parent / "list.txt")
    for listed in (root.parent / "list.txt", "/dev/zero"):
        with pytest.raises(FileError, match=r"(list\.txt|zero): not a file$"):
            run(root, source="list", list_file=str(listed), order="sharp-blurry")


def test_a_link_to_a_device_or_out_of_a_list_is_refused(root):
    put(root, "blur/a.png", "sharp/a.png")
    (root / "sharp/b.png").symlink_to("/dev/zero")
    with pytest.raises(FileError, match=r"data: sharp/b\.png links to /dev/zero, outside of it$"):
        run(root)
    (root.parent / "list.txt").write_text("blur/a.png sharp/b.png\n")
    with pytest.raises(FileError, match=r"line 1: .*sharp/b\.png links to /dev/zero, outside"):
        run(root, source="list", list_file=str(root.parent / "list.txt"), order="blurry-sharp")


@pytest.mark.parametrize("ending", [".zip", ".tar", ".png"])
def test_an_archive_is_no_folder_and_never_unpacked(root, ending):
    put(root, "../secret.png")
    path = root / f"sharp{ending}"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../slipped.png", (root.parent / "secret.png").read_bytes())
    with pytest.raises(FileError, match="must contain blur/ and "):
        run(root, blurry="blur", sharp=path.name)
    assert not list(root.parent.rglob("slipped.png"))
    put(root, "blur/a.png", "more/a.png", "blur/b.png")
    path.rename(root / "more/b.png")
    assert [p.kind for p in run(root, sharp="more").problems] == ["unreadable"]
    assert not list(root.parent.parent.rglob("slipped.png"))
