"""Scores: metrics, image pairs, tables and pages, and the benchmarks' own protocols.

Import from here: `metrics`, `ms_ssim`, `pairs`, `scoring`; `nas.evaluate` runs them.
"""
