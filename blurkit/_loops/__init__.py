"""The loops: arrays in, arrays out, no checks. Compiled by numba, serial, without the GIL.

Nothing here may call sin, exp, log or pow, or enable fast-math: the bytes of a sample must be the
same on every CPU. + - * / sqrt, rounding and integer arithmetic are; libm is not. Parallelism is
up to the caller: threads over ranges of samples. Private to blurkit.
"""
