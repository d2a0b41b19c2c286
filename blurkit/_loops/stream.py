"""Counter-based random numbers: each is a pure function of (seed, index, purpose, n).

SplitMix64 (Steele, Lea & Flood 2014) with random access: its n-th output from state `key` is
mix(key + n * GOLDEN). No state is kept, so order, batch size and threads cannot matter.
All arguments named seed, index, purpose, key and n are uint64. Keys must stay inside loops: a key
that passes through Python comes back as a signed integer.
"""

import numpy as np

from blurkit._loops.jit import loop

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX2 = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)
_S8, _S11, _S32, _S48 = np.uint64(8), np.uint64(11), np.uint64(32), np.uint64(48)
_EVEN_BYTES = np.uint64(0x00FF00FF00FF00FF)
_ADD_LANES = np.uint64(0x0001000100010001)
_EVEN_PAIRS, _LOW, _S16 = np.uint64(0x0000FFFF0000FFFF), np.uint64(0xFFFF), np.uint64(16)
_DEVIATION = 1.0 / np.sqrt(43690.0)  # of a sum of 8 bytes: variance 8 (256^2 - 1) / 12
TO_NORMAL = 1.0 / np.sqrt(21845.0)  # scales `two_sums` to variance 1
ONE = np.uint64(1)

# The purpose of a stream. Every dataset depends on these numbers: never change or reuse one.
WALK = np.uint64(1)  # length, jitter, direction and jerks of a random walk
SHAKE = np.uint64(2)  # its per-step perturbations
SCENE = np.uint64(3)  # a dead-leaves scene
TEXTURE = np.uint64(4)  # the noise on its leaves, up to version 0.1
CROP = np.uint64(5)  # where a patch is cut from a photo
PHOTO = np.uint64(6)  # the order in which photos are used
REDUCE = np.uint64(7)  # by how much a photo is reduced before a patch is cut from it
CAMERA = np.uint64(16)  # exposure, highlights and noise levels of a photo
NOISE = np.uint64(17)  # the noise itself
FOI = np.uint64(32)  # numbers and big shakes of a Boracchi-Foi walk
FOI_SHAKE = np.uint64(33)  # its per-step perturbations
TREMOR = np.uint64(34)  # a drift and its tremor
LINE = np.uint64(35)  # a straight line
DISC = np.uint64(36)  # a defocus disc
GAUSSIAN = np.uint64(37)  # a Gaussian
MIX = np.uint64(38)  # which part of a mix a sample is drawn from
ROLL = np.uint64(64)  # width, jitter and jerks of a camera's roll
ROLL_SHAKE = np.uint64(65)  # its per-step perturbations


@loop
def mix(z):
    """Scramble 64 bits; a bijection."""
    z = (z ^ (z >> _S30)) * _MIX1
    z = (z ^ (z >> _S27)) * _MIX2
    return z ^ (z >> _S31)


@loop
def stream_key(seed, index, purpose):
    """The key of the stream of this sample and purpose."""
    key = mix(seed + GOLDEN)
    key = mix((key ^ index) + GOLDEN)
    return mix((key ^ purpose) + GOLDEN)


@loop
def draw(key, n):
    """The n-th 64 random bits of a stream."""
    return mix(key + n * GOLDEN)


@loop
def uniform(key, n):
    """The n-th number in [0, 1), a multiple of 2**-53."""
    return np.float64(np.int64(draw(key, n) >> _S11)) * 2.0**-53


@loop
def between(key, n, ends):
    """The n-th number in [ends[0], ends[1]): ends is (2,) float64, lowest and highest."""
    return ends[0] + (ends[1] - ends[0]) * uniform(key, n)


@loop
def below(key, n, bound):
    """The n-th integer in 0 .. bound - 1, for bound <= 2**31."""
    return np.int64(((draw(key, n) >> _S32) * np.uint64(bound)) >> _S32)


@loop
def normal(key, n):
    """The n-th number of mean 0 and variance 1: eight random bytes summed (Irwin-Hall, |z| < 5)."""
    bits = draw(key, n)
    pairs = (bits & _EVEN_BYTES) + ((bits >> _S8) & _EVEN_BYTES)
    return np.float64(np.int64((pairs * _ADD_LANES) >> _S48) - 1020) * _DEVIATION


@loop
def two_sums(key, n):
    """Two independent integers from -510 to 510 from one draw, each of four random bytes."""
    bits = draw(key, n)
    pairs = (bits & _EVEN_BYTES) + ((bits >> _S8) & _EVEN_BYTES)
    sums = (pairs & _EVEN_PAIRS) + ((pairs >> _S16) & _EVEN_PAIRS)
    return np.int32(np.int64(sums & _LOW)) - 510, np.int32(np.int64(sums >> _S32)) - 510


@loop
def direction(key, n):
    """Unit vector in a random direction, from draws n, n+1, ...: rejection from the square."""
    while True:
        x = 2.0 * uniform(key, n) - 1.0
        y = 2.0 * uniform(key, n + ONE) - 1.0
        square = x * x + y * y
        if 1e-4 < square <= 1.0:
            norm = np.sqrt(square)
            return x / norm, y / norm
        n += ONE + ONE


@loop
def crop_corner(seed, index, rows, columns):
    """(y, x) with 0 <= y < rows and 0 <= x < columns, from the sample's CROP stream."""
    key = stream_key(seed, index, CROP)
    return below(key, ONE, rows), below(key, ONE + ONE, columns)


@loop
def reduction(seed, index, ends):
    """A factor in [ends[0], ends[1]), from the sample's REDUCE stream."""
    return between(stream_key(seed, index, REDUCE), ONE, ends)


@loop
def shuffle(order, seed, index):
    """Permute `order` (n,) int64 in place (Fisher-Yates), from the PHOTO stream."""
    key = stream_key(seed, index, PHOTO)
    for i in range(order.shape[0] - 1, 0, -1):
        j = below(key, np.uint64(i), i + 1)
        order[i], order[j] = order[j], order[i]


@loop
def choose_parts(parts, seed, start, ends):
    """Write parts (n,) int64: the part of a mix that each of samples start, ... is drawn from.

    ends: (parts,) float64, where the share of each part in [0, 1) ends.
    """
    for row in range(parts.shape[0]):
        u = uniform(stream_key(seed, start + np.uint64(row), MIX), ONE)
        part = 0
        while part < ends.shape[0] - 1 and u >= ends[part]:
            part += 1
        parts[row] = part
