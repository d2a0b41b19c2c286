import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from blurkit.errors import FileError, SettingError
from blurkit.images.files import write_image
from nas.evaluation.metrics import psnr, ssim, ssim_matlab3d
from nas.evaluation.protocols import kohler as kohler_folder
from nas.evaluation.protocols.by_name import PROTOCOLS, check_protocol, find_benchmark
from nas.evaluation.protocols.kohler_score import kohler
from nas.evaluation.protocols.levin_score import levin
from nas.evaluation.table import Score


def put(folder, *names, value=0, shape=(20, 24, 3)):
    """Random images, other ones for another value."""
    rng = np.random.default_rng(value)
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(folder / name, rng.integers(0, 256, shape, dtype=np.uint8))


def scores(benchmark, i, images=None):
    """Of the input of case i by default, and how often the bar moved on."""
    case, done = benchmark.read(i), []
    with ThreadPoolExecutor(2) as pool:
        found = case.score(images or [case.blurry], pool, lambda: done.append(1))
    return found, len(done)


def refused(folder, *arguments, **named):
    with pytest.raises(FileError) as error:
        find_benchmark(folder, *arguments, **named)
    return str(error.value).replace(str(folder), "HERE")


def tree(folder, base="test/", inputs=("blur", "blur_gamma"), sequences=("GOPR1", "GOPR2")):
    for k, side in enumerate([*inputs, "sharp"]):
        put(folder, *(f"{base}{s}/{side}/{n}.png" for s in sequences for n in ("1", "2")), value=k)


@pytest.mark.parametrize("base", ["test/", ""])
@pytest.mark.parametrize("blur", ["blur", "blur_gamma"])
def test_gopro_as_published(tmp_path, base, blur):
    tree(tmp_path, base)
    found = find_benchmark(tmp_path, "gopro", blur)
    assert found.names == ("GOPR1/1", "GOPR1/2", "GOPR2/1", "GOPR2/2")
    assert found.facts["blur"] == blur
    assert found.headline(4) == (
        f"4 pairs of {tmp_path.name}, input {blur} (published figures use 1,111)"
    )
    assert found.headline(1111).endswith(f"input {blur}")
    case = found.read(1)
    (score,), steps = scores(found, 1)
    expected = [metric(case.blurry, case.sharp) for metric in (psnr, ssim, ssim_matlab3d)]
    assert score == Score("GOPR1/2", *expected)
    assert steps == found.steps[1] == 1


def test_the_train_split_beside_is_not_scored(tmp_path):
    tree(tmp_path, "test/", inputs=("blur",), sequences=("GOPR1",))
    tree(tmp_path, "train/", inputs=("blur",), sequences=("GOPR7",))
    assert find_benchmark(tmp_path, "gopro").names == ("GOPR1/1", "GOPR1/2")


@pytest.mark.parametrize("base", ["test/", ""])
@pytest.mark.parametrize("input_", ["blur", "blur_gamma"])
def test_gopro_in_two_folders_says_its_input(tmp_path, base, input_):
    put(tmp_path, f"{base}{input_}/a.png", f"{base}sharp/a.png")
    found = find_benchmark(tmp_path, "gopro")
    assert (found.names, found.facts["blur"]) == (("a",), input_)
    other = "blur_gamma" if input_ == "blur" else "blur"
    assert refused(tmp_path, "gopro", other) == f"HERE: contains no {other}/, only {input_}/"


@pytest.mark.parametrize("base", ["test/", ""])
def test_input_and_target_must_be_told_which_input_they_are(tmp_path, base):
    put(tmp_path, f"{base}input/a.png", f"{base}target/a.png")
    message = refused(tmp_path, "gopro")
    assert message == (
        f"HERE: {base}input/ and {base}target/ do not tell which input they contain: "
        "give --blur blur or --blur blur_gamma"
    )
    assert find_benchmark(tmp_path, "gopro", "blur").facts["blur"] == "blur"


def test_two_inputs_are_never_chosen_between(tmp_path):
    tree(tmp_path)
    message = "HERE: contains blur/ and blur_gamma/: choose one with --blur"
    assert refused(tmp_path, "gopro") == message
    put(tmp_path / "flat", "blur/a.png", "blur_gamma/a.png", "sharp/a.png")
    assert refused(tmp_path / "flat", "gopro") == message


def test_two_layouts_are_never_chosen_between(tmp_path):
    tree(tmp_path)
    put(tmp_path, "input/a.png", "target/a.png")
    assert refused(tmp_path, "gopro", "blur") == (
        "HERE: ambiguous layout: input/ and target/; test/SEQ/ of GOPR1, GOPR2"
    )


def test_gopro_lists_what_a_folder_holds_instead(tmp_path):
    put(tmp_path, "left/a.png")
    assert refused(tmp_path, "gopro").endswith("or input/ and target/; it contains left/")


def test_a_sequence_without_one_side_is_named(tmp_path):
    tree(tmp_path, inputs=("blur",))
    tree(tmp_path, inputs=("blur_gamma",), sequences=("GOPR3",))
    assert refused(tmp_path, "gopro", "blur") == "HERE: test/GOPR3/ contains no blur/"
    put(tmp_path, "test/GOPR3/blur/1.png", "test/GOPR3/blur/2.png", "test/GOPR3/blur/9.png")
    assert refused(tmp_path, "gopro", "blur") == "HERE: no partner for test/GOPR3/blur/9.png"


SIDE = (180, 184, 3)


def path_set(folder, counts):
    for k, (name, frames) in enumerate(counts.items()):
        put(folder, f"Blurry{name}.png", value=9 + k, shape=SIDE)
        put(folder, *(f"GroundTruth{name}/{n:03}.png" for n in range(frames)), value=k, shape=SIDE)


