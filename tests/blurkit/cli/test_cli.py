"""The blurkit command: what it makes, and what it answers to every kind of bad input."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from blurkit import Defocus, Gaussian, Linear, Mix, Walk, kernels
from blurkit.cli import main
from blurkit.images.files import read_image, write_image
from blurkit.store import PairFile

TINY = ["--patch", "16", "--kernel", "7", "--steps", "32", "--length", "2", "5", "--quiet"]
NOWHERE = "Invalid value for 'FILE...': File 'nowhere.h5' does not exist."
REAL = ["import", "pairs", ".", "--blurry", "b", "--sharp", "s"]
ENDINGS = ".jpg .jpeg .png .tif .tiff .webp"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Every test in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def blurkit(*words: str, code: int = 0) -> str:
    """Run the command; everything it says."""
    result = CliRunner().invoke(main, list(words))
    assert result.exit_code == code, result.output
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.output


def fails(words: list[str], code: int, message: str) -> None:
    said = blurkit(*words, code=code)
    assert said.splitlines()[-1] == f"Error: {message}"


# what it makes


def test_synth_makes_a_verified_dataset():
    said = blurkit("synth", "--n", "10", *TINY)
    assert re.fullmatch(r"blur\.h5: 10 pairs of 16x16, 0\.0 MB, \d+\.\d s\n", said)
    assert len(PairFile("blur.h5")) == 10
    assert blurkit("verify", "blur.h5") == "blur.h5: all 10 samples are intact\n"


def test_synth_again_is_complete_already():
    blurkit("synth", "--n", "10", *TINY)
    before = Path("blur.h5").stat().st_mtime_ns
    said = blurkit("synth", "--n", "10", *TINY)
    assert said.startswith("blurkit: blur.h5 is already complete with these settings\n")
    assert Path("blur.h5").stat().st_mtime_ns == before


def test_overwrite_begins_again():
    blurkit("synth", "--n", "10", *TINY)
    blurkit("synth", "--n", "4", *TINY, "--overwrite")
    assert len(PairFile("blur.h5")) == 4


def test_synth_takes_photos_and_reports_the_unreadable():
    rng = np.random.default_rng(0)
    Path("photos/sub").mkdir(parents=True)
    photo = rng.integers(0, 256, (40, 40, 3), dtype=np.uint8)
    write_image("photos/sub/a.jpg", photo)
    Path("photos/b.png").write_text("hello")
    said = blurkit("synth", "--n", "5", "--images", "photos", *TINY, "--out", "p.h5")
    assert "blurkit: skipped 1 unreadable: b.png\n" in said
    assert all(source.startswith(b"sub/a.jpg@") for source in PairFile("p.h5").source)


def test_synth_reduces_photos_by_a_factor_or_a_range():
    Path("photos").mkdir()
    photo = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
    write_image("photos/a.png", photo)
    photos = ["--images", "photos", "--quiet"]
    for reduce, shown in (("2", "[2.0, 2.0]"), ("1 1.5", "[1.0, 1.5]")):
        blurkit("synth", "--n", "5", *photos, "--reduce", reduce, *TINY, "--overwrite")
        lines = dict(line.split(maxsplit=1) for line in blurkit("info", "blur.h5").splitlines())
        assert lines["reduce"] == shown
        assert lines["/params"].endswith(", reduce")
        said = blurkit("verify", "blur.h5", "--deep", "5", *photos)
        assert "5 regenerated" in said
        assert said.endswith("are identical\n")
    fails(
        ["synth", *photos, "--reduce", "4", *TINY, "--overwrite"],
        1,
        "photos: no photo is at least 88x88 (4 x (patch + kernel - 1)); the largest is 60x60",
    )
    rule = "reduce must be one number or a pair (lowest, highest) in 1 .. 16"
    fails(["synth", *photos, "--reduce", "0.5", *TINY], 2, f"{rule}, got 0.5")
    fails(["synth", *photos, "--reduce", "1 2 3", *TINY], 2, f"{rule}, got (1.0, 2.0, 3.0)")
    fails(
        ["synth", *photos, "--reduce", "half", *TINY],
        2,
        "Invalid value for '--reduce': must be one number or a range such as \"1 2\", got 'half'",
    )
    fails(["synth", "--reduce", "2", *TINY], 2, "reduce must be 1 without images, got 2.0")


def test_synth_makes_shards_together_or_one_by_one():
    said = blurkit("synth", "--n", "10", "--shards", "3", *TINY)
    assert re.fullmatch(
        r"blur-\*-of-00003\.h5: 3 files, 10 pairs of 16x16, 0\.\d MB, \d+\.\d s\n", said
    )
    names = [f"blur-0000{i}-of-00003.h5" for i in range(3)]
    assert sorted(path.name for path in Path().iterdir()) == names
    made = [Path(name).read_bytes() for name in names]
    for i, name in enumerate(names):
        Path(name).unlink()
        said = blurkit("synth", "--n", "10", "--shard", f"{i}/3", *TINY)
        assert said.startswith(f"{name}: {[3, 3, 4][i]} pairs of 16x16, ")
    assert [Path(name).read_bytes() for name in names] == made


def test_import_takes_real_pairs_and_names_what_it_skips():
    rng = np.random.default_rng(0)
    for name in ("b/1.png", "s/1.png", "s/2.png"):
        Path(name).parent.mkdir(exist_ok=True)
        write_image(name, rng.integers(0, 256, (20, 32, 3), dtype=np.uint8))
    said = blurkit(*REAL, "--crop", "16", "--quiet").splitlines()
    assert said[0] == "blurkit: skipped 1 without a partner: s/2.png (not in b/)"
    summary = r"real\.h5: 4 pairs of 16x16 from 1 images, 1 skipped, 0\.0 MB, \d+\.\d s"
    assert re.fullmatch(summary, said[1])
    assert blurkit("verify", "real.h5").endswith("all 4 samples are intact\n")
    lines = dict(line.split(maxsplit=1) for line in blurkit("info", "real.h5").splitlines())
    assert (lines["import"], lines["crop"], lines["step"]) == ("pairs", "16", "16")
    assert blurkit("preview", "real.h5") == "preview.png: 4 of 4 pairs\n"
    said = blurkit("verify", "real.h5", "--deep", "1", "--quiet", code=1)
    assert said.endswith(
        "real.h5: cannot be regenerated: its pairs were imported, not synthesised\n"
    )
    said = blurkit(*REAL, "--crop", "16", "--quiet", "--strict", code=1)
    assert "some images cannot be used; 1 without a partner: s/2.png" in said


def test_kernels_draws_a_sheet_and_saves_the_array():
    said = blurkit("kernels", "--n", "6", "--size", "9", "--out", "s.png", "--npy", "k.npy")
    assert said == (
        "s.png: 6 kernels of 9x9\nk.npy: the same kernels as an array (6, 9, 9) of float32\n"
    )
    made = np.load("k.npy")
    np.testing.assert_allclose(made.sum(axis=(1, 2)), 1, atol=1e-6)
    height, width, _ = read_image("s.png").shape
    assert height < width


def test_kernels_draws_any_family_and_mix():
    sheet = ["kernels", "--n", "6", "--size", "9", "--npy", "k.npy"]
    blurkit(*sheet, "--family", "linear", "--length", "4", "4", "--seed", "3")
    assert (np.load("k.npy") == kernels(6, 9, Linear(length=4), seed=3)).all()
    blurkit(*sheet, "--mix", "walk=2,defocus=1", "--length", "2", "5")
    mix = Mix(((Walk(length=(2, 5)), 2), (Defocus(), 1)))
    assert (np.load("k.npy") == kernels(6, 9, mix, seed=0)).all()


def test_synth_draws_from_a_mix_and_info_says_so():
    blurkit("synth", "--n", "9", "--mix", "walk=1,gaussian=2", *TINY)
    mix = Mix(((Walk(steps=32, length=(2, 5)), 1), (Gaussian(), 2)))
    assert (PairFile("blur.h5").kernel[:] == kernels(9, 7, mix, seed=0)).all()
    said = blurkit("info", "blur.h5")
    walk = "walk: inertia 0.984, jerks 0.7, jitter [0.05, 0.4], length [2.0, 5.0], steps 32"
    assert f"  mix           {walk}, weight 1.0; gaussian: angle " in said
    assert blurkit("verify", "blur.h5", "--deep", "9", "--seed", "1").endswith("are identical\n")


def test_info_tells_settings_and_state():
    blurkit("synth", "--n", "10", "--seed", "4", *TINY)
    lines = dict(line.split(maxsplit=1) for line in blurkit("info", "blur.h5").splitlines())
    size = Path("blur.h5").stat().st_size
    assert lines["file"] == f"blur.h5, {size:,} bytes"
    assert lines["state"] == "complete"
    assert lines["samples"] == "10, from index 0"
    assert lines["seed"] == "4"
    assert lines["made"].endswith("format 1")
    assert lines["/blurry"] == "uint8 (16, 16, 3)"
    assert lines["length"] == "[2.0, 5.0]"


def test_info_tells_how_far_an_unfinished_file_is():
    blurkit("synth", "--n", "10", *TINY)
    shutil.move("blur.h5", "blur.h5.part")
    assert "not finished, 10 samples done" in blurkit("info", "blur.h5.part")


def test_preview_draws_pairs():
    blurkit("synth", "--n", "10", *TINY)
    assert blurkit("preview", "blur.h5", "--n", "3") == "preview.png: 3 of 10 pairs\n"
    one = read_image("preview.png")
    blurkit("preview", "blur.h5", "--n", "99", "--out", "all.png")
    assert read_image("all.png").shape[0] > one.shape[0]


def test_help_names_every_command_and_shows_defaults():
    said = blurkit("--help")
    for name in ("synth", "import", "blur", "kernels", "realism", "info", "preview", "verify"):
        assert f"  {name} " in said
        assert blurkit(name, "--help").startswith("Usage: ")
    said = " ".join(blurkit("synth", "--help").split())
    assert "Side of the patches in pixels. [default: 128]" in said


def test_help_is_light_and_python_m_works():
    # numba, OpenCV and h5py take seconds to load; --help needs none of them
    script = (
        "import sys; from blurkit.cli import main; main(['--help'], standalone_mode=False); "
        "print(sorted({'numba', 'cv2', 'h5py', 'scipy', 'torch'} & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert said.stdout.endswith("[]\n"), said
    command = [sys.executable, "-m", "blurkit", "--version"]
    said = subprocess.run(command, capture_output=True, text=True)
    assert said.stdout.startswith("blurkit, version ")


# what it answers to bad input


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["synth", "--n", "0"], "n must be >= 1, got 0"),
        (["synth", "--n", "-5"], "n must be >= 1, got -5"),
        (["synth", "--kernel", "20"], "kernel must be odd and between 3 and 511, got 20"),
        (["synth", "--patch", "4"], "patch must be between 16 and 4096, got 4"),
        (["synth", "--seed", "-1"], "seed must be between 0 and 2**64 - 1, got -1"),
        (["synth", "--threads", "0"], "threads must be >= 1, got 0"),
        (["synth", "--inertia", "2"], "inertia must be between 0 and 1, got 2.0"),
        (["synth", "--shard", "10/10"], "shard must be i/K with 0 <= i < K, got 10/10"),
        (["synth", "--shard", "3"], "shard must be i/K with 0 <= i < K, got 3"),
        (["synth", "--shard", "-1/3"], "shard must be i/K with 0 <= i < K, got -1/3"),
        (["synth", "--n", "2", "--shards", "3"], "shards must be <= n (2), got 3"),
        (["synth", "--shards", "0"], "shards must be >= 1, got 0"),
        (["synth", "--shards", "2", "--shard", "0/2"], "give either --shards K or --shard i/K"),
        (["synth", "--dask", "tcp://127.0.0.1:8786"], "dask needs --shards K"),
        (["synth", "--dask", "x", "--shard", "0/2"], "dask needs --shards K"),
        (["synth", "--n", "many"], "Invalid value for '--n': 'many' is not a valid integer."),
        (
            ["synth", "--images", "nowhere"],
            "Invalid value for '--images': Directory 'nowhere' does not exist.",
        ),
        (["kernels", "--family", "linear", "--jerks", "1"], "jerks is not a setting of linear"),
        (
            ["kernels", "--family", "linear", "--mix", "walk"],
            "give either --family or --mix, got linear and walk",
        ),
        (
            ["synth", "--mix", "linear=1", "--jitter", "0", "1"],
            "jitter is a setting of the walk, which is not in the mix linear=1",
        ),
        (["synth", "--mix", "walk=0"], "weight of walk must be above 0 and finite, got 0.0"),
        (["synth", "--mix", "walk=x"], 'mix must be like "walk=6,linear=1", got "walk=x"'),
        (["kernels", "--size", "20"], "size must be odd and >= 3, got 20"),
        (["synth", "--out", "a.part"], "out must not end in .part, got a.part"),
        (["kernels", "--n", "0"], "n must be >= 1, got 0"),
        (["kernels", "--columns", "0"], "columns must be >= 1, got 0"),
        (["kernels", "--out", "sheet.txt"], f"out must end in {ENDINGS}, got sheet.txt"),
        (["import", "gopro", "."], "split must be given with gopro: train or test"),
        (
            ["import", "gopro", ".", "--split", "train"],
            "input must be given with gopro: blur or blur_gamma",
        ),
        (
            ["import", "nafnet", ".", "--split", "test", "--input", "blur"],
            "input must not be given with nafnet, got blur",
        ),
        (["import", "list", "."], "list must be given with list"),
        (["import", "lmdb", ".", "--sharp", "s"], "blurry must be given with lmdb"),
        (
            ["import", "pairs", ".", "--blurry", "../b", "--sharp", "s"],
            "blurry must be a relative name without .., got ../b",
        ),
        (
            ["import", "pairs", ".", "--blurry", "b/", "--sharp", "b"],
            "blurry and sharp must differ, got b/",
        ),
        ([*REAL, "--crop", "15"], "crop must be between 16 and 16384, got 15"),
        ([*REAL, "--step", "8"], "step must not be given without crop, got 8"),
        (
            [*REAL, "--crop", "16", "--step", "17"],
            "step must be between 1 and crop (16), got 17",
        ),
        ([*REAL, "--out", "a.h5.part"], "out must not end in .part, got a.h5.part"),
        ([*REAL, "--report", "real.h5"], "report must be another file than out, got real.h5"),
        ([*REAL, "--threads", "0"], "threads must be >= 1, got 0"),
        (["info", "nowhere.h5"], "Invalid value for 'FILE...': File 'nowhere.h5' does not exist."),
        (
            ["verify", "nowhere.h5"],
            "Invalid value for 'FILE...': File 'nowhere.h5' does not exist.",
        ),
        (
            ["preview", "nowhere.h5"],
            "Invalid value for 'FILE...': File 'nowhere.h5' does not exist.",
        ),
    ],
)
def test_what_the_command_line_alone_shows_is_code_2(folder, words, message):
    fails(words, 2, message)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("command", ["info", "verify", "preview"])
@pytest.mark.parametrize("kind", ["text", "foreign", "truncated", "unfinished"])
def test_a_file_that_cannot_be_used_is_code_1(command, kind):
    import h5py

    name = "bad.h5"
    if kind == "text":
        Path(name).write_text("hello")
        message = "bad.h5: not an HDF5 file"
    elif kind == "foreign":
        with h5py.File(name, "w") as file:
            file["data"] = [1, 2]
        message = "bad.h5: an HDF5 file, but not made by blurkit (no attribute format = 'blurkit')"
    else:
        blurkit("synth", "--n", "4", *TINY, "--out", name)
        if kind == "truncated":
            with open(name, "r+b") as file:
                file.truncate(9000)
            said = blurkit(command, name, code=1)
            assert "Error: bad.h5: truncated or damaged (" in said
            return
        if command == "info":  # tells of unfinished files too
            return
        shutil.move(name, "bad.h5.part")
        name = "bad.h5.part"
        message = "bad.h5.part: not finished; rerun the blurkit command that makes it"
    fails([command, name], 1, message)


def test_verify_names_the_damaged_samples():
    blurkit("synth", "--n", "10", *TINY)
    pairs = PairFile("blur.h5")
    at = Path("blur.h5").read_bytes().find(pairs.sharp[6].tobytes())
    with open("blur.h5", "r+b") as file:
        file.seek(at + 100)
        byte = file.read(1)[0]
        file.seek(at + 100)
        file.write(bytes([byte ^ 4]))
    fails(["verify", "blur.h5"], 1, "blur.h5: 1 of 10 samples are damaged: 6")


def test_several_files_are_one_dataset(caplog):
    blurkit("synth", "--n", "10", "--shards", "3", *TINY)
    names = [f"blur-0000{i}-of-00003.h5" for i in range(3)]
    size = sum(Path(name).stat().st_size for name in names)
    for given in (["blur-*.h5"], names):
        lines = dict(line.split(maxsplit=1) for line in blurkit("info", *given).splitlines())
        assert lines["files"] == f"3, {names[0]} to {names[2]}, {size:,} bytes"
        assert (lines["state"], lines["samples"]) == ("complete", "10, from index 0")
        assert (lines["shard"], lines["seed"]) == ("0/3; 1/3; 2/3", "0")
        assert blurkit("preview", *given, "--n", "4") == "preview.png: 4 of 10 pairs\n"
        assert blurkit("verify", *given).splitlines() == [
            f"{name}: all {n} samples are intact" for name, n in zip(names, (3, 3, 4), strict=True)
        ]
    shutil.move(names[1], names[1] + ".part")
    said = blurkit("info", "blur-*")
    assert "1 not finished, with 3 samples done" in said
    assert caplog.messages == []
    missing = (
        f"{names[0]}: 1 of the 3 shards of its dataset are missing: "
        f"1 ({names[1]}.part is not finished)"
    )
    said = blurkit("info", "blur-*.h5")
    assert f"blurkit: {missing}\n" in said
    assert "incomplete: shards are missing" in said
    fails(["verify", "blur-*.h5"], 1, missing)
    fails(["info", names[0], f"./{names[0]}"], 1, f"{names[0]}: given twice")
    fails(
        ["verify", "*.part"],
        1,
        f"{names[1]}.part: not finished; rerun the blurkit command that makes it",
    )
    fails(["verify", "other-*.h5"], 1, "no file matches other-*.h5")


def test_verify_goes_on_to_the_next_file():
    blurkit("synth", "--n", "9", "--shards", "3", *TINY)
    for name, row in (("blur-00000-of-00003.h5", 2), ("blur-00002-of-00003.h5", 0)):
        at = Path(name).read_bytes().find(PairFile(name).sharp[row].tobytes())
        with open(name, "r+b") as file:
            file.seek(at)
            file.write(b"\0\0\0\0")
    said = blurkit("verify", "blur-*.h5", code=1).splitlines()
    assert said == [
        "blur-00000-of-00003.h5: 1 of 3 samples are damaged: 2",
        "blur-00001-of-00003.h5: all 3 samples are intact",
        "blur-00002-of-00003.h5: 1 of 3 samples are damaged: 0",
        "Error: 2 of 3 files failed the check",
    ]


def test_preview_of_no_pairs():
    blurkit("synth", "--n", "4", *TINY)
    fails(["preview", "blur.h5", "--n", "0"], 2, "n must be >= 1, got 0")


def test_other_settings_on_the_same_name():
    blurkit("synth", "--n", "4", *TINY)
    fails(
        ["synth", "--n", "5", "--seed", "1", *TINY],
        1,
        "blur.h5: was made with other settings (n: 4 in the file, 5 now; seed: 0 in the file, "
        "1 now); use --overwrite to start again",
    )
    assert len(PairFile("blur.h5")) == 4


def test_folders_of_photos_that_cannot_serve():
    Path("photos").mkdir()
    fails(["synth", "--images", "photos", *TINY], 1, f"photos: contains no {ENDINGS} file")
    Path("photos/a.jpg").write_text("hello")
    fails(
        ["synth", "--images", "photos", *TINY],
        1,
        "photos: none of its 1 photos can be read (a.jpg)",
    )
    write_image("photos/b.png", np.zeros((100, 80, 3), np.uint8))
    fails(
        ["synth", "--images", "photos", "--quiet"],
        1,
        "photos: no photo is at least 158x158 (patch + kernel - 1); the largest is 80x100",
    )
    assert [p.name for p in Path().iterdir()] == ["photos"]


def test_places_that_cannot_be_written():
    # below a regular file nobody can write, not even root
    Path("file").write_text("in the way")
    fails(
        ["synth", "--n", "4", *TINY, "--out", "file/blur.h5"],
        1,
        "file/blur.h5: cannot be written (no folder file)",
    )
    fails(
        ["kernels", "--n", "1", "--out", "file/a.png"],
        1,
        "file/a.png: cannot be written (Not a directory)",
    )
    fails(
        ["kernels", "--n", "1", "--npy", "file/a.npy"],
        1,
        "file/a.npy: cannot be written (Not a directory)",
    )


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux's /proc")
def test_a_read_only_file_system_is_named():
    said = blurkit("synth", "--n", "4", *TINY, "--out", "/proc/blur.h5", code=1)
    assert said.startswith("Error: /proc/blur.h5: cannot be written (")
