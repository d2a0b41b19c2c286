"""By how much an image is reduced before a network sees it."""

import reprlib
from collections.abc import Sequence

from blurkit.errors import SettingError

LARGEST = 8.0
MOST = 8


def check_scales(scales: Sequence[float | str]) -> list[float]:
    """The scales in rising order, each once; SettingError if they are not as they must be."""
    try:
        found = sorted({float(scale) for scale in scales})
    except (TypeError, ValueError, OverflowError):
        found = []
    if not 1 <= len(found) <= MOST or not all(1 <= scale <= LARGEST for scale in found):
        rule = f"scales must be up to {MOST} numbers in 1 .. {LARGEST:g}"
        raise SettingError(f"{rule}, got {reprlib.repr(scales)}")
    return found


def parse_scales(text: str) -> list[float] | None:
    """Scales from text such as "1 1.5 2"; None, the model's own, where it is empty."""
    return check_scales(text.split()) if text.strip() else None
