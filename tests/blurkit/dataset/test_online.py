"""Blurring while training: the dataset's own samples, in whatever form an image comes."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
import torch

from blurkit import (
    Degrade,
    DegradeTransform,
    KernelGenerator,
    SettingError,
    SynthSettings,
    Walk,
    dead_leaves,
)
from blurkit.camera.camera import NUMBERS
from blurkit.dataset.samples import sample
from blurkit.kernel.batch import random_walk_kernels

SETTINGS = SynthSettings(
    n=9, patch=24, kernel=9, walk=Walk(length=(2, 8), steps=40), seed=4, camera="realistic"
)


@pytest.mark.parametrize("index", [0, 7, 123456789])
def test_a_dataset_s_scene_becomes_the_dataset_s_sample(index):
    kept = sample(SETTINGS, index)
    scene = dead_leaves(SETTINGS.side, seed=SETTINGS.seed, index=index)
    pair = Degrade(SETTINGS)(scene, seed=SETTINGS.seed, index=index)
    for name in ("blurry", "sharp", "kernel"):
        assert getattr(pair, name).tobytes() == kept[name].tobytes()
    assert list(pair.params) == [*Walk.numbers, *NUMBERS]
    assert pair.params == {name: kept["params"][name] for name in pair.params}


def test_reflect_keeps_the_size_and_the_inside():
    image = dead_leaves(40, seed=1)[:33]
    inside = Degrade(SynthSettings(kernel=9))(image, seed=1)
    whole = Degrade(SynthSettings(kernel=9), border="reflect")(image, seed=1)
    assert inside.blurry.shape == (25, 32, 3)
    assert whole.blurry.shape == image.shape
    assert (whole.blurry[4:-4, 4:-4] == inside.blurry).all()
    assert (whole.sharp == image).all()


def test_grey_images_stay_grey():
    grey = dead_leaves(40, seed=1)[..., 0]
    degrade = Degrade(SETTINGS)
    pair = degrade(grey, seed=1)
    assert pair.blurry.shape == pair.sharp.shape == (32, 32)
    assert (pair.blurry == degrade(grey[..., None], seed=1).blurry[..., 0]).all()


def test_without_a_seed_each_call_blurs_otherwise():
    image, degrade, shake = dead_leaves(40, seed=1), Degrade(SETTINGS), DegradeTransform(SETTINGS)
    assert (degrade(image).kernel != degrade(image).kernel).any()
    assert (shake(image)[0] != shake(image)[0]).any()


def test_a_transform_s_blur_follows_seed_epoch_and_image_alone():
    first, other = dead_leaves(40, seed=1), dead_leaves(40, seed=2)
    shake = DegradeTransform(SETTINGS, seed=1)
    blurry, sharp = shake(first)
    shake(other)
    copy = pickle.loads(pickle.dumps(shake))  # noqa: S301  # as a worker gets it
    assert (copy(first)[0] == blurry).all()
    assert sharp.shape == blurry.shape == first.shape
    for changed in (DegradeTransform(SETTINGS, seed=2), DegradeTransform(SETTINGS, seed=1)):
        changed.epoch = 1
        assert (changed(first)[0] != blurry).any()


def test_tensors_come_back_as_they_came():
    image, shake = dead_leaves(40, seed=1), DegradeTransform(SETTINGS, seed=1)
    blurry, sharp = shake(image)
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    for given, scale in ((tensor, 1), (tensor / 255, 255), (tensor.double() / 255, 255)):
        made = shake(given)
        for each, expected in zip(made, (blurry, sharp), strict=True):
            assert each.dtype == given.dtype
            assert each.shape == given.shape
            back = (each.double() * scale).round().numpy().transpose(1, 2, 0)
            assert (back == expected).all()


class Image(torch.Tensor):
    """As torchvision's: its transforms move all of them alike, but only one plain tensor."""


def test_a_tensor_s_class_is_kept():
    image = torch.from_numpy(dead_leaves(40, seed=1)).permute(2, 0, 1).as_subclass(Image)
    assert [type(each) for each in DegradeTransform(SETTINGS, seed=1)(image)] == [Image, Image]


def test_a_dict_of_image_gets_its_sharp_partner():
    image, shake = dead_leaves(40, seed=1), DegradeTransform(SETTINGS, seed=1)
    made = shake(image=image, mask=None, label="a")
    assert sorted(made) == ["image", "label", "mask", "sharp"]
    assert (made["image"] == shake(image)[0]).all()


def test_batches_of_kernels_as_deepinv_takes_them():
    made = KernelGenerator(SETTINGS, as_tensor=torch.from_numpy).step(batch_size=5, seed=3)
    walk = SETTINGS.walk
    expected = random_walk_kernels(5, 9, seed=3, length=walk.length, steps=walk.steps)
    assert isinstance(made["filter"], torch.Tensor)
    assert (made["filter"][:, 0].numpy() == expected).all()


def test_no_framework_is_imported():
    code = (
        "import sys, blurkit; s = blurkit.DegradeTransform(seed=1);"
        "s(blurkit.dead_leaves(40, seed=1));"
        "print({'torch', 'torchvision', 'albumentations', 'deepinv', 'PIL'} & set(sys.modules))"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Degrade(border="wrap"), "border must be valid or reflect, got wrap"),
        (
            lambda: Degrade()(np.zeros((8, 8))),
            r"sharp must be \(H, W\) or \(H, W, C\) of uint8, got float64 of shape \(8, 8\)",
        ),
        (
            lambda: Degrade()(np.zeros((20, 40), np.uint8)),
            r"sharp must be at least as large as the kernel \(31x31\), got 20x40",
        ),
        (lambda: SynthSettings(camera="phone"), "preset must be naive, clean, realistic, got 'pho"),
    ],
)
def test_what_cannot_be_is_refused(call, message):
    with pytest.raises(SettingError, match=f"^{message}"):
        call()
