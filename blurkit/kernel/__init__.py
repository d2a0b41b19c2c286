"""Kernels: settings, trajectory and kernel of every family of blur, one kernel or many, mixes.

Import from here: the families (`walk`, `linear`, ...), `mix.Mix`, `batch.kernels`, `rasterise`.
"""
