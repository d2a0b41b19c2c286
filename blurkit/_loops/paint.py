"""Discs painted on the planes of a scene.

Textures are computed in 16-bit integers, whose overflow makes waves periodic. Planes are
(S, 3, S) uint8: a row holds its three channels one after the other, each contiguous.
"""

import numpy as np

from blurkit._loops.jit import loop

CREST, TOP = np.int16(4096), np.int16(255)
_LAST = np.int16(32767)


@loop
def high(a, b):
    """a * b / 65536, rounded down; int16."""
    return np.int16((np.int32(a) * np.int32(b)) >> 16)


@loop
def wave(phase):
    """A sine-like wave of two parabolas, -4096 to 4096; its period is the range of int16."""
    return high(phase, np.int16(_LAST - np.int16(phase ^ (phase >> 15))))


@loop
def clipped(value, limit):
    """int16 clipped to -limit .. limit."""
    return min(max(value, np.int16(-limit)), limit)


@loop
def colour(value):
    """int16 as uint8, clipped."""
    return np.uint8(min(max(value, np.int16(0)), TOP))


@loop
def span(middle, reach, side):
    """First and last + 1 of the pixels within `reach` of `middle`, clipped to 0 .. side."""
    return max(0, int(np.ceil(middle - reach))), min(side, int(np.floor(middle + reach)) + 1)


@loop
def disc(lefts, rights, x, y, radius):
    """Write the columns lefts .. rights - 1 of each row of a disc; return its first row, last + 1.

    lefts, rights: (S,) uint64. Unsigned indices cannot count from the end of an array; without
    that check the loops over columns vectorise.
    """
    side = lefts.shape[0]
    top, bottom = span(y, radius, side)
    for row in range(np.uint64(top), np.uint64(bottom)):
        dy = np.int64(row) - y
        reach = np.sqrt(max(radius * radius - dy * dy, 0.0))
        left, right = max(np.ceil(x - reach), 0.0), min(np.floor(x + reach) + 1.0, side)
        lefts[row], rights[row] = np.uint64(np.int64(left)), np.uint64(np.int64(max(left, right)))
    return np.uint64(top), np.uint64(bottom)


@loop
def paint_flat(planes, x, y, radius, tone):
    """Paint a small disc of one colour, (3,) uint8."""
    side = planes.shape[0]
    top, bottom = span(y, radius, side)
    for line in range(top, bottom):
        dy = line - y
        left, right = span(x, np.sqrt(max(radius * radius - dy * dy, 0.0)), side)
        row = np.uint64(line)
        for column in range(np.uint64(left), np.uint64(max(left, right))):
            planes[row, 0, column] = tone[0]
            planes[row, 1, column] = tone[1]
            planes[row, 2, column] = tone[2]


@loop
def paint_plain(planes, columns, lefts, rights, top, bottom, light, tone):
    """Paint a disc of one colour, (3,) int16, under `light`, a `ramp`."""
    twice = np.int16(2 * tone[0]), np.int16(2 * tone[1]), np.int16(2 * tone[2])
    for row in range(top, bottom):
        start = np.int16(light[0] + light[2] * np.int64(row))
        for column in range(lefts[row], rights[row]):
            t = np.int16(start + light[1] * columns[column])
            planes[row, 0, column] = colour(np.int16(tone[0] + high(t, twice[0])))
            planes[row, 1, column] = colour(np.int16(tone[1] + high(t, twice[1])))
            planes[row, 2, column] = colour(np.int16(tone[2] + high(t, twice[2])))


@loop
def paint_texture(planes, columns, lefts, rights, top, bottom, light, waves, style, tone, swing):
    """Paint a disc that varies between two colours, tone - swing/16 and tone + swing/16.

    tone, swing: (3,) int16. light, waves: `ramp`s of the light and of the phases of three waves;
    the first wave bends the other two, which are added. style: (4,) int16, the amount of bending,
    the weights of the two waves in 1/65536, and the gain that drives their sum into clipping, from
    soft to hard edges.
    """
    one, two, three = waves
    for row in range(top, bottom):
        line = np.int64(row)
        start, start1 = np.int16(light[0] + light[2] * line), np.int16(one[0] + one[2] * line)
        start2, start3 = np.int16(two[0] + two[2] * line), np.int16(three[0] + three[2] * line)
        for column in range(lefts[row], rights[row]):
            at = columns[column]
            bend = np.int16(wave(np.int16(start1 + one[1] * at)) * style[0])
            second = wave(np.int16(start2 + two[1] * at + bend))
            third = wave(np.int16(start3 + three[1] * at + bend))
            t = np.int16(high(second, style[1]) + high(third, style[2]))
            t = clipped(np.int16(t * style[3]), CREST)
            t = np.int16(t + np.int16(start + light[1] * at))
            planes[row, 0, column] = colour(np.int16(tone[0] + high(t, swing[0])))
            planes[row, 1, column] = colour(np.int16(tone[1] + high(t, swing[1])))
            planes[row, 2, column] = colour(np.int16(tone[2] + high(t, swing[2])))
