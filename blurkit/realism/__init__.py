"""How real kernels are: statistics of their shape, compared with recorded ones.

Import from here: `statistics`, `comparison.measure`, `kernel_files.read_kernels`, `plot`.
"""
