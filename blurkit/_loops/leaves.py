"""Dead leaves: textured discs that occlude each other, drawn from back to front.

Each scene has its own palette and range of disc sizes, so that scenes vary as photos do. The
constants were tuned by eye and to the gradients, contrast and spectrum of photographs.
"""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.paint import disc, paint_flat, paint_plain, paint_texture
from blurkit._loops.stream import ONE, SCENE, direction, normal, stream_key, uniform

COLOURS = 6  # in a palette
DEPTH = 1.2  # discs are added until their total area is this multiple of the scene's
_FLAT = 6.0  # px: smaller leaves have one colour, no gradient and no texture
_LEAF = np.uint64(64)  # draws reserved per leaf; the palette uses those of leaf 0
_PLACE = np.uint64(48)  # the first of the draws for its radius and position


@loop
def tinted(red, green, blue, key, n, light, warm):
    """The colour shifted by random amounts: in lightness, and from cool to warm."""
    value = light * normal(key, n)
    heat = warm * normal(key, n + ONE)
    tint = 0.4 * warm * normal(key, n + ONE + ONE)
    return red + value + heat, green + value + tint, blue + value - heat


@loop
def fill_palette(palette, key):
    """Fill palette (COLOURS, 3): wide spread in luminance, little in chroma, mostly warm-cool."""
    red, green, blue = tinted(0.0, 0.0, 0.0, key, ONE, 0.0, 0.04)
    exposure = 0.2 + 0.5 * uniform(key, np.uint64(6))
    spread = 0.4 + 0.6 * uniform(key, np.uint64(7))
    for i in range(palette.shape[0]):
        n = np.uint64(8 + 8 * i)
        value = exposure + spread * ((i + uniform(key, n)) / COLOURS - 0.5)
        warm = 0.04 + 0.16 * uniform(key, n + ONE) * uniform(key, n + ONE + ONE)
        palette[i] = tinted(
            red + value, green + value, blue + value, key, n + np.uint64(4), 0, warm
        )


@loop
def byte(value):
    """A value in [0, 1] as a float from 0 to 255, clipped."""
    return 255.0 * min(max(value, 0.0), 1.0)


@loop
def ramp(x, y, fx, fy, value):
    """A linear ramp in int16: its value at pixel (0, 0) and its steps per column and row.

    It is `value` at (x, y) and changes by fx and fy per px, in units of 65536, one wave period.
    """
    across, down = np.floor(65536.0 * fx), np.floor(65536.0 * fy)
    start = np.floor(65536.0 * value - across * x - down * y)
    return np.int16(np.int64(start)), np.int16(np.int64(across)), np.int16(np.int64(down))


@loop
def draw_style(key, n):
    """Draw a style for `paint_texture`: soft noise, stripes or checks."""
    pick = uniform(key, n)
    bend = np.int16(6.0 * uniform(key, n + ONE))
    sharp = np.int16(2.0 + 12.0 * uniform(key, n + ONE + ONE))
    if pick < 0.66:
        return np.int16(bend + 4), np.int16(32000), np.int16(32000), np.int16(2)
    if pick < 0.91:
        return bend, np.int16(32000), np.int16(2000), sharp
    return np.int16(0), np.int16(16000), np.int16(16000), sharp


@loop
def draw_leaf(planes, columns, lefts, rights, palette, key, n, x, y, radius, red, green, blue):
    """Paint a large leaf of a colour, 0 to 255, with draws from n on. columns: 0, 1, ..."""
    top, bottom = disc(lefts, rights, x, y, radius)
    ux, uy = direction(key, n + np.uint64(16))
    shade = 0.06 * normal(key, n + np.uint64(5)) / max(radius, 12.0)
    if uniform(key, n + np.uint64(8)) < 0.32:
        tone = np.int16(red), np.int16(green), np.int16(blue)
        light = ramp(x, y, shade * ux, shade * uy, 0.0)
        paint_plain(planes, columns, lefts, rights, top, bottom, light, tone)
        return
    # the step to the second colour: a shade of the first, or sometimes another from the palette
    gain = 0.35 * normal(key, n + np.uint64(6)) * normal(key, n + np.uint64(7))
    far, wide, deep = gain * (153.0 + red), gain * (153.0 + green), gain * (153.0 + blue)
    if uniform(key, n + np.uint64(9)) < 0.12:
        k = int(uniform(key, n + ONE) * COLOURS)
        far, wide = byte(palette[k, 0]) - red, byte(palette[k, 1]) - green
        deep = byte(palette[k, 2]) - blue
    tone = np.int16(red + 0.5 * far), np.int16(green + 0.5 * wide), np.int16(blue + 0.5 * deep)
    swing = np.int16(8.0 * far), np.int16(8.0 * wide), np.int16(8.0 * deep)
    fine = uniform(key, n + np.uint64(10))
    pitch = 1.0 / (2.0 + 16.0 * fine * fine)  # cycles per px
    along = pitch * (0.1 + 0.9 * uniform(key, n + np.uint64(11)))
    light = ramp(x, y, shade * ux, shade * uy, 0.0)
    slow, slant = 0.15 * pitch, 0.3 * pitch
    waves = (
        ramp(x, y, slant * ux - slow * uy, slant * uy + slow * ux, uniform(key, n + np.uint64(12))),
        ramp(x, y, pitch * ux, pitch * uy, uniform(key, n + np.uint64(13))),
        ramp(x, y, -along * uy, along * ux, uniform(key, n + np.uint64(14))),
    )
    style = draw_style(key, n + np.uint64(40))
    paint_texture(planes, columns, lefts, rights, top, bottom, light, waves, style, tone, swing)


