"""Blur kernels: a file per family (`walk`, `linear`, ...), single kernels, batches, mixes.

`families` lists the families. From outside, import the settings and kernel functions of a family,
`families.FAMILIES`, `mix.Mix`, `batch.kernels`, `rasterise` and `checks`.
"""
