"""Camera response curves by Newton's roots; the last bit of pow differs between CPUs."""

import numpy as np

from blurkit._loops.jit import loop

SRGB, GAMMA, NONE = 0, 1, 2  # responses: IEC 61966-2-1, a power of 2.2, proportional


@loop
def root(y, n):
    """The n-th root of y in [0, 1], to about the last bit of float64."""
    if y <= 0.0:
        return 0.0
    x = 1.0
    while True:  # converges from above, until rounding stops it
        power = 1.0
        for _ in range(n - 1):
            power *= x
        closer = ((n - 1) * x + y / power) / n
        if closer >= x:
            return x
        x = closer


@loop
def to_light(value, response):
    """Linear light in [0, 1] of an encoded value in [0, 1]."""
    if response == SRGB:
        if value <= 0.04045:
            return value / 12.92
        x = (value + 0.055) / 1.055
        fifth = root(x, 5)
        return x * x * fifth * fifth
    if response == GAMMA:
        return value * value * root(value, 5)
    return value


@loop
def to_value(light, response):
    """Encoded value in [0, 1] of linear light in [0, 1]: the inverse of `to_light`."""
    if response == SRGB:
        if light <= 0.0031308:
            return light * 12.92
        twelfth = root(light, 12)
        square = twelfth * twelfth
        return 1.055 * square * square * twelfth - 0.055
    if response == GAMMA:
        eleventh = root(light, 11)
        square = eleventh * eleventh
        return square * square * eleventh
    return light


@loop
def fill_to_light(table, response):
    """Fill table (256,) float64: linear light of each byte."""
    for byte in range(256):
        table[byte] = to_light(byte / 255.0, response)


@loop
def fill_to_bytes(table, response):
    """Fill table (n,) uint8: byte of linear light i / (n - 1)."""
    last = table.shape[0] - 1
    for i in range(last + 1):
        table[i] = np.int64(np.floor(255.0 * to_value(i / last, response) + 0.5))
