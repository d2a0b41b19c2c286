import pytest
from making_benchmarks import put, refused, scores

from nas.evaluation.metrics import psnr, ssim, ssim_matlab3d
from nas.evaluation.protocols.by_name import find_benchmark
from nas.evaluation.table import Score


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