@loop
def draw_leaves(planes, seed, index):
    """Cover planes (S, 3, S) uint8 with leaves."""
    side = planes.shape[0]
    columns = np.arange(side).astype(np.int16)
    lefts, rights = np.empty(side, np.uint64), np.empty(side, np.uint64)
    palette = np.empty((COLOURS, 3))
    key = stream_key(seed, index, SCENE)
    fill_palette(palette, key)
    pick = uniform(key, np.uint64(4))
    smallest = 1.6 + 8.0 * pick * pick * pick
    largest = side * (0.2 + 0.8 * uniform(key, np.uint64(5)))
    largest = max(largest, smallest + 1.0)
    ratio = smallest / largest
    tail = 1.0 - ratio * ratio
    n = _LEAF
    x, y, radius = 0.5 * side, 0.5 * side, 1.5 * side  # the ground behind all leaves
    area = 0.0
    while area < DEPTH * side * side:
        k = int(uniform(key, n) * COLOURS)
        red, green, blue = palette[k, 0], palette[k, 1], palette[k, 2]
        red, green, blue = tinted(red, green, blue, key, n + np.uint64(2), 0.07, 0.02)
        red, green, blue = byte(red), byte(green), byte(blue)
        if radius < _FLAT:
            paint_flat(planes, x, y, radius, (np.uint8(red), np.uint8(green), np.uint8(blue)))
        else:
            draw_leaf(
                planes, columns, lefts, rights, palette, key, n, x, y, radius, red, green, blue
            )
        n += _LEAF
        # density ~ r**-3 between smallest and largest, by the inverse of its distribution
        radius = smallest / np.sqrt(1.0 - tail * uniform(key, n + _PLACE))
        room = side + 2.0 * radius
        x = uniform(key, n + _PLACE + ONE) * room - radius
        y = uniform(key, n + _PLACE + ONE + ONE) * room - radius
        area += 3.0 * radius * radius


@loop
def soften(soft, planes):
    """Smooth planes (S+2, 3*(S+2)) by (3 10 3)/16 along both axes into soft (S, 3*S).

    A row of planes holds the three channels one after the other; a row of soft interleaves them.
    """
    side, wide = soft.shape[0], planes.shape[0]
    column, row = np.empty(3 * wide, np.uint16), np.empty(3 * wide, np.uint8)
    red, green, blue = row, row[wide:], row[2 * wide :]
    for i in range(side):
        above, here, below, out = planes[i], planes[i + 1], planes[i + 2], soft[i]
        for j in range(3 * wide):
            ends = np.uint16(np.uint16(above[j]) + np.uint16(below[j]))
            column[j] = np.uint16(3 * ends + 10 * np.uint16(here[j]))
        for j in range(3 * wide - 2):  # at most 255 * 256 + 128: no overflow
            ends = np.uint16(column[j] + column[j + 2])
            row[j] = np.uint8(np.uint16(3 * ends + 10 * column[j + 1] + 128) >> 8)
        for j in range(side):
            out[3 * j], out[3 * j + 1], out[3 * j + 2] = red[j], green[j], blue[j]


@loop
def dead_leaves(soft, seed, index):
    """Write the scene of a sample into soft (S, S, 3) uint8."""
    side = soft.shape[0] + 2
    planes = np.empty((side, 3, side), np.uint8)
    draw_leaves(planes, seed, index)
    soften(soft.reshape(soft.shape[0], 3 * soft.shape[0]), planes.reshape(side, 3 * side))
