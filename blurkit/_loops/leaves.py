"""Dead leaves: textured discs laid over each other, drawn from the front to the back.

A scene has one palette and one range of disc sizes, so that scenes differ as photos do. Colours
are sRGB values in [0, 1] until they are written. The constants were tuned by eye and to the
gradients, contrast and spectrum of photographs: see `blurkit.dead_leaves`.
"""

import numpy as np

from blurkit._loops.jit import loop
from blurkit._loops.stream import ONE, SCENE, TEXTURE, direction, normal, stream_key, uniform

COLOURS = 6  # in a palette
GRAIN = 64  # side of the tile of noise that textures are read from
DEPTH = 2.5  # discs are laid until their areas sum to this many times the scene's
_PLAIN = 3.0  # px: no texture can be seen on leaves of a smaller radius
_LEAF = np.uint64(64)  # draws reserved for each leaf; the palette uses those of leaf 0

RAMP, NOISE, STRIPES, CHECKS = 0, 1, 2, 3


@loop
def tinted(red, green, blue, key, n, light, warm):
    """The colour moved by random amounts: all channels together, then warm against cool."""
    value = light * normal(key, n)
    heat = warm * normal(key, n + ONE)
    tint = 0.4 * warm * normal(key, n + ONE + ONE)
    return red + value + heat, green + value + tint, blue + value - heat


@loop
def fill_palette(palette, key):
    """Write `palette` (COLOURS, 3): luminance spread widely, chroma little, warm-cool most."""
    red, green, blue = tinted(0.0, 0.0, 0.0, key, ONE, 0.0, 0.04)
    exposure = 0.2 + 0.5 * uniform(key, np.uint64(6))
    spread = 0.3 + 0.6 * uniform(key, np.uint64(7))
    for i in range(palette.shape[0]):
        n = np.uint64(8 + 8 * i)
        value = exposure + spread * (uniform(key, n) - 0.5)
        warm = 0.04 + 0.16 * uniform(key, n + ONE) * uniform(key, n + ONE + ONE)
        palette[i] = tinted(
            red + value, green + value, blue + value, key, n + np.uint64(4), 0, warm
        )


@loop
def noise(grain, a, b):
    """Smooth noise in [0, 1] at the point (a, b): grain (GRAIN, GRAIN) between its cells."""
    column, row = np.floor(a), np.floor(b)
    p, q = a - column, b - row
    p, q = p * p * (3.0 - 2.0 * p), q * q * (3.0 - 2.0 * q)
    j, k = int(column) & (GRAIN - 1), int(row) & (GRAIN - 1)
    right, down = (j + 1) & (GRAIN - 1), (k + 1) & (GRAIN - 1)
    top = grain[k, j] + p * (grain[k, right] - grain[k, j])
    bottom = grain[down, j] + p * (grain[down, right] - grain[down, j])
    return top + q * (bottom - top)


@loop
def wave(phase, sharpness):
    """Triangle wave in [0, 1] of period 1; sharpness above 1 clips it towards a square wave."""
    swing = 4.0 * abs(phase - np.floor(phase) - 0.5) - 1.0
    return 0.5 + 0.5 * min(max(sharpness * swing, -1.0), 1.0)


@loop
def span(middle, reach, side):
    """First and last + 1 of the pixels within `reach` of `middle`, from 0 to side."""
    return max(0, int(np.ceil(middle - reach))), min(side, int(np.floor(middle + reach)) + 1)


