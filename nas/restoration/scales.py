"""Factors by which an image is downscaled before a network sees it."""

import reprlib
from collections.abc import Sequence

from blurkit.errors import SettingError

LARGEST = 8.0
MOST = 8


def check_scales(scales: Sequence[float | str]) -> list[float]:
    """The distinct scales in ascending order; SettingError "scales must be up to 8 numbers ..."."""
    try:
        numbers = sorted({float(scale) for scale in scales})
    except (TypeError, ValueError, OverflowError):
        numbers = []
    if not 1 <= len(numbers) <= MOST or not all(1 <= scale <= LARGEST for scale in numbers):
        rule = f"scales must be up to {MOST} numbers in 1 .. {LARGEST:g}"
        raise SettingError(f"{rule}, got {reprlib.repr(scales)}")
    return numbers


def parse_scales(text: str) -> list[float] | None:
    """Scales from text such as "1 1.5 2"; None if it is empty."""
    return check_scales(text.split()) if text.strip() else None
