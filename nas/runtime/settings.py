"""What `nas.latency` times: sizes, threads, modes, and for how long."""

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

    Raises SettingError 'sizes must be like "256x256 1280x720", ..., got "big"' and the like.
    """

    sizes: str = setting("256x256 1280x720", "of the image, width x height, multiples of 16")
    threads: str = setting("", 'on the CPU, as "1 4"; empty: 1 and all')
    modes: str = setting("", f"of {'; '.join(MODES)}; those wanted, with ; between; empty: all")
    unet_width: int = setting(
        0, "channels of UNet's first level; 0: as many as the first network's", least=0, most=WIDEST
    )
    rounds: int = setting(50, "how often each is timed, at most", least=3)
    seconds: float = setting(5.0, "for each network, mode, size and number of threads", least=0)

    def __post_init__(self) -> None:
        check(self)
        parse_sizes(self.sizes)
        parse_threads(self.threads)
        parse_modes(self.modes)


def parse_sizes(text: str) -> list[tuple[int, int]]:
    """(H, W) of each size; SettingError where one is no multiple of 16.

    Examples
    --------
    >>> parse_sizes("256x256 1280x720")
    [(256, 256), (720, 1280)]
    """
    found: list[tuple[int, int]] = []
    for size in text.split():
        match = re.fullmatch(r"([1-9]\d{0,4})x([1-9]\d{0,4})", size)
        sides = (int(match[2]), int(match[1])) if match else (1, 1)
        if any(side % STRIDE for side in sides):
            found = []
            break
        found.append(sides)
    if not found:
        rule = f'sizes must be like "256x256 1280x720", sides multiples of {STRIDE}'
        raise SettingError(f"{rule}, got {text!r}")
    return list(dict.fromkeys(found))


def parse_threads(text: str) -> list[int]:
    """Numbers of threads, each once; 1 and all cores of this process where the text is empty."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    words = text.split() or ["1", str(cores or 1)]
    if not all(word.isdecimal() and 1 <= int(word) <= 1024 for word in words):
        raise SettingError(f'threads must be numbers in 1 .. 1024, as "1 4", got {text!r}')
    return list(dict.fromkeys(map(int, words)))


def parse_modes(text: str) -> list[str]:
    """Names of modes in the order of `nas.runtime.backends.MODES`; all where the text is empty."""
    words = [word.strip() for word in text.split(";") if word.strip()] or list(MODES)
    for word in words:
        if word not in MODES:
            raise SettingError(f"modes must be of {'; '.join(MODES)}, got {word!r}")
    return [mode for mode in MODES if mode in words]
