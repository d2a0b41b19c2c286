"""The bundled network: its files agree, it removes blur and leaves sharp photos alone."""

import json
from statistics import fmean

import pytest
from skimage.data import astronaut

from blurkit import Motion, Walk
from blurkit.handheld.snapshot import snapshot
from nas.checkpoint import SHIPPED, load_model
from nas.evaluation.metrics import psnr
from nas.restoration.restore import restore
from nas.space.genotype import Genotype


@pytest.fixture(scope="module")
def network():
    return load_model()[0]


@pytest.fixture(scope="module")
def photo():
    return astronaut()[:320, 96:416].copy()


def gains(network, photo, length, scales=None):
    """PSNR gains in dB for four camera shakes of a photo."""
    shake = Motion(Walk(length=length, jerks=0), roll=0.5)
    blurred = [snapshot(photo, shake, "naive", seed=5, index=index)[0] for index in range(4)]
    return [
        psnr(restore(network, blurry, scales=scales), photo) - psnr(blurry, photo)
        for blurry in blurred
    ]


def test_it_holds_its_genotype_and_training_record_and_is_small():
    assert SHIPPED.stat().st_size < 12e6
    _, info = load_model()
    assert info["name"] == "shipped"
    assert Genotype.load(SHIPPED.parent / "genotype.json").to_dict() == info["arch"]
    record = json.loads((SHIPPED.parent / "training.json").read_text())
    assert record["arch"] == info["arch"]
    assert record["log"][-1] == info["validation"]
    assert record["log"][-1]["step"] == record["settings"]["steps"]


def test_it_improves_shaken_photos(network, photo):
    improvements = gains(network, photo, (6, 12))
    assert min(improvements) > 0
    assert fmean(improvements) > 0.5


def test_it_leaves_a_sharp_photo_alone(network, photo):
    assert psnr(restore(network, photo), photo) > 35


def test_blur_longer_than_it_was_trained_on_takes_smaller_scales(network):
    large = astronaut()[:384, 64:448].repeat(2, axis=0).repeat(2, axis=1)
    one, several = (gains(network, large, (50, 60), scales) for scales in ((1,), (1, 2, 3)))
    assert fmean(several) > fmean(one) + 0.1
