"""The loops: arrays in, arrays out, no checks. Compiled by numba, serial, free of the GIL.

Nothing here may call sin, exp, log or pow, nor allow fast-math: the bytes of a sample must be
the same on every CPU, and + - * / sqrt, rounding and integers are; libm is not.
Parallelism is the caller's: threads over ranges of samples.
"""
