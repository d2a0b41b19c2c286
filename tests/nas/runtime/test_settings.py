import pytest

from blurkit.errors import SettingError
from nas.runtime.settings import LatencySettings


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sizes": "big"}, 'sizes must be like "256x256 1280x720"'),
        ({"sizes": "256x250"}, "sides multiples of 16, got '256x250'"),
        ({"sizes": ""}, "sizes must be"),
        ({"threads": "0"}, "threads must be numbers in 1 .. 1024"),
        ({"threads": "two"}, "threads must be numbers"),
        ({"modes": "fast"}, "modes must be some of eager; .*, got 'fast'"),
        ({"rounds": 2}, "rounds must be >= 3, got 2"),
        ({"unet_width": 257}, "unet-width must be <= 256, got 257"),
    ],
)
def test_settings_have_rules(given, words):
    with pytest.raises(SettingError, match=words):
        LatencySettings(**given)
