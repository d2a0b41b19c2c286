"""Settings of `nas.latency`: sizes, threads, modes and durations."""

import os
import re
from dataclasses import dataclass

from blurkit.errors import SettingError
from nas.options import check, setting
from nas.runtime.backends import MODES
from nas.space.frame import STRIDE
from nas.space.network import WIDEST


@dataclass(frozen=True)
class LatencySettings:
    """What is timed, and for how long.

    Raises
    ------
    SettingError
        'sizes must be like "256x256 1280x720", ..., got "big"' and the like
    """

    sizes: str = setting("256x256 1280x720", "image sizes, WIDTHxHEIGHT, multiples of 16")
    threads: str = setting("", 'numbers of CPU threads, such as "1 4"; empty: 1 and all')
    modes: str = setting("", f"modes, separated by semicolons; empty: all ({'; '.join(MODES)})")
    unet_width: int = setting(
        0, "channels of the UNet's first level; 0: those of the first network", least=0, most=WIDEST
    )
    rounds: int = setting(50, "largest number of timing rounds", least=3)
    seconds: float = setting(5.0, "time per network, mode, size and number of threads", least=0)

    def __post_init__(self) -> None:
        check(self)
        parse_sizes(self.sizes)
        parse_threads(self.threads)
        parse_modes(self.modes)


def parse_sizes(text: str) -> list[tuple[int, int]]:
    """The distinct sizes as (H, W); SettingError unless all sides are multiples of 16.

    Examples
    --------
    >>> parse_sizes("256x256 1280x720")
    [(256, 256), (720, 1280)]
    """
    matches = [re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", size) for size in text.split()]
    sizes = [(int(match[2]), int(match[1])) for match in matches if match]
    if not matches or len(sizes) < len(matches) or any(h % STRIDE or w % STRIDE for h, w in sizes):
        rule = f'sizes must be like "256x256 1280x720", sides multiples of {STRIDE}'
        raise SettingError(f"{rule}, got {text!r}")
    return list(dict.fromkeys(sizes))


def parse_threads(text: str) -> list[int]:
    """The distinct numbers of threads; 1 and all cores of this process if the text is empty."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    words = text.split() or ["1", str(cores or 1)]
    if not all(word.isdecimal() and 1 <= int(word) <= 1024 for word in words):
        raise SettingError(f'threads must be numbers in 1 .. 1024, such as "1 4", got {text!r}')
    return list(dict.fromkeys(map(int, words)))


def parse_modes(text: str) -> list[str]:
    """The chosen modes in the order of `nas.runtime.backends.MODES`; all if the text is empty."""
    chosen = [mode.strip() for mode in text.split(";") if mode.strip()] or list(MODES)
    for mode in chosen:
        if mode not in MODES:
            raise SettingError(f"modes must be some of {'; '.join(MODES)}, got {mode!r}")
    return [mode for mode in MODES if mode in chosen]