@loop
def draw_leaf(scene, hidden, grain, palette, key, n, x, y, radius):
    """Paint the disc where nothing hides it; its draws start at n. Returns the pixels painted."""
    side = scene.shape[0]
    base = palette[int(uniform(key, n) * COLOURS)]
    other = palette[int(uniform(key, n + np.uint64(1)) * COLOURS)]
    red, green, blue = tinted(base[0], base[1], base[2], key, n + np.uint64(2), 0.07, 0.02)
    # the second colour: a shade of the first, sometimes another one of the palette
    contrast = normal(key, n + np.uint64(5)) * normal(key, n + np.uint64(6)) * 0.35
    red2, green2, blue2 = contrast * (0.6 + red), contrast * (0.6 + green), contrast * (0.6 + blue)
    if uniform(key, n + np.uint64(7)) < 0.12:
        red2, green2, blue2 = other[0] - red, other[1] - green, other[2] - blue

    kind = RAMP
    pick = uniform(key, n + np.uint64(8)) if radius > _PLAIN else 1.0
    if pick < 0.45:
        kind = NOISE
    elif pick < 0.62:
        kind = STRIPES
    elif pick < 0.68:
        kind = CHECKS
    fine = uniform(key, n + np.uint64(9))
    pitch = 1.0 / (2.0 + 16.0 * fine * fine)  # cycles per px
    stretch = uniform(key, n + np.uint64(10))
    along = pitch * (0.1 + 0.9 * stretch)
    wobble = 0.5 * uniform(key, n + np.uint64(11))
    sharpness = 1.0 + 5.0 * uniform(key, n + np.uint64(12))
    origin = GRAIN * uniform(key, n + np.uint64(13))
    shade = 0.12 * normal(key, n + np.uint64(14)) / max(radius, 12.0)
    ux, uy = direction(key, n + np.uint64(16))

    painted = 0
    top, bottom = span(y, radius, side)
    for row in range(top, bottom):
        dy = row - y
        left, right = span(x, np.sqrt(max(radius * radius - dy * dy, 0.0)), side)
        for column in range(left, right):
            if hidden[row, column]:
                continue
            hidden[row, column] = 1
            painted += 1
            dx = column - x
            a, b = ux * dx + uy * dy, ux * dy - uy * dx
            if kind == RAMP:
                t = 0.5 + 0.5 * a / radius
            else:
                t = noise(grain, origin + a * pitch, origin + b * along)
                if kind == NOISE:
                    t = 0.6 * t + 0.4 * noise(grain, origin + 2.3 * a * pitch, 2.3 * b * along)
                else:
                    cross = wave(a * pitch + wobble * t, sharpness)
                    if kind == CHECKS:
                        cross *= wave(b * pitch + wobble * t, sharpness)
                    t = 0.85 * cross + 0.15 * t
            light = 255.0 * (1.0 + shade * a)
            scene[row, column, 0] = int(min(max((red + t * red2) * light, 0.0), 255.0))
            scene[row, column, 1] = int(min(max((green + t * green2) * light, 0.0), 255.0))
            scene[row, column, 2] = int(min(max((blue + t * blue2) * light, 0.0), 255.0))
    return painted


@loop
def draw_leaves(scene, hidden, grain, palette, seed, index):
    """Cover `scene` (S, S, 3) uint8 with leaves; hidden (S, S) uint8 and the others are scratch."""
    side = scene.shape[0]
    key = stream_key(seed, index, SCENE)
    texture = stream_key(seed, index, TEXTURE)
    for i in range(GRAIN):
        for j in range(GRAIN):
            grain[i, j] = uniform(texture, np.uint64(GRAIN * i + j))
    fill_palette(palette, key)
    hidden[:, :] = 0
    pick = uniform(key, np.uint64(4))
    smallest = 1.2 + 8.0 * pick * pick * pick
    largest = side * (0.2 + 0.8 * uniform(key, np.uint64(5)))
    largest = max(largest, smallest + 1.0)
    ratio = smallest / largest
    tail = 1.0 - ratio * ratio
    left = side * side
    area = 0.0
    n = _LEAF
    while left > 0 and area < DEPTH * side * side:
        # density ~ r**-3 between smallest and largest, by the inverse of its distribution
        radius = smallest / np.sqrt(1.0 - tail * uniform(key, n))
        room = side + 2.0 * radius
        x = uniform(key, n + ONE) * room - radius
        y = uniform(key, n + ONE + ONE) * room - radius
        left -= draw_leaf(scene, hidden, grain, palette, key, n + np.uint64(4), x, y, radius)
        area += 3.0 * radius * radius
        n += _LEAF
    if left > 0:  # the ground behind all leaves
        middle = 0.5 * side
        draw_leaf(scene, hidden, grain, palette, key, n, middle, middle, 1.5 * side)


@loop
def soften(soft, scene):
    """Write to `soft` (S, S, 3) the inside of scene (S+2, S+2, 3), smoothed by (3 10 3)/16."""
    for i in range(soft.shape[0]):
        for j in range(soft.shape[1]):
            for c in range(3):
                total = 128  # a half of 256, to round
                for k in range(3):
                    a, b, d = scene[i + k, j, c], scene[i + k, j + 1, c], scene[i + k, j + 2, c]
                    total += (3 + 7 * (k % 2)) * (3 * int(a) + 10 * int(b) + 3 * int(d))
                soft[i, j, c] = total >> 8


@loop
def dead_leaves(soft, seed, index):
    """Write the scene of this sample to `soft` (S, S, 3) uint8."""
    side = soft.shape[0] + 2
    scene = np.empty((side, side, 3), np.uint8)
    hidden = np.empty((side, side), np.uint8)
    grain = np.empty((GRAIN, GRAIN))
    palette = np.empty((COLOURS, 3))
    draw_leaves(scene, hidden, grain, palette, seed, index)
    soften(soft, scene)