def test_kohler_is_the_best_of_all_frames_and_says_how_many(tmp_path):
    path_set(tmp_path, {"1_2": 3, "1_10": 2})
    found = find_benchmark(tmp_path, "kohler")
    assert found.names == ("Blurry1_2", "Blurry1_10")  # in the order of the numbers
    assert found.steps == (3, 2)
    assert found.facts == {"frames": {"Blurry1_2": 3, "Blurry1_10": 2}}
    assert found.headline(2) == (
        f"2 images of {tmp_path.name}, each against 2 .. 3 ground-truth frames "
        "(published figures use 48)"
    )
    case = found.read(0)
    other = np.flipud(case.blurry).copy()
    of_images, steps = scores(found, 0, [case.blurry, other])
    assert steps == 3
    paths = sorted((tmp_path / "GroundTruth1_2").iterdir())
    frames = [kohler_folder.read_image(path) for path in paths]
    assert (case.sharp == frames[1]).all()
    for score, image in zip(of_images, (case.blurry, other), strict=True):
        expected = kohler(image, frames)
        values = {"psnr": expected.psnr, "ms_ssim": expected.ms_ssim}
        assert score.values() == {**values, "ms_ssim_metrix": expected.ms_ssim_metrix}


def test_kohler_refuses_what_it_cannot_place(tmp_path):
    assert refused(tmp_path, "kohler") == (
        "HERE: must contain Blurry1_1.png .. Blurry4_12.png and GroundTruth1_1/ ..; "
        "it contains nothing"
    )
    put(tmp_path, "Blurry1_1/1.png", shape=SIDE)  # no ground truth, whatever it holds
    path_set(tmp_path, {"1_1": 1, "1_2": 1})
    (tmp_path / "Blurry1_2.png").rename(tmp_path / "Blurry1_3.png")
    assert refused(tmp_path, "kohler") == "HERE: no partner for Blurry1_3.png, GroundTruth1_2/"
    put(tmp_path, "Blurry5_1.png", "Blurry1_13.png")
    message = refused(tmp_path, "kohler")
    assert (
        message == "HERE: names must be Blurry1_1 .. Blurry4_12, got Blurry1_13.png, Blurry5_1.png"
    )


def test_kohler_refuses_doubles_small_images_and_frames_of_another_size(tmp_path):
    path_set(tmp_path, {"1_1": 2})
    put(tmp_path, "Blurry1_1.tif")
    message = refused(tmp_path, "kohler")
    assert message == "HERE: several files with the same name: Blurry1_1.png, Blurry1_1.tif"
    (tmp_path / "Blurry1_1.png").unlink()
    message = refused(tmp_path, "kohler")
    assert message == "HERE/Blurry1_1.tif: must be at least 176x176, got 20x24"
    put(tmp_path, "Blurry1_1.tif", shape=SIDE)
    put(tmp_path, "GroundTruth1_1/000.png", shape=(181, 184, 3))
    with pytest.raises(FileError, match=r"000\.png: must have the size .* 180x184, got 181x184"):
        scores(find_benchmark(tmp_path, "kohler"), 0)


def test_an_empty_ground_truth_is_named(tmp_path):
    path_set(tmp_path, {"1_1": 1})
    (tmp_path / "GroundTruth1_1/000.png").unlink()
    assert refused(tmp_path, "kohler").startswith("HERE/GroundTruth1_1: holds no .jpg")


def test_levin_scores_grey_images(tmp_path):
    put(tmp_path, "blur/im05_flit01.png", shape=(40, 44))
    sharp = np.random.default_rng(3).integers(0, 256, (40, 44), dtype=np.uint8)
    write_image(tmp_path / "blur/b.png", np.roll(sharp, (2, -5), axis=(0, 1)))
    (tmp_path / "sharp").mkdir()
    write_image(tmp_path / "sharp/b.png", sharp)
    put(tmp_path, "sharp/im05_flit01.png", value=1, shape=(40, 44))
    found = find_benchmark(tmp_path, "levin")
    assert found.names == ("b", "im05_flit01")
    assert found.headline(32) == f"32 grey images of {tmp_path.name}"
    assert found.headline(1).startswith(f"1 grey image of {tmp_path.name} (published figures")
    assert scores(found, 0) == ([Score("b", math.inf)], 1)
    blurry, sharp = (image[..., 0].astype(float) for image in found.read(1)[:2])
    assert scores(found, 1)[0][0].psnr == pytest.approx(levin(blurry, sharp).psnr, abs=1e-9)


def test_levin_refuses_colour_and_images_within_the_borders(tmp_path):
    put(tmp_path, "blur/a.png", "sharp/a.png", shape=(30, 40))
    assert refused(tmp_path, "levin") == "HERE: a: must be at least 31x31, got 30x40"
    put(tmp_path, "blur/a.png", "sharp/a.png", shape=(40, 40, 3))
    assert refused(tmp_path, "levin") == "HERE: a: must be grey, like all of Levin's images"


def test_a_protocol_is_one_that_there_is():
    with pytest.raises(SettingError, match=r"protocol must be one of plain, .*, got real$"):
        check_protocol("real", "found")
    with pytest.raises(SettingError, match="blur must be found, blur or blur_gamma, got gamma"):
        check_protocol("gopro", "gamma")
    for name in set(PROTOCOLS) - {"gopro"}:
        with pytest.raises(SettingError, match=f"not be given with protocol {name}, got blur$"):
            check_protocol(name, "blur")
