"""Settings of a comparison are checked before anything runs."""

import pytest

from blurkit.errors import SettingError
from nas.comparison.plan import plan
from nas.comparison.settings import CompareSettings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"seeds": 0}, "seeds must be >= 1, got 0"),
        ({"brief": 200, "steps": 100}, r"brief must be <= steps \(100\), got 200"),
        ({"networks": "unet resnet"}, "networks must be some of unet, .*, got 'unet resnet'"),
        ({"kinds": "searched unet"}, "kinds must be some of searched, uniform, got"),
        ({"variants": ("a b",)}, 'variant must be NAME="OPTIONS of nas.search", got'),
        ({"variants": ("unet=--order 2",)}, "variant must have a name of its own, got 'unet'"),
        ({"variants": ("a=", "a=")}, "variant must have a name of its own, got 'a'"),
    ],
)
def test_settings_are_refused_by_name_rule_and_value(given, message):
    with pytest.raises(SettingError, match=f"^{message}"):
        CompareSettings(**given)


def test_without_random_searches_their_steps_do_not_matter():
    assert CompareSettings(steps=5, random_searches=0).brief > 5


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"search": "--epoch-count 3"}, "No such option '?--epoch-count"),
        ({"search": "--epochs many"}, "'many' is not a valid integer"),
        ({"search": "--epochs 0"}, "epochs must be >= 1, got 0"),
        ({"search": "--seed 3"}, "seed is the comparison's own option"),
        ({"variants": ("a=--width 3",)}, "width is the comparison's own option"),
    ],
)
def test_options_of_the_search_are_checked_before_anything_runs(given, message):
    with pytest.raises(SettingError, match=f"^in search .*: {message}"):
        plan(CompareSettings(**given), side=32)
