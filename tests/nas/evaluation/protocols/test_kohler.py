import numpy as np
import pytest
from making_benchmarks import put, refused, scores

from blurkit.errors import FileError
from blurkit.images.files import read_image
from nas.evaluation.protocols.by_name import find_benchmark
from nas.evaluation.protocols.kohler_score import kohler

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
    frames = [read_image(path) for path in paths]
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
    assert refused(tmp_path, "kohler").startswith("HERE/GroundTruth1_1: contains no .jpg")
