"""How realistic kernels are: statistics of their shape, compared with those of recorded kernels.

From outside, import `statistics`, `comparison`, `kernel_files.read_kernels` and `plot`.
"""
