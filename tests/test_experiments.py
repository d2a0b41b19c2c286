"""The comparison's photos are pinned: `make reproduce` names those that differ."""

import hashlib
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = ROOT / "experiments" / "ladder" / "check_photos.sh"

pytestmark = pytest.mark.skipif(shutil.which("sha256sum") is None, reason="needs GNU coreutils")


@pytest.fixture
def photos(tmp_path):
    """A folder of two photos, and beside it their list."""
    lines = ""
    for name in ("a b.png", "sub/c.jpg"):
        photo = tmp_path / "photos" / name
        photo.parent.mkdir(parents=True, exist_ok=True)
        photo.write_text(name)
        lines += f"{hashlib.sha256(name.encode()).hexdigest()}  {name}\n"
    (tmp_path / "list").write_text(lines)
    return tmp_path / "photos"


def check(photos):
    command = ["bash", str(SCRIPT), str(photos), str(photos.parent / "list")]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_the_right_photos_pass_in_silence(photos):
    (photos / "README.md").write_text("no photo")
    assert check(photos) == (0, "", "")


def test_a_changed_photo_is_named(photos):
    (photos / "sub" / "c.jpg").write_text("another")
    code, _, said = check(photos)
    assert code == 1
    assert "sub/c.jpg: FAILED" in said
    assert "a b.png" not in said
    assert said.endswith(f"{photos}: does not hold the photos of {photos.parent / 'list'}\n")


def test_a_missing_photo_is_named(photos):
    (photos / "a b.png").unlink()
    code, _, said = check(photos)
    assert code == 1
    assert "a b.png: FAILED open or read" in said


def test_a_photo_too_many_is_named(photos):
    (photos / "sub" / "more.JPEG").write_text("unknown")
    code, _, said = check(photos)
    assert code == 1
    assert said.startswith("sub/more.JPEG\n")
    assert "holds photos that are not in" in said


def test_the_list_has_relative_names_in_order():
    lines = (ROOT / "experiments" / "photos.sha256").read_text().splitlines()
    assert all(re.fullmatch(r"[0-9a-f]{64}  [^/\\]+(/[^/\\]+)*", line) for line in lines)
    names = [line[66:] for line in lines]
    assert names == sorted(set(names))
