"""Cosine and exponential from + - * alone: the last digits of libm differ between machines.

Both are polynomials without branches, so that loops that call them vectorise.
"""

import math

import numpy as np

from blurkit._loops.jit import loop

DEGREE = 1.0 / 360.0  # in cycles
_TAU = 2.0 * math.pi
_S0, _S1, _S2, _S3, _S4, _S5, _S6, _S7, _S8, _S9 = (  # of sin(2 pi s) as a series in s
    (-1) ** k * math.prod([_TAU] * (2 * k + 1)) / math.factorial(2 * k + 1) for k in range(10)
)
_E1, _E2, _E3, _E4, _E5, _E6, _E7, _E8, _E9 = (  # of exp(-z)
    (-1) ** k / math.factorial(k) for k in range(1, 10)
)
_FARTHEST = 60.0  # exp(-60) is negligible beside 1


@loop
def cosine(cycles):
    """cos(2 pi cycles), within 1e-13 for |cycles| < 1e3; sin is cosine(cycles - 0.25)."""
    s = 0.25 - abs(cycles - np.rint(cycles))  # in -1/4 .. 1/4; its sine is the result
    z = s * s
    high = _S5 + z * (_S6 + z * (_S7 + z * (_S8 + z * _S9)))
    return s * (_S0 + z * (_S1 + z * (_S2 + z * (_S3 + z * (_S4 + z * high)))))


@loop
def exp_minus(x):
    """exp(-x) for x >= 0, within 1e-12; constant beyond x = 60, about 1e-26."""
    z = min(x, _FARTHEST) * (1.0 / 256.0)
    high = _E5 + z * (_E6 + z * (_E7 + z * (_E8 + z * _E9)))
    e = 1.0 + z * (_E1 + z * (_E2 + z * (_E3 + z * (_E4 + z * high))))
    for _ in range(8):  # from exp(-x / 256) to exp(-x)
        e = e * e
    return e
